package schedulerlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/sluice-project/sluice/scheduler/script"
)

// do carries an action out. The time is that at which it took effect, 0 for now.
func (l *lab) do(ctx context.Context, action script.Action) (effect time.Duration, err error) {
	switch a := action.(type) {
	case script.AddTaskManager:
		return l.addTaskManager(ctx, a)
	case script.StopTaskManager:
		return l.now(), l.cluster.StopTaskManager(a.Name)
	case script.KillTaskManager:
		return l.now(), l.cluster.KillTaskManager(a.Name)
	case script.FreezeTaskManager:
		return l.now(), l.cluster.FreezeTaskManager(a.Name)
	case script.ThawTaskManager:
		return l.now(), l.cluster.ThawTaskManager(a.Name)
	case script.KillJobManager:
		l.cluster.KillJobManager()
		return 0, nil
	case script.RestartJobManager:
		err := l.cluster.RestartJobManager(ctx) // waits for the TaskManagers too
		return l.seen.upSince(), err
	case script.Submit:
		return l.submit(ctx)
	}
	if l.job == nil {
		return 0, errors.New("the job is not submitted yet")
	}
	return l.doToJob(ctx, action)
}

func (l *lab) doToJob(ctx context.Context, action script.Action) (effect time.Duration, err error) {
	requirements := "/jobs/" + l.job.ID + "/resource-requirements"
	switch a := action.(type) {
	case script.Put:
		return 0, l.ask(ctx, http.MethodPut, requirements, l.seen.named(script.Body(a.Bounds)))
	case script.PutBody:
		return 0, l.ask(ctx, http.MethodPut, requirements, l.seen.named(a.Body))
	case script.Get:
		return 0, l.ask(ctx, http.MethodGet, requirements, "")
	case script.Cancel:
		return l.now(), l.ask(ctx, http.MethodPatch, "/jobs/"+l.job.ID+"?mode=cancel", "")
	case script.StopWithSavepoint:
		return 0, l.stopWithSavepoint(ctx, a)
	case script.FailTask:
		return 0, l.job.FailTask(a.Vertex, a.Subtask)
	case script.FailCheckpoints:
		return 0, l.job.SetFailCheckpoints(a.On)
	case script.SlowCheckpoints:
		return 0, l.job.SetSlowSnapshot(a.By)
	}
	return 0, fmt.Errorf("%T cannot be done to a real cluster", action)
}

// addTaskManager waits until it is registered, and no longer.
func (l *lab) addTaskManager(ctx context.Context, a script.AddTaskManager) (time.Duration, error) {
	if err := l.cluster.StartTaskManager(a.Name, a.Slots); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var body struct{ TaskManagers []struct{ ID string } }
	for {
		if err := l.client.get(ctx, "/taskmanagers", &body); err != nil {
			return 0, err
		}
		for _, tm := range body.TaskManagers {
			if tm.ID == a.Name {
				return l.now(), nil
			}
		}
		if err := l.until(ctx, l.now()+20*time.Millisecond); err != nil {
			return 0, fmt.Errorf("wait for its registration: %w", err)
		}
	}
}

// submit hands the job in; an application's began with the JobManager.
func (l *lab) submit(ctx context.Context) (effect time.Duration, err error) {
	if l.cluster.Job != nil {
		l.job = l.cluster.Job
	} else if l.job, err = l.cluster.Submit(ctx, jobSpec(l.script.Job)); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var details struct {
		Start    int64 `json:"start-time"`
		Vertices []struct{ ID, Name string }
	}
	for details.Start == 0 || len(details.Vertices) == 0 {
		if err := l.client.get(ctx, "/jobs/"+l.job.ID, &details); err != nil && !errors.Is(err, errAnswer) {
			return 0, err
		}
		if err := l.until(ctx, l.now()+20*time.Millisecond); err != nil {
			return 0, fmt.Errorf("wait for the job: %w", err)
		}
	}
	ids := map[string]string{}
	for _, v := range details.Vertices {
		if i := vertexIndex(l.script.Job, v.Name); i >= 0 {
			ids[l.script.Job.Vertices[i].Name] = v.ID
		}
	}
	if len(ids) != len(l.script.Job.Vertices) {
		return 0, fmt.Errorf("the job's vertices are %v: not those of the script", details.Vertices)
	}
	l.seen.submitted(l.job.ID, ids)
	return time.UnixMilli(details.Start).Sub(l.began), nil
}

// ask sends a request whose answer is that of the action.
func (l *lab) ask(ctx context.Context, method, path, body string) error {
	answer, err := l.client.request(ctx, method, path, []byte(body))
	if err != nil {
		return err
	}
	answer.Body = l.seen.unnamed(withoutFrames(answer.Body))
	l.answer = answer
	return nil
}

func (l *lab) stopWithSavepoint(ctx context.Context, a script.StopWithSavepoint) error {
	target := "file://" + filepath.Join(l.cluster.Dir(), "savepoints")
	if a.Unwritable {
		target = "file:///proc/savepoints"
	}
	body, err := json.Marshal(map[string]any{"targetDirectory": target, "drain": false})
	if err != nil {
		return err
	}
	answer, err := l.client.request(ctx, http.MethodPost, "/jobs/"+l.job.ID+"/stop", body)
	if err != nil {
		return err
	}
	var trigger struct {
		ID string `json:"request-id"`
	}
	if err := json.Unmarshal([]byte(answer.Body), &trigger); err != nil {
		return fmt.Errorf("stop with savepoint: %w", err)
	}
	l.answer = &script.Answer{Status: answer.Status, Body: "{}"} // the id is drawn by lot
	l.seen.operation(trigger.ID)
	return nil
}
