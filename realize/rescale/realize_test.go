package rescale

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

var wrongConfig = options.FromMap(map[string]string{"sluice.checkpoint.max-age": "soon"})

func TestRequestNamesEveryVertexAndKeepsTheUsersLowerBounds(t *testing.T) {
	tests := []struct {
		name   string
		bounds bounds
		want   scaling.Parallelism
		put    [3]flink.VertexRequirements
		after  bounds
	}{
		{
			"the first request of a default job",
			bounds{source: bound(1, 1, 1), work: bound(1, 1, 1), sink: bound(1, 1, 1)},
			at(1, 4, 2),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(1, 4), flink.Require(1, 2)},
			bounds{source: bound(1, 1, 1), work: ours(1, 1, 4), sink: ours(1, 1, 2)},
		},
		{
			"a floor is kept",
			bounds{source: bound(1, 1, 1), work: ours(2, 2, 8), sink: bound(1, 1, 1)},
			at(1, 3, 1),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(2, 3), flink.Require(1, 1)},
			bounds{source: bound(1, 1, 1), work: ours(2, 2, 3), sink: bound(1, 1, 1)},
		},
		{
			"a floor that someone overwrote is restored",
			bounds{source: bound(1, 1, 1), work: {Floor: 2, Lower: 1, Upper: 8, Ours: true}, sink: bound(1, 1, 1)},
			at(1, 3, 1),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(2, 3), flink.Require(1, 1)},
			bounds{source: bound(1, 1, 1), work: ours(2, 2, 3), sink: bound(1, 1, 1)},
		},
		{
			"a floor is never undercut",
			bounds{source: bound(1, 1, 1), work: bound(4, 4, 8), sink: bound(1, 1, 1)},
			at(1, 2, 1),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(4, 4), flink.Require(1, 1)},
			bounds{source: bound(1, 1, 1), work: ours(4, 4, 4), sink: bound(1, 1, 1)},
		},
		{
			"a pinned vertex stays pinned",
			bounds{source: bound(1, 1, 1), work: bound(1, 1, 1), sink: bound(3, 3, 3)},
			at(1, 2, 3),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(1, 2), flink.Require(3, 3)},
			bounds{source: bound(1, 1, 1), work: ours(1, 1, 2), sink: bound(3, 3, 3)},
		},
		{
			"a vertex that nothing was decided about keeps its bounds",
			bounds{source: bound(2, 2, 6), work: bound(1, 1, 1), sink: bound(1, 1, 1)},
			scaling.Parallelism{work: 2},
			[3]flink.VertexRequirements{flink.Require(2, 6), flink.Require(1, 2), flink.Require(1, 1)},
			bounds{source: bound(2, 2, 6), work: ours(1, 1, 2), sink: bound(1, 1, 1)},
		},
		{
			"the literal -1 that Flink may hold becomes what it means",
			bounds{source: bound(-1, -1, -1), work: bound(1, 1, 1), sink: bound(1, 1, 1)},
			at(1, 2, 1),
			[3]flink.VertexRequirements{flink.Require(1, 1), flink.Require(1, 2), flink.Require(1, 1)},
			bounds{source: {Floor: -1, Lower: 1, Upper: 1, Ours: true}, work: ours(1, 1, 2), sink: bound(1, 1, 1)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			state, act := &autoscaler.State{Bounds: tt.bounds}, &autoscaler.Act{Decided: now, Want: tt.want, Phase: autoscaler.PhaseIntended}
			if err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), state, act); err != nil {
				t.Fatal(err)
			}
			want := []flink.ResourceRequirements{{flink.VertexID(source): tt.put[0], flink.VertexID(work): tt.put[1], flink.VertexID(sink): tt.put[2]}}
			if diff := cmp.Diff(want, c.puts); diff != "" {
				t.Errorf("PUTs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.after, state.Bounds); diff != "" {
				t.Errorf("bounds after it (-want +got):\n%s", diff)
			}
			if act.Phase != autoscaler.PhaseRequested || !act.Requested.Equal(now) {
				t.Errorf("act %+v", act)
			}
		})
	}
}

