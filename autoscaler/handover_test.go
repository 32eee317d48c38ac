package autoscaler

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// handing is a platform that is told in every pass what was decided last.
type handing struct {
	*platform
	handed []scaling.Parallelism
	config []tuning.Changes
	answer Handed
	err    error
}

var _ Handover = (*handing)(nil)

// HandOver implements [Handover].
func (h *handing) HandOver(_ context.Context, _ *JobContext, overrides scaling.Parallelism) (Handed, error) {
	h.handed = append(h.handed, overrides)
	return h.answer, h.err
}

// HandOverConfig implements [Handover].
func (h *handing) HandOverConfig(_ context.Context, _ *JobContext, changes tuning.Changes) error {
	h.config = append(h.config, changes)
	return nil
}

// decided is a platform after the pass in which work went from 1 to more.
func decided(t *testing.T, config map[string]string) (*script, *handing) {
	t.Helper()
	s := newScript(t)
	h := &handing{platform: s.platform}
	s.config["sluice.rescale.guarded"] = "false"
	for k, v := range config {
		s.config[k] = v
	}
	var err error
	s.scaler, err = New(t.Context(), Config{
		Collector: h.platform, OpenStore: h.open, Events: h.platform, Realizer: h, Recorder: h.platform, Zone: time.UTC,
		Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.run("rate 900\nfill")
	return s, h
}

func TestWhatWasDecidedLastIsHandedOverInEveryPass(t *testing.T) {
	s, h := decided(t, nil)
	want := scaling.Parallelism{"source": 1, "work": 2}
	if n := len(h.handed); n == 0 || !cmp.Equal(h.handed[n-1], want) {
		t.Fatalf("handed over: %v, want %v last", h.handed, want)
	}
	for _, outage := range []string{"collect", "put"} {
		before := len(h.handed)
		s.faults[outage] = errors.New("broken")
		s.run("pass")
		delete(s.faults, outage)
		if len(h.handed) != before+1 || !cmp.Equal(h.handed[before], want) {
			t.Errorf("with %s broken: handed over %v", outage, h.handed[before:])
		}
	}
	before := len(h.handed)
	s.job.Status = "RESTARTING"
	s.run("pass")
	if len(h.handed) != before+1 {
		t.Errorf("a job that does not run: handed over %v", h.handed[before:])
	}
	if trace := strings.Join(s.trace, "\n"); strings.Contains(trace, "prepare") || strings.Contains(trace, "realize") || strings.Contains(trace, "follow") {
		t.Errorf("the realizer is guarded:\n%s", trace)
	}
}

// What was decided then is not known to the process that owns the job, or to the
// next of this one.
func TestNothingIsHandedOverThatCouldNotBeSaved(t *testing.T) {
	for _, fault := range []error{ErrStateConflict, ErrStoreAway} {
		for _, call := range []string{"get", "put"} {
			s, h := decided(t, nil)
			before := len(h.handed)
			s.faults[call] = fault
			s.run("pass")
			if len(h.handed) != before {
				t.Errorf("%s: %v: handed over %v", call, fault, h.handed[before:])
			}
			delete(s.faults, call)
			s.run("pass")
			if len(h.handed) != before+1 {
				t.Errorf("%s: after %v: handed over %v", call, fault, h.handed[before:])
			}
		}
	}
}

func TestNothingIsHandedOverWhileTheOptionsAreWrong(t *testing.T) {
	s, h := decided(t, map[string]string{"sluice.profile": "reference", "job.autoscaler.enabled": "true", "sluice.estimator": "counters"})
	before := len(h.handed)
	s.config["job.autoscaler.utilization.target"] = "7"
	s.run("pass")
	if before == 0 || len(h.handed) != before {
		t.Errorf("handed over %v", h.handed)
	}
}

func TestTheUsersParallelismStandsForExcludedVerticesOnly(t *testing.T) {
	s, h := decided(t, map[string]string{"pipeline.jobvertex-parallelism-overrides": "source:7,work:7,other:3"})
	want := scaling.Parallelism{"source": 1, "work": 2, "other": 3}
	if got := h.handed[len(h.handed)-1]; !cmp.Equal(got, want) {
		t.Errorf("handed over %v, want %v", got, want)
	}
	s.config["job.autoscaler.vertex.exclude.ids"] = "work"
	s.run("pass")
	want["work"] = 7
	if got := h.handed[len(h.handed)-1]; !cmp.Equal(got, want) {
		t.Errorf("with work excluded: handed over %v, want %v", got, want)
	}
}

func TestConfigurationIsHandedOverWhileTuningIsEnabled(t *testing.T) {
	s, h := decided(t, map[string]string{
		"job.autoscaler.memory.tuning.enabled": "true", "taskmanager.memory.process.size": "4 gb", "taskmanager.numberOfTaskSlots": "2",
	})
	last := h.config[len(h.config)-1]
	if last.Overrides["taskmanager.memory.process.size"] == "" {
		t.Fatalf("handed over %v", h.config)
	}
	s.job.Status = "RESTARTING" // nothing new is decided
	s.config["job.autoscaler.memory.tuning.enabled"] = "false"
	before := len(h.config)
	s.run("pass")
	if len(h.config) != before {
		t.Errorf("without tuning: handed over %v", h.config[before:])
	}
	s.config["job.autoscaler.memory.tuning.enabled"] = "true"
	s.run("pass")
	if len(h.config) != before+1 || h.config[before].Overrides == nil {
		t.Errorf("with tuning again: handed over %v", h.config[before:])
	}
}

func TestAHandoverThatFailsIsAnErrorOfItsOwn(t *testing.T) {
	s, h := decided(t, nil)
	h.err = errors.New("no route")
	errorsBefore := s.job.Metrics.Errors.Load()
	s.trace = nil
	s.run("pass")
	if got := s.job.Metrics.Errors.Load() - errorsBefore; got != 1 {
		t.Errorf("%d errors are counted", got)
	}
	if trace := strings.Join(s.trace, "\n"); !strings.Contains(trace, "AutoscalerError") || !strings.Contains(trace, "no route") {
		t.Errorf("not told:\n%s", trace)
	}
}

func TestAnObstacleToAHandoverIsTold(t *testing.T) {
	s, h := decided(t, nil)
	h.answer.Obstacle = Obstacle{"no-checkpointing", "the job has no checkpointing"}
	s.trace = nil
	s.run("pass")
	if trace := strings.Join(s.trace, "\n"); !strings.Contains(trace, `ScalingBlocked key "no-checkpointing" each 30m0s: the job has no checkpointing`) {
		t.Errorf("not told:\n%s", trace)
	}
	h.answer = Handed{Asked: true}
	s.trace = nil
	s.run("pass")
	if trace := strings.Join(s.trace, "\n"); !strings.Contains(trace, "In-place scaling triggered, the new requirements is source 1; work 2.") {
		t.Errorf("not told:\n%s", trace)
	}
}

func TestAJobThatIsTakenOutGoesOnFromItsWindowInTheSameProcess(t *testing.T) {
	s, _ := decided(t, map[string]string{"sluice.disabled.keep-state": "false"})
	kept := s.saved[s.job.Key]
	s.job.Scope = ScopeDisabled
	s.run("pass")
	if left := s.saved[s.job.Key]; len(left.Window.Samples) > 0 || left.Overrides != nil {
		t.Fatalf("of the job is left: %s", stateText(&left))
	}
	s.job.Scope = ScopeScale
	s.run("pass")
	if got := len(s.saved[s.job.Key].Window.Samples); got < len(kept.Window.Samples) {
		t.Errorf("the window has %d samples, had %d", got, len(kept.Window.Samples))
	}
}
