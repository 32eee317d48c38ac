package batch

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Job is what the scheduler knows of a job when it is submitted.
type Job struct {
	// ID and Name are for messages and views.
	ID   slots.JobID
	Name string
	// Vertices are the job's vertices in topological order.
	Vertices []JobVertex
	// Edges connect the vertices. The inputs of a vertex are in this order.
	Edges []Edge
	// Streaming says that the job is a streaming job; those are refused.
	Streaming bool
	// Restart is the restart strategy; nil is none, Flink's default without
	// checkpoints: the first failure fails the job.
	Restart *adaptive.RestartStrategy
	// Jitter draws an integer in [-bound, bound] for an exponential backoff; nil
	// is none.
	Jitter func(bound int64) int64
}

// JobVertex is a vertex of a job.
type JobVertex struct {
	ID, Name string
	// Parallelism is the configured one; 0 is to be decided.
	Parallelism int
	// MaxParallelism is the configured one; 0 is the default.
	MaxParallelism int
	// Infers says that it has a source that can say for how many tasks it has
	// work.
	Infers bool
	// FileInputFormat says that it is a source of the old kind that reads files;
	// those are refused.
	FileInputFormat bool
}

// Edge leads from one vertex to another, both given as indexes into
// Job.Vertices, the first one smaller.
type Edge struct {
	From, To int
	// Pattern is how it is read; "" is AllToAll.
	Pattern Pattern
	// Broadcast says that each task reads all of it.
	Broadcast bool
	// Forward says that task i reads partition i; both vertices have the same
	// parallelism then, and Pattern is Pointwise.
	Forward bool
	// Exchange is the kind of the data exchange; "" is Blocking.
	Exchange Exchange
	// Type, InterCorrelated and IntraCorrelated are as in Input.
	Type                             int
	InterCorrelated, IntraCorrelated bool
}

// Exchange is the kind of a data exchange, spelled as REST does.
type Exchange string

// The data exchanges. Those that start with "pipelined" are refused.
const (
	Blocking             Exchange = "blocking"
	BlockingPersistent   Exchange = "blocking_persistent"
	HybridFull           Exchange = "hybrid_full"
	HybridSelective      Exchange = "hybrid_selective"
	Pipelined            Exchange = "pipelined"
	PipelinedBounded     Exchange = "pipelined_bounded"
	PipelinedApproximate Exchange = "pipelined_approximate"
)

// hybrid says whether consumers may read while producers write.
func (x Exchange) hybrid() bool { return x == HybridFull || x == HybridSelective }

// again says whether what was written can be read a second time.
func (x Exchange) again() bool { return x != HybridSelective }

// EdgeOf is an edge with the pattern and the correlations that Flink takes for a
// ship strategy, spelled as in a plan of REST: FORWARD, RESCALE, REBALANCE,
// HASH, BROADCAST and so on, in any case. One that it does not know is taken as
// HASH, as safe as Flink's own guess. From, To and Exchange are left open.
func EdgeOf(shipStrategy string) Edge {
	switch strings.ToUpper(shipStrategy) {
	case "FORWARD":
		return Edge{Pattern: Pointwise, Forward: true, IntraCorrelated: true}
	case "RESCALE":
		return Edge{Pattern: Pointwise}
	case "REBALANCE":
		return Edge{Pattern: AllToAll}
	case "BROADCAST":
		return Edge{Pattern: AllToAll, Broadcast: true, InterCorrelated: true, IntraCorrelated: true}
	default:
		return Edge{Pattern: AllToAll, InterCorrelated: true, IntraCorrelated: true}
	}
}

const errExchange = "At the moment, adaptive batch scheduler requires batch workloads to be executed with types of all edges being BLOCKING or HYBRID_FULL/HYBRID_SELECTIVE. " +
	"To do that, you need to configure 'execution.batch-shuffle-mode' to 'ALL_EXCHANGES_BLOCKING' or 'ALL_EXCHANGES_HYBRID_FULL/ALL_EXCHANGES_HYBRID_SELECTIVE'."

// refuse is the check made when a job is submitted, with Flink's reasons where
// it gives one.
func refuse(job Job) error {
	if len(job.Vertices) == 0 {
		return errors.New("the job has no vertices")
	}
	if job.Streaming {
		return errors.New("Adaptive batch scheduler only supports batch jobs") //nolint:staticcheck // Flink's text
	}
	for _, v := range job.Vertices {
		if v.FileInputFormat {
			return fmt.Errorf("vertex %s: FileInputFormat sources are not supported by the adaptive batch scheduler: read the files with the new file source (FileSource, or the filesystem connector)", v.ID)
		}
	}
	for _, e := range job.Edges {
		if err := refuseEdge(job, e); err != nil {
			return err
		}
	}
	return nil
}

func refuseEdge(job Job, e Edge) error {
	if e.From < 0 || e.To <= e.From || e.To >= len(job.Vertices) {
		return fmt.Errorf("edge %d -> %d: want it to lead from a vertex of the job to a later one", e.From, e.To)
	}
	from, to := job.Vertices[e.From], job.Vertices[e.To]
	name := fmt.Sprintf("edge %s -> %s", cmp.Or(from.Name, from.ID), cmp.Or(to.Name, to.ID))
	switch e.Exchange {
	case "", Blocking, BlockingPersistent, HybridFull, HybridSelective:
	case Pipelined, PipelinedBounded, PipelinedApproximate:
		return fmt.Errorf("%s (%s is %s)", errExchange, name, e.Exchange)
	default:
		return fmt.Errorf("%s: exchange %q is not known", name, e.Exchange)
	}
	return conf.First(
		conf.Rule(e.Pattern == "" || e.Pattern == AllToAll || e.Pattern == Pointwise, "%s: pattern %q: want %s or %s", name, e.Pattern, AllToAll, Pointwise),
		conf.Rule(!e.Forward || e.Pattern == Pointwise, "%s: it is forward and %s: want %s", name, e.Pattern, Pointwise),
		conf.Rule(!e.Broadcast || e.Pattern != Pointwise, "%s: it is a broadcast and %s: want %s", name, e.Pattern, AllToAll))
}
