package twin

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// store is the metrics that the JobManager has fetched. It fetches all at once, at
// most once an interval, when somebody asks: that question is answered with what
// was there before.
type store struct {
	at       time.Time // of the last fetch, zero before
	wanted   bool      // by the question at hand
	machines map[slots.TaskManagerID]machineDump
	manager  managerDump
}

// dump is what the tasks of one job reported: those of the attempt that ran, or,
// while there are none, those of the one before.
type dump struct {
	job      *job
	at       time.Time
	vertices [][]subtaskDump // by vertex and subtask
	offsets  [][]float64     // of sources, by partition
}

// subtaskDump is one subtask's report, in whole records, bytes and ms.
type subtaskDump struct {
	attempt                          int
	in, out, bytesIn, bytesOut       int64
	busy, idle, blocked              int64 // accumulated
	inRate, outRate                  float64
	idleRate, softRate, hardRate     int64
	inputFill, outputFill            float64
	pending                          int64
	watermark, emitted               int64 // ms since 1970
	hasEmitted                       bool
	initialization                   int64 // ms
	heap, managed, allocation, cores float64
}

// noWatermark is Flink's watermark before there is one.
const noWatermark = math.MinInt64

// metrics marks the question at hand as one about metrics. An honest twin fetches
// before it answers.
func (t *Twin) metrics() {
	t.store.wanted = true
	if t.config.Honest && !t.store.at.Equal(t.Now()) {
		t.fetch()
	}
}

// answered is the end of a question: if it was about metrics and they are old, new
// ones are fetched now.
func (t *Twin) answered() {
	if !t.store.wanted {
		return
	}
	t.store.wanted = false
	if !t.config.Honest && (t.store.at.IsZero() || t.Now().Sub(t.store.at) >= t.settings.fetch) {
		t.fetch()
	}
}

// fetch asks all processes for their metrics.
func (t *Twin) fetch() {
	now := t.Now()
	t.journal.fetched(now)
	since := now.Sub(t.config.Start)
	if !t.fetched.IsZero() {
		since = now.Sub(t.fetched)
	}
	t.store.at, t.fetched = now, now
	for _, j := range t.jobs {
		j.report(now)
		j.reportJob(now)
	}
	t.reportMachines(now, since)
	t.reportManager()
}

// report takes the metrics of a job's tasks. While it has none the old ones stay.
func (j *job) report(now time.Time) {
	if j.batch != nil {
		j.reportBatch(now)
		return
	}
	r := j.run
	if r == nil {
		return
	}
	j.sync(now)
	if j.dump == nil {
		j.dump = &dump{job: j}
	}
	d := j.dump
	d.at = now
	d.vertices = resized(d.vertices, len(j.spec.Vertices))
	d.offsets = resized(d.offsets, len(j.spec.Vertices))
	s := &j.fresh
	if r.flowing {
		j.flow.SnapshotTo(s)
	}
	for v, p := range r.execution.Parallelism {
		d.vertices[v] = resized(d.vertices[v], p)
		for k := range d.vertices[v] {
			to := &d.vertices[v][k]
			*to = subtaskDump{watermark: noWatermark, attempt: r.execution.Attempts[v][k]}
			if r.flowing {
				to.take(&s.Vertices[v].Subtasks[k], &j.meters.vertices[v][k], now.Sub(r.starts))
				if j.twin.config.Honest {
					to.honest(&s.Vertices[v].Subtasks[k])
				}
				to.initialization = r.takes.Milliseconds() / 2
			}
		}
		if r.flowing && s.Vertices[v].Source != nil {
			d.offsets[v] = append(d.offsets[v][:0], s.Vertices[v].Source.Offsets...)
		}
	}
}

func resized[T any](s []T, length int) []T {
	if cap(s) < length {
		grown := make([]T, length)
		copy(grown, s)
		return grown
	}
	return s[:length]
}

// take reads one subtask. Its busy time is what is left of the time since its
// start, as in Flink.
func (d *subtaskDump) take(s *flow.SubtaskSnapshot, m *subtask, age time.Duration) {
	d.in, d.out, d.bytesIn, d.bytesOut = int64(s.RecordsIn), int64(s.RecordsOut), int64(s.BytesIn), int64(s.BytesOut)
	d.idle, d.blocked = int64(s.Idle), int64(s.SoftBackPressured+s.HardBackPressured)
	d.busy = max(age.Milliseconds()-d.idle-d.blocked, 0)
	d.inRate, d.outRate = m.in.rate(), m.out.rate()
	d.idleRate, d.softRate, d.hardRate = m.idle.value(), m.soft.value(), m.hard.value()
	d.inputFill, d.outputFill = s.InputFill, s.OutputFill
	d.pending = int64(s.Pending)
	if !s.Watermark.IsZero() {
		d.watermark = s.Watermark.UnixMilli()
	}
	if !s.Emitted.IsZero() {
		d.emitted, d.hasEmitted = s.Emitted.UnixMilli(), true
	}
	d.heap, d.managed, d.allocation, d.cores = s.HeapBytes, s.ManagedBytes, s.AllocationRate, s.Cores
}

// honest puts the rates of the moment in the place of gauges and meters.
func (d *subtaskDump) honest(s *flow.SubtaskSnapshot) {
	d.inRate, d.outRate = s.RateIn, s.RateOut
	d.idleRate = int64(math.Round(s.IdleRate))
	soft := 1.0
	if all := s.SoftBackPressured + s.HardBackPressured; all > 0 {
		soft = s.SoftBackPressured / all
	}
	d.softRate = int64(math.Round(s.BackPressuredRate * soft))
	d.hardRate = int64(math.Round(s.BackPressuredRate)) - d.softRate
}

// blockedRate and busyRate are in ms/s; with idleRate they make 1000.
func (d *subtaskDump) blockedRate() int64 { return d.softRate + d.hardRate }

func (d *subtaskDump) busyRate() float64 {
	return 1000 - float64(min(d.idleRate+d.blockedRate(), 1000))
}
