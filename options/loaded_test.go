package options

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func loaded(t *testing.T, lines ...string) (Config, []Warning, error) {
	t.Helper()
	return Load(LoadInput{File: "s.yaml", FileContents: []byte(strings.Join(lines, "\n"))})
}

// A section is checked with what stands below it, and told with its place.
func TestASectionIsCheckedOverTheProcess(t *testing.T) {
	for name, c := range map[string]struct {
		file []string
		want []string
	}{
		"its own value": {
			[]string{"jobs:", "  a: {job.autoscaler.utilization.target: 9}"},
			[]string{`s.yaml:2 (jobs "a"): The AutoScalerOption job.autoscaler.utilization.target is invalid, it should be a value within the range [0.0, 1.0]`},
		},
		"with a value of the process": {
			[]string{"job.autoscaler.vertex.min-parallelism: 5", "jobs:", "  a:", "    job.autoscaler.vertex.max-parallelism: 2", "  b:", "    job.autoscaler.vertex.max-parallelism: 2"},
			[]string{
				`s.yaml:3 (jobs "a"): job.autoscaler.vertex.min-parallelism is 5, above job.autoscaler.vertex.max-parallelism, which is 2 (set by s.yaml:1)`,
				`s.yaml:5 (jobs "b"): job.autoscaler.vertex.min-parallelism is 5, above job.autoscaler.vertex.max-parallelism, which is 2 (set by s.yaml:1)`,
			},
		},
		"with an option of the process": {
			[]string{"autoscaler.standalone.control-loop.interval: 1 min", "jobs:", "  a: {job.autoscaler.metrics.window: 30 s}"},
			[]string{`s.yaml:3 (jobs "a"): job.autoscaler.metrics.window is 30 s, below autoscaler.standalone.control-loop.interval, which is 1 min: fewer than two samples would fit`},
		},
		"a wider section mends it": {
			[]string{"job.autoscaler.utilization.max: 0.8", "jobs:", "  'a-1*': {job.autoscaler.utilization.target: 0.85}", "  'a-*': {job.autoscaler.utilization.max: 0.9}"}, nil,
		},
		"told once, for the wider section": {
			[]string{"jobs:", "  '*': {job.autoscaler.utilization.target: 9}", "  'a-*': {job.autoscaler.restart.time: 1 s}"},
			[]string{`s.yaml:2 (jobs "*"): The AutoScalerOption job.autoscaler.utilization.target is invalid, it should be a value within the range [0.0, 1.0]`},
		},
		"told once, for the process": {
			[]string{"job.autoscaler.utilization.target: 9", "jobs:", "  a: {job.autoscaler.restart.time: 1 s}"},
			[]string{`s.yaml:1: The AutoScalerOption job.autoscaler.utilization.target is invalid, it should be a value within the range [0.0, 1.0]`},
		},
		"mended for the job": {
			[]string{"sluice.profile: reference", "jobs:", "  a: {job.autoscaler.utilization.target: 0.5}"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := loaded(t, c.file...)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(strings.Join(c.want, "\n"), text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Profile reference starts with a value out of range; Check finds it beforehand.
func TestCheckFindsWhatTheReferenceWillRefuseOfTheJobs(t *testing.T) {
	cfg, _, err := loaded(t, "sluice.profile: reference", "job.autoscaler.utilization.max: 0.6",
		"jobs:", "  a: {job.autoscaler.enabled: true}", "  b: {job.autoscaler.utilization.target: 0.5, job.autoscaler.excluded.periods: soon}",
		"  c: {sluice.profile: sluice, job.autoscaler.utilization.target: 0.5}")
	if err != nil {
		t.Fatal(err)
	}
	const want = "s.yaml:2: The AutoScalerOption job.autoscaler.utilization.max is invalid, it should be a value within the range [0.7, 1.0]\n" +
		`s.yaml:5 (jobs "b"): Invalid value soon in the autoscaler config job.autoscaler.excluded.periods, the value is neither a valid daily expression nor a valid cron expression`
	if diff := cmp.Diff(want, Check(cfg).Error()); diff != "" {
		t.Error(diff)
	}
	if cfg, _, err = loaded(t, "jobs:", "  a: {job.autoscaler.utilization.target: 0.5}"); err != nil || len(Check(cfg)) != 0 {
		t.Errorf("%v, %v", err, Check(cfg))
	}
}

func TestWhatHasNoEffectIsWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		file []string
		want []string
	}{
		"presets":  {[]string{"sluice.estimator: reference"}, nil},
		"counters": {[]string{"sluice.skew.enabled: true"}, nil},
		"recent rate, by the profile": {
			[]string{"sluice.profile: reference", "sluice.recent-rate.enabled: true"},
			[]string{"s.yaml:2: sluice.recent-rate.enabled has no effect: it needs sluice.estimator: counters, which is reference"},
		},
		"estimator of a section": {
			[]string{"sluice.skew.enabled: true", "jobs:", "  a: {sluice.estimator: reference}"},
			[]string{`s.yaml:3 (jobs "a"): sluice.skew.enabled has no effect: it needs sluice.estimator: counters, which is reference (set by s.yaml:1)`},
		},
		"a class is there": {
			[]string{"job.autoscaler.scaling.custom-executors: a; b", "job.autoscaler.scaling.custom-executor.a.class: A", "kubernetes.operator.job.autoscaler.scaling.custom-executor.b.class: B"}, nil,
		},
		"no class in a section": {
			[]string{"sluice.extensions.required: false", "jobs:", "  a: {job.autoscaler.metrics.custom-evaluators: e}"},
			[]string{`s.yaml:3 (jobs "a"): job.autoscaler.metrics.custom-evaluators names "e", but job.autoscaler.metrics.custom-evaluator.e.class is not set: it is left out`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, warnings, err := loaded(t, c.file...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
