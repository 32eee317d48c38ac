package autoscaler

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// JobListFetcher finds the jobs of one cluster (the reference's JobListFetcher).
// Each cluster has a fetcher of its own, so that none waits for another.
type JobListFetcher interface {
	// Name names the cluster in logs; it never changes.
	Name() string
	// Fetch lists the cluster's jobs. An error means that the cluster did not
	// answer: nothing may be concluded about its jobs. It is called by one
	// goroutine at a time.
	Fetch(ctx context.Context) (JobList, error)
}

// JobList is one look at one cluster. A job stands in one of the lists; one that
// stands in none is not there.
type JobList struct {
	// Jobs are the jobs to run a pass over.
	Jobs []*JobContext
	// Skipped are jobs that are there and get no pass this time.
	Skipped []SkippedJob
	// Ended are jobs in a terminal state, for as long as the cluster lists them.
	Ended []EndedJob
}

// SkippedJob is a job that gets no pass this time.
type SkippedJob struct {
	Key  JobKey
	Name string
	// Err is why its configuration could not be read; nil when its turn has not
	// come yet.
	Err error
}

// EndedJob is a job in a terminal state.
type EndedJob struct {
	Key    JobKey
	Name   string
	Status flink.JobStatus
}

// MetricCollector reads what a decision needs of a running job.
type MetricCollector interface {
	// Collect takes one sample. The window holds the samples before it. Besides
	// an error there may be an observation of what was seen before it: of a
	// restart of the job, say.
	Collect(ctx context.Context, job *JobContext, window scaling.Window) (*Observation, error)
	// Forget drops what the collector remembers of a job that is gone.
	Forget(key JobKey)
}

// Refiner is a collector that can read more about single vertices before a
// decision touches them.
type Refiner interface {
	// Refine adds the subtasks of the vertices to the observation's sample.
	Refine(ctx context.Context, job *JobContext, o *Observation, vertices []scaling.VertexID) error
}

// Observation is one look at one job.
type Observation struct {
	Topology *scaling.Topology
	Sample   scaling.Sample
	// Unusable lists vertices whose metrics cannot be judged in this pass; they
	// are excluded from it.
	Unusable []scaling.VertexID
}

// NotReadyError says that a job is too young to have the metrics that were asked
// for. It is no fault: the next pass tries again.
type NotReadyError struct{ Err error }

func (e *NotReadyError) Error() string { return "not ready: " + e.Err.Error() }

func (e *NotReadyError) Unwrap() error { return e.Err }

// StateStore remembers, per job, what passes leave to one another. Get of an
// unknown job gives the zero State. What Put and Remove do is durable after
// Flush. An error that wraps [ErrStoreInvalid] says that the store cannot serve
// again: it is obtained anew from its factory.
//
// A store that several processes share compares before it writes: Put and Remove
// fail with an error that wraps [ErrStateConflict] when the job's state is no
// longer the one that this store got or put last. The next Get reads it anew.
type StateStore interface {
	Get(ctx context.Context, key JobKey) (State, error)
	Put(ctx context.Context, key JobKey, state State) error
	Remove(ctx context.Context, key JobKey) error
	Flush(ctx context.Context) error
}

// StateStoreFactory opens a store.
type StateStoreFactory func(ctx context.Context) (StateStore, error)

// ErrStoreInvalid marks an error after which a store has to be opened anew.
var ErrStoreInvalid = errors.New("the state store has become invalid")

// ErrStateConflict marks a write that was not made, since another process has
// written the job's state in the meantime.
var ErrStateConflict = errors.New("another process has written the state of the job in the meantime")

// ErrStoreAway marks a call that was not served since the state store's database
// does not answer, which has been told once for all jobs.
var ErrStoreAway = errors.New("the state store does not answer")

// ErrNotOurs marks an outside write that was not made, since the job is another
// process's now. The pass ends without an event: nothing is wrong with the job.
var ErrNotOurs = errors.New("the job is another process's")

// EventHandler tells people and programs what happened. Whether an event is
// suppressed as a repetition is for the handler to decide, by its key and
// interval.
type EventHandler interface {
	Handle(ctx context.Context, job *JobContext, event Event) error
}

// Realizer brings a job to the parallelism that was decided (the reference's
// ScalingRealizer).
type Realizer interface {
	// Prepare looks at a job before a change: the bounds its user set, and
	// whether the job may be restarted now. state holds what was recorded before.
	Prepare(ctx context.Context, job *JobContext, state *State) (Readiness, error)
	// Realize asks the platform for the parallelism of act.Want. It is idempotent:
	// what is already asked for is not asked for again. It fails with a
	// [RefusedError] when asking again would be useless; after any other error
	// nobody knows whether the request arrived.
	Realize(ctx context.Context, job *JobContext, state *State, act *Act) error
	// Follow says how far an act has come, given the topology that runs now.
	Follow(ctx context.Context, job *JobContext, state *State, act Act, running *scaling.Topology, now time.Time) (Act, error)
}

// Handover is a realizer that can also be told in every pass what was decided
// last, and finds out by itself what is to be done about it: the manner of the
// reference, for which sluice.rescale.guarded is false. A realizer that is none
// is used as a [Realizer] whatever that option says.
type Handover interface {
	// HandOver gets the parallelism of every vertex that was decided last, with
	// what the job's own configuration asks for besides; also of a job that does
	// not run, and after a pass that failed.
	HandOver(ctx context.Context, job *JobContext, overrides scaling.Parallelism) (Handed, error)
	// HandOverConfig gets the changes of configuration that memory tuning
	// decided last, if memory tuning is enabled.
	HandOverConfig(ctx context.Context, job *JobContext, changes tuning.Changes) error
}

// Handed is what a [Handover] did.
type Handed struct {
	// Asked is true when it asked the platform for anything new.
	Asked bool
	// Obstacle is set when it would have had to ask, and did not.
	Obstacle Obstacle
}

// ResourceCheck tells whether a platform has room for a rescale.
type ResourceCheck interface {
	Allows(ctx context.Context, job *JobContext, request tuning.CapacityRequest) (bool, error)
}

// RefusedError says that a platform understood a request for another parallelism
// and will not carry it out. Asking for the same again is useless.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// Readiness is what a realizer found before a change.
type Readiness struct {
	// Bounds is what the job's user asks for, vertex by vertex.
	Bounds map[scaling.VertexID]Bound
	// Changed is true when someone else changed the bounds since our last act.
	Changed bool
	// Blocked is empty when the job may be restarted now.
	Blocked Obstacle
}

// Obstacle is why a job may not be restarted in place.
type Obstacle struct {
	// Reason is one word for programs, Text a sentence for people.
	Reason scaling.Reason
	Text   string
}

// DecisionRecorder keeps decisions as data.
type DecisionRecorder interface {
	Record(ctx context.Context, job *JobContext, r *Report) error
}
