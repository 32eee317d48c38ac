package twinlab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

// Comparison is a session beside the twin: with the sizes of the real one, and with an autoscaler of its own.
type Comparison struct {
	Scenario Scenario
	Real     *Session
	Follows  *Session
	Decides  *Session // nil where its decisions are not compared
}

// Name is that of the scenario, with Flink's version.
func (c Comparison) Name() string { return c.Scenario.Name + " on " + c.Scenario.Version }

// Decided are the decisions of both sides, in order.
func (c Comparison) Decided() (real, twin []Decision, err error) {
	if real, err = c.Real.Decisions(); err != nil || c.Decides == nil {
		return real, nil, err
	}
	twin, err = c.Decides.Decisions()
	return real, twin, err
}

// Page writes the comparison down. The meters are those of experiment 23, by Flink's version.
func Page(all []Comparison, meters []MeterRow) (string, error) {
	var b strings.Builder
	b.WriteString(introText)
	for _, c := range all {
		if c.Scenario.Name == halfHour {
			if err := decisions(&b, c); err != nil {
				return "", err
			}
		}
	}
	b.WriteString(loadsText)
	for _, c := range all {
		if err := stretches(&b, c); err != nil {
			return "", err
		}
	}
	b.WriteString(caughtUpText)
	for _, c := range all {
		if err := caughtUp(&b, c); err != nil {
			return "", err
		}
	}
	b.WriteString(decidedText)
	for _, c := range all {
		if c.Decides == nil || c.Scenario.Name == halfHour {
			continue
		}
		real, twin, err := c.Decided()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name(), list(real, c.Real.Start), list(twin, c.Real.Start))
	}
	if err := saturation(&b, all); err != nil {
		return "", err
	}
	b.WriteString(metersText)
	for _, m := range meters {
		m.row(&b)
	}
	return b.String(), nil
}

func decisions(b *strings.Builder, c Comparison) error {
	real, twin, err := c.Decided()
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n### Flink %s\n\n| vertex | from | to | real, after | twin, after |\n|---|---|---|---|---|\n", c.Scenario.Version)
	for i := range max(len(real), len(twin)) {
		var d, e Decision
		if i < len(real) {
			d = real[i]
		}
		if i < len(twin) {
			e = twin[i]
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s | %s |\n", d.Vertex, d.From, d.To, since(d.At, c.Real.Start), since(e.At, c.Real.Start))
	}
	return nil
}

func since(t, start time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return fmt.Sprintf("%.0f s", t.Sub(start).Seconds())
}

func list(all []Decision, start time.Time) string {
	var parts []string
	for _, d := range all {
		job := ""
		if slices.ContainsFunc(all, func(o Decision) bool { return o.Job != d.Job }) {
			job = fmt.Sprintf("job %c, ", 'a'+rune(d.Job))
		}
		parts = append(parts, fmt.Sprintf("%s%s %d → %d (%s)", job, d.Vertex, d.From, d.To, since(d.At, start)))
	}
	return strings.Join(parts, ", ")
}

func stretches(b *strings.Builder, c Comparison) error {
	for job := range c.Real.Jobs {
		all, err := Stretches(c.Real, c.Follows, job)
		if err != nil {
			return err
		}
		name := c.Name()
		if len(c.Real.Jobs) > 1 {
			name += fmt.Sprintf(", job %c", 'a'+rune(job))
		}
		for _, s := range all {
			s.row(b, name)
		}
	}
	return nil
}

// caughtUp says when a job that began behind had read all.
func caughtUp(b *strings.Builder, c Comparison) error {
	if c.Scenario.Jobs[0].Backlog == 0 {
		return nil
	}
	fmt.Fprintf(b, "| %s |", c.Name())
	for _, s := range []*Session{c.Real, c.Follows} {
		after, err := s.CaughtUp(c.Scenario.Jobs[0].Spec.Rate)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, " %.0f s |", after.Seconds())
	}
	b.WriteString("\n")
	return nil
}

func (s Stretch) row(b *strings.Builder, name string) {
	off, of := s.Off()
	work := s.Vertices[slices.IndexFunc(s.Vertices, func(p Pair) bool { return p.Heavy })]
	source := s.Vertices[0]
	if s.Backlog {
		name += ", behind"
	}
	fmt.Fprintf(b, "| %s | %.0f–%.0f s | %s | %.0f, %.0f | %.0f, %.0f | %.0f, %.0f | %.0f, %.0f | %.1f %% (%s) |\n",
		name, s.From.Seconds(), s.To.Seconds(), sizes(s.Parallelism), work.Real.Read, work.Twin.Read, work.Real.Busy, work.Twin.Busy,
		math.Abs(source.Real.BackPressured), math.Abs(source.Twin.BackPressured), s.RealWaiting, s.TwinWaiting, off*100, of)
}

func sizes(p []int) string {
	var parts []string
	for _, n := range p {
		parts = append(parts, fmt.Sprint(n))
	}
	return strings.Join(parts, "/")
}

// saturation holds the saturated jobs side by side.
func saturation(b *strings.Builder, all []Comparison) error {
	b.WriteString(saturatedText)
	var columns []Saturated
	for _, version := range []string{realflink.Flink120, realflink.Flink23} {
		for _, c := range all {
			if c.Scenario.Name != saturated || c.Scenario.Version != version {
				continue
			}
			for _, s := range []*Session{c.Real, c.Follows} {
				one, err := Saturation(s)
				if err != nil {
					return err
				}
				columns = append(columns, one)
			}
		}
	}
	for _, line := range []struct {
		what string
		of   func(Saturated) string
	}{
		{"work, records/s", func(s Saturated) string { return fmt.Sprintf("%.1f", s.Rate) }},
		{"source busy, ms/s", func(s Saturated) string { return fmt.Sprintf("%.0f", s.SourceBusy) }},
		{"source back-pressured, ms/s", func(s Saturated) string { return fmt.Sprintf("%.0f", s.SourceBlocked) }},
		{"work busy, ms/s", func(s Saturated) string { return fmt.Sprintf("%.0f", s.WorkBusy) }},
		{"count idle, ms/s", func(s Saturated) string { return fmt.Sprintf("%.0f", s.CountIdle) }},
		{"checkpoints while buffers fill, s", func(s Saturated) string { return spans(s.Checkpoints[:len(s.Checkpoints)-len(s.Full)]) }},
		{"checkpoints of full buffers, s", func(s Saturated) string { return spans(s.Full) }},
		{"mean of these, s", func(s Saturated) string { return fmt.Sprintf("%.0f", mean(s.Full).Seconds()) }},
	} {
		fmt.Fprintf(b, "| %s |", line.what)
		for _, s := range columns {
			fmt.Fprintf(b, " %s |", line.of(s))
		}
		b.WriteString("\n")
	}
	return nil
}

func spans(all []time.Duration) string {
	var parts []string
	for _, d := range all {
		parts = append(parts, fmt.Sprintf("%.0f", d.Seconds()))
	}
	return strings.Join(parts, ", ")
}

// MeterRow is what a vertex showed so long after a rescale, on both sides.
type MeterRow struct {
	Version    string
	Real, Twin Meter
}

func (m MeterRow) row(b *strings.Builder) {
	fmt.Fprintf(b, "| %s | %.0f | %.0f, %.0f | %.0f, %.0f | %.0f, %.0f |\n", m.Version, m.Real.After.Seconds(),
		m.Real.In, m.Twin.In, m.Real.InRate, m.Twin.InRate, m.Real.Busy, m.Twin.Busy)
}
