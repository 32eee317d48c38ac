package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/stage"
)

// prefix is that of all that Flink has no word for.
const prefix = "/twin/v1"

// request is one below the prefix.
type request struct {
	*Server
	method string
	parts  []string
	body   []byte
}

// errNotThere says that a path is not known.
var errNotThere = errors.New("there is nothing here; see the documentation of the twin for what there is")

// invalid is an error in what was asked.
type invalid struct{ error }

func (e invalid) Unwrap() error { return e.error }

func (s *Server) ownAnswer(r *http.Request, path string, body []byte) reply {
	q := request{s, r.Method, strings.FieldsFunc(path, func(c rune) bool { return c == '/' }), body}
	value, err := q.answer()
	var wrong invalid
	switch {
	case errors.Is(err, errNotThere):
		return failure(http.StatusNotFound, fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
	case errors.As(err, &wrong):
		return failure(http.StatusBadRequest, err.Error())
	case err != nil:
		return failure(http.StatusConflict, err.Error())
	}
	if body, complete := value.([]byte); complete {
		return reply{status: http.StatusOK, body: body}
	}
	return success(http.StatusOK, value)
}

// fixed are the requests whose paths have no names in them.
var fixed = map[string]func(request) (any, error){
	"GET clock":         func(q request) (any, error) { return q.clock(), nil },
	"POST clock":        request.setClock,
	"GET state":         func(q request) (any, error) { return stateOf(q.world.Twin().State()), nil },
	"GET snapshot":      func(q request) (any, error) { return json.Marshal(q.world.Twin().Snapshot()) },
	"PUT snapshot":      request.restore,
	"POST taskmanagers": request.addTaskManagers,
	"POST jobs":         request.submit,
	"POST jars":         request.register,
}

// answer is what a request comes to. An error that is not invalid says that the
// twin, as it is, does not allow it.
func (q request) answer() (any, error) {
	if do, known := fixed[q.method+" "+strings.Join(q.parts, "/")]; known {
		return do(q)
	}
	switch n := len(q.parts); {
	case n > 2 && q.parts[0] == "jobs":
		return q.job(q.parts[1], q.parts[2:])
	case q.method != http.MethodPost:
	case n == 3 && q.parts[0] == "taskmanagers":
		return q.taskManager(q.parts[1], q.parts[2])
	case n == 2 && q.parts[0] == "jobmanager":
		return q.jobManager(q.parts[1])
	}
	return nil, errNotThere
}

// input reads a body of JSON; an empty one is that of nothing given.
func (q request) input(into any) error {
	if len(bytes.TrimSpace(q.body)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(q.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalid{fmt.Errorf("the body: %w", err)}
	}
	if decoder.More() {
		return invalid{errors.New("the body: something stands behind the value")}
	}
	return nil
}

// did performs an action, and says where the clock stands.
func (q request) did(actions ...twin.Action) (any, error) {
	for _, a := range actions {
		if err := q.world.Twin().Do(a); err != nil {
			return nil, err
		}
	}
	return q.clock(), nil
}

// maxTaskManagers bounds how many one request adds.
const maxTaskManagers = 10_000

func (q request) addTaskManagers() (any, error) {
	wish := struct {
		ID    string  `json:"id"`
		Count int     `json:"count"`
		Slots int     `json:"slots"`
		Cores float64 `json:"cores"`
	}{Count: 1}
	if err := q.input(&wish); err != nil {
		return nil, err
	}
	switch {
	case wish.Count < 1 || wish.Count > maxTaskManagers || wish.Slots < 0 || wish.Cores < 0:
		return nil, invalid{fmt.Errorf("want 1 to %d TaskManagers, and numbers that are not negative", maxTaskManagers)}
	case wish.ID != "" && wish.Count > 1:
		return nil, invalid{errors.New("an id and a count above 1: want one of the two")}
	}
	one := twin.TaskManager{ID: wish.ID, Slots: wish.Slots, Cores: wish.Cores}
	return q.did(slices.Repeat([]twin.Action{{Do: twin.AddTaskManager, TaskManager: &one}}, wish.Count)...)
}

func (q request) taskManager(id, verb string) (any, error) {
	deeds := map[string]twin.Deed{
		"stop": twin.StopTaskManager, "kill": twin.KillTaskManager, "freeze": twin.FreezeTaskManager, "thaw": twin.ThawTaskManager,
	}
	deed, known := deeds[verb]
	if !known {
		return nil, errNotThere
	}
	return q.did(twin.Action{Do: deed, TaskManager: &twin.TaskManager{ID: id}})
}

func (q request) jobManager(verb string) (any, error) {
	switch verb {
	case "kill":
		return q.did(twin.Action{Do: twin.KillJobManager})
	case "restart":
		return q.did(twin.Action{Do: twin.RestartJobManager})
	}
	return nil, errNotThere
}

// submit hands in a job, written as in twin.yaml.
func (q request) submit() (any, error) {
	t := q.world.Twin()
	spec, err := stage.ReadJob("job", q.body, t.Config())
	if err != nil {
		return nil, invalid{err}
	}
	id, err := t.Submit(spec)
	if err != nil {
		return nil, err
	}
	return map[string]string{"jobid": id}, nil
}

// register lets a job be submitted through Flink's /jars.
func (q request) register() (any, error) {
	spec, err := stage.ReadJob("job", q.body, q.world.Twin().Config())
	if err != nil {
		return nil, invalid{err}
	}
	return q.did(twin.Action{Do: twin.RegisterJar, Jar: spec.Name + ".jar", Spec: &spec})
}

func (q request) restore() (any, error) {
	if err := q.world.Restore(q.body); err != nil {
		return nil, invalid{err}
	}
	q.err = nil
	q.pace.from(q.now(), q.world.Twin().Now())
	return q.clock(), nil
}
