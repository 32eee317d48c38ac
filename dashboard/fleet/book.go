package fleet

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/options"
)

const (
	// keptDecisions is how many a job keeps, and keptRescales how many of them may be
	// rescales: those are few, and worth more than the many that changed nothing.
	keptDecisions = 150
	keptRescales  = 100
	// keptEvents is how many events the whole book keeps.
	keptEvents = 2000
)

// Book is what is known of every job. It is safe for concurrent use.
type Book struct {
	now func() time.Time

	mu   sync.RWMutex
	jobs map[autoscaler.JobKey]*job
	// clusters are those that were looked at.
	clusters map[string]Cluster
	press    press
	events   []Event // the newest last
	seq      uint64
	// lasting is set where what is told outlives the process: it tells what an event
	// is known by where it is kept, and numbers are then those of times.
	lasting func(autoscaler.JobKey, *autoscaler.Event) string
	// moved is closed and made anew whenever something was written.
	moved chan struct{}
}

// job is what is known of one job.
type job struct {
	name   string
	config options.Config
	// owner is the process that has the job, empty for this one; judged tells whether
	// this one has come to a decision about it.
	owner  string
	judged bool
	// recalled is true once its past was asked for.
	recalled bool
	// entry is the newest decision, read back where there is no newer one.
	entry decisions.Entry
	// shape are the vertices of the dataflow as the newest pass that knew it saw them,
	// and shaped tells whether that was the newest of all.
	shape  []decisions.Vertex
	shaped bool
	// measured tells whether the newest pass measured anything.
	measured bool
	// free is where the job would stand, and freely why, if nobody held it; empty where
	// it stands so anyway.
	free     State
	freely   string
	state    State
	why      string
	since    time.Time
	past     series
	vertices map[string]*series
	// decisions are those that say something else than the one before, the newest
	// last.
	decisions []pressed
	decided   uint64
	// was is where the job stood, and since when, before this process knew.
	was      State
	wasSince time.Time
	// said is the fingerprint of the newest of them.
	said    string
	failure *Failure
	scaled  time.Time
	metrics *autoscaler.SelfMetrics
	// spark is the newest sparkline.
	spark atomic.Pointer[spark]
	// restarts are when the job came back to RUNNING, last is its newest news, and
	// rescale the newest rescale.
	restarts      restarts
	last, rescale Brief
}

// Decision is one decision about a job that was news, with a number of its own.
type Decision struct {
	// ID counts the decisions of one job, from 1.
	ID uint64 `json:"id"`
	decisions.Entry
}

// Failure is why a pass came to no decision.
type Failure struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

var (
	_ autoscaler.DecisionRecorder = (*Book)(nil)
	_ autoscaler.EventHandler     = (*Book)(nil)
)

// NewBook returns an empty book; now is its clock.
func NewBook(now func() time.Time) *Book {
	return &Book{now: now, jobs: map[autoscaler.JobKey]*job{}, clusters: map[string]Cluster{}, moved: make(chan struct{})}
}

