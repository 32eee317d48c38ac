package twin

import (
	"bytes"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// burner is a job of one source and a vertex that needs so many cores at a load.
func burner(name string, load float64) JobSpec {
	return JobSpec{
		Name: name,
		Graph: flow.Graph{
			Vertices: []flow.Vertex{
				{Name: "source", Cost: flow.Cost{Seconds: 1e-6}, Source: &flow.Source{}},
				{Name: "work", Cost: flow.Cost{Seconds: 1e-3}},
			},
			Edges: []flow.Edge{{From: 0, To: 1, Selectivity: 1, Exchange: flow.Hash}},
		},
		Vertices: []VertexSpec{{}, {}},
		Loads:    map[string]Load{"source": Rate(load)},
	}
}

// crowdRig is one TaskManager of so many cores with two jobs.
func crowdRig(t testing.TB, cores float64, loads ...float64) (*rig, []string) {
	t.Helper()
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{Slots: 4, Cores: cores}}, Honest: true})
	var ids []string
	for i, load := range loads {
		ids = append(ids, r.submit(burner(string(rune('a'+i)), load)))
	}
	return r, ids
}

// rates are what the jobs' work takes in, in records/s.
func (r *rig) rates() []float64 {
	var all []float64
	for _, j := range r.State().Jobs {
		all = append(all, j.Flow.Vertices[1].Rate)
	}
	return all
}

func near(a, b float64) bool { return math.Abs(a-b) <= 0.01*math.Abs(b) }

// Two jobs that want 0.9 and 0.6 of one core are slowed down by the same factor, and
// use it up: a record of 1 ms takes both as much longer.
func TestJobsShareTheCoresOfATaskManager(t *testing.T) {
	r, ids := crowdRig(t, 1, 900, 900)
	r.pass(2 * time.Minute)
	got := r.rates()
	if used := (got[0] + got[1]) * 1.001e-3; !near(used, 1) || !near(got[0], got[1]) {
		t.Errorf("two alike take in %v/s and use %.3f of 1 core", got, used)
	}
	var load float64
	for _, m := range get[[]struct{ Max float64 }](r, "/taskmanagers/metrics?get=Status.JVM.CPU.Load&agg=max") {
		load = m.Max
	}
	if !near(load, 1) {
		t.Errorf("the CPU load is %v", load)
	}
	r.do(r.Do(Action{Do: CancelJob, Job: ids[0]}))
	r.pass(time.Minute)
	if alone := r.rates()[1]; alone < 980 {
		t.Errorf("alone, with a backlog, the other takes in %v/s of 1000", alone)
	}
}

// Who wants little gets it: the factor that slows the others down leaves it enough.
func TestAModestJobIsNotHeldBackByAGreedyOne(t *testing.T) {
	r, _ := crowdRig(t, 1, 200, 5000)
	r.pass(2 * time.Minute)
	if got := r.rates(); !near(got[0], 200) || !near(got[1], 1/1.001e-3-200) {
		t.Errorf("they take in %v/s, want 200 and what is left of one core", got)
	}
}

func TestJobsWithCoresToSpareDoNotFeelEachOther(t *testing.T) {
	r, _ := crowdRig(t, 2, 900, 900)
	r.pass(2 * time.Minute)
	if got := r.rates(); !near(got[0], 900) || !near(got[1], 900) {
		t.Errorf("they take in %v/s, want 900", got)
	}
}

// What jobs of one TaskManager do to each other does not depend on when somebody
// looks, and comes back with a snapshot.
func TestACrowdGivesTheSameBytesHoweverTheClockMoves(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		loads := []float64{float64(rapid.IntRange(100, 1500).Draw(p, "load a")), float64(rapid.IntRange(100, 1500).Draw(p, "load b"))}
		deeds := draw(p).deeds
		live := func(step time.Duration) (*rig, []byte) {
			r := newRig(t, Config{
				Version: slots.V2_3, Options: stepOptions(),
				TaskManagers: []TaskManager{{Slots: 3, Cores: 1}, {Slots: 3, Cores: 1.5}},
			})
			first := stepJob(loads[0])
			id := r.submit(first)
			r.submit(burner("b", loads[1]))
			for _, d := range deeds {
				for end := r.Now().Add(d.after); r.Now().Before(end); {
					advanceTo(p, r, minTime(end, r.Now().Add(step)))
				}
				r.perform(d, id)
			}
			advanceTo(p, r, r.Now().Add(7*time.Second))
			return r, r.everything()
		}
		r, want := live(time.Hour)
		if _, got := live(900 * time.Millisecond); !bytes.Equal(want, got) {
			p.Fatalf("the same is answered differently:\n%s\n%s", want, got)
		}
		restored, err := Restore(r.Snapshot())
		r.do(err)
		again := &rig{restored, t}
		advanceTo(p, r, r.Now().Add(time.Minute))
		advanceTo(p, again, again.Now().Add(time.Minute))
		if want, got := r.everything(), again.everything(); !bytes.Equal(want, got) {
			p.Fatalf("the restored twin says something else:\n%s\n%s", want, got)
		}
	})
}

// advanceTo fails by rapid, which then says how to come there again.
func advanceTo(p *rapid.T, r *rig, to time.Time) {
	if err := r.Advance(to); err != nil {
		p.Fatal(err)
	}
}

// The position of the checkpoint before the last is kept, older ones are not.
func TestTheLastTwoCheckpointsCanBeBegunFrom(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(32 * time.Second)
	k := &r.byID[id].checkpoints
	for n := k.last - 3; n <= k.last; n++ {
		if _, kept := k.positions[n]; kept != (n >= k.last-1) {
			t.Errorf("of %d checkpoints number %d is kept: %t", k.last, n, kept)
		}
	}
}
