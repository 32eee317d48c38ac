// Package cluster is a Flink cluster in virtual time, as far as scheduling goes:
// one JobManager with a ResourceManager and a JobMaster for each job, and the
// TaskManagers that register, give slots, run tasks, stop, die and freeze. It
// carries out what scheduler/slots and scheduler/adaptive decide, and reports
// back what came of it, after the time that each step takes.
//
// Nothing flows through the tasks here: they run until something ends them. How
// long a start, a cancellation or a checkpoint takes, and how much state it
// finds, says a Behaviour; a model of the dataflow can take that place.
//
// Start reading at cluster.go: New, the actions of a user, and Advance, which
// moves the clock from message to message. taskmanager.go and jobmaster.go are
// the two ends of the messages, loss.go says who notices when a TaskManager is
// gone, checkpoint.go is the schedule of checkpoints, demand.go those that somebody
// asks for, jobmanager.go what a crash of the JobManager leaves, alarm.go whose
// scheduler wakes next, guest.go the door for jobs of another scheduler, trace.go
// what is written down.
//
// docs/schedulers.md says what is modelled and what is not.
//
// All is decided by the calls and their order: no clock, no goroutine, no
// randomness, and every message has its place among those of the same instant.
package cluster