func TestNothingIsSentWhenItIsAskedForAlready(t *testing.T) {
	c := newCluster(t)
	state := &autoscaler.State{Bounds: bounds{source: bound(1, 1, 1), work: ours(1, 1, 4), sink: bound(1, 1, 1)}}
	act := &autoscaler.Act{Want: at(1, 4, 1), Phase: autoscaler.PhaseIntended}
	if err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), state, act); err != nil {
		t.Fatal(err)
	}
	if len(c.puts) > 0 || act.Phase != autoscaler.PhaseRequested {
		t.Errorf("%d PUTs, act %s", len(c.puts), act.Phase)
	}
}

func TestBoundsBeforeTheRequestAreNotChangedInPlace(t *testing.T) {
	c := newCluster(t)
	before := bounds{source: bound(1, 1, 1), work: bound(1, 1, 1), sink: bound(1, 1, 1)}
	state := &autoscaler.State{Bounds: before}
	if err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), state, &autoscaler.Act{Want: at(1, 4, 1)}); err != nil {
		t.Fatal(err)
	}
	if before[work] != bound(1, 1, 1) {
		t.Error("the saved state was changed")
	}
}

// A refusal is final where asking again is useless; of all else nobody knows
// whether the request arrived, and the act stays intended.
func TestFailedRequests(t *testing.T) {
	tests := []struct {
		name    string
		set     func(*cluster)
		refused bool
		says    string
	}{
		{"above the maximum parallelism", func(c *cluster) { c.most = 3 }, true, "exceeds its maximum parallelism 3"},
		{"a vertex that Flink has and the bounds have not", func(c *cluster) {
			c.requirements["dddddddddddddddddddddddddddddddd"] = flink.Require(1, 1)
		}, true, "The request is incomplete"},
		{"a vertex that is no longer there", func(c *cluster) { delete(c.requirements, flink.VertexID(sink)) }, true, "was not found in the JobGraph"},
		{"Reactive Mode", func(c *cluster) { c.scheduler = "reactive" }, true, "reactive mode"},
		{"the job has ended", func(c *cluster) {
			c.faults["PUT resource-requirements"] = func(w http.ResponseWriter) {
				internal(w, "org.apache.flink.runtime.messages.FlinkJobNotFoundException", "Could not find Flink job (x)")
			}
		}, true, "Could not find Flink job"},
		{"not authorized", func(c *cluster) {
			c.faults["PUT resource-requirements"] = func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }
		}, true, "not authorized"},
		{"another update is on its way", func(c *cluster) {
			c.faults["PUT resource-requirements"] = func(w http.ResponseWriter) {
				refuse(w, http.StatusConflict, "Another update to the job [%s] resource requirements is in progress.")
			}
		}, false, "in progress"},
		{"not persisted", func(c *cluster) {
			c.faults["PUT resource-requirements"] = func(w http.ResponseWriter) {
				refuse(w, http.StatusInternalServerError, "The resource requirements could not be persisted and have not been applied. Please retry.")
			}
		}, false, "Please retry"},
		{"no answer", func(c *cluster) { c.faults["PUT resource-requirements"] = hangUp }, false, "PUT"},
		{"a proxy that has lost the JobManager", func(c *cluster) {
			c.faults["PUT resource-requirements"] = func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }
		}, false, "not available"},
		{"accepted, and then it cannot be looked at", func(c *cluster) { c.faults["GET resource-requirements"] = hangUp }, false, "GET"},
		{"accepted, and then others are shown", func(c *cluster) { c.forgets = true }, true, "shows others"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			tt.set(c)
			before := bounds{source: bound(1, 1, 1), work: bound(1, 1, 1), sink: bound(1, 1, 1)}
			state, act := &autoscaler.State{Bounds: before}, &autoscaler.Act{Want: at(1, 4, 1), Phase: autoscaler.PhaseIntended}
			err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), state, act)
			var refused *autoscaler.RefusedError
			if err == nil || errors.As(err, &refused) != tt.refused || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("refused %v: %v", errors.As(err, &refused), err)
			}
			if err != nil && strings.Contains(err.Error(), "\tat ") {
				t.Errorf("the error shows a stack trace: %v", err)
			}
			if act.Phase != autoscaler.PhaseIntended || !cmp.Equal(before, state.Bounds) {
				t.Errorf("act %s, bounds %v", act.Phase, state.Bounds)
			}
		})
	}
}