// Record implements [autoscaler.DecisionRecorder]. It never fails.
func (b *Book) Record(_ context.Context, context *autoscaler.JobContext, r *autoscaler.Report) error {
	entry := decisions.New(r)
	state, why := stateOf(r)
	point, points := pointsOf(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.job(context.Key)
	j.name, j.config, j.metrics, j.failure = context.Name, context.Config, context.Metrics, nil
	j.owner, j.judged = "", true
	j.stands(state, why, r.At.UTC())
	j.free, j.freely = freeOf(r)
	if said := entry.Fingerprint(); r.Scaled || j.said != said {
		j.said = said
		j.decide(b.press.pack(&entry), b.numberOf(j, &entry), entry.Action == decisions.ActionScale)
		j.last = briefOf(&entry, j.decided)
	}
	j.restarts.note(r.RunningSince)
	if r.Scaled {
		j.scaled, j.rescale = r.At.UTC(), briefOf(&entry, j.decided)
	}
	j.entry = entry
	j.takeShape(r)
	if j.measured = len(points) > 0; j.measured {
		j.measure(point, points)
	}
	b.move()
	return nil
}

// job is the one of that key, a new one if there is none.
func (b *Book) job(key autoscaler.JobKey) *job {
	j, known := b.jobs[key]
	if !known {
		j = &job{
			state: Unknown, why: unjudged, past: newSeries(jobTiers), vertices: map[string]*series{},
			entry: decisions.Entry{Cluster: key.Cluster, Job: string(key.Job), Vertices: []decisions.Vertex{}},
		}
		b.jobs[key] = j
	}
	return j
}

// stands notes where the job stands from an instant on, unless it did so before.
func (j *job) stands(state State, why string, at time.Time) {
	if j.state != state {
		if j.since = at; j.state == Unknown && j.was == state {
			j.since = j.wasSince
		}
	}
	j.state, j.why = state, why
}

// numberOf is the number of the job's next decision.
func (b *Book) numberOf(j *job, e *decisions.Entry) uint64 {
	if b.lasting == nil {
		return j.decided + 1
	}
	return max(j.decided+1, numberAt(e.Time))
}

// decide keeps a decision that is newer than all others.
func (j *job) decide(e []byte, id uint64, rescale bool) {
	if len(j.decisions) >= keptDecisions {
		rescales := 0
		for _, d := range j.decisions {
			if d.rescale {
				rescales++
			}
		}
		first := slices.IndexFunc(j.decisions, func(d pressed) bool { return d.rescale == (rescales > keptRescales) })
		j.decisions = slices.Delete(j.decisions, first, first+1)
	}
	j.decided = id
	j.decisions = append(j.decisions, pressed{id, rescale, e})
}

func (j *job) measure(whole Point, vertices map[string]Point) {
	j.past.add(whole)
	for id, p := range vertices {
		j.vertex(id).add(p)
	}
	maps.DeleteFunc(j.vertices, func(id string, _ *series) bool { _, there := vertices[id]; return !there })
}

// vertex is the past of a vertex, a new one if there is none.
func (j *job) vertex(id string) *series {
	s, known := j.vertices[id]
	if !known {
		fresh := newSeries(vertexTiers)
		s = &fresh
		j.vertices[id] = s
	}
	return s
}

// move wakes who waits for news.
func (b *Book) move() {
	close(b.moved)
	b.moved = make(chan struct{})
}

// Moved is closed when something is written after the call.
func (b *Book) Moved() <-chan struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.moved
}

// Forget drops a job that is gone. Its events stay.
func (b *Book) Forget(key autoscaler.JobKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.jobs, key)
	b.move()
}

// Summary is one job at a glance.
type Summary struct {
	Key  autoscaler.JobKey
	Name string
	// State is where the job stands since Since, and Why says it in a sentence.
	State State
	Why   string
	Since time.Time
	// Seen is the time of the newest pass; that of another process, as far as it is
	// known, where Owner is set.
	Seen time.Time
	// Owner is the process that has the job; empty for this one.
	Owner string
	// Known is false before the first pass over a job of this process: its
	// parallelism and what is measured of it are not known yet.
	Known bool
	// Parallelism is that of all vertices together, Wanted what was decided; 0 where
	// the newest pass did not see the dataflow.
	Parallelism, Wanted int
	// Now is what the newest pass measured.
	Now Point
	// Scaled is when the job was rescaled last; zero if it never was.
	Scaled time.Time
	// Spark is the last half hour, in few points.
	Spark []Point
	// Failure is set when the newest pass came to no decision.
	Failure *Failure
	// Free is where the job would stand, and FreeWhy why, if nobody held it; empty
	// where no hold made the newest pass leave it alone.
	Free    State
	FreeWhy string
	// Counts are those of the job's passes in this process.
	Counts Counts
	// Last is the newest decision that was news, Rescale the newest that was carried
	// out; the zero value where there is none.
	Last, Rescale Brief
}

// Counts are passes by outcome, as the reference counts them.
type Counts struct{ Scalings, Errors, Balanced int64 }

