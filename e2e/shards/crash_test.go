package shards

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// A process that is killed at any moment leaves a state that it had committed, and
// the next one goes on from there: no decision is lost, and none made twice.
func TestNoDecisionIsLostOrMadeTwiceByAProcessThatIsKilled(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			kills := 10
			switch {
			case full():
				kills = 500
			case store.name != "SQLite":
				kills = 4
			}
			crash(t, newFleet(t, 50, often, store.url(t)), kills)
		})
	}
}

func crash(t *testing.T, f *fleet, kills int) {
	began := time.Now()
	stop := f.swing(4 * time.Second)
	before := map[flink.JobID]autoscaler.State{}
	during := 0
	for i := range kills {
		p := f.start("one", time.Second)
		puts := f.allPuts()
		if i%2 == 0 {
			sleep(time.Duration(200+rand.IntN(1300)) * time.Millisecond)
		} else { // just when something happens
			f.awaitPut(3 * time.Second)
			sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
		p.kill()
		if f.allPuts() > puts {
			during++
		}
		// It is dead for certain: nobody has to wait for the end of its leases.
		if _, err := f.db.ExecAlone(t.Context(), "DELETE FROM sluice_member"); err != nil {
			t.Fatal(err)
		}
		for _, job := range f.manager.JobIDs() {
			s := f.state(job)
			goesOn(t, job, before[job], s)
			before[job] = s
		}
	}
	stop()
	p := f.start("one", time.Second)
	f.calm()
	p.terminate(t)
	f.checkHistories()
	t.Logf("%d kills within %s, %d of them of a process that had rescaled jobs; %d rescales of %d jobs", kills, time.Since(began).Round(time.Second), during, f.allPuts(), f.jobs)
	if f.allPuts() < kills {
		t.Errorf("%d rescales of %d jobs: too few to show anything", f.allPuts(), f.jobs)
	}
}

// goesOn checks that one state can come after another: history grows at its end
// only, but for a last decision that did not arrive, and the window goes on.
func goesOn(t *testing.T, job flink.JobID, was, is autoscaler.State) {
	t.Helper()
	undone := was.Act.Pending() && was.Act.Phase == autoscaler.PhaseIntended
	for id, before := range was.Scaling.History {
		if n := len(before); undone && n > 0 && before[n-1].At.Equal(was.Act.Decided) {
			before = before[:n-1]
		}
		after := is.Scaling.History[id]
		if len(after) < len(before) || !cmp.Equal(after[:len(before)], before, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()) {
			t.Errorf("job %s, vertex %s: the history had %d entries and now has %d, which are others", job, id, len(before), len(after))
		}
	}
	if a, b := was.Window.Latest(), is.Window.Latest(); a != nil && b != nil && b.At.Before(a.At) {
		t.Errorf("job %s: its newest sample is of %s, and was of %s", job, b.At, a.At)
	}
	if len(is.Bounds) == 0 && len(was.Bounds) > 0 {
		t.Errorf("job %s: its bounds are forgotten", job)
	}
}
