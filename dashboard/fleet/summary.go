package fleet

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/options"
)

// Decision is one decision about a job that was news, with a number of its own.
type Decision struct {
	// ID counts the decisions of one job, from 1.
	ID uint64 `json:"id"`
	decisions.Entry
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
