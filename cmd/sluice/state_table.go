package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/stateyaml"
)

// writeStateTable writes how much is remembered of a job, and of each vertex what
// matters most.
func writeStateTable(out io.Writer, e stateyaml.Entry) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	s := &e.State
	fmt.Fprintf(w, "job\t%s\n", plainText(e.Key.String(), 200))
	fmt.Fprintf(w, "samples\t%s\n", samplesText(s.Window.Samples))
	fmt.Fprintf(w, "restarts\t%s\n", restartsText(s.Scaling.Tracking))
	fmt.Fprintf(w, "rescale\t%s\n", actText(s.Act))
	if err := w.Flush(); err != nil {
		return err
	}
	ids := stateVertices(s)
	if len(ids) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nVERTEX\tNAME\tBOUNDS\tWANTED\tCHANGES\tLAST CHANGE\tSCALE-DOWN WAITS SINCE")
	for _, id := range ids {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", id, cmp.Or(nameIn(s, id), "-"), boundText(s, id), wantedText(s, id), pastText(s, id))
	}
	return w.Flush()
}

func samplesText(samples []scaling.Sample) string {
	if len(samples) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d, %s to %s", len(samples), instantText(samples[0].At), instantText(samples[len(samples)-1].At))
}

func restartsText(restarts []scaling.RestartRecord) string {
	if len(restarts) == 0 {
		return "none"
	}
	newest := restarts[len(restarts)-1]
	text := fmt.Sprintf("%d, the newest at %s", len(restarts), instantText(newest.At))
	if newest.Known {
		text += fmt.Sprintf(" took %.0f s", newest.Duration.Seconds())
	}
	return text
}

func actText(a *autoscaler.Act) string {
	if a == nil {
		return "none"
	}
	text := fmt.Sprintf("%s, decided at %s", a.Phase, instantText(a.Decided))
	if a.Reason.Text != "" {
		text += ": " + plainText(a.Reason.Text, 200)
	}
	return text
}

// stateVertices are the vertices of which something is remembered.
func stateVertices(s *autoscaler.State) []scaling.VertexID {
	ids := map[scaling.VertexID]bool{}
	for id := range s.Bounds {
		ids[id] = true
	}
	for id := range s.Scaling.History {
		ids[id] = true
	}
	for id := range s.Scaling.Delayed {
		ids[id] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

// nameIn is the vertex's name, where its past has one.
func nameIn(s *autoscaler.State, id scaling.VertexID) string {
	for _, r := range slices.Backward(s.Scaling.History[id]) {
		if r.Evaluation.Name != "" {
			return plainText(r.Evaluation.Name, 40)
		}
	}
	return ""
}

func boundText(s *autoscaler.State, id scaling.VertexID) string {
	b, known := s.Bounds[id]
	if !known {
		return "-"
	}
	text := fmt.Sprintf("%d:%d", b.Lower, b.Upper)
	if b.Pinned() {
		text += " pinned"
	}
	return text
}

func wantedText(s *autoscaler.State, id scaling.VertexID) string {
	if s.Act != nil {
		if want, known := s.Act.Want[id]; known {
			return fmt.Sprint(want)
		}
	}
	return "-"
}

// pastText is how often the vertex was changed, how it was last, and since when it
// could be smaller.
func pastText(s *autoscaler.State, id scaling.VertexID) string {
	parts := []string{"0", "-", "-"}
	if past := s.Scaling.History[id]; len(past) > 0 {
		last := past[len(past)-1]
		parts[0], parts[1] = fmt.Sprint(len(past)), fmt.Sprintf("%d -> %d at %s", last.From, last.To, instantText(last.At))
	}
	if d, waits := s.Scaling.Delayed[id]; waits {
		parts[2] = instantText(d.FirstTrigger)
	}
	return strings.Join(parts, "\t")
}

// instantText is an instant to the second, in UTC.
func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
