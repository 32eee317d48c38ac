package twin

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// arrived is what a load that changes has brought.
type arrived struct {
	total, rate float64
	since       time.Time
}

func (a *arrived) until(now time.Time) float64 { return a.total + a.rate*now.Sub(a.since).Seconds() }

func TestNoRecordIsCreatedOrLostByWhatHappensToTheCluster(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := draw(p)
		r, id := stepRig(t, a.version, 900, func(c *Config) { c.Seed = a.seed })
		came := arrived{rate: 900, since: r.Now()}
		for _, d := range a.deeds {
			r.pass(d.after)
			r.perform(d, id)
			if d.what == 2 {
				came = arrived{came.until(r.Now()), float64(d.n) * 700, r.Now()}
			}
			s := r.State().Jobs[0].Flow
			conserved(p, s, came, r.byID[id])
		}
		// Peace returns: everything that came is read.
		for range 3 {
			r.do(r.Add(TaskManager{}))
		}
		r.do(r.SetLoad(id, "source", Rate(0)))
		total := came.until(r.Now())
		r.pass(10 * time.Minute)
		read := r.State().Jobs[0].Flow.Vertices[0].Source
		if status := r.State().Jobs[0].Status; status == "RUNNING" && (math.Abs(read.Offsets[0]-total) > 1e-6*total || read.Pending[0] != 0) {
			p.Fatalf("of %.3f records %.3f are read in the end, %.3f wait", total, read.Offsets[0], read.Pending[0])
		}
	})
}

// conserved checks one moment: what came is read or waits, what entered an edge
// left it or is on it, and every subtask's time is accounted for.
func conserved(p *rapid.T, s flow.Snapshot, came arrived, j *job) {
	want := came.total + came.rate*math.Max(s.At.Sub(came.since).Seconds(), 0)
	source := s.Vertices[0].Source
	if s.At.Before(came.since) {
		want = source.Arrived // of a load before
	}
	near := func(what string, a, b float64) {
		if math.Abs(a-b) > 1e-6*(1+math.Abs(a)+math.Abs(b)) {
			p.Fatalf("at %v: %s: %v and %v", s.At.Sub(j.began), what, a, b)
		}
	}
	near("arrived", source.Arrived, want)
	near("read and waiting", source.Offsets[0]+source.Pending[0], source.Arrived)
	if source.Pending[0] < 0 {
		p.Fatalf("%v records wait", source.Pending[0])
	}
	if kept := j.checkpoints.back(); kept != nil && source.Offsets[0] < kept.Offsets[0][0]*(1-1e-9) {
		p.Fatalf("at %v: read again from %v, the last checkpoint was at %v", s.At.Sub(j.began), source.Offsets[0], kept.Offsets[0][0])
	}
	for i, e := range s.Edges {
		near("on an edge", e.Entered-e.Left, e.Queue)
		if s.Running && len(s.Vertices[i].Subtasks) > 0 {
			out := 0.0
			for _, t := range s.Vertices[i].Subtasks {
				out += t.RecordsOut
			}
			near("emitted and entered", out, e.Entered)
		}
	}
	if !s.Running {
		return
	}
	age := s.At.Sub(s.Since).Seconds() * 1000
	for _, v := range s.Vertices {
		for _, t := range v.Subtasks {
			near("time", t.Busy+t.Idle+t.SoftBackPressured+t.HardBackPressured, age)
		}
	}
}

// In the first minute the gauges of a subtask that is hardly busy can make more, as
// Flink's can: the first span that they hold is of five to ten seconds.
func TestBusyIdleAndBackPressuredTimeMakeAThousand(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := draw(p)
		r, id := stepRig(t, a.version, float64(rapid.IntRange(0, 6000).Draw(p, "rate")), nil)
		r.pass(5 * time.Second)
		for _, d := range a.deeds {
			r.pass(d.after)
			r.perform(d, id)
			r.fetch()
			if j := r.byID[id]; j.dump != nil && j.dump.at.Equal(r.Now()) {
				for v := range j.dump.vertices {
					for k := range j.dump.vertices[v] {
						s := &j.dump.vertices[v][k]
						sum := s.busyRate() + float64(s.idleRate+s.blockedRate())
						if first := s.busyRate() == 0 && j.meters.moves <= 12; sum < 999 || sum > 1001 && !first {
							p.Fatalf("subtask %d of vertex %d: %v busy, %d idle, %d back-pressured", k, v, s.busyRate(), s.idleRate, s.blockedRate())
						}
					}
				}
			}
		}
	})
}

