package stateyaml

import (
	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Version is the version of the form.
const Version = 1

// Entry is the state of one job.
type Entry struct {
	Key   autoscaler.JobKey
	State autoscaler.State
}

// document is one job. What is empty is left out, and what is left out is empty.
type document struct {
	Version   int                                  `yaml:"sluice-state" json:"sluice-state"`
	Cluster   string                               `yaml:"cluster,omitempty" json:"cluster,omitempty"`
	Job       string                               `yaml:"job,omitempty" json:"job,omitempty"`
	Bounds    map[scaling.VertexID]bound           `yaml:"bounds,omitempty" json:"bounds,omitempty" form:"rows"`
	Act       *act                                 `yaml:"act,omitempty" json:"act,omitempty"`
	Overrides scaling.Parallelism                  `yaml:"overrides,omitempty" json:"overrides,omitempty"`
	Changes   *changes                             `yaml:"changes,omitempty" json:"changes,omitempty"`
	Delayed   map[scaling.VertexID]delayed         `yaml:"delayed-scale-downs,omitempty" json:"delayed-scale-downs,omitempty"`
	Restarts  []restart                            `yaml:"restarts,omitempty" json:"restarts,omitempty" form:"rows"`
	History   map[scaling.VertexID][]scalingRecord `yaml:"history,omitempty" json:"history,omitempty"`
	Samples   []sample                             `yaml:"samples,omitempty" json:"samples,omitempty"`
}

type bound struct {
	Floor int  `yaml:"floor" json:"floor"`
	Lower int  `yaml:"lower" json:"lower"`
	Upper int  `yaml:"upper" json:"upper"`
	Ours  bool `yaml:"ours" json:"ours"`
}

type act struct {
	Decided   moment              `yaml:"decided" json:"decided"`
	Phase     autoscaler.Phase    `yaml:"phase" json:"phase"`
	Want      scaling.Parallelism `yaml:"want,omitempty" json:"want,omitempty"`
	From      scaling.Parallelism `yaml:"from,omitempty" json:"from,omitempty"`
	Requested *moment             `yaml:"requested,omitempty" json:"requested,omitempty"`
	Ended     *moment             `yaml:"ended,omitempty" json:"ended,omitempty"`
	Reason    scaling.Reason      `yaml:"reason,omitempty" json:"reason,omitempty"`
	Text      string              `yaml:"text,omitempty" json:"text,omitempty"`
}

type changes struct {
	Overrides map[string]string `yaml:"overrides,omitempty" json:"overrides,omitempty"`
	Removals  []string          `yaml:"removals,omitempty" json:"removals,omitempty"`
}

type delayed struct {
	Since       moment           `yaml:"since" json:"since"`
	Recommended []recommendation `yaml:"recommended,omitempty" json:"recommended,omitempty" form:"rows"`
}

type recommendation struct {
	At          moment `yaml:"at" json:"at"`
	Parallelism int    `yaml:"parallelism" json:"parallelism"`
	Outside     bool   `yaml:"outside" json:"outside"`
}

type restart struct {
	At   moment `yaml:"at" json:"at"`
	Took *span  `yaml:"took,omitempty" json:"took,omitempty"`
}

// scalingRecord is one executed change of a vertex.
type scalingRecord struct {
	At           moment     `yaml:"at" json:"at"`
	From         int        `yaml:"from" json:"from"`
	To           int        `yaml:"to" json:"to"`
	Planned      int        `yaml:"planned,omitempty" json:"planned,omitempty"`
	ExpectedRate *number    `yaml:"expected-rate,omitempty" json:"expected-rate,omitempty"`
	Evaluation   evaluation `yaml:"evaluation" json:"evaluation"`
}

type evaluation struct {
	Name           string  `yaml:"name,omitempty" json:"name,omitempty"`
	Parallelism    int     `yaml:"parallelism,omitempty" json:"parallelism,omitempty"`
	MaxParallelism int     `yaml:"max-parallelism,omitempty" json:"max-parallelism,omitempty"`
	Partitions     int     `yaml:"partitions,omitempty" json:"partitions,omitempty"`
	Load           *number `yaml:"load,omitempty" json:"load,omitempty"`
	TrueRate       *number `yaml:"true-rate,omitempty" json:"true-rate,omitempty"`
	TargetRate     *number `yaml:"target-rate,omitempty" json:"target-rate,omitempty"`
	PeakRate       *number `yaml:"peak-rate,omitempty" json:"peak-rate,omitempty"`
	CatchUpRate    *number `yaml:"catch-up-rate,omitempty" json:"catch-up-rate,omitempty"`
	HasLag         bool    `yaml:"has-lag,omitempty" json:"has-lag,omitempty"`
	Lag            *number `yaml:"lag,omitempty" json:"lag,omitempty"`
	UpBelow        *number `yaml:"scale-up-below,omitempty" json:"scale-up-below,omitempty"`
	DownAbove      *number `yaml:"scale-down-above,omitempty" json:"scale-down-above,omitempty"`
	Rates          *rates  `yaml:"rates,omitempty" json:"rates,omitempty" form:"flow"`
}

type rates struct {
	In            *number  `yaml:"in,omitempty" json:"in,omitempty"`
	Out           *number  `yaml:"out,omitempty" json:"out,omitempty"`
	OutPerIn      *number  `yaml:"out-per-in,omitempty" json:"out-per-in,omitempty"`
	HasLag        bool     `yaml:"has-lag,omitempty" json:"has-lag,omitempty"`
	Lag           *number  `yaml:"lag,omitempty" json:"lag,omitempty"`
	LagGrowth     *number  `yaml:"lag-growth,omitempty" json:"lag-growth,omitempty"`
	Recent        *number  `yaml:"recent,omitempty" json:"recent,omitempty"`
	Peak          *number  `yaml:"peak,omitempty" json:"peak,omitempty"`
	Busy          *number  `yaml:"busy,omitempty" json:"busy,omitempty"`
	ProcessedIn   *number  `yaml:"processed-in,omitempty" json:"processed-in,omitempty"`
	Observed      *number  `yaml:"observed,omitempty" json:"observed,omitempty"`
	Backpressured *number  `yaml:"backpressured,omitempty" json:"backpressured,omitempty"`
	Hottest       *hottest `yaml:"hottest,omitempty" json:"hottest,omitempty"`
	Reset         bool     `yaml:"reset,omitempty" json:"reset,omitempty"`
	ClockDoubtful bool     `yaml:"clock-doubtful,omitempty" json:"clock-doubtful,omitempty"`
}

type hottest struct {
	Known    bool    `yaml:"known" json:"known"`
	Share    *number `yaml:"share,omitempty" json:"share,omitempty"`
	Busy     *number `yaml:"busy,omitempty" json:"busy,omitempty"`
	Capacity *number `yaml:"capacity,omitempty" json:"capacity,omitempty"`
}

// sample is what one pass saw. A measure that is left out was not seen.
type sample struct {
	At           moment   `yaml:"at" json:"at"`
	RunningSince *moment  `yaml:"running-since,omitempty" json:"running-since,omitempty"`
	Global       *globals `yaml:"global,omitempty" json:"global,omitempty" form:"flow"`
	Vertices     []vertex `yaml:"vertices,omitempty" json:"vertices,omitempty"`
}

type globals struct {
	GCPressure          *number `yaml:"GC_PRESSURE,omitempty" json:"GC_PRESSURE,omitempty"`
	HeapMaxUsageRatio   *number `yaml:"HEAP_MAX_USAGE_RATIO,omitempty" json:"HEAP_MAX_USAGE_RATIO,omitempty"`
	HeapMemoryUsed      *number `yaml:"HEAP_MEMORY_USED,omitempty" json:"HEAP_MEMORY_USED,omitempty"`
	ManagedMemoryUsed   *number `yaml:"MANAGED_MEMORY_USED,omitempty" json:"MANAGED_MEMORY_USED,omitempty"`
	MetaspaceMemoryUsed *number `yaml:"METASPACE_MEMORY_USED,omitempty" json:"METASPACE_MEMORY_USED,omitempty"`
	NumTaskSlotsUsed    *number `yaml:"NUM_TASK_SLOTS_USED,omitempty" json:"NUM_TASK_SLOTS_USED,omitempty"`
}

type vertex struct {
	ID          scaling.VertexID `yaml:"id" json:"id"`
	Parallelism int              `yaml:"parallelism,omitempty" json:"parallelism,omitempty"`
	Measures    *measures        `yaml:"measures,omitempty" json:"measures,omitempty" form:"flow"`
	Subtasks    *[]subtask       `yaml:"subtasks,omitempty" json:"subtasks,omitempty" form:"flow"`
}

type measures struct {
	Load                  *number `yaml:"LOAD,omitempty" json:"LOAD,omitempty"`
	BusyTime              *number `yaml:"ACCUMULATED_BUSY_TIME,omitempty" json:"ACCUMULATED_BUSY_TIME,omitempty"`
	NumRecordsIn          *number `yaml:"NUM_RECORDS_IN,omitempty" json:"NUM_RECORDS_IN,omitempty"`
	NumRecordsOut         *number `yaml:"NUM_RECORDS_OUT,omitempty" json:"NUM_RECORDS_OUT,omitempty"`
	NumRecordsInPerSecond *number `yaml:"NUM_RECORDS_IN_PER_SECOND,omitempty" json:"NUM_RECORDS_IN_PER_SECOND,omitempty"`
	Lag                   *number `yaml:"LAG,omitempty" json:"LAG,omitempty"`
	ObservedTPR           *number `yaml:"OBSERVED_TPR,omitempty" json:"OBSERVED_TPR,omitempty"`
	IdleTime              *number `yaml:"ACCUMULATED_IDLE_TIME,omitempty" json:"ACCUMULATED_IDLE_TIME,omitempty"`
	BackpressuredTime     *number `yaml:"ACCUMULATED_BACKPRESSURED_TIME,omitempty" json:"ACCUMULATED_BACKPRESSURED_TIME,omitempty"`
}

type subtask struct {
	Attempt int    `yaml:"attempt" json:"attempt"`
	Records number `yaml:"records" json:"records"`
	Busy    number `yaml:"busy" json:"busy"`
	Clock   number `yaml:"clock" json:"clock"`
}
