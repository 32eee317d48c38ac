// Package batch is Flink's Adaptive Batch Scheduler for one job: which
// parallelism a vertex gets from the bytes that it will read, which
// subpartitions each of its tasks reads, and when its tasks may start. It
// follows Flink 1.20 and 2.3.
//
// There are two doors. Decide (decide.go) is the decision about one vertex and
// says why. Scheduler (scheduler.go) is a whole job as a state machine: Step
// takes the time and one event and returns the actions that follow from it, and
// Next says when the earliest timer is due.
//
// options.go has what can be set and config.go reads it, input.go says what a
// vertex reads, reason.go names the rules. even.go, data120.go, alltoall.go,
// side.go and pointwise.go hold the rules of distribution; slice.go and bisect.go
// what they share. result.go says how many subpartitions a producer writes.
//
// job.go describes a job and what is refused, graph.go what becomes of it;
// event.go and action.go are what goes in and out. stages.go decides, deploy.go
// starts tasks, failover.go and region.go say what restarts, view.go what REST
// would show. slow.go finds slow tasks.
//
// docs/schedulers.md tells the rules and the limits.
//
// What must not live here: I/O, a clock, goroutines, logging, the choice of
// slots and the moving of data. The caller executes the actions and reports what
// came of them as events.
package batch
