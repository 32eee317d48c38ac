package autoscaler

import (
	"strings"
	"testing"
	"time"
)

// A wrong option is told as the reference does, and nothing is done with the job:
// not even what was decided before is handed over again.
func TestAJobWhoseOptionsAreWrongIsLeftAlone(t *testing.T) {
	const key = "job.autoscaler.utilization.target"
	outOfRange := "The AutoScalerOption " + key + " is invalid, it should be a value within the range [0.0, 1.0]"
	reference := map[string]string{"sluice.profile": "reference", "job.autoscaler.enabled": "true", "sluice.estimator": "counters"}
	for name, c := range map[string]struct {
		config     map[string]string
		key, value string
		event      string
	}{
		"in the reference's words": {reference, key, "7", "Warning AutoScaler Options Validation each 1h0m0s: " + outOfRange},
		"a range that depends":     {reference, "job.autoscaler.utilization.max", "0.6", "Warning AutoScaler Options Validation each 1h0m0s: The AutoScalerOption job.autoscaler.utilization.max is invalid, it should be a value within the range [0.7, 1.0]"},
		"a period that is none":    {reference, "job.autoscaler.excluded.periods", "soon", "Warning AutoScaler Options Validation each 1h0m0s: Invalid value soon in the autoscaler config job.autoscaler.excluded.periods, the value is neither a valid daily expression nor a valid cron expression"},
		"validation itself fails":  {reference, key, "much", "Warning AutoscalerError: job: Could not parse value 'much' for key '" + key + "'."},
		"with its place":           {nil, key, "7", "Warning AutoScaler Options Validation each 1h0m0s: job: " + outOfRange},
		"more than the reference":  {nil, "job.autoscaler.metrics.window", "soon", "Warning AutoScaler Options Validation each 1h0m0s: job: Could not parse value 'soon' for key 'job.autoscaler.metrics.window'."},
	} {
		t.Run(name, func(t *testing.T) {
			s := scripted(t, c.config)
			s.job.ValidationInterval = time.Hour
			s.run("rate 900\npass 2")
			s.trace, s.config[c.key] = nil, c.value
			errorsBefore := s.job.Metrics.Errors.Load()
			s.run("pass 20")
			trace := strings.Join(s.trace, "\n")
			if !strings.Contains(trace, "\nevent "+c.event) {
				t.Errorf("no event %s in\n%s", c.event, trace)
			}
			for _, done := range []string{"collect", "put", "realize", "hand", "prepare"} {
				if strings.Contains(trace, "\n"+done) {
					t.Errorf("%s in\n%s", done, trace)
				}
			}
			if s.job.Metrics.Errors.Load() != errorsBefore {
				t.Error("a pass is counted, and none was run")
			}
			delete(s.config, c.key)
			s.run("pass")
			if !s.told("collect") {
				t.Error("mended, it is still left alone")
			}
		})
	}
}

func TestWhatTheReferenceLetsPassStillPasses(t *testing.T) {
	for key, value := range map[string]string{
		"job.autoscaler.utilization.target":                          "NaN",
		"job.autoscaler.vertex.min-parallelism":                      "0",
		"job.autoscaler.scaling.parallelism-alignment.mode":          "sideways",
		"job.autoscaler.observed-scalability.coefficient-min":        "7", // its switch is off
		"job.autoscaler.metrics.custom-evaluators":                   "gone",
		"job.autoscaler.observed-true-processing-rate.lag-threshold": "0",
	} {
		s := scripted(t, map[string]string{"sluice.profile": "reference", "job.autoscaler.enabled": "true", "sluice.estimator": "counters", key: value})
		s.run("pass")
		if s.told("Validation") || !s.told("collect") {
			t.Errorf("%s=%s:\n%s", key, value, strings.Join(s.trace, "\n"))
		}
	}
}

func TestUnvalidatedOptionsFailWhereTheyAreNeeded(t *testing.T) {
	s := scripted(t, map[string]string{
		"sluice.profile": "reference", "job.autoscaler.enabled": "true", "sluice.estimator": "counters", "job.autoscaler.excluded.periods": "soon",
	})
	s.job.Unvalidated = true
	s.run("rate 900\nfill")
	if !s.told("collect") || !s.told("AutoscalerError") || s.told("Validation") {
		t.Errorf("trace:\n%s", strings.Join(s.trace, "\n"))
	}
}
