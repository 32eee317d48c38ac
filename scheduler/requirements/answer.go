package requirements

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// The statuses of HTTP that occur here.
const (
	statusOK       = 200
	statusBad      = 400
	statusConflict = 409
	statusInternal = 500
)

// The classes of Flink's exceptions, which clients tell apart by name.
const (
	classHandler     = "org.apache.flink.runtime.rest.handler.RestHandlerException"
	classJobNotFound = "org.apache.flink.runtime.messages.FlinkJobNotFoundException"
	classUnavailable = "org.apache.flink.runtime.dispatcher.UnavailableDispatcherOperationException"
	classUnsupported = "java.lang.UnsupportedOperationException"
	classArgument    = "java.lang.IllegalArgumentException"
	classState       = "java.lang.IllegalStateException"
	classNull        = "java.lang.NullPointerException"
)

// Flink's texts. The %s of one is Flink's own: it is never filled in.
const (
	textFormat       = "Request did not match expected format JobResourceRequirementsBody."
	textEmpty        = "Request body does not specify resource requirements."
	textUpdating     = "Another update to the job [%s] resource requirements is in progress."
	textInitializing = "Unable to get JobMasterGateway for initializing job. The requested operation is not available while the JobManager is initializing."
	textNotPersisted = "The resource requirements could not be persisted and have not been applied. Please retry."
	textReactive     = "Cannot change the parallelism of a job running in reactive mode."
	textUnsupported  = " does not support changing the parallelism without a job restart. This feature is currently only expected to work with the AdaptiveScheduler."
)

// Refusal is an answer with an error status.
type Refusal struct {
	Status int      // of HTTP: 400, 409 or 500
	Class  string   // full name of the Java exception
	Texts  []string // what is wrong, one line each; none when the exception has no message
}

// Error is the message, without the class.
func (r *Refusal) Error() string {
	if len(r.Texts) == 0 {
		return r.Class[strings.LastIndexByte(r.Class, '.')+1:]
	}
	return strings.Join(r.Texts, "\n")
}

// Body is the JSON that carries the refusal. An exception that Flink expects is
// one entry; any other is wrapped in a second. Frames of the stack are left out.
func (r *Refusal) Body() []byte {
	text := r.Class
	if len(r.Texts) > 0 {
		text += ": " + strings.Join(r.Texts, "\n")
	}
	list := []string{text}
	if r.Class != classHandler {
		list = []string{"Internal server error.", "<Exception on server side:\n" + text + "\n\nEnd of exception on server side>"}
	}
	var body strings.Builder
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string][]string{"errors": list}); err != nil {
		return nil // a list of strings always encodes
	}
	return []byte(strings.TrimSuffix(body.String(), "\n"))
}

// Status is the status of HTTP of the answer.
func (a Answer) Status() int {
	if a.Refusal != nil {
		return a.Refusal.Status
	}
	return statusOK
}

// Body is the JSON of the answer: an empty object when the request was accepted.
func (a Answer) Body() []byte {
	if a.Refusal != nil {
		return a.Refusal.Body()
	}
	return []byte("{}")
}

// Body is the JSON of the vertices' bounds, in both directions. Flink gives the
// vertices in no order; here they come in that of the job.
func Body(vertices []slots.Vertex) []byte {
	body := []byte{'{'}
	for i, vertex := range vertices {
		if i > 0 {
			body = append(body, ',')
		}
		name, err := json.Marshal(string(vertex.ID))
		if err != nil {
			continue // a string always encodes
		}
		body = append(body, name...)
		body = append(body, `:{"parallelism":{"lowerBound":`...)
		body = strconv.AppendInt(body, int64(vertex.Bounds.Lower), 10)
		body = append(body, `,"upperBound":`...)
		body = strconv.AppendInt(body, int64(vertex.Bounds.Upper), 10)
		body = append(body, "}}"...)
	}
	return append(body, '}')
}

// refused is a refusal that Flink's own handler raises.
func refused(status int, texts ...string) *Refusal {
	return &Refusal{Status: status, Class: classHandler, Texts: texts}
}
