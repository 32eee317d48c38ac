package twin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// In a twin each job is an application of its own, as those are that come with a
// jar in 2.3.

// applicationsAnswer answers what stands below /applications, which only 2.3 has.
func (q question) applicationsAnswer(more []string) Answer {
	switch {
	case q.config.Version == slots.V1_20 || len(more) == 0:
		return q.unknown()
	case len(more) == 1 && more[0] == "overview" && q.method == http.MethodGet:
		return ok(q.applications())
	case !isHexID(more[0]):
		return badParameter("path", "applicationid", more[0])
	}
	switch q.method + " " + strings.Join(more[1:], "/") {
	case "GET ":
		return q.applicationAnswer(more[0], func(j *job) any { return q.application(j) })
	case "GET exceptions":
		return q.applicationAnswer(more[0], q.applicationExceptions)
	case "GET jobmanager/config":
		return ok(keyValues(q.config.Options))
	case "POST cancel":
		return q.cancelApplication(more[0])
	}
	return q.unknown()
}

// applicationAnswer is a body about an application that is there.
func (q question) applicationAnswer(id string, body func(j *job) any) Answer {
	j, known := q.known(id)
	if !known {
		return internal(exception{
			"org.apache.flink.runtime.messages.FlinkApplicationNotFoundException", fmt.Sprintf("Could not find Flink application (%s)", id),
		})
	}
	return ok(body(j))
}

func (q question) applications() *flink.Applications {
	list := &flink.Applications{Applications: []flink.Application{}}
	for _, j := range q.Twin.jobs {
		if v, known := j.look(); known {
			g := j.draw(v)
			list.Applications = append(list.Applications, flink.Application{
				ID: j.spec.ID, Name: j.applicationName(), StartTime: flink.MillisOf(g.start),
				EndTime: flink.MillisOf(g.end), Duration: q.lasted(g), Status: applicationStatus(g.status),
				Jobs: map[flink.JobStatus]int{g.status: 1},
			})
		}
	}
	return list
}

func (j *job) applicationName() string { return "SingleJobApplication(" + j.spec.Name + ")" }

func applicationStatus(s flink.JobStatus) string {
	switch {
	case s.Terminal():
		return string(s)
	case s == flink.JobFailing:
		return string(s)
	case s == flink.JobCancelling:
		return "CANCELING"
	}
	return "RUNNING"
}

// applicationDetails is the body of an application.
type applicationDetails struct {
	ID         string                  `json:"id"`
	Name       string                  `json:"name"`
	Status     string                  `json:"status"`
	StartTime  flink.Millis            `json:"start-time"`
	EndTime    flink.Millis            `json:"end-time"`
	Duration   flink.Span              `json:"duration"`
	Timestamps map[string]flink.Millis `json:"timestamps"`
	Jobs       []flink.JobSummary      `json:"jobs"`
}

func (q question) application(j *job) *applicationDetails {
	v, _ := j.look()
	g := j.draw(v)
	start := flink.MillisOf(g.start)
	return &applicationDetails{
		ID: j.spec.ID, Name: j.applicationName(), Status: applicationStatus(g.status), StartTime: start,
		EndTime: flink.MillisOf(g.end), Duration: q.lasted(g), Jobs: []flink.JobSummary{q.summaryOf(j, v)},
		Timestamps: map[string]flink.Millis{
			"CREATED": start, "RUNNING": start, "FINISHED": g.stamps.Finished, "FAILING": g.stamps.Failing,
			"FAILED": g.stamps.Failed, "CANCELING": g.stamps.Cancelling, "CANCELED": g.stamps.Canceled,
		},
	}
}

// applicationExceptions is why an application failed.
func (q question) applicationExceptions(j *job) any {
	entries := []map[string]any{}
	v, _ := j.look()
	if g := j.draw(v); g.status == flink.JobFailed {
		entries = append(entries, map[string]any{
			"exceptionName": g.root.Class, "stacktrace": stacktrace(g.root), "timestamp": flink.MillisOf(g.end), "jobId": j.spec.ID,
		})
	}
	return map[string]any{"exceptionHistory": map[string]any{"entries": entries}}
}

func (q question) cancelApplication(id string) Answer {
	j, known := q.known(id)
	if known {
		v, _ := j.look()
		known = !v.Scheduler.Status.Terminal()
	}
	if !known {
		return refused(http.StatusNotFound, "Application could not be found.")
	}
	if err := q.Do(Action{Do: CancelJob, Job: id}); err != nil {
		return internal(exception{jobNotFound, err.Error()})
	}
	return Answer{Status: http.StatusAccepted, Value: flink.Empty{}}
}