// Jobs are all jobs, by cluster, name and id.
func (b *Book) Jobs() []Summary {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]Summary, 0, len(b.jobs))
	for key, j := range b.jobs {
		all = append(all, b.summary(key, j))
	}
	slices.SortFunc(all, func(x, y Summary) int {
		return cmp.Or(cmp.Compare(x.Key.Cluster, y.Key.Cluster), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key.Job, y.Key.Job))
	})
	return all
}

func (j *job) summary(key autoscaler.JobKey, now time.Time) Summary {
	s := Summary{
		Key: key, Name: j.name, State: j.state, Why: j.why, Since: j.since, Seen: j.entry.Time,
		Owner: j.owner, Known: j.judged || j.owner != "" && len(j.entry.Vertices) > 0,
		Scaled: j.scaled, Failure: j.failure, Now: UnknownPoint(), Last: j.last, Rescale: j.rescale,
		Spark: j.sparkline(now), Free: j.free, FreeWhy: j.freely,
	}
	if j.owner != "" {
		s.Why = j.elsewhere()
	}
	if m := j.metrics; m != nil {
		s.Counts = Counts{m.Scalings.Load(), m.Errors.Load(), m.Balanced.Load()}
	}
	if !s.Known {
		s.Seen = time.Time{}
		return s
	}
	vertices := j.entry.Vertices
	if len(vertices) == 0 && j.shaped {
		vertices = j.shape
	}
	for i := range vertices {
		s.Parallelism += vertices[i].From
		s.Wanted += vertices[i].To
	}
	if newest := &j.past.tiers[0]; (j.measured || j.owner != "") && newest.count() > 0 {
		s.Now = newest.at(newest.count() - 1)
	}
	return s
}

// UnknownPoint is the point of which nothing is known.
func UnknownPoint() Point {
	return Point{Source: math.NaN(), Target: math.NaN(), Capacity: math.NaN(), Lag: math.NaN(), Busy: math.NaN()}
}

// Job is one job as it stands, with its newest decision.
type Job struct {
	Summary
	Entry decisions.Entry
	// Shape are the vertices of the dataflow as far as it is known; without figures
	// where the newest pass has none.
	Shape []decisions.Vertex
	// Config is what the newest pass went by.
	Config options.Config
}

// Job finds a job; false if there is none of that key.
func (b *Book) Job(key autoscaler.JobKey) (Job, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return Job{}, false
	}
	return Job{b.summary(key, j), j.entry, j.vertexShape(), j.config}, true
}

// Entry is the newest decision about a job; false if there is no job of that key.
func (b *Book) Entry(key autoscaler.JobKey) (decisions.Entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return decisions.Entry{}, false
	}
	return j.entry, true
}

// Series is the past of a job between two instants, in about most points; of one of
// its vertices if vertex is not empty. It is empty for who is not known.
func (b *Book) Series(key autoscaler.JobKey, vertex string, from, to time.Time, most int) []Point {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return nil
	}
	if vertex == "" {
		return j.past.between(from, to, most)
	}
	if s, known := j.vertices[vertex]; known {
		return s.between(from, to, most)
	}
	return nil
}

// Decisions are the newest of a job, the newest first, at most so many.
func (b *Book) Decisions(key autoscaler.JobKey, most int) []Decision {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return nil
	}
	n := min(max(most, 0), len(j.decisions))
	newest := make([]Decision, 0, n)
	for _, p := range slices.Backward(j.decisions[len(j.decisions)-n:]) {
		newest = append(newest, p.unpack())
	}
	return newest
}

// Decision is one decision of a job by its number; false if it is not kept.
func (b *Book) Decision(key autoscaler.JobKey, id uint64) (Decision, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return Decision{}, false
	}
	at, there := slices.BinarySearchFunc(j.decisions, id, func(p pressed, id uint64) int { return cmp.Compare(p.id, id) })
	if !there {
		return Decision{}, false
	}
	return j.decisions[at].unpack(), true
}
