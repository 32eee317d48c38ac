// Package requirements is Flink's door to a job's bounds from outside: what
// GET and PUT /jobs/:id/resource-requirements answer, in the order in which
// Flink looks at a request, with its status codes and texts.
//
// Here live the reading of a body as Flink's JSON library reads it, the checks,
// the refusals and the text of the answers. What a change of bounds then does
// to a job belongs to scheduler/adaptive; sockets and headers belong to whoever
// serves them. Everything is a pure function of the body and of the job.
//
// Start reading at Put. Where Flink's answer would leave the job with bounds
// that it can never run with, Put refuses; see Subject.ExpandDefaults. More on how
// ours differs is in docs/schedulers.md.
package requirements
