package slots

import (
	"math"
	"strconv"
	"time"
)

// RMConfig is what a ResourceManager is set to; DefaultRMConfig has Flink's
// defaults. Times that are 0 or less count as none.
type RMConfig struct {
	Version     Version
	LoadBalance LoadBalance // in 1.20 BalanceSlots also for cluster.evenly-spread-out-slots

	Started               time.Time     // when the ResourceManager starts
	RequirementCheckDelay time.Duration // slotmanager.requirement-check.delay
	// StartUp is how long a standalone ResourceManager waits after its start before
	// it reports a shortage (resourcemanager.standalone.start-up-time, else
	// slot.request.timeout).
	StartUp time.Duration
	// MaxSlots is how many slots there may be (slotmanager.number-of-slots.max); a
	// TaskManager beyond is refused.
	MaxSlots int

	// Active is whether it asks a provider for TaskManagers; what follows counts
	// only then.
	Active         bool
	SlotsPerWorker int // taskmanager.numberOfTaskSlots, at least 1
	MinSlots       int // slotmanager.number-of-slots.min
	Redundant      int // slotmanager.redundant-taskmanager-num
	// IdleTimeout is how long a TaskManager may be without a job
	// (resourcemanager.taskmanager-timeout), and how often that is looked at.
	IdleTimeout  time.Duration
	DeclareDelay time.Duration // slotmanager.declare-needed-resource.delay
	// RegistrationTimeout is how long a started TaskManager may take to register
	// (resourcemanager.taskmanager-registration.timeout).
	RegistrationTimeout time.Duration
	// After MaxFailures failed starts within a minute
	// (resourcemanager.start-worker.max-failure-rate) none is tried for RetryInterval
	// (resourcemanager.start-worker.retry-interval).
	MaxFailures   float64
	RetryInterval time.Duration
	// Recovered are workers of an earlier ResourceManager that may yet register
	// with this one; Requested is how many were asked for before, so that no name
	// comes twice.
	Recovered []WorkerID
	Requested int

	// NewAllocation names the n-th allocation, from 1; nil: "a1", "a2", ….
	NewAllocation func(n int) AllocationID
}

// DefaultRMConfig is a standalone ResourceManager with Flink's defaults; the
// fields of an active one have theirs too.
func DefaultRMConfig(v Version) RMConfig {
	return RMConfig{
		Version:               v,
		RequirementCheckDelay: 50 * time.Millisecond,
		StartUp:               5 * time.Minute,
		MaxSlots:              math.MaxInt32,
		SlotsPerWorker:        1,
		IdleTimeout:           30 * time.Second,
		DeclareDelay:          50 * time.Millisecond,
		RegistrationTimeout:   5 * time.Minute,
		MaxFailures:           10,
		RetryInterval:         3 * time.Second,
	}
}

// allocation names the n-th allocation.
func (c RMConfig) allocation(n int) AllocationID {
	if c.NewAllocation != nil {
		return c.NewAllocation(n)
	}
	return AllocationID("a" + strconv.Itoa(n))
}
