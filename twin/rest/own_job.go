package rest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/stage"
)

// job answers what is asked of one job, which is named by its id or its name.
func (q request) job(name string, parts []string) (any, error) {
	id, err := q.jobID(name)
	if err != nil {
		return nil, err
	}
	if len(parts) == 3 && parts[0] == "vertices" {
		return q.vertex(id, parts[1], parts[2])
	}
	if q.method != http.MethodPost {
		return nil, errNotThere
	}
	switch strings.Join(parts, "/") {
	case "fail":
		wish := struct {
			Message string `json:"message"`
		}{}
		if err := q.input(&wish); err != nil {
			return nil, err
		}
		return q.did(twin.Action{Do: twin.FailJob, Job: id, Message: wish.Message})
	case "cancel":
		return q.did(twin.Action{Do: twin.CancelJob, Job: id})
	case "fail-checkpoints":
		wish := struct {
			Count int `json:"count"`
		}{Count: -1}
		if err := q.input(&wish); err != nil {
			return nil, err
		}
		return q.did(twin.Action{Do: twin.FailCheckpoints, Job: id, Count: wish.Count})
	}
	return nil, errNotThere
}

// jobID finds a job. Of several with one name it takes the one that lives.
func (q request) jobID(name string) (string, error) {
	found := ""
	for _, j := range q.world.Twin().State().Jobs {
		if j.ID == name {
			return name, nil
		}
		if j.Name == name {
			found = j.ID
		}
	}
	if found == "" {
		return "", invalid{fmt.Errorf("there is no job %q", name)}
	}
	return found, nil
}

func (q request) vertex(job, vertex, what string) (any, error) {
	switch q.method + " " + what {
	case "PUT load":
		load, err := twin.ParseLoad(string(q.body), q.world.Twin().Config())
		if err != nil {
			return nil, invalid{err}
		}
		return q.did(twin.Action{Do: twin.SetLoad, Job: job, Vertex: vertex, Load: &load})
	case "PUT cost":
		cost, err := stage.ReadCost("cost", q.body)
		if err != nil {
			return nil, invalid{err}
		}
		return q.did(twin.Action{Do: twin.SetCost, Job: job, Vertex: vertex, Cost: &cost})
	case "POST fail":
		wish := struct {
			Subtask int    `json:"subtask"`
			Message string `json:"message"`
		}{}
		if err := q.input(&wish); err != nil {
			return nil, err
		}
		return q.did(twin.Action{Do: twin.FailTask, Job: job, Vertex: vertex, Subtask: wish.Subtask, Message: wish.Message})
	}
	return nil, errNotThere
}
