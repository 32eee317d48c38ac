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

// The lower bound that a job's user set holds whatever comes after it.
func TestAUsersLowerBoundHoldsToTheEnd(t *testing.T) {
	tests := []struct {
		name   string
		config func(*Config)
		vertex func(*Vertex)
		wait   int
	}{
		{"a legacy alignment goes down", func(c *Config) {
			c.Alignment, c.MaxParallelism, c.PullIntoRange = AlignLegacyEvenlySpread, 5, true
			c.Estimator = estimates{measured(1000, 0.65), measured(1000, 0.5)}
		}, func(v *Vertex) { v.Parallelism, v.Partitions = 6, 7 }, 0}, // 4 seems as good to it
		{"a scale-down has waited, and the maximum is lower", func(c *Config) {
			c.MaxParallelism, c.PullIntoRange, c.NeverUp, c.ScaleDownInterval = 3, true, true, time.Minute
		}, func(v *Vertex) { v.Parallelism = 8 }, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := twoBusy(t, func(c *Config) {
				c.Estimator = estimates{measured(1000, 0.65), measured(1000, 0.4)}
				tt.config(c)
			})
			tt.vertex(&in.Topology.Vertices[1])
			in.Bounds = map[VertexID]Bound{"t": {Floor: 5}}
			if tt.wait > 0 {
				since := in.Now.Add(-time.Minute)
				in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: since, Recommended: []Recommendation{{At: since, Parallelism: tt.wait, Outside: true}}}}
			}
			if work := Decide(in).Decision.Vertices[1]; work.To != 5 {
				t.Errorf("%d -> %d (%s): %+v", work.From, work.To, work.Reason, work.Guards)
			}
		})
	}
}
