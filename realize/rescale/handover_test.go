package rescale

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

func TestWhatIsHandedOverIsAskedForOnce(t *testing.T) {
	c := newCluster(t)
	c.requirements[flink.VertexID(work)] = flink.Require(2, 3)
	r, job := &Realizer{Now: func() time.Time { return now }}, c.job(t)
	overrides := scaling.Parallelism{work: 4, sink: 2, "dddddddddddddddddddddddddddddddd": 9}
	for pass, asked := range []bool{true, false} {
		handed, err := r.HandOver(t.Context(), job, overrides)
		if err != nil || handed.Asked != asked || handed.Obstacle.Reason != "" {
			t.Errorf("pass %d: %+v, %v", pass, handed, err)
		}
	}
	want := []flink.ResourceRequirements{{
		flink.VertexID(source): flink.Require(1, 1), flink.VertexID(work): flink.Require(2, 4), flink.VertexID(sink): flink.Require(1, 2),
	}}
	if diff := cmp.Diff(want, c.puts); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAHandoverNeverUndercutsALowerBound(t *testing.T) {
	c := newCluster(t)
	c.requirements[flink.VertexID(work)] = flink.Require(3, 8)
	r := &Realizer{Now: func() time.Time { return now }}
	if handed, err := r.HandOver(t.Context(), c.job(t), scaling.Parallelism{work: 2}); err != nil || !handed.Asked {
		t.Fatalf("%+v, %v", handed, err)
	}
	if got := c.requirements[flink.VertexID(work)]; got != flink.Require(3, 3) {
		t.Errorf("asked for %+v", got)
	}
}

func TestAHandoverStopsAtWhatWouldLoseState(t *testing.T) {
	c := newCluster(t)
	c.config, c.checkpoints = "", ""
	r, job := &Realizer{Now: func() time.Time { return now }}, c.job(t)
	handed, err := r.HandOver(t.Context(), job, scaling.Parallelism{work: 2})
	if err != nil || handed.Asked || handed.Obstacle.Reason != ReasonNoCheckpointing {
		t.Errorf("%+v, %v", handed, err)
	}
	if handed, err = r.HandOver(t.Context(), job, scaling.Parallelism{work: 1}); err != nil || handed.Obstacle.Reason != "" {
		t.Errorf("with nothing to ask for: %+v, %v", handed, err)
	}
	if len(c.puts) > 0 {
		t.Errorf("asked for %v", c.puts)
	}
}

func TestAHandoverLeavesJobsAloneThatCannotBeRescaled(t *testing.T) {
	tests := map[string]func(*cluster, *autoscaler.JobContext){
		"its scheduler is another one": func(_ *cluster, job *autoscaler.JobContext) { job.Scope = autoscaler.ScopeReport },
		"it does not run":              func(_ *cluster, job *autoscaler.JobContext) { job.Status = "RESTARTING" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			job := c.job(t)
			change(c, job)
			r := &Realizer{Now: func() time.Time { return now }}
			handed, err := r.HandOver(t.Context(), job, scaling.Parallelism{work: 2})
			if err != nil || handed.Asked || len(c.calls) > 0 {
				t.Errorf("%+v, %v, calls %v", handed, err, c.calls)
			}
		})
	}
}

func TestAHandoverThatFlinkDoesNotAnswerFails(t *testing.T) {
	for _, call := range []string{"GET", "PUT"} {
		c := newCluster(t)
		c.faults[call+" resource-requirements"] = func(w http.ResponseWriter) { refuse(w, http.StatusConflict, "later") }
		r := &Realizer{Now: func() time.Time { return now }}
		handed, err := r.HandOver(t.Context(), c.job(t), scaling.Parallelism{work: 2})
		if err == nil || handed.Asked {
			t.Errorf("%s: %+v, %v", call, handed, err)
		}
	}
}