func TestASteadyJobIsAsTheAnalyticSolutionSays(t *testing.T) {
	for _, c := range []struct {
		rate        float64
		parallelism int
	}{{500, 1}, {900, 1}, {1500, 2}, {2500, 4}, {5000, 4}, {1500, 1}} {
		r, id := stepRig(t, slots.V2_3, c.rate, nil)
		r.pass(time.Second)
		r.put(id, c.parallelism)
		r.pass(5 * time.Minute)
		r.fetch()
		capacity := 1000 * float64(c.parallelism)
		want := math.Min(c.rate, capacity)
		for _, m := range []struct {
			vertex, name string
			want         float64
		}{
			{"work", "numRecordsInPerSecond", want},
			{"work", "busyTimeMsPerSecond", want},
			{"enrich", "numRecordsInPerSecond", want},
			{"enrich", "busyTimeMsPerSecond", want / 10},
			{"source", "numRecordsOutPerSecond", want},
		} {
			if got, _ := r.metric(id, m.vertex, m.name); math.Abs(got-m.want) > 0.01*m.want+1 {
				t.Errorf("%v/s at %d: %s of %s is %.1f, want %.1f", c.rate, c.parallelism, m.name, m.vertex, got, m.want)
			}
		}
		blocked, _ := r.metric(id, "source", "backPressuredTimeMsPerSecond")
		if saturated := c.rate > capacity; saturated != (blocked > 900) {
			t.Errorf("%v/s at %d: the source is back-pressured for %v ms/s", c.rate, c.parallelism, blocked)
		}
	}
}

// saturated is the job of experiments 21 and 22: source 2.2 ms, work 10.1 ms a
// record of 25 bytes, two subtasks each, without end.
func saturated() JobSpec {
	return JobSpec{
		Name: "J3",
		Graph: flow.Graph{
			Vertices: []flow.Vertex{
				{Name: "source", Cost: flow.Cost{Seconds: 2.2e-3}, RecordBytes: 25, Source: &flow.Source{Endless: true}},
				{Name: "work", Cost: flow.Cost{Seconds: 10.1e-3}, RecordBytes: 25},
				{Name: "count", Cost: flow.Cost{Seconds: 20e-6}, RecordBytes: 25},
			},
			Edges: []flow.Edge{
				{From: 0, To: 1, Selectivity: 1, Exchange: flow.Rebalance}, {From: 1, To: 2, Selectivity: 1, Exchange: flow.Hash},
			},
		},
		Vertices: []VertexSpec{{Parallelism: 2}, {Parallelism: 2}, {Parallelism: 2}},
	}
}

func TestASaturatedJobIsAsMeasured(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{Slots: 2}}})
	id := r.submit(saturated())
	r.pass(12 * time.Minute)
	r.fetch()
	for _, m := range []struct {
		vertex, name string
		want, within float64 // of one subtask
	}{
		{"work", "numRecordsInPerSecond", 98.97, 1},
		{"work", "busyTimeMsPerSecond", 1000, 1},
		{"source", "busyTimeMsPerSecond", 218, 3},
		{"source", "backPressuredTimeMsPerSecond", 782, 3},
		{"count", "idleTimeMsPerSecond", 998, 2},
	} {
		if got, _ := r.metric(id, m.vertex, m.name); math.Abs(got/2-m.want) > m.within {
			t.Errorf("%s of %s is %.2f a subtask, measured was %.2f", m.name, m.vertex, got/2, m.want)
		}
	}
	if b := get[flink.Backpressure](r, "/jobs/"+id+"/vertices/"+hexID("source")+"/backpressure"); b.Level != "high" {
		t.Errorf("the source's back pressure is %s, want high", b.Level)
	}
}

// Of the checkpoints of that job, every 5 s, the first was done at once, the second
// waited 19 to 20 s behind what was in the buffers, and the next began as it ended.
func TestCheckpointsOfASaturatedJobWaitForItsBuffers(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{Slots: 2}}})
	id := r.submit(saturated())
	r.pass(40 * time.Second)
	h := get[flink.Checkpoints](r, "/jobs/"+id+"/checkpoints").History
	first, second, third := h[len(h)-1], h[len(h)-2], h[len(h)-3]
	if took := first.EndToEndDuration.Duration(); took > 2300*time.Millisecond {
		t.Errorf("the first checkpoint took %v, measured were 0.3 to 2.3 s", took)
	}
	if took := second.EndToEndDuration.Duration(); took < 18*time.Second || took > 20*time.Second {
		t.Errorf("the second checkpoint took %v, measured were 19 to 20 s", took)
	}
	if pause := third.TriggerTime - second.LatestAck; third.Status != flink.CheckpointInProgress || pause > 40 {
		t.Errorf("the third is %s and began %d ms after the second, want at once", third.Status, pause)
	}
}
