package twin

import (
	"bytes"
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
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // Flink does not
	if err := encoder.Encode(a.Value); err != nil {
		return []byte(`{"errors":["Internal server error."]}`)
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n"))
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

// areas answer what stands below the first segment of a path.
var areas = map[string]func(question, []string) Answer{
	"jobs": question.jobsAnswer, "taskmanagers": question.taskManagersAnswer, "jars": question.jarsAnswer,
	"applications": question.applicationsAnswer, "jobmanager": question.managerAnswer, "datasets": question.dataSetsAnswer,
	"savepoint-disposal": question.disposalAnswer,
}

func (q question) answer(parts []string) Answer {
	if len(parts) > 0 && areas[parts[0]] != nil {
		return areas[parts[0]](q, parts[1:])
	}
	switch q.method + " " + strings.Join(parts, "/") {
	case "GET overview":
		return ok(q.overview())
	case "GET config":
		return ok(q.clusterConfig())
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
	completion       = "java.util.concurrent.CompletionException"
)

// noJob says that the JobManager does not know a job, or no more.
func noJob(id string) exception {
	return exception{jobNotFound, fmt.Sprintf("Could not find Flink job (%s)", id)}
}

// failed is an answer with texts for people.
func failed(status int, texts ...string) Answer {
	return Answer{Status: status, Value: &flink.ErrorBody{Errors: texts}}
}

// refused is an answer of a handler that expected as much.
func refused(status int, message string) Answer {
	return failed(status, exception{handlerException, message}.String())
}

// badParameter is an answer to a parameter, one of the path or the query, that has no
// such value.
func badParameter(of, name, value string) Answer {
	return refused(http.StatusBadRequest,
		fmt.Sprintf("Bad request, could not parse parameters: Cannot resolve %s parameter (%s) from value %q.", of, name, value))
}

// badBody is an answer to a body that cannot be read as a class of Flink's.
func badBody(class string) Answer {
	return refused(http.StatusBadRequest, "Request did not match expected format "+class+".")
}

// internal is an answer to what no handler expected.
func internal(e exception) Answer {
	return failed(http.StatusInternalServerError, "Internal server error.",
		"<Exception on server side:\n"+e.String()+"\n\nEnd of exception on server side>")
}
