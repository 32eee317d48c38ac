package twin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// Answer is what Flink's REST interface says.
type Answer struct {
	// Status is that of HTTP. 0 says that nobody listens: the JobManager is down.
	Status int
	// Value is the body: a type of package flink, json.RawMessage, or nil for none.
	// It must not be changed: parts of it may be shared.
	Value any
}

// Body is the body as JSON.
func (a Answer) Body() []byte {
	switch v := a.Value.(type) {
	case nil:
		return nil
	case json.RawMessage:
		return v
	}
	body, err := json.Marshal(a.Value)
	if err != nil {
		return []byte(`{"errors":["Internal server error."]}`)
	}
	return body
}

func ok(value any) Answer { return Answer{Status: http.StatusOK, Value: value} }

// Answer answers a request to Flink's REST interface as of now. The path may begin
// with a version, such as /v1.
func (t *Twin) Answer(method, path string, query url.Values, body []byte) Answer {
	if err := t.settle(); err != nil {
		return internal(exception{"java.lang.IllegalStateException", err.Error()})
	}
	if t.cluster.Down() {
		return Answer{}
	}
	q := question{Twin: t, method: method, path: path, query: query, body: body}
	answer := q.answer(segments(path))
	t.answered()
	return answer
}

// question is a request at hand.
type question struct {
	*Twin
	method string
	path   string
	query  url.Values
	body   []byte
}

// segments are the parts of a path, without the version.
func segments(path string) []string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(parts) > 0 && len(parts[0]) > 1 && parts[0][0] == 'v' && strings.Trim(parts[0][1:], "0123456789") == "" {
		return parts[1:]
	}
	return parts
}

// rest is what stands behind the first segments of a path.
func rest(parts []string, first ...string) ([]string, bool) {
	if len(parts) < len(first) {
		return nil, false
	}
	for i, want := range first {
		if parts[i] != want {
			return nil, false
		}
	}
	return parts[len(first):], true
}

func (q question) answer(parts []string) Answer {
	if more, is := rest(parts, "jobs"); is {
		return q.jobsAnswer(more)
	}
	if more, is := rest(parts, "taskmanagers"); is {
		return q.taskManagersAnswer(more)
	}
	if more, is := rest(parts, "jars"); is {
		return q.jarsAnswer(more)
	}
	if more, is := rest(parts, "applications"); is {
		return q.applicationsAnswer(more)
	}
	switch q.method + " " + strings.Join(parts, "/") {
	case "GET overview":
		return ok(q.overview())
	case "GET config":
		return ok(q.clusterConfig())
	case "GET datasets":
		return ok(&flink.DataSets{DataSets: []flink.DataSet{}})
	case "GET jobmanager/config":
		return ok(keyValues(q.config.Options))
	case "GET jobmanager/environment":
		return ok(environment())
	case "GET jobmanager/metrics":
		return q.managerMetrics()
	case "DELETE cluster":
		if err := q.Do(Action{Do: KillJobManager}); err != nil {
			return internal(exception{"java.lang.IllegalStateException", err.Error()})
		}
		return ok(flink.Empty{})
	}
	return q.unknown()
}

// unknown is the answer to a path that this version does not have.
func (q question) unknown() Answer {
	if q.method != http.MethodGet {
		return failed(http.StatusNotFound, "Not found: "+q.path)
	}
	return failed(http.StatusNotFound, fmt.Sprintf("Unable to load requested file %s.", q.path))
}

// exception is a failure inside of Flink.
type exception struct{ class, message string }

func (e exception) String() string {
	if e.message == "" {
		return e.class
	}
	return e.class + ": " + e.message
}

// The classes that clients tell apart.
const (
	handlerException = "org.apache.flink.runtime.rest.handler.RestHandlerException"
	notFound         = "org.apache.flink.runtime.rest.NotFoundException"
	jobNotFound      = "org.apache.flink.runtime.messages.FlinkJobNotFoundException"
)

// failed is an answer with texts for people.
func failed(status int, texts ...string) Answer {
	return Answer{Status: status, Value: &flink.ErrorBody{Errors: texts}}
}

// refused is an answer of a handler that expected as much.
func refused(status int, message string) Answer {
	return failed(status, exception{handlerException, message}.String())
}

// internal is an answer to what no handler expected.
func internal(e exception) Answer {
	return failed(http.StatusInternalServerError, "Internal server error.",
		"<Exception on server side:\n"+e.String()+"\n\nEnd of exception on server side>")
}
