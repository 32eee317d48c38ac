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

// room is a platform with room for so many TaskManagers.
type room struct {
	most  int
	err   error
	asked []tuning.CapacityRequest
}

func (r *room) Allows(_ context.Context, _ *JobContext, q tuning.CapacityRequest) (bool, error) {
	r.asked = append(r.asked, q)
	return q.TaskManagersAfter <= r.most, r.err
}

// executor is a custom executor made of a function.
type executor struct {
	priority int
	apply    func(scaling.ExecutorInput) ([]scaling.Proposal, error)
}

func (e executor) Priority() int { return e.priority }

func (e executor) Apply(in scaling.ExecutorInput) ([]scaling.Proposal, error) { return e.apply(in) }

// fillWith runs passes until a decision falls that wants two subtasks of work.
func fillWith(t *testing.T, config map[string]string, with func(*Config)) (*script, Report) {
	t.Helper()
	s := newScript(t)
	for k, v := range config {
		s.config[k] = v
	}
	cfg := Config{
		Collector: s.platform, OpenStore: s.open, Events: s.platform, Realizer: s.platform, Recorder: s.platform, Zone: time.UTC,
		Now: func() time.Time { return s.now },
	}
	with(&cfg)
	var err error
	if s.scaler, err = New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	s.job.TaskManagerCPU, s.job.TaskManagerMemory = 1.5, 2<<30
	s.run("rate 900")
	for range 20 {
		s.advance(5 * time.Second)
		if report := s.pass(); report.Window.Full {
			return s, report
		}
	}
	t.Fatal("the window never fills")
	return nil, Report{}
}

func TestADecisionIsTakenBackWhenTheresNoRoom(t *testing.T) {
	r := &room{most: 2}
	s, report := fillWith(t, nil, func(c *Config) { c.Resources = r })
	if report.Decision.Scale || report.Decision.Reason != ReasonCapacity {
		t.Errorf("decided %v %s", report.Decision.Scale, report.Decision.Reason)
	}
	// Slots in use are not known, so that the sum of all vertices counts.
	want := []tuning.CapacityRequest{{TaskManagersNow: 0, TaskManagersAfter: 3, CPU: 1.5, Memory: 2 << 30}}
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if !s.told(`ScalingBlocked key "no-capacity"`) || s.told("realize") {
		t.Errorf("trace:\n%s", strings.Join(s.trace, "\n"))
	}

	quiet, _ := fillWith(t, map[string]string{"sluice.events.capacity-refused": "false"}, func(c *Config) { c.Resources = &room{most: 2} })
	if quiet.told("ScalingBlocked") {
		t.Errorf("told, against the configuration:\n%s", strings.Join(quiet.trace, "\n"))
	}

	enough, report := fillWith(t, nil, func(c *Config) { c.Resources = &room{most: 3} })
	if !report.Scaled || !enough.told("realize source:1 work:2") {
		t.Errorf("trace:\n%s", strings.Join(enough.trace, "\n"))
	}
}

func (s *script) told(text string) bool { return strings.Contains(strings.Join(s.trace, "\n"), text) }

func TestRoomThatCannotBeToldFailsThePass(t *testing.T) {
	s, report := fillWith(t, nil, func(c *Config) { c.Resources = &room{err: errors.New("no route")} })
	if report.Scaled || s.told("realize") || !s.told("AutoscalerError") {
		t.Errorf("trace:\n%s", strings.Join(s.trace, "\n"))
	}
}

func TestExecutorsAreAskedInTheOrderOfTheirPriorities(t *testing.T) {
	var order []string
	named := func(name string, priority int, to int) executor {
		return executor{priority, func(in scaling.ExecutorInput) ([]scaling.Proposal, error) {
			order = append(order, name+in.Parameters["mark"])
			for i := range in.Proposals {
				in.Proposals[i].To = to
			}
			return in.Proposals, nil
		}}
	}
	s, report := fillWith(t, map[string]string{
		"sluice.extensions.required":                                            "false",
		"job.autoscaler.scaling.custom-executors":                               "a;b;gone;a",
		"job.autoscaler.scaling.custom-executor.a.class":                        "x.First",
		"job.autoscaler.scaling.custom-executor.a.mark":                         "!",
		"kubernetes.operator.job.autoscaler.scaling.custom-executor.a.mark":     "?",
		"kubernetes.operator.job.autoscaler.scaling.custom-executor.b.class":    "x.Second",
		"job.autoscaler.scaling.custom-executor.gone.class":                     "x.NotThere",
		"kubernetes.operator.job.autoscaler.scaling.custom-executor.gone.class": "x.First",
	}, func(c *Config) {
		c.Extensions.Executors = map[string]scaling.Executor{"x.First": named("a", 3, 5), "x.Second": named("b", -2, 4)}
	})
	if want := []string{"b", "a!"}; !cmp.Equal(order, want) {
		t.Errorf("asked %v, want %v", order, want)
	}
	if !s.told("realize source:1 work:5") {
		t.Errorf("trace:\n%s", strings.Join(s.trace, "\n"))
	}
	if len(report.Warnings) == 0 || !strings.Contains(errors.Join(report.Warnings...).Error(), `no extension of class "x.NotThere" is known for job.autoscaler.scaling.custom-executor.gone`) {
		t.Errorf("warnings: %v", report.Warnings)
	}
}

