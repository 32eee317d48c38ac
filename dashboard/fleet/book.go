package fleet

import (
	"context"
	"maps"
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
