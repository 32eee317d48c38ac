package twin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A twin follows from its configuration, from what was done to it and when, and
// from when its metrics were fetched, since rates are integrated piece by piece.
// That is what it writes down, and a snapshot is. To restore is to live through it
// again: a virtual day of one job takes some tenths of a second.

// Snapshot is a twin written down. It can be written as JSON if every load has a
// text.
type Snapshot struct {
	Config Config `json:"config"`
	Now    time.Time
	journal
	graphs, checkpoints map[string]mark
}

// mark is a moment: a time, and how much was done before.
type mark struct {
	At   time.Duration `json:"at"`
	Done int           `json:"done"`
}

// journal is what was done and asked.
type journal struct {
	start   time.Time
	actions []dated
	fetches []mark
}

type dated struct {
	At     time.Duration `json:"at"`
	Action Action        `json:"action"`
}

func (k *journal) mark(now time.Time) mark { return mark{now.Sub(k.start), len(k.actions)} }

func (k *journal) fetched(now time.Time) { k.fetches = append(k.fetches, k.mark(now)) }

func (k *journal) did(now time.Time, a Action) {
	k.actions = append(k.actions, dated{now.Sub(k.start), a})
}

// Snapshot writes the twin down.
func (t *Twin) Snapshot() *Snapshot {
	s := &Snapshot{
		Config: t.config, Now: t.Now(), graphs: map[string]mark{}, checkpoints: map[string]mark{},
		journal: journal{t.config.Start, slices.Clone(t.journal.actions), slices.Clone(t.journal.fetches)},
	}
	for _, j := range t.jobs {
		if j.graph != nil {
			s.graphs[j.spec.ID] = j.graph.marked
		}
		if j.shown != nil {
			s.checkpoints[j.spec.ID] = j.shown.marked
		}
	}
	return s
}

// moment is something to be lived through again.
type moment struct {
	mark
	rank int // of an action 1: what was asked before it comes first
	do   func(t *Twin) error
}

// Restore is the twin as it was when the snapshot was taken. Nobody is told of
// what happened until then; trace is told of what follows, nil for nobody.
func Restore(s *Snapshot) (*Twin, error) {
	config := s.Config
	told := config.Trace
	config.Trace = nil
	t, err := New(config)
	if err != nil {
		return nil, fmt.Errorf("restore a twin: %w", err)
	}
	for _, m := range s.moments() {
		if err := t.reach(m.At); err != nil {
			return nil, fmt.Errorf("restore a twin: %w", err)
		}
		if err := m.do(t); err != nil {
			return nil, fmt.Errorf("restore a twin: at %v: %w", m.At, err)
		}
	}
	if err := t.reach(s.Now.Sub(t.config.Start)); err != nil {
		return nil, fmt.Errorf("restore a twin: %w", err)
	}
	t.config.Trace = told
	return t, nil
}

// reach moves the clock on.
func (t *Twin) reach(at time.Duration) error {
	if to := t.config.Start.Add(at); to.After(t.Now()) {
		return t.Advance(to)
	}
	return t.settle()
}

// moments are what a snapshot holds, in order.
func (s *Snapshot) moments() []moment {
	var all []moment
	for i := range s.actions {
		a := s.actions[i].Action
		all = append(all, moment{mark{s.actions[i].At, i}, 1, func(t *Twin) error { return t.Do(a) }})
	}
	for _, m := range s.fetches {
		all = append(all, moment{m, 0, func(t *Twin) error { t.fetch(); return nil }})
	}
	for _, id := range sorted(s.graphs) {
		all = append(all, moment{s.graphs[id], 0, func(t *Twin) error {
			if j := t.byID[id]; j != nil {
				j.graph = nil
				j.executionGraph()
			}
			return nil
		}})
	}
	for _, id := range sorted(s.checkpoints) {
		all = append(all, moment{s.checkpoints[id], 0, func(t *Twin) error {
			if j := t.byID[id]; j != nil {
				j.shown = nil
				j.checkpointStatistics()
			}
			return nil
		}})
	}
	// What was asked after so much was done comes before what was done next.
	slices.SortStableFunc(all, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Done, b.Done), cmp.Compare(a.rank, b.rank))
	})
	return all
}

// written is a snapshot as JSON.
type written struct {
	Config      Config          `json:"config"`
	Now         time.Time       `json:"now"`
	Actions     []dated         `json:"actions"`
	Fetches     []mark          `json:"fetches"`
	Graphs      map[string]mark `json:"graphs,omitempty"`
	Checkpoints map[string]mark `json:"checkpoints,omitempty"`
}

// MarshalJSON writes the snapshot. A load without a text is an error.
func (s *Snapshot) MarshalJSON() ([]byte, error) {
	for i := range s.actions {
		if err := s.actions[i].Action.writable(); err != nil {
			return nil, fmt.Errorf("write a snapshot: %w", err)
		}
	}
	return json.Marshal(written{s.Config, s.Now, s.actions, s.fetches, s.graphs, s.checkpoints})
}

func (a *Action) writable() error {
	wordless := func(l Load) bool { return l.Curve != nil && l.YAML == "" }
	if a.Load != nil && wordless(*a.Load) {
		return fmt.Errorf("the load of %s has no text", a.Vertex)
	}
	if a.Spec == nil {
		return nil
	}
	for _, name := range sorted(a.Spec.Loads) {
		if wordless(a.Spec.Loads[name]) {
			return fmt.Errorf("the load of %s of job %s has no text", name, a.Spec.Name)
		}
	}
	return nil
}

// UnmarshalJSON reads a snapshot.
func (s *Snapshot) UnmarshalJSON(text []byte) error {
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("read a snapshot: %w", err)
	}
	if w.Now.IsZero() {
		return errors.New("read a snapshot: it has no time")
	}
	*s = Snapshot{
		Config: w.Config, Now: w.Now, graphs: w.Graphs, checkpoints: w.Checkpoints,
		journal: journal{w.Config.Start, w.Actions, w.Fetches},
	}
	return nil
}
