package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNewNamesThePartThatIsMissing(t *testing.T) {
	p := newPlatform()
	whole := Config{Collector: p, OpenStore: p.open, Events: p, Realizer: p, Now: func() time.Time { return start }}
	tests := map[string]func(*Config){
		"collector":     func(c *Config) { c.Collector = nil },
		"state store":   func(c *Config) { c.OpenStore = nil },
		"event handler": func(c *Config) { c.Events = nil },
		"realizer":      func(c *Config) { c.Realizer = nil },
		"clock":         func(c *Config) { c.Now = nil },
	}
	for part, remove := range tests {
		cfg := whole
		remove(&cfg)
		if _, err := New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("without %s: %v", part, err)
		}
	}
	if _, err := New(t.Context(), whole); err != nil {
		t.Error(err)
	}
}

func TestNewFailsWhenTheStoreCannotBeOpened(t *testing.T) {
	p := newPlatform()
	p.faults["open"] = errors.New("no route")
	_, err := New(t.Context(), Config{Collector: p, OpenStore: p.open, Events: p, Realizer: p, Now: func() time.Time { return start }})
	if err == nil || !strings.Contains(err.Error(), "no route") {
		t.Errorf("got %v", err)
	}
}

// Whatever fails, what was saved before is not touched through shared memory:
// a store may hand out what it holds.
func TestFailedPassLeavesTheSavedStateAsItWas(t *testing.T) {
	tests := []struct {
		fault    string
		underWay bool
	}{{"collect", false}, {"refine", false}, {"prepare", false}, {"put", false}, {"get", false}, {"follow", true}, {"put", true}}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s, a rescale under way %v", tt.fault, tt.underWay), func(t *testing.T) {
			s := newScript(t)
			s.refines = true
			s.bounds["work"] = Bound{Floor: 2, Lower: 2, Upper: 6}
			s.run("rate 900\npass 6")
			if tt.underWay {
				s.run("pass")
			}
			before := deepText(s.saved[s.job.Key])
			s.faults[tt.fault] = errors.New("broken")
			s.run("pass")
			if got := deepText(s.saved[s.job.Key]); got != before {
				t.Errorf("the saved state changed: %d and %d bytes of text", len(before), len(got))
			}
			if s.job.Metrics.Errors.Load() != 1 {
				t.Error("the pass did not fail")
			}
		})
	}
}

// deepText prints a state with all that it points to.
func deepText(s State) string {
	act := Act{}
	if s.Act != nil {
		act = *s.Act
	}
	return fmt.Sprintf("%+v|%+v|%+v|%+v", s.Window, s.Scaling, s.Bounds, act)
}

// The state that one pass was given stays as it is while later ones run on it.
func TestPassesDoNotChangeTheStatesBeforeThem(t *testing.T) {
	s := newScript(t)
	s.refines = true
	kept := map[string]State{}
	for i := range 30 {
		if i == 10 {
			s.rate = 900
		}
		if i == 22 {
			s.restart(s.asked)
		}
		s.run("pass")
		state := s.saved[s.job.Key]
		kept[deepText(state)] = state
	}
	for want, state := range kept {
		if got := deepText(state); got != want {
			t.Fatal("a state changed after it was saved")
		}
	}
}

func TestPassWithoutMetersAndRecorder(t *testing.T) {
	s := newScript(t)
	s.job.Metrics = nil
	scaler, err := New(t.Context(), Config{Collector: s.platform, OpenStore: s.open, Events: s.platform, Realizer: s.platform, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	s.scaler = scaler
	s.run("rate 900\nfill\nfail collect broken\npass")
	if got := s.asked["work"]; got != 2 {
		t.Errorf("work is asked to have %d subtasks", got)
	}
}

func TestEventsOfAPassCarryItsTimeAndChanges(t *testing.T) {
	s := newScript(t)
	heard := &listener{}
	scaler, err := New(t.Context(), Config{Collector: s.platform, OpenStore: s.open, Events: heard, Realizer: s.platform, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	s.scaler = scaler
	s.run("rate 900\nfill")
	if len(heard.events) != 2 {
		t.Fatalf("%d events", len(heard.events))
	}
	report := heard.events[0]
	if !report.At.Equal(s.now) || ChangesText(report.Changes) != "work:1>2 " || report.Changes[0].Name != "work" || report.Changes[0].TargetRate != 900 {
		t.Errorf("got %+v", report)
	}
}

type listener struct{ events []Event }

func (l *listener) Handle(_ context.Context, _ *JobContext, e Event) error {
	l.events = append(l.events, e)
	return nil
}
