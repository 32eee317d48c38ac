package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// everything is what all endpoints answer.
func (r *rig) everything() []byte {
	var all bytes.Buffer
	ask := func(path string) {
		answer := r.ask("GET", path)
		fmt.Fprintf(&all, "%s %d %s\n", path, answer.Status, answer.Body())
	}
	for _, path := range []string{
		"/overview", "/config", "/jobs", "/jobs/overview", "/jobs/metrics", "/jobs/metrics?get=numRestarts,uptime", "/jobmanager/config",
		"/jobmanager/metrics?get=taskSlotsTotal,taskSlotsAvailable", "/taskmanagers", "/applications/overview",
		"/taskmanagers/metrics?get=Status.JVM.Memory.Heap.Used,Status.JVM.GarbageCollector.All.TimeMsPerSecond,Status.JVM.GarbageCollector.All.Time",
	} {
		ask(path)
	}
	for _, tm := range r.cluster.TaskManagers() {
		ask("/taskmanagers/" + string(tm.ID))
	}
	for _, j := range r.jobs {
		job := "/jobs/" + j.spec.ID
		for _, path := range []string{
			"", "/config", "/plan", "/exceptions", "/checkpoints", "/checkpoints/config", "/resource-requirements", "/status",
			"/metrics?get=uptime,downtime,lastCheckpointDuration", "/rescales/history", "/rescales/overview", "/rescales/summary",
		} {
			ask(job + path)
		}
		for v := range j.spec.Vertices {
			vertex := job + "/vertices/" + j.spec.Vertices[v].ID
			for _, path := range []string{
				"", "/subtasktimes", "/taskmanagers", "/backpressure", "/watermarks", "/subtasks/metrics",
				"/subtasks/metrics?get=busyTimeMsPerSecond,numRecordsIn,numRecordsInPerSecond,accumulateIdleTimeMs",
				"/metrics?get=0.numRecordsOut,1.numRecordsOut",
			} {
				ask(vertex + path)
			}
		}
	}
	return all.Bytes()
}

// adventure is what is done to a twin, drawn by lot.
type adventure struct {
	version slots.Version
	seed    uint64
	deeds   []deed
}

type deed struct {
	after time.Duration
	what  int
	n     int
	asks  bool
}

func draw(t *rapid.T) adventure {
	a := adventure{
		version: rapid.SampledFrom([]slots.Version{slots.V1_20, slots.V2_3}).Draw(t, "version"),
		seed:    rapid.Uint64().Draw(t, "seed"),
	}
	for range rapid.IntRange(1, 12).Draw(t, "deeds") {
		a.deeds = append(a.deeds, deed{
			after: time.Duration(rapid.IntRange(0, 40_000).Draw(t, "after")) * time.Millisecond,
			what:  rapid.IntRange(0, 9).Draw(t, "what"), n: rapid.IntRange(1, 4).Draw(t, "n"),
			asks: rapid.Bool().Draw(t, "asks"),
		})
	}
	return a
}

// perform does one deed; one that cannot be done changes nothing.
func (r *rig) perform(d deed, id string) {
	tm := fmt.Sprintf("tm-%d", d.n)
	switch d.what {
	case 0, 1:
		r.ask("PUT", "/jobs/"+id+"/resource-requirements", r.bounds(id, d.n))
	case 2:
		_ = r.SetLoad(id, "source", Rate(float64(d.n)*700))
	case 3:
		_ = r.Kill(tm)
	case 4:
		_ = r.Add(TaskManager{})
	case 5:
		_ = r.Freeze(tm)
	case 6:
		_ = r.Thaw(tm)
	case 7:
		_ = r.Do(Action{Do: FailTask, Job: id, Vertex: "work"})
	case 8:
		_ = r.Do(Action{Do: FailCheckpoints, Job: id, Count: d.n})
	case 9:
		_ = r.Stop(tm)
	}
}

func (r *rig) bounds(id string, work int) string {
	all := map[string]any{}
	for i, v := range r.byID[id].spec.Vertices {
		upper := 1
		if i == 1 {
			upper = work
		}
		all[v.ID] = map[string]any{"parallelism": map[string]int{"lowerBound": 1, "upperBound": upper}}
	}
	text, err := json.Marshal(all)
	r.do(err)
	return string(text)
}

// live goes through an adventure. It may be cut into small steps.
func (a adventure) live(t testing.TB, step time.Duration) (r *rig, id string, said []byte) {
	t.Helper()
	r, id = stepRig(t, a.version, 900, func(c *Config) { c.Seed = a.seed })
	for _, d := range a.deeds {
		for end := r.Now().Add(d.after); r.Now().Before(end); {
			r.do(r.Advance(minTime(end, r.Now().Add(step))))
		}
		r.perform(d, id)
		if d.asks {
			said = append(said, r.everything()...)
		}
	}
	return r, id, said
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func TestTheSameSeedGivesTheSameBytesHoweverTheClockMoves(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := draw(p)
		_, _, want := a.live(t, time.Hour)
		if _, _, got := a.live(t, 700*time.Millisecond); !bytes.Equal(want, got) {
			p.Fatalf("the same adventure is answered differently:\n%s\n%s", want, got)
		}
	})
}

func TestARestoredTwinGoesOnAsTheOneThatWasWrittenDown(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := draw(p)
		r, id, _ := a.live(t, time.Hour)
		text, err := json.Marshal(r.Snapshot())
		r.do(err)
		var s Snapshot
		r.do(json.Unmarshal(text, &s))
		restored, err := Restore(&s)
		r.do(err)
		again := &rig{restored, t}
		for _, d := range append(draw(p).deeds, deed{after: 3 * time.Minute}) {
			for _, one := range []*rig{r, again} {
				one.pass(d.after)
				one.perform(d, id)
			}
			if want, got := r.everything(), again.everything(); !bytes.Equal(want, got) {
				p.Fatalf("the restored twin says something else:\n%s\n%s", want, got)
			}
		}
		if want, got := r.Snapshot(), again.Snapshot(); len(want.actions) != len(got.actions) || len(want.fetches) != len(got.fetches) {
			p.Fatalf("%d actions and %d fetches are written down, were %d and %d",
				len(got.actions), len(got.fetches), len(want.actions), len(want.fetches))
		}
	})
}

func TestASnapshotOfALoadWithoutATextCannotBeWritten(t *testing.T) {
	r, _ := stepRig(t, slots.V2_3, 500, nil)
	spec := stepJob(0)
	spec.Name, spec.Loads = "other", map[string]Load{"source": {Curve: Rate(5).Curve}}
	r.submit(spec)
	if _, err := json.Marshal(r.Snapshot()); err == nil {
		t.Error("it is written")
	}
	if _, err := Restore(r.Snapshot()); err != nil {
		t.Errorf("it cannot be restored in process: %v", err)
	}
}
