package scaling

import (
	"iter"
	"math"
	"slices"
	"time"
)

// Measure names one number that a sample holds of a vertex. The first seven
// are the reference's (spec section 4); the last two only the counters
// estimator needs.
type Measure uint8

// The measures of a vertex.
const (
	// Load is the busy share of a subtask, [0,1], aggregated over the subtasks.
	Load Measure = iota
	// AccumulatedBusyTime is in ms since the attempt began, summed over subtasks.
	AccumulatedBusyTime
	// NumRecordsIn counts records read since the attempt began.
	NumRecordsIn
	// NumRecordsOut counts records written since the attempt began.
	NumRecordsOut
	// NumRecordsInPerSecond is Flink's one-minute meter, in records/s.
	NumRecordsInPerSecond
	// Lag is the number of records that wait before a source.
	Lag
	// ObservedTPR is the true processing rate seen while catching up, records/s.
	ObservedTPR
	// AccumulatedIdleTime is in ms since the attempt began, summed over subtasks.
	AccumulatedIdleTime
	// AccumulatedBackpressuredTime is in ms since the attempt began, summed over subtasks.
	AccumulatedBackpressuredTime
	measureCount
)

var measureNames = [measureCount]string{
	"LOAD", "ACCUMULATED_BUSY_TIME", "NUM_RECORDS_IN", "NUM_RECORDS_OUT", "NUM_RECORDS_IN_PER_SECOND",
	"LAG", "OBSERVED_TPR", "ACCUMULATED_IDLE_TIME", "ACCUMULATED_BACKPRESSURED_TIME",
}

// String is the name under which the reference stores the measure.
func (m Measure) String() string {
	if m < measureCount {
		return measureNames[m]
	}
	return "UNKNOWN"
}

// Measures is a set of named numbers. A measure that was not seen is absent,
// which is not the same as zero; one that Flink gave as "NaN" is present.
type Measures struct {
	values  [measureCount]float64
	present uint16
}

// Set puts a measure in.
func (m *Measures) Set(name Measure, value float64) {
	m.values[name] = value
	m.present |= 1 << name
}

// Get is the value of a measure and whether it is there.
func (m *Measures) Get(name Measure) (float64, bool) {
	return m.values[name], m.present&(1<<name) != 0
}

// All are the measures that are there, in the order of their constants.
func (m *Measures) All() iter.Seq2[Measure, float64] {
	return func(yield func(Measure, float64) bool) {
		for name := range measureCount {
			if m.present&(1<<name) != 0 && !yield(name, m.values[name]) {
				return
			}
		}
	}
}

// Or is the value of a measure, or NaN when it is absent.
func (m *Measures) Or(name Measure) float64 {
	if m.present&(1<<name) == 0 {
		return math.NaN()
	}
	return m.values[name]
}

// Subtask holds the counters of one subtask since its attempt began.
type Subtask struct {
	Attempt int
	// Records is the number of records read (of a source: emitted).
	Records float64
	// Busy and Clock are in ms; Clock is busy + idle + back-pressured time.
	Busy, Clock float64
}

// VertexSample is what one pass saw of a vertex.
type VertexSample struct {
	Vertex VertexID
	// Parallelism is the number of subtasks that the counters sum over.
	Parallelism int
	Measures
	// Subtasks is nil in the samples for which they were not read.
	Subtasks []Subtask
}

// GlobalMeasure names one number of the whole cluster.
type GlobalMeasure uint8

// The measures of a cluster (spec section 4.6).
const (
	// GCPressure is the share of time in garbage collection, [0,1].
	GCPressure GlobalMeasure = iota
	// HeapMaxUsageRatio is used over maximal heap, [0,1].
	HeapMaxUsageRatio
	// HeapMemoryUsed, ManagedMemoryUsed and MetaspaceMemoryUsed are in bytes, of
	// the TaskManager that uses most.
	HeapMemoryUsed
	ManagedMemoryUsed
	MetaspaceMemoryUsed
	// NumTaskSlotsUsed counts slots of the whole cluster.
	NumTaskSlotsUsed
	globalMeasureCount
)

var globalMeasureNames = [globalMeasureCount]string{
	"GC_PRESSURE", "HEAP_MAX_USAGE_RATIO", "HEAP_MEMORY_USED", "MANAGED_MEMORY_USED", "METASPACE_MEMORY_USED", "NUM_TASK_SLOTS_USED",
}

// String is the name under which the reference stores the measure.
func (m GlobalMeasure) String() string {
	if m < globalMeasureCount {
		return globalMeasureNames[m]
	}
	return "UNKNOWN"
}

// GlobalMeasures is a set of named numbers of a cluster.
type GlobalMeasures struct {
	values  [globalMeasureCount]float64
	present uint8
}

// Set puts a measure in.
func (m *GlobalMeasures) Set(name GlobalMeasure, value float64) {
	m.values[name] = value
	m.present |= 1 << name
}

// Get is the value of a measure and whether it is there.
func (m *GlobalMeasures) Get(name GlobalMeasure) (float64, bool) {
	return m.values[name], m.present&(1<<name) != 0
}

// All are the measures that are there, in the order of their constants.
func (m *GlobalMeasures) All() iter.Seq2[GlobalMeasure, float64] {
	return func(yield func(GlobalMeasure, float64) bool) {
		for name := range globalMeasureCount {
			if m.present&(1<<name) != 0 && !yield(name, m.values[name]) {
				return
			}
		}
	}
}

