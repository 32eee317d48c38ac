// Package slots says who may have which slot: how many slots a job needs, how
// the slots it holds are divided between its sharing groups, which of them hold
// which subtasks, what the job's declarative slot pool accepts and gives back,
// and what Flink's ResourceManager does with the TaskManagers it knows.
//
// Everything here is a value and a rule: no clock (time comes in as a value), no
// goroutine, no message. Whoever owns the messages feeds events in and carries
// the actions out. Nothing here knows the states of a job: package adaptive does.
//
// Read vertex.go and divide.go for the arithmetic, pool.go for the JobMaster's
// side, groups.go, assign.go and locality.go for the choice of slots,
// manager.go, check.go and active.go for the ResourceManager, and heartbeats.go
// for the loss of TaskManagers that do not say so.
//
// Flink goes in many places by the order of a hash map: which of two equal
// TaskManagers, which of the free slots. Here it is the order in which things came,
// so that one input has one result; comparisons with Flink allow for that. What
// differs otherwise, and what is not modelled, is in docs/schedulers.md.
package slots

import "fmt"

// Version is the Flink release line whose behaviour is reproduced.
type Version int

// The release lines. The zero value is none of them.
const (
	V1_20 Version = iota + 1 //nolint:staticcheck // a release number, not words
	V2_3
)

// String is the release line as Flink writes it: "1.20" or "2.3".
func (v Version) String() string {
	switch v {
	case V1_20:
		return "1.20"
	case V2_3:
		return "2.3"
	}
	return fmt.Sprintf("Version(%d)", int(v))
}

// JobID names a job, VertexID a job vertex, TaskManagerID a TaskManager and
// AllocationID one allocation of a slot to a job. Any text will do; equal text
// is the same thing, and where order must break a tie it is the text's.
type (
	JobID         string
	VertexID      string
	TaskManagerID string
	AllocationID  string
)

// Slot is a slot of a TaskManager as it was allocated to one job.
type Slot struct {
	Allocation  AllocationID
	TaskManager TaskManagerID
	Index       int // within the TaskManager, from 0
}
