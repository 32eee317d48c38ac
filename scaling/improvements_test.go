package scaling

import (
	"testing"
	"time"
)

func TestLimitsPullAVertexIntoRangeWhereConfigured(t *testing.T) {
	tests := []struct {
		name           string
		least, most    int
		pull           bool
		want           int
		wantSourceFrom int
	}{
		{"above the most", 1, 3, true, 3, 1},
		{"above the most, in the reference", 1, 3, false, 4, 1},
		{"below the least", 9, 20, true, 9, 9},
		{"below the least, in the reference", 9, 20, false, 4, 1},
		{"in range", 1, 20, true, 4, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := Decide(twoBusy(t, func(c *Config) {
				c.Estimator = estimates{measured(1000, 0.65), measured(1000, 0.68)}
				c.MinParallelism, c.MaxParallelism, c.PullIntoRange, c.KeepSaturated = tt.least, tt.most, tt.pull, true
			}))
			if s, work := out.Decision.Vertices[0], out.Decision.Vertices[1]; work.To != tt.want || s.To != tt.wantSourceFrom {
				t.Errorf("%s: source to %d, want %d; work to %d, want %d", out.Decision.Reason, s.To, tt.wantSourceFrom, work.To, tt.want)
			}
		})
	}
}

// A saturated vertex is not shrunk, but a limit is a limit.
func TestALimitHoldsForASaturatedVertexToo(t *testing.T) {
	out := Decide(twoBusy(t, func(c *Config) { c.MaxParallelism, c.PullIntoRange, c.KeepSaturated = 2, true, true }))
	if work := out.Decision.Vertices[1]; work.To != 2 {
		t.Errorf("to %d for %s", work.To, work.Reason)
	}
}

func TestADelayedScaleDownIsExpectedToBringWhatIsExecuted(t *testing.T) {
	for _, judge := range []bool{true, false} {
		in := twoBusy(t, func(c *Config) {
			c.Estimator = estimates{measured(1000, 0.65), measured(1000, 0.1)}
			c.ScaleDownInterval, c.JudgeExecuted = time.Minute, judge
		})
		start := in.Now.Add(-time.Minute)
		in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: start, Recommended: []Recommendation{{At: start, Parallelism: 3, Outside: true}}}}
		work := Decide(in).Decision.Vertices[1]
		want := 5000.0 // at 2, which is recommended now: a subtask does 2500
		if judge {
			want = 7500
		}
		if work.To != 3 || work.Recommended != 2 || work.ExpectedRate != want {
			t.Errorf("judging what is executed %v: to %d, recommended %d, expects %v, want %v", judge, work.To, work.Recommended, work.ExpectedRate, want)
		}
	}
}