func TestAnExecutorThatLeavesNothingVetoes(t *testing.T) {
	config := map[string]string{
		"job.autoscaler.scaling.custom-executors":        "v",
		"job.autoscaler.scaling.custom-executor.v.class": "x.Veto",
	}
	none := func(scaling.ExecutorInput) ([]scaling.Proposal, error) { return nil, nil }
	s, report := fillWith(t, config, func(c *Config) {
		c.Extensions.Executors = map[string]scaling.Executor{"x.Veto": executor{apply: none}}
	})
	if report.Decision.Reason != ReasonVetoed || s.told("realize") ||
		!s.told(`event Warning ScalingVetoed key "ScalingVetoed:v" each 30m0s: Scaling decision vetoed by scaling custom executor instance 'v' (class=x.Veto).`) {
		t.Errorf("%s\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
	broken := func(scaling.ExecutorInput) ([]scaling.Proposal, error) { return nil, errors.New("out of order") }
	s, _ = fillWith(t, config, func(c *Config) {
		c.Extensions.Executors = map[string]scaling.Executor{"x.Veto": executor{apply: broken}}
	})
	if s.told("realize") || !s.told("apply custom executor v: out of order") {
		t.Errorf("trace:\n%s", strings.Join(s.trace, "\n"))
	}
}

// capped is an executor that caps what it is handed, as a naive one does.
func capped(most int) scaling.Executor {
	return executor{apply: func(in scaling.ExecutorInput) ([]scaling.Proposal, error) {
		for i := range in.Proposals {
			in.Proposals[i].To = min(in.Proposals[i].To, most)
		}
		return in.Proposals, nil
	}}
}

func TestAnExecutorThatLeavesNoChangeCausesNoRescale(t *testing.T) {
	config := map[string]string{
		"job.autoscaler.scaling.custom-executors":          "cap",
		"job.autoscaler.scaling.custom-executor.cap.class": "x.Cap",
	}
	s, report := fillWith(t, config, func(c *Config) { c.Extensions.Executors = map[string]scaling.Executor{"x.Cap": capped(1)} })
	s.run("pass 3")
	if report.Decision.Scale || report.Decision.Reason != ReasonVetoed || s.told("realize") || len(s.saved[s.job.Key].Scaling.History) != 0 ||
		!s.told(`event Warning ScalingVetoed key "ScalingVetoed:" each 30m0s: Scaling custom executors left every vertex at its parallelism`) {
		t.Errorf("%s\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
	config["sluice.custom-executors.drop-unchanged"] = "false"
	_, report = fillWith(t, config, func(c *Config) { c.Extensions.Executors = map[string]scaling.Executor{"x.Cap": capped(1)} })
	if !report.Scaled {
		t.Error("with the option off it does not count as a rescale, as it does in the reference")
	}
}

func TestAJobIsHeldWhileAnExtensionIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		config map[string]string
		says   string
	}{
		"evaluator": {
			map[string]string{"job.autoscaler.metrics.custom-evaluators": "e", "job.autoscaler.metrics.custom-evaluator.e.class": "x.E"},
			`no extension of class "x.E" is known for job.autoscaler.metrics.custom-evaluator.e: nothing is changed without it`,
		},
		"executor": {
			map[string]string{"job.autoscaler.scaling.custom-executors": "here;gone", "job.autoscaler.scaling.custom-executor.here.class": "x.Cap", "job.autoscaler.scaling.custom-executor.gone.class": "x.G"},
			`no extension of class "x.G" is known for job.autoscaler.scaling.custom-executor.gone: nothing is changed without it`,
		},
		"alignment mode": {
			map[string]string{"job.autoscaler.scaling.parallelism-alignment.mode": "m", "job.autoscaler.scaling.parallelism-alignment.mode.m.class": "x.M"},
			`no extension of class "x.M" is known for job.autoscaler.scaling.parallelism-alignment.mode.m: nothing is changed without it`,
		},
		"class": {
			map[string]string{"job.autoscaler.scaling.custom-executors": "budget"},
			"job.autoscaler.scaling.custom-executor.budget.class is not set: nothing is changed without it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			with := func(c *Config) { c.Extensions.Executors = map[string]scaling.Executor{"x.Cap": capped(9)} }
			s, report := fillWith(t, c.config, with)
			if report.Scaled || report.Decision.Reason != scaling.ReasonFault || report.Decision.Detail != c.says || !s.told("event Warning ScalingBlocked key \"fault\" each 30m0s: "+c.says) {
				t.Errorf("%s\n%s", report.Decision.Detail, strings.Join(s.trace, "\n"))
			}
			c.config["sluice.extensions.required"] = "false"
			if s, report = fillWith(t, c.config, with); !report.Scaled || len(report.Warnings) == 0 {
				t.Errorf("with the option off: %v\n%s", report.Warnings, strings.Join(s.trace, "\n"))
			}
		})
	}
}

func TestNothingIsExecutedInAnExcludedPeriod(t *testing.T) {
	s, report := fillWith(t, map[string]string{"job.autoscaler.excluded.periods": "3:00-4:00;12:00-13:00"}, func(*Config) {})
	if report.Decision.Reason != scaling.ReasonExcludedPeriod || s.told("prepare") ||
		!s.told("disabled by config job.autoscaler.excluded.periods:[3:00-4:00, 12:00-13:00], recommended parallelism change:{ Vertex ID work | Parallelism 1 -> 2") {
		t.Errorf("%s\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
	elsewhere := time.FixedZone("east", 9*3600)
	s, report = fillWith(t, map[string]string{"job.autoscaler.excluded.periods": "12:00-13:00"}, func(c *Config) { c.Zone = elsewhere })
	if !report.Scaled {
		t.Errorf("in another zone: %s\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
}
