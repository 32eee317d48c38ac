package e2e

import (
	"math"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
)

func TestTwoJobsOnOneClusterFollowTheirOwnLoads(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Slots: 6, Options: staleness(2 * time.Second)})
			a := submit(t, cluster, realflink.JobSpec{Name: "a", Rate: 500, EvenKeys: true})
			b := submit(t, cluster, realflink.JobSpec{Name: "b", Rate: 1100, Parallelism: 2, EvenKeys: true})
			wa, wb := watchJob(t, cluster, a), watchJob(t, cluster, b)
			sluice := startSluice(t, shortOptions, cluster.URL())
			begin := time.Now()

			settles(t, sluice, wb, b, begin, 1100, window)
			up := setRate(t, a, 2500)
			settles(t, sluice, wa, a, up, 2500, window)
			down := setRate(t, b, 300)
			settles(t, sluice, wb, b, down, 300, fiveTimes)
			if n := len(executed(sluice, a, up)); n > 2 {
				t.Errorf("job a was rescaled %d times by the load of job b", n)
			}
		})
	}
}

// A key that alone needs more than a subtask has: no parallelism helps.
func TestAHotKeyThatNoParallelismHelpsMovesNothing(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Options: staleness(2 * time.Second)})
			job := submit(t, cluster, realflink.JobSpec{Name: "hot", Rate: 2500, HotShare: 0.6, WorkParallelism: 4, EvenKeys: true})
			w := watchJob(t, cluster, job)
			sluice := startSluice(t, shortOptions, cluster.URL())
			begin := time.Now()
			eventually(t, "the verdict: skewed, not scalable", 3*window, func() bool {
				return len(sluice.events(job.ID, "NotScalable", begin)) > 0
			})
			throughout(t, "nothing moves", fiveTimes, func() bool { return w.now()["work"] == 4 && w.now()["enrich"] == 1 })
			if n := len(executed(sluice, job, begin)); n != 0 {
				t.Errorf("%d rescales of a job that no parallelism helps", n)
			}
		})
	}
}

// A topic that is behind when the job starts, from a real broker.
func TestABacklogInKafkaIsWorkedOff(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			kafka := realflink.NewKafka(t)
			topic := realflink.Topic{Brokers: kafka.Brokers, Name: "events", Partitions: 12}
			producer, err := kafka.Produce(t.Context(), topic, 4000, 0)
			must(t, err)
			filling := time.Now()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 3, Options: staleness(2 * time.Second)})
			eventually(t, "about 120,000 records wait", time.Minute, func() bool { return time.Since(filling) > 30*time.Second })
			must(t, producer.SetRate(1200))
			job := submit(t, cluster, realflink.JobSpec{Name: "kafka", Topic: &topic})
			w := watchJob(t, cluster, job)
			sluice := startSluice(t, shortOptions, cluster.URL())
			begin := time.Now()
			reads := w.meter("kafka-source")
			eventually(t, "the first decision", 3*window, func() bool { return len(executed(sluice, job, begin)) > 0 })
			decided := time.Now()
			eventually(t, "the backlog is worked off: the source reads no more than arrives", catchUp+restart, func() bool { return reads.steadyAt(1200) })
			t.Logf("worked off %s after the first decision", time.Since(decided).Round(time.Second))
			throughout(t, "no vertex runs above the partitions, and none falls behind", fiveTimes, func() bool {
				return w.now()["kafka-source"] <= topic.Partitions && !reads.below(1000)
			})
			agrees(t, sluice, w)
		})
	}
}

// meter tells the rate at which a vertex reads, by Flink's own counters. (The lag
// that a Kafka source reports is not the whole: it counts only the partitions
// that the consumer happens to fetch.)
type meter struct {
	w      *watch
	vertex string
	// before is the reading that the present one is compared with.
	before reading
	rate   float64
	since  time.Time // since when the rate has been near the one asked for
}

type reading struct {
	running flink.Millis
	clock   float64 // seconds
	records float64
}

func (w *watch) meter(vertex string) *meter { return &meter{w: w, vertex: vertex, rate: math.NaN()} }

// read takes a new rate once 10 s of the vertex's own time have passed.
func (m *meter) read() {
	details, err := m.w.client.Job(m.w.t.Context(), m.w.job)
	if err != nil {
		return
	}
	for _, v := range details.Vertices {
		if shortName(v.Name) != m.vertex {
			continue
		}
		io := v.Metrics
		clock := (io.AccumulatedBusy.Or(0) + io.AccumulatedIdle.Or(0) + io.AccumulatedBackPressured.Or(0)) / 1000 / float64(v.Parallelism)
		// What a source reads counts in some versions and connectors only as written.
		now := reading{details.Timestamps.Running, clock, float64(max(io.ReadRecords, io.WriteRecords))}
		switch {
		case now.running != m.before.running || now.records < m.before.records:
			m.before, m.rate, m.since = now, math.NaN(), time.Time{}
		case now.clock-m.before.clock >= 10:
			m.rate = (now.records - m.before.records) / (now.clock - m.before.clock)
			m.before = now
		}
	}
}

// steadyAt tells whether the rate has been within a fifth of the given one for
// half a minute.
func (m *meter) steadyAt(rate float64) bool {
	m.read()
	if !(math.Abs(m.rate-rate) < rate/5) {
		m.since = time.Time{}
		return false
	}
	if m.since.IsZero() {
		m.since = time.Now()
	}
	return time.Since(m.since) > window
}

func (m *meter) below(rate float64) bool {
	m.read()
	return m.rate < rate
}

// At default options a window takes 15 minutes: one longer run.
func TestTheDefaultOptionsFollowALoad(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	cluster := realflink.New(t, realflink.ClusterConfig{TaskManagers: 2, Options: staleness(10 * time.Second)})
	job := submit(t, cluster, realflink.JobSpec{Name: "defaults", Rate: 2500, EvenKeys: true})
	w := watchJob(t, cluster, job)
	sluice := startSluice(t, nil, cluster.URL())
	begin := time.Now()
	throughout(t, "nothing moves before the window is full", 19*time.Minute, func() bool { return w.now() == nil || w.now()["work"] == 1 })
	right := rightSize(2500, perSubtask, 128)
	eventually(t, "work can take the load", 7*time.Minute, func() bool { return w.now()["work"] >= right })
	if n := len(executed(sluice, job, begin)); n != 1 {
		t.Errorf("%d rescales, want 1", n)
	}
	throughout(t, "the size stays", 25*time.Minute, func() bool { return w.now()["work"] >= right })
	if n := len(executed(sluice, job, begin)); n > 2 {
		t.Errorf("%d rescales in three windows of one level", n)
	}
	agrees(t, sluice, w)
}