// Sample is what one pass saw of a job.
type Sample struct {
	// At is when the answers came. The numbers may be up to 15 s older.
	At time.Time
	// RunningSince is when the job last became RUNNING.
	RunningSince time.Time
	// Vertices stand in the order of the topology of that pass.
	Vertices []VertexSample
	Global   GlobalMeasures
}

// vertex finds id, at position hint in all but odd cases.
func (s *Sample) vertex(id VertexID, hint int) *VertexSample {
	if hint < len(s.Vertices) && s.Vertices[hint].Vertex == id {
		return &s.Vertices[hint]
	}
	for i := range s.Vertices {
		if s.Vertices[i].Vertex == id {
			return &s.Vertices[i]
		}
	}
	return nil
}

// Window is the metric history of a job in order of time. It is a value: Add
// returns the next window and leaves the one it was called on as it was.
type Window struct {
	Samples []Sample
}

// Latest is the newest sample, or nil.
func (w Window) Latest() *Sample {
	if len(w.Samples) == 0 {
		return nil
	}
	return &w.Samples[len(w.Samples)-1]
}

// Fullness says how far a window is from serving a decision.
type Fullness struct {
	// Full is true when the window spans its whole length outside stabilization.
	Full bool
	// Stabilizing is true while the job is younger than the stabilization interval.
	Stabilizing bool
	// FullAt is when the window will be full if nothing intervenes.
	FullAt time.Time
	// Reset is true when a restart of the job emptied the window in this pass.
	Reset bool
}

// RestartedBy tells whether a job that became RUNNING at the given time has
// restarted since the window's earliest sample: its samples serve no more.
func (w Window) RestartedBy(since time.Time) bool {
	return len(w.Samples) > 0 && since.After(w.Samples[0].At)
}

// Add puts sample in and drops what no longer serves: everything when the job
// has restarted since the earliest sample, and samples older than length once
// the window is full (spec sections 3.8 and 3.9).
func (w Window) Add(sample Sample, length, stabilization time.Duration) (Window, Fullness) {
	return w.add(sample, length, stabilization, false)
}

// Extend adds a sample under a configuration. The counters estimator keeps the
// newest sample that lies before the window too: without it, a loop that starts
// a millisecond early finds the window a sample too short, time and again.
func (c *Config) Extend(w Window, sample Sample) (Window, Fullness) {
	_, counters := c.estimator().(Counters)
	return w.add(sample, c.MetricsWindow, c.Stabilization, counters)
}

func (w Window) add(sample Sample, length, stabilization time.Duration, keepEdge bool) (Window, Fullness) {
	var f Fullness
	samples := w.Samples
	if w.RestartedBy(sample.RunningSince) {
		samples, f.Reset = nil, true
	}
	stable := sample.RunningSince.Add(stabilization)
	f.Stabilizing = sample.At.Before(stable)
	f.FullAt = sample.At.Add(length)
	if i := slices.IndexFunc(samples, func(s Sample) bool { return !s.At.Before(stable) }); i >= 0 {
		f.FullAt = samples[i].At.Add(length)
	}
	f.Full = !sample.At.Before(f.FullAt)
	samples = put(samples, sample)
	if f.Full {
		oldest := sample.At.Add(-length)
		i := slices.IndexFunc(samples, func(s Sample) bool { return !s.At.Before(oldest) })
		if keepEdge && i > 0 && !samples[i-1].At.Before(stable) {
			i--
		}
		samples = samples[i:]
	} else if f.Stabilizing {
		f.FullAt = stable.Add(length)
	}
	return Window{samples}, f
}

// put keeps the order of time and one sample per instant.
func put(samples []Sample, s Sample) []Sample {
	n := len(samples)
	if n == 0 || samples[n-1].At.Before(s.At) {
		return append(slices.Clip(samples), s) // never into an array that another window shows
	}
	i, found := slices.BinarySearchFunc(samples, s.At, func(a Sample, at time.Time) int { return a.At.Compare(at) })
	next := slices.Clone(samples)
	if found {
		next[i] = s
		return next
	}
	return slices.Insert(next, i, s)
}

// SinceStart is a window made of one sample and of the moment at which all its
// counters were zero: the last start of the job. It serves where an answer is
// wanted at once, and speaks of the average since that start.
func SinceStart(now Sample) Window {
	start := Sample{At: now.RunningSince, RunningSince: now.RunningSince, Vertices: make([]VertexSample, len(now.Vertices))}
	for i := range now.Vertices {
		v := VertexSample{Vertex: now.Vertices[i].Vertex, Parallelism: now.Vertices[i].Parallelism}
		for m := range measureCount {
			if _, known := now.Vertices[i].Get(m); known && m.counts() {
				v.Set(m, 0)
			}
		}
		start.Vertices[i] = v
	}
	return Window{Samples: []Sample{start, now}}
}

// counts tells whether a measure starts from zero with each attempt.
func (m Measure) counts() bool {
	switch m {
	case NumRecordsIn, NumRecordsOut, AccumulatedBusyTime, AccumulatedIdleTime, AccumulatedBackpressuredTime:
		return true
	default:
		return false
	}
}
