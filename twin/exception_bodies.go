package twin

import (
	"fmt"
	"strconv"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// exceptions is the body of a job's failures.
func (q question) exceptions(j *job, g *graph) *flink.Exceptions {
	most := 20
	if n, err := strconv.Atoi(q.query.Get("maxExceptions")); err == nil && n > 0 {
		most = n
	}
	b := &flink.Exceptions{History: flink.ExceptionHistory{
		Entries: []flink.ExceptionEntry{}, Truncated: g.cut || len(g.failures) > most,
	}}
	for i := range min(most, len(g.failures)) {
		b.History.Entries = append(b.History.Entries, q.exceptionEntry(j, &g.failures[i]))
	}
	if q.config.Version == slots.V1_20 {
		q.oldExceptions(j, g, b)
	}
	return b
}

func (q question) exceptionEntry(j *job, e *adaptive.Exception) flink.ExceptionEntry {
	entry := flink.ExceptionEntry{
		Name: e.Failure.Class, Stacktrace: stacktrace(e.Failure), Timestamp: flink.MillisOf(e.At), Labels: map[string]string{},
		Concurrent: []flink.ExceptionEntry{},
	}
	if e.Vertex >= 0 {
		entry.TaskName = flink.Some(j.taskName(e.Vertex, e.Subtask))
		entry.Endpoint, entry.TaskManagerID = flink.Some(q.endpoint(e.TaskManager)), flink.Some(string(e.TaskManager))
		if q.config.Version == slots.V1_20 {
			entry.Location = entry.Endpoint
		}
	}
	for i := range e.Concurrent {
		other := q.exceptionEntry(j, &e.Concurrent[i])
		other.Concurrent = nil
		entry.Concurrent = append(entry.Concurrent, other)
	}
	return entry
}

// taskName is a subtask as Flink names it.
func (j *job) taskName(v, k int) string {
	p := 0
	if j.batch != nil {
		p = j.batch.Vertex(v).Parallelism
	}
	if j.last != nil && v < len(j.last.execution.Parallelism) {
		p = j.last.execution.Parallelism[v]
	}
	return fmt.Sprintf("%s (%d/%d)", j.spec.Vertices[v].name(), k+1, p)
}

// stacktrace is a failure with its causes.
func stacktrace(f adaptive.Failure) string {
	text := f.String() + "\n"
	for cause := f.CausedBy; cause != nil; cause = cause.CausedBy {
		text += "Caused by: " + cause.String() + "\n"
	}
	return text
}

// oldExceptions are the fields that 2.x has no more.
func (q question) oldExceptions(j *job, g *graph, b *flink.Exceptions) {
	cut := false
	b.RootException, b.Timestamp = flink.Optional[string]{Null: true}, flink.Optional[flink.Millis]{Null: true}
	b.AllExceptions, b.Truncated = []flink.TaskException{}, &cut
	switch {
	case len(g.failures) > 0:
		last := &g.failures[0]
		b.RootException, b.Timestamp = flink.Some(stacktrace(last.Failure)), flink.Some(flink.MillisOf(last.At))
	case g.status == flink.JobFailed:
		b.RootException, b.Timestamp = flink.Some(stacktrace(g.root)), flink.Some(flink.MillisOf(g.end))
	}
}
