package options

import (
	"strings"
	"testing"
)

func TestProfileSluiceRefusesWhatTheReferenceLetsPass(t *testing.T) {
	for want, values := range map[string]map[string]string{
		"job.autoscaler.metrics.window: want a duration above zero":                    m("job.autoscaler.metrics.window", "0"),
		"job.autoscaler.metrics.window is 5 s, below":                                  m("job.autoscaler.metrics.window", "5 s"),
		"Could not parse value '3 mins' for key 'job.autoscaler.metrics.window'.":      m("job.autoscaler.metrics.window", "3 mins"),
		"job.autoscaler.vertex.min-parallelism is 5, above":                            m("job.autoscaler.vertex.min-parallelism", "5", "job.autoscaler.vertex.max-parallelism", "2"),
		"invalid value '-3' for job.autoscaler.vertex.max-parallelism":                 m("job.autoscaler.vertex.max-parallelism", "-3"),
		"unknown alignment mode 'balanced'":                                            m("job.autoscaler.scaling.parallelism-alignment.mode", "balanced"),
		"invalid value 'NaN' for job.autoscaler.utilization.target":                    m("job.autoscaler.utilization.target", "NaN"),
		"invalid value '-1' for job.autoscaler.quota.cpu":                              m("job.autoscaler.quota.cpu", "-1"),
		"invalid value '0' for kubernetes.operator.job.autoscaler.history.max.count":   m("kubernetes.operator.job.autoscaler.history.max.count", "0"),
		"invalid value '0' for sluice.rescale.timeout: want a duration above zero":     m("sluice.rescale.timeout", "0"),
		"The AutoScalerOption job.autoscaler.utilization.max is invalid, it should be": m("job.autoscaler.utilization.max", "0.6"),
	} {
		problems := Validate(FromMap(values))
		if len(problems) != 1 || !strings.Contains(problems[0].Text, want) {
			t.Errorf("%v: want %q, got %v", values, want, problems)
		}
		if !strings.HasPrefix(problems[0].Error(), "job") {
			t.Errorf("%v does not say where: %v", values, problems[0].Error())
		}
		values["sluice.profile"], values["job.autoscaler.enabled"] = "reference", "true"
		if problems := Validate(FromMap(values)); len(problems) != 0 && !strings.HasPrefix(want, "The AutoScalerOption") {
			t.Errorf("%v: the reference lets it pass, got %v", values, problems)
		}
	}
}

func TestEachExcludedPeriodThatIsNoneIsToldWithItsCause(t *testing.T) {
	const key = "job.autoscaler.excluded.periods"
	problems := Validate(FromMap(m(key, "8:00-9:00; 22:00-6:00 ;* * 24 * * ?")))
	want := []string{
		`job: invalid value for ` + key + `: excluded period "22:00-6:00": neither a daily nor a cron expression: want 22:00 to be before 6:00 (a period does not reach over midnight; two can)`,
		`job: invalid value for ` + key + `: excluded period "* * 24 * * ?": neither a daily nor a cron expression: hour "24": want values from 0 to 23`,
	}
	if len(problems) != 2 || problems[0].Error() != want[0] || problems[1].Error() != want[1] {
		t.Errorf("got %v", problems)
	}
}

func TestAListOfExcludedPeriodsThatCannotBeParsedIsOneProblem(t *testing.T) {
	const want = "Could not parse value ''foo' for key 'job.autoscaler.excluded.periods'."
	for _, profile := range []string{"sluice", "reference"} {
		problems := Validate(FromMap(m("sluice.profile", profile, "job.autoscaler.enabled", "true",
			"job.autoscaler.excluded.periods", "'foo", "job.autoscaler.utilization.target", "0.5")))
		if len(problems) != 1 || problems[0].Text != want {
			t.Errorf("%s: got %v", profile, problems)
		}
	}
}

func TestACustomAlignmentModeNeedsItsClass(t *testing.T) {
	const mode = "job.autoscaler.scaling.parallelism-alignment.mode"
	for _, prefix := range []string{"", operatorPrefix} {
		if problems := Validate(FromMap(m(mode, "mine", prefix+mode+".mine.class", "X"))); len(problems) != 0 {
			t.Error(problems)
		}
	}
	if problems := Validate(FromMap(m(mode, "mine", mode+".other.class", "X"))); len(problems) != 1 {
		t.Errorf("want one problem, got %v", problems)
	}
}

func TestEqualLimitsPinTheParallelism(t *testing.T) {
	if problems := Validate(FromMap(m(VertexMinParallelism.Key, "3", VertexMaxParallelism.Key, "3", MetricsWindow.Key, "10 s"))); len(problems) != 0 {
		t.Error(problems)
	}
}

func TestAJobThatIsNotScaledIsNotValidated(t *testing.T) {
	if problems := Validate(FromMap(m("sluice.enabled", "false", "job.autoscaler.metrics.window", "soon"))); len(problems) != 0 {
		t.Error(problems)
	}
}

func TestInReferenceABoundThatCannotBeReadComesFirst(t *testing.T) {
	problems := Validate(FromMap(m("sluice.profile", "reference", "job.autoscaler.enabled", "true",
		"job.autoscaler.scale-down.max-factor", "-1", "job.autoscaler.memory.tuning.enabled", "yes")))
	if len(problems) != 1 || problems[0].Text != "Could not parse value 'yes' for key 'job.autoscaler.memory.tuning.enabled'." {
		t.Errorf("got %v", problems)
	}
}

func TestUnknownKeysOfAJobAreFound(t *testing.T) {
	problems := UnknownKeys(m("job.autoscaler.metric.window", "1", "input", "x", "sluice.profil", "x", "job.autoscaler.metrics.window", "1 s"), Source{Kind: FromJob})
	want := []string{
		"job: unknown option job.autoscaler.metric.window; did you mean job.autoscaler.metrics.window?",
		"job: unknown option sluice.profil; did you mean sluice.profile?",
	}
	if len(problems) != 2 || problems[0].Error() != want[0] || problems[1].Error() != want[1] {
		t.Errorf("got %v", problems)
	}
}
