package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/events/sqlevents"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/steer"
)

// fileFeed makes events of a file of decisions: of what a running Sluice tells these
// are the rescales, and how they ended.
type fileFeed struct {
	place  *filePlace
	wanted eventsWanted
}

func (f *fileFeed) next(ctx context.Context) ([]eventLine, error) {
	told := toldOf{ended: map[ending]bool{}, names: map[autoscaler.JobKey]string{}}
	err := f.place.each(ctx, func(name string, r io.Reader) (bool, error) {
		torn, err := told.read(name, r)
		f.place.warnOf(torn)
		return false, err
	})
	if err != nil {
		return nil, err
	}
	lines, err := told.about(f.wanted.job, f.place.path)
	return f.wanted.of(lines), err
}

// toldOf are the events that decisions tell of.
type toldOf struct {
	lines []eventLine
	// ended are the rescales of which the end was told.
	ended map[ending]bool
	names map[autoscaler.JobKey]string
}

type ending struct {
	job     autoscaler.JobKey
	decided int64
}

func (t *toldOf) read(name string, r io.Reader) (torn []string, err error) {
	for line, err := range decisions.Lines(r) {
		var cut *decisions.TornLineError
		switch {
		case errors.As(err, &cut):
			torn = append(torn, name+": "+cut.Error())
			continue
		case err != nil:
			return torn, inFile(name, err)
		}
		var e decisions.Entry
		if err := json.Unmarshal(line.Text, &e); err != nil {
			return torn, inFile(name, fmt.Errorf("%s is no decision: %w", line.Place, err))
		}
		t.take(&e)
	}
	return torn, nil
}

func (t *toldOf) take(e *decisions.Entry) {
	key := autoscaler.JobKey{Cluster: e.Cluster, Job: flink.JobID(e.Job)}
	t.names[key] = e.Name
	if act := e.Act; act != nil && act.Ended != nil {
		if end := (ending{key, act.Decided.UnixNano()}); !t.ended[end] {
			t.ended[end] = true
			t.tell(e, *act.Ended, endOf(act))
		}
	}
	switch {
	case e.ByHand != nil:
		t.tell(e, e.Time, eventLine{Type: string(autoscaler.EventNormal), Reason: steer.EventByHand, Message: e.Detail})
	case e.Action == decisions.ActionScale:
		t.tell(e, e.Time, eventLine{Type: string(autoscaler.EventNormal), Reason: autoscaler.EventScaling, Message: changesText(e)})
	}
}

func (t *toldOf) tell(e *decisions.Entry, at time.Time, line eventLine) {
	line.Time, line.Last, line.Count = at, &at, 1
	line.Cluster, line.Job, line.Name = e.Cluster, e.Job, e.Name
	t.lines = append(t.lines, line)
}

func endOf(act *decisions.Act) eventLine {
	if act.Phase == string(autoscaler.PhaseFailed) {
		return eventLine{Type: string(autoscaler.EventWarning), Reason: autoscaler.EventRescaleFailed, Message: act.Detail}
	}
	took := act.Ended.Sub(act.Decided).Round(100 * time.Millisecond)
	return eventLine{
		Type: string(autoscaler.EventNormal), Reason: autoscaler.EventRescaled,
		Message: fmt.Sprintf("the job runs at the wanted parallelism %s after the decision", took),
	}
}

// changesText names the vertices that change.
func changesText(e *decisions.Entry) string {
	var changes []string
	for i := range e.Vertices {
		if v := &e.Vertices[i]; v.From != v.To {
			changes = append(changes, fmt.Sprintf("%s %d -> %d", v.Name, v.From, v.To))
		}
	}
	return "rescale " + listed(changes, "and")
}

// about are the events of the job that is meant, in the order of time, with numbers.
func (t *toldOf) about(job, place string) ([]eventLine, error) {
	if job != "" {
		var known []sqlevents.Job
		for key, name := range t.names {
			known = append(known, sqlevents.Job{Key: key, Name: name})
		}
		slices.SortFunc(known, func(a, b sqlevents.Job) int { return strings.Compare(a.Key.String(), b.Key.String()) })
		meant, err := theJobOfEvents(job, place, known)
		if errors.Is(err, errNoEvents) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t.lines = slices.DeleteFunc(t.lines, func(l eventLine) bool { return l.Cluster != meant.Cluster || l.Job != string(meant.Job) })
	}
	slices.SortStableFunc(t.lines, func(a, b eventLine) int { return a.Time.Compare(b.Time) })
	for i := range t.lines {
		t.lines[i].ID = int64(i + 1)
	}
	return t.lines, nil
}
