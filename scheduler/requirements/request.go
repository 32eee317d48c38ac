package requirements

import (
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Kind is the scheduler that a job runs under.
type Kind int

// The schedulers as they answer here. Only Adaptive changes bounds.
const (
	Adaptive Kind = iota
	Reactive      // the Adaptive Scheduler in Reactive Mode
	Default
	AdaptiveBatch
)

// Phase is how far a job has come, as far as a request for its bounds cares.
type Phase int

// The phases.
const (
	Alive        Phase = iota // its JobMaster answers
	Initializing              // its JobMaster does not yet answer
	Gone                      // never heard of, or in a terminal state
)

// Subject is the job that a request is about, at the moment of the request.
type Subject struct {
	Job   slots.JobID
	Kind  Kind
	Phase Phase
	// Vertices are those of the job's current graph, in its order, with their
	// bounds and largest parallelism.
	Vertices []slots.Vertex
	// Updating says that another change of this job is still under way.
	Updating bool
	// StoreFails says that the store for high availability takes nothing now.
	StoreFails bool
	// ExpandDefaults takes −1 for what Flink's documentation says it means: 1 as
	// a lower bound, the largest parallelism as an upper one. Flink itself only
	// validates it so and then keeps a literal −1, with which the job cannot be
	// scheduled any more. Without this, a body with −1 is refused.
	ExpandDefaults bool
}

// Answer is what became of a PUT.
type Answer struct {
	// Refusal is nil when the request was accepted.
	Refusal *Refusal
	// Bounds are those asked for, one a vertex in the order of the job; nil when
	// the request was refused.
	Bounds []slots.Bounds
	// Persisted says that the bounds reached the store for high availability. A
	// scheduler that then refuses them does not take them back, as in Flink.
	Persisted []slots.Bounds
}

// Put judges a request to change the bounds of a job. An accepted one is to be
// applied even if it changes nothing: that is up to the scheduler.
func Put(body []byte, job Subject) Answer {
	wanted, refusal := read(body)
	if refusal == nil {
		refusal = admit(wanted, job)
	}
	if refusal != nil {
		return Answer{Refusal: refusal}
	}
	bounds, refusal := check(wanted, job)
	if refusal != nil {
		return Answer{Refusal: refusal}
	}
	if job.StoreFails {
		return Answer{Refusal: refused(statusInternal, textNotPersisted)}
	}
	if refusal := unsupported(job.Kind); refusal != nil {
		return Answer{Refusal: refusal, Persisted: bounds}
	}
	return Answer{Bounds: bounds, Persisted: bounds}
}

// Get is the body that shows the bounds of a job, or why there is none. Reactive
// Mode shows its bounds, though it takes no others.
func Get(job Subject) ([]byte, *Refusal) {
	if refusal := absent(job); refusal != nil {
		return nil, refusal
	}
	if job.Kind == Default || job.Kind == AdaptiveBatch {
		return nil, unsupported(job.Kind)
	}
	return Body(job.Vertices), nil
}

// admit makes the checks between reading a body and judging its bounds.
func admit(wanted []entry, job Subject) *Refusal {
	if len(wanted) == 0 {
		return refused(statusBad, textEmpty)
	}
	if job.Updating {
		return refused(statusConflict, textUpdating)
	}
	return absent(job)
}

// absent refuses a job that has no JobMaster to ask.
func absent(job Subject) *Refusal {
	switch job.Phase {
	case Gone:
		return &Refusal{
			Status: statusInternal, Class: classJobNotFound,
			Texts: []string{"Could not find Flink job (" + string(job.Job) + ")"},
		}
	case Initializing:
		return &Refusal{
			Status: statusInternal, Class: classUnavailable,
			Texts: []string{textInitializing},
		}
	}
	return nil
}

// unsupported refuses what the job's scheduler cannot do.
func unsupported(kind Kind) *Refusal {
	text := ""
	switch kind {
	case Reactive:
		text = textReactive
	case Default:
		text = "The DefaultScheduler" + textUnsupported
	case AdaptiveBatch:
		text = "The AdaptiveBatchScheduler" + textUnsupported
	default:
		return nil
	}
	return &Refusal{Status: statusInternal, Class: classUnsupported, Texts: []string{text}}
}
