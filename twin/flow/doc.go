// Package flow is the dataflow of one Flink job as a fluid: records arrive at
// sources, are read, pass through vertices and the buffers between them, and leave
// at sinks. From what each record costs follow rates, backlogs, busy, idle and
// back-pressured time, watermarks, the size of the state, and how long a checkpoint
// takes.
//
// The model is that of credit-based flow control seen from far: a vertex takes
// records as fast as its hottest subtask can, and no faster than the fullest of
// its outputs lets it; a vertex of several inputs shares itself fairly among them.
// Rates are constant between events: a queue that fills or empties, a backlog that
// ends, a bend of the load. Between two events everything is integrated exactly.
//
// What it does not know: single records, the shuffle of one record's latency, and
// the bursts in which a window emits. The subtasks of a vertex that is no source
// move in step, each with its share, so that while a queue fills the colder ones
// wait for the hottest a little too early.
//
// Start reading at graph.go, which is what a user says about a job, and job.go and
// advance.go, which is what becomes of it. solve.go finds the rates of one
// instant.
//
// All is decided by the calls: nothing reads a clock, a file, or a random number.
// What must not live here: Flink's schedulers, what a checkpoint waits for before
// it begins, and how stale metrics are when somebody reads them; that is the
// twin's.
package flow