func TestJobWithoutKnownBoundsIsRefused(t *testing.T) {
	c := newCluster(t)
	var refused *autoscaler.RefusedError
	err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), &autoscaler.State{}, &autoscaler.Act{Want: at(1, 4, 1)})
	if !errors.As(err, &refused) || len(c.calls) > 0 {
		t.Errorf("%v after %v", err, c.calls)
	}
}

// Whatever was decided and whatever the user set: every vertex is named, no
// lower bound lies above its upper one or below the user's, and what is asked
// for twice is sent once.
func TestRequestsAreAlwaysAcceptable(t *testing.T) {
	c := newCluster(t)
	job := c.job(t)
	realizer := &Realizer{Now: clock(now)}
	rapid.Check(t, func(t *rapid.T) {
		c.puts, c.requirements = nil, flink.ResourceRequirements{}
		state := &autoscaler.State{Bounds: bounds{}}
		want := scaling.Parallelism{}
		for _, id := range []scaling.VertexID{source, work, sink} {
			lower := rapid.IntRange(1, 128).Draw(t, "lower")
			b := autoscaler.Bound{Floor: rapid.IntRange(0, 128).Draw(t, "floor"), Lower: lower, Upper: rapid.IntRange(lower, 128).Draw(t, "upper"), Ours: rapid.Bool().Draw(t, "ours")}
			state.Bounds[id] = b
			c.requirements[flink.VertexID(id)] = flink.Require(b.Lower, b.Upper)
			if rapid.Bool().Draw(t, "decided") {
				want[id] = rapid.IntRange(1, 128).Draw(t, "want")
			}
		}
		before := state.Bounds
		if err := realizer.Realize(t.Context(), job, state, &autoscaler.Act{Want: want}); err != nil {
			t.Fatal(err)
		}
		if len(c.puts) > 1 {
			t.Fatalf("%d PUTs", len(c.puts))
		}
		for id, r := range c.requirements {
			checkRequired(t, r.Parallelism, want[scaling.VertexID(id)], before[scaling.VertexID(id)], state.Bounds[scaling.VertexID(id)])
		}
		c.puts = nil
		if err := realizer.Realize(t.Context(), job, state, &autoscaler.Act{Want: want}); err != nil || len(c.puts) > 0 {
			t.Fatalf("asked twice: %d PUTs, %v", len(c.puts), err)
		}
	})
}

// checkRequired compares what Flink was asked for with what was wanted, 0 for
// nothing decided, and with the bounds recorded before and after.
func checkRequired(t *rapid.T, p flink.Bounds, want int, before, after autoscaler.Bound) {
	if p.Lower < before.Floor || p.Upper < before.Floor || p.Lower > p.Upper {
		t.Fatalf("%d to %d, floor %d", p.Lower, p.Upper, before.Floor)
	}
	if want > 0 && p.Upper != max(want, before.Floor) {
		t.Fatalf("upper bound %d for %d wanted", p.Upper, want)
	}
	if after.Floor != before.Floor || after.Lower != p.Lower || after.Upper != p.Upper {
		t.Fatalf("recorded %+v, sent %+v", after, p)
	}
}

func TestRequestEndsWithItsContext(t *testing.T) {
	c := newCluster(t)
	job := c.job(t)
	client, err := flink.New(flink.Config{Addresses: []string{c.URL}, Timeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	job.Client = client
	var refused *autoscaler.RefusedError
	err = (&Realizer{Now: clock(now)}).Realize(t.Context(), job, &autoscaler.State{Bounds: bounds{work: bound(1, 1, 1)}}, &autoscaler.Act{Want: at(1, 4, 1)})
	if err == nil || errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}
