package cluster

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Config is what a cluster is set to. DefaultConfig has Flink's defaults.
type Config struct {
	Version slots.Version
	// Start is the time at which the JobManager is up.
	Start time.Time
	// Scheduler are the options of the Adaptive Scheduler for every job.
	Scheduler adaptive.Options
	// Resources are the options of the ResourceManager; Version and Started are
	// filled in.
	Resources slots.RMConfig
	// Heartbeats are those between the JobManager and the TaskManagers.
	Heartbeats slots.HeartbeatConfig
	// Rounds is how long after the start of the JobManager, or of a JobMaster, its
	// first round of heartbeats is.
	Rounds Rounds
	// SlotTimeout is after what time a TaskManager frees a slot that it was asked
	// to give to a job and that the job has not taken (taskmanager.slot.timeout).
	SlotTimeout time.Duration
	// HighAvailability keeps jobs, their bounds and their checkpoints when the
	// JobManager dies.
	HighAvailability bool
	// DefaultScheduler is jobmanager.scheduler: default. Such a job takes its
	// configured parallelism or nothing, and answers no request for its bounds.
	DefaultScheduler bool
	// CheckpointHistory is how many checkpoints of a job are kept to look at, of
	// which the older half goes when there would be more; 0 is 1000.
	CheckpointHistory int
	// ExpandDefaults is that of requirements.Subject.
	ExpandDefaults bool

	Latencies Latencies
	// Starts is how long a JobMaster takes to start that begins to now; nil for
	// Latencies.Start.
	Starts func(now time.Time) time.Duration
	// Connects is how long a TaskManager's first offer to a JobMaster takes that it
	// begins to make now; nil for Latencies.Connect.
	Connects func(now time.Time, tm slots.TaskManagerID) time.Duration
	// Trace is told of everything that happens, in order; nil for nobody.
	Trace func(Entry)
}

// Rounds are offsets of heartbeats, each between minus and plus their interval.
type Rounds struct{ ResourceManager, JobMaster time.Duration }

// Latencies are how long the messages of the cluster take.
type Latencies struct {
	Start      time.Duration // a job that was submitted, until its JobMaster is there
	Register   time.Duration // a TaskManager that is up, until it is registered
	Reregister time.Duration // the same to a JobManager that came back
	Request    time.Duration // from the ResourceManager to a TaskManager, or from a JobMaster to the ResourceManager
	Connect    time.Duration // a TaskManager's first offer to a JobMaster
	Offer      time.Duration // each later one
	Stop       time.Duration // a TaskManager that stops in good order, until it says so
	Refused    time.Duration // until a message to a dead process is known to have failed
	Peer       time.Duration // until tasks notice that a TaskManager they read from is dead
	Close      time.Duration // from the end of a job until its slots are free
	Provide    time.Duration // until a provider has started a TaskManager (active ResourceManager only)
}

// DefaultLatencies are those seen on a quiet machine.
func DefaultLatencies() Latencies {
	return Latencies{
		Start:      50 * time.Millisecond,
		Register:   300 * time.Millisecond,
		Reregister: time.Second,
		Request:    5 * time.Millisecond,
		Connect:    350 * time.Millisecond,
		Offer:      20 * time.Millisecond,
		Stop:       100 * time.Millisecond,
		Refused:    40 * time.Millisecond,
		Peer:       500 * time.Millisecond,
		Close:      100 * time.Millisecond,
		Provide:    5 * time.Second,
	}
}

// DefaultConfig is a session cluster with Flink's defaults.
func DefaultConfig(version slots.Version) Config {
	return Config{
		Version:     version,
		Scheduler:   adaptive.DefaultOptions(version, false),
		Resources:   slots.DefaultRMConfig(version),
		Heartbeats:  slots.DefaultHeartbeatConfig(),
		SlotTimeout: 10 * time.Second,
		Latencies:   DefaultLatencies(),
	}
}
