package twin

import (
	"math"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// lying is a twin of two subtasks of work under 1200/s, whose metrics are fetched
// every ten seconds, just after its tasks began to work.
func lying(t *testing.T, honest bool) (r *rig, id string, began time.Time) {
	t.Helper()
	return lyingAt(t, 1200, honest)
}

func lyingAt(t *testing.T, rate float64, honest bool) (r *rig, id string, began time.Time) {
	t.Helper()
	r, id = stepRig(t, slots.V2_3, rate, func(c *Config) {
		c.Options["metrics.fetcher.update-interval"] = "10 s"
		c.Honest = honest
	})
	r.pass(time.Second)
	r.put(id, 2)
	for range 60 {
		r.pass(time.Second)
		j := r.byID[id]
		j.sync(r.Now())
		if j.run != nil && j.run.flowing && j.run.execution.Parallelism[1] == 2 {
			return r, id, j.run.starts
		}
	}
	t.Fatal("the job does not run at 2")
	return r, id, began
}

func (r *rig) put(id string, work int) {
	r.t.Helper()
	body := `{"` + hexID("source") + `":{"parallelism":{"lowerBound":1,"upperBound":1}},"` +
		hexID("enrich") + `":{"parallelism":{"lowerBound":1,"upperBound":1}},"` +
		hexID("work") + `":{"parallelism":{"lowerBound":1,"upperBound":` + string(rune('0'+work)) + `}}}`
	if answer := r.ask("PUT", "/jobs/"+id+"/resource-requirements", body); answer.Status != 200 {
		r.t.Fatalf("PUT answers %d: %s", answer.Status, answer.Body())
	}
}

// metric is the sum of a metric over the subtasks of a vertex, as Flink shows it.
func (r *rig) metric(id, vertex, name string) (float64, bool) {
	r.t.Helper()
	list := get[[]flink.AggregatedMetric](r, "/jobs/"+id+"/vertices/"+hexID(vertex)+"/subtasks/metrics?get="+name)
	if len(list) == 0 {
		return 0, false
	}
	return list[0].Sum.Value()
}

// The recorded readings of a vertex of 2000/s under 1200/s: 203, 403 and 804/s at
// 11, 21 and 41 s after its start, 1205/s after 62 s.
func TestMetersClimbForAMinuteAfterAStart(t *testing.T) {
	r, id, began := lying(t, false)
	for _, c := range []struct {
		after time.Duration
		want  float64
	}{{11 * time.Second, 203}, {21 * time.Second, 403}, {41 * time.Second, 804}, {76 * time.Second, 1200}} {
		r.do(r.Advance(began.Add(c.after)))
		r.do(r.fetchNow())
		got, _ := r.metric(id, "work", "numRecordsInPerSecond")
		// A meter moves every five seconds, at a phase of its own.
		if phase := 1200.0 * 5 / 60; math.Abs(got-c.want) > phase {
			t.Errorf("%v after the start the meter reads %.0f, want %.0f ± %.0f", c.after, got, c.want, phase)
		}
		busy, _ := r.metric(id, "work", "busyTimeMsPerSecond")
		if capacity := got / (busy / 2 / 1000); c.after < 30*time.Second && capacity > 0.5*2000 {
			t.Errorf("%v after the start the meters make a capacity of %.0f/s; real ones told far less than 2000", c.after, capacity)
		}
	}
}

// fetchNow lets the JobManager fetch metrics whatever their age.
func (r *rig) fetchNow() error {
	r.fetch()
	return nil
}

func TestBusyTimeReadsAThousandUntilTheFirstView(t *testing.T) {
	r, id, _ := lyingAt(t, 200, false) // so little that what waits is soon worked off
	r.do(r.fetchNow())
	if busy, _ := r.metric(id, "work", "busyTimeMsPerSecond"); busy != 2000 {
		t.Errorf("two subtasks that just began read %v ms/s, want 1000 each", busy)
	}
	r.pass(11 * time.Second)
	r.do(r.fetchNow())
	if busy, _ := r.metric(id, "work", "busyTimeMsPerSecond"); busy > 1200 {
		t.Errorf("after a view they read %v ms/s, want some hundreds", busy)
	}
}

func TestAQuestionThatFetchesIsAnsweredWithWhatWasThereBefore(t *testing.T) {
	r, id, _ := lying(t, false)
	r.pass(100 * time.Second)
	r.do(r.fetchNow())
	before, _ := r.metric(id, "work", "numRecordsIn")
	r.pass(9 * time.Second)
	if got, _ := r.metric(id, "work", "numRecordsIn"); got != before {
		t.Errorf("%v records 9 s after a fetch, want the %v of then", got, before)
	}
	r.pass(time.Second)
	if got, _ := r.metric(id, "work", "numRecordsIn"); got != before {
		t.Errorf("the question that fetches is answered %v, want the old %v", got, before)
	}
	if got, _ := r.metric(id, "work", "numRecordsIn"); math.Abs(got-before-12000) > 2 {
		t.Errorf("the next question is answered %v, want %v and ten seconds of 1200/s", got, before)
	}
}

func TestTheGraphIsUpToThreeSecondsOld(t *testing.T) {
	r, id, _ := lying(t, false)
	r.pass(30 * time.Second)
	get[flink.JobDetails](r, "/jobs/"+id)
	r.do(r.Do(Action{Do: CancelJob, Job: id}))
	r.pass(2900 * time.Millisecond)
	if d := get[flink.JobDetails](r, "/jobs/"+id); d.State != flink.JobRunning {
		t.Errorf("2.9 s after the graph was drawn the job is %s, want RUNNING still", d.State)
	}
	if s := get[flink.StatusBody](r, "/jobs/"+id+"/status"); s.Status != flink.JobCanceled {
		t.Errorf("/status is %s, want CANCELED at once", s.Status)
	}
	r.pass(100 * time.Millisecond)
	if d := get[flink.JobDetails](r, "/jobs/"+id); d.State != flink.JobCanceled {
		t.Errorf("3 s after the graph was drawn the job is %s, want CANCELED", d.State)
	}
}

func TestOldAttemptsAreServedUntilTheNextFetch(t *testing.T) {
	r, id, _ := lying(t, false)
	r.pass(60 * time.Second)
	r.do(r.fetchNow())
	before, _ := r.metric(id, "work", "numRecordsIn")
	r.put(id, 4)
	r.pass(8 * time.Second)
	if got, _ := r.metric(id, "work", "numRecordsIn"); got != before {
		t.Errorf("after the rescale and before a fetch %v records, want the %v of the attempt before", got, before)
	}
	d := get[flink.JobDetails](r, "/jobs/"+id)
	if m := d.Vertices[1].Metrics; d.Vertices[1].Parallelism != 4 || m.ReadRecords != 0 || m.AccumulatedBusy.Or(-1) != 0 {
		t.Errorf("the details show %d subtasks with %d records, want 4 of which nothing is known yet", d.Vertices[1].Parallelism, m.ReadRecords)
	}
}

func TestOneUnknownNameEmptiesAnAnswer(t *testing.T) {
	r, id, _ := lying(t, false)
	r.do(r.fetchNow())
	path := "/jobs/" + id + "/vertices/" + hexID("work") + "/subtasks/metrics?get=busyTimeMsPerSecond"
	if list := get[[]flink.AggregatedMetric](r, path); len(list) != 1 {
		t.Errorf("a known name is answered with %v", list)
	}
	if list := get[[]flink.AggregatedMetric](r, path+",noSuchMetric"); len(list) != 0 {
		t.Errorf("a known and an unknown name are answered with %v, want nothing", list)
	}
	if list := get[[]flink.AggregatedMetric](r, "/taskmanagers/metrics?get=Status.JVM.Memory.Heap.Used,noSuchMetric"); len(list) != 0 {
		t.Errorf("of TaskManagers they are answered with %v, want nothing", list)
	}
	if list := get[[]flink.Metric](r, "/jobs/"+id+"/metrics?get=numRestarts,noSuchMetric"); len(list) != 1 {
		t.Errorf("of a job they are answered with %v, want the one that is known", list)
	}
}

func TestAnHonestTwinSaysWhatIs(t *testing.T) {
	r, id, _ := lying(t, true)
	if got, _ := r.metric(id, "work", "numRecordsInPerSecond"); math.Abs(got-2000) > 1 {
		t.Errorf("while what waits is worked off %.0f/s, want all of 2000", got)
	}
	r.pass(30 * time.Second)
	if got, _ := r.metric(id, "work", "numRecordsInPerSecond"); math.Abs(got-1200) > 1 {
		t.Errorf("30 s after the start %.0f/s, want 1200", got)
	}
	if got, _ := r.metric(id, "work", "busyTimeMsPerSecond"); math.Abs(got-1200) > 2 {
		t.Errorf("30 s after the start %.0f ms/s, want 600 for each of two", got)
	}
	before, _ := r.metric(id, "work", "numRecordsIn")
	r.pass(time.Second)
	if got, _ := r.metric(id, "work", "numRecordsIn"); math.Abs(got-before-1200) > 1 {
		t.Errorf("%.0f records in a second, want 1200", got-before)
	}
	r.do(r.Do(Action{Do: CancelJob, Job: id}))
	r.pass(time.Second)
	if d := get[flink.JobDetails](r, "/jobs/"+id); d.State != flink.JobCanceled {
		t.Errorf("a second after its cancellation the job is %s", d.State)
	}
}

func TestNothingIsKnownBeforeTheFirstFetch(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(20 * time.Second)
	if _, known := r.metric(id, "work", "numRecordsIn"); known {
		t.Error("the first question is answered with values")
	}
	if _, known := r.metric(id, "work", "numRecordsIn"); !known {
		t.Error("the second question is answered with nothing")
	}
}
