package twin

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// Action is something that is done to the cluster from outside. It can be written
// as JSON, and is what a snapshot consists of.
type Action struct {
	Do Deed `json:"do"`
	// TaskManager is the one to add, or, by its id, to stop, kill, freeze or thaw.
	TaskManager *TaskManager `json:"taskManager,omitempty"`
	// Job is the id of a job; Spec is one to submit or to register.
	Job  string   `json:"job,omitempty"`
	Spec *JobSpec `json:"spec,omitempty"`
	// Vertex is one by name or id, Subtask its index.
	Vertex  string `json:"vertex,omitempty"`
	Subtask int    `json:"subtask,omitempty"`
	// Load is what arrives at a source from now on, Cost what a record costs.
	Load *Load      `json:"load,omitempty"`
	Cost *flow.Cost `json:"cost,omitempty"`
	// Count is how many checkpoints are to fail; -1 is all, 0 is none.
	Count int `json:"count,omitempty"`
	// Target is the folder of a savepoint, Trigger names the operation, Drain is
	// that of a stop.
	Target  string `json:"target,omitempty"`
	Trigger string `json:"trigger,omitempty"`
	Drain   bool   `json:"drain,omitempty"`
	// Message says why a task or a job fails.
	Message string `json:"message,omitempty"`
	// Jar is the name under which a job is registered, or a file uploaded, or the id
	// of one to delete; Entry is the class that an uploaded one begins with, if it
	// says that.
	Jar   string `json:"jar,omitempty"`
	Entry string `json:"entry,omitempty"`
	// Body is that of a PUT of resource requirements.
	Body json.RawMessage `json:"body,omitempty"`
}

// Deed is what an action does.
type Deed string

// The deeds.
const (
	AddTaskManager    Deed = "add"
	StopTaskManager   Deed = "stop"
	KillTaskManager   Deed = "kill"
	FreezeTaskManager Deed = "freeze"
	ThawTaskManager   Deed = "thaw"

	SubmitJob       Deed = "submit"
	RegisterJar     Deed = "register"
	UploadJar       Deed = "upload"
	DeleteJar       Deed = "delete-jar"
	SetLoad         Deed = "load"
	SetCost         Deed = "cost"
	FailTask        Deed = "fail-task"
	FailJob         Deed = "fail-job"
	FailCheckpoints Deed = "fail-checkpoints"
	CancelJob       Deed = "cancel"
	StopJob         Deed = "stop-job"
	TakeSavepoint   Deed = "savepoint"
	TakeCheckpoint  Deed = "checkpoint"

	DisposeSavepoint Deed = "dispose"

	PutRequirements Deed = "requirements"

	KillJobManager    Deed = "kill-jobmanager"
	RestartJobManager Deed = "restart-jobmanager"
)

// Do does something to the cluster now. An error says why that cannot be; nothing
// has changed then.
func (t *Twin) Do(a Action) error {
	if err := t.settle(); err != nil {
		return err
	}
	t.stirred = true
	a, err := t.perform(a)
	if err != nil {
		return fmt.Errorf("do %s: %w", a.Do, err)
	}
	if a.Do != PutRequirements { // which writes itself down
		t.journal.did(t.Now(), a)
	}
	return nil
}

// perform does it, and returns the action with what was left open decided.
func (t *Twin) perform(a Action) (Action, error) {
	switch a.Do {
	case AddTaskManager, StopTaskManager, KillTaskManager, FreezeTaskManager, ThawTaskManager:
		if a.TaskManager == nil {
			a.TaskManager = &TaskManager{}
		}
		return a, t.toMachine(a)
	case SubmitJob, RegisterJar:
		if a.Spec == nil {
			return a, errors.New("no job is given")
		}
		if a.Do == RegisterJar {
			return a, t.register(a.Jar, *a.Spec)
		}
		return a, t.submit(*a.Spec)
	case UploadJar:
		t.upload(a.Jar, a.Entry)
		return a, nil
	case DeleteJar:
		return a, t.deleteJar(a.Jar)
	case DisposeSavepoint:
		return a, t.dispose(a.Target)
	case KillJobManager:
		t.settled = nil
		for _, j := range t.jobs {
			j.operations = nil
			j.graph, j.shown, j.view, j.dump, j.whole = nil, nil, nil, nil, jobValues{}
		}
		t.store, t.expired = store{}, flink.Overview{}
		return a, t.cluster.KillJobManager()
	case RestartJobManager:
		if err := t.cluster.RestartJobManager(); err != nil {
			return a, err
		}
		return a, t.recoverBatch()
	}
	return a, t.toJob(a)
}

// Add, Stop, Kill, Freeze and Thaw change TaskManagers. An empty id of one to add
// is given out.
func (t *Twin) Add(tm TaskManager) error {
	return t.Do(Action{Do: AddTaskManager, TaskManager: &tm})
}

// Stop ends a TaskManager in good order.
func (t *Twin) Stop(id string) error {
	return t.Do(Action{Do: StopTaskManager, TaskManager: &TaskManager{ID: id}})
}

// Kill ends a TaskManager as a crash does.
func (t *Twin) Kill(id string) error {
	return t.Do(Action{Do: KillTaskManager, TaskManager: &TaskManager{ID: id}})
}

// Freeze lets a TaskManager stand still, Thaw lets it go on.
func (t *Twin) Freeze(id string) error {
	return t.Do(Action{Do: FreezeTaskManager, TaskManager: &TaskManager{ID: id}})
}

// Thaw lets a frozen TaskManager go on.
func (t *Twin) Thaw(id string) error {
	return t.Do(Action{Do: ThawTaskManager, TaskManager: &TaskManager{ID: id}})
}

// Submit hands a job in and returns its id; of one that repeats that of its first run.
func (t *Twin) Submit(spec JobSpec) (string, error) {
	if err := t.Do(Action{Do: SubmitJob, Spec: &spec}); err != nil {
		return "", err
	}
	if spec.Batch != nil && spec.Batch.Repeat != nil {
		return t.repeats[len(t.repeats)-1].id(1), nil
	}
	return t.jobs[len(t.jobs)-1].spec.ID, nil
}

// SetLoad says what arrives at a source of a job from now on.
func (t *Twin) SetLoad(job, source string, load Load) error {
	return t.Do(Action{Do: SetLoad, Job: job, Vertex: source, Load: &load})
}

// SetCost says what a record costs a vertex of a job from now on.
func (t *Twin) SetCost(job, vertex string, cost flow.Cost) error {
	return t.Do(Action{Do: SetCost, Job: job, Vertex: vertex, Cost: &cost})
}

// ParseLoad is a load of that text, or an error that says why there is none. Its
// tables are those that come with package workload: no file is read. Seeds that it
// leaves out follow from the source that it is for.
func ParseLoad(yaml string, c Config) (Load, error) {
	if _, err := (Load{YAML: yaml}).Read(c, "", ""); err != nil {
		return Load{}, err
	}
	return Load{YAML: yaml}, nil
}

func (t *Twin) addTaskManager(tm TaskManager) error {
	if tm.ID == "" {
		for tm.ID == "" || t.machines[slots.TaskManagerID(tm.ID)] != nil {
			t.added++
			tm.ID = fmt.Sprintf("tm-%d", t.added)
		}
	}
	if tm.Slots == 0 {
		tm.Slots = t.settings.slots
	}
	if tm.Cores == 0 {
		tm.Cores = t.settings.cores
	}
	if !(tm.Cores >= 0 && tm.Cores <= 1e6) {
		return fmt.Errorf("TaskManager %s: %v cores", tm.ID, tm.Cores)
	}
	if err := t.cluster.AddTaskManager(slots.TaskManagerID(tm.ID), tm.Slots); err != nil {
		return err
	}
	t.machine(slots.TaskManagerID(tm.ID)).cores, t.machine(slots.TaskManagerID(tm.ID)).slots = tm.Cores, tm.Slots
	t.crowd.bounded = t.crowd.bounded || tm.Cores > 0
	return nil
}

// Another is a TaskManager like that of an id, which may be lost, without the id; one
// by the options if there never was any of it.
func (t *Twin) Another(id string) TaskManager {
	m := t.machines[slots.TaskManagerID(id)]
	if m == nil {
		return TaskManager{}
	}
	return TaskManager{Slots: m.slots, Cores: m.cores}
}

func (t *Twin) toMachine(a Action) error {
	id := slots.TaskManagerID(a.TaskManager.ID)
	var err error
	switch a.Do {
	case AddTaskManager:
		return t.addTaskManager(*a.TaskManager)
	case StopTaskManager:
		err = t.cluster.StopTaskManager(id)
	case KillTaskManager:
		err = t.cluster.KillTaskManager(id)
	case FreezeTaskManager:
		err = t.cluster.FreezeTaskManager(id)
	case ThawTaskManager:
		err = t.cluster.ThawTaskManager(id)
	}
	if err != nil {
		return err
	}
	for _, j := range t.jobs {
		j.view = nil
		if j.run != nil {
			j.sync(t.Now())
		}
	}
	m := t.machine(id)
	m.frozen = a.Do == FreezeTaskManager || m.frozen && a.Do != ThawTaskManager
	m.gone = m.gone || a.Do == KillTaskManager
	for _, j := range t.jobs {
		j.replace()
	}
	return nil
}

func (t *Twin) toJob(a Action) error {
	j := t.byID[a.Job]
	if j == nil {
		return fmt.Errorf("there is no job %q", a.Job)
	}
	if a.Do == PutRequirements {
		answer, err := t.put(a.Job, a.Body)
		if err == nil && answer.Status != 200 {
			err = fmt.Errorf("%s", answer.Body())
		}
		return err
	}
	if j.batch != nil {
		return j.toBatch(a)
	}
	j.view = nil
	why := adaptive.Failure{Class: "java.lang.RuntimeException", Message: a.Message}
	if a.Message == "" {
		why.Message = "made to fail"
	}
	id := slots.JobID(a.Job)
	switch a.Do {
	case SetLoad, SetCost, FailTask:
		return j.toVertex(a, why)
	case FailJob:
		return t.cluster.FailJob(id, why)
	case FailCheckpoints:
		j.frail.failing = max(a.Count, -1)
		return nil
	case CancelJob:
		return t.cluster.Cancel(id)
	case StopJob:
		return j.stop(a)
	case TakeSavepoint:
		return j.savepoint(a)
	case TakeCheckpoint:
		return j.checkpoint(a)
	}
	return fmt.Errorf("%q: it is not known", a.Do)
}

func (j *job) toVertex(a Action, why adaptive.Failure) error {
	v := j.spec.vertex(a.Vertex)
	if v < 0 {
		return fmt.Errorf("job %s has no vertex %q", j.spec.Name, a.Vertex)
	}
	switch {
	case a.Do == FailTask:
		return j.twin.cluster.FailTask(slots.JobID(j.spec.ID), v, a.Subtask, why)
	case a.Do == SetLoad && a.Load != nil && j.isSource(v):
		if _, err := j.read(v, *a.Load); err != nil {
			return err
		}
		j.sync(j.twin.Now())
		if j.spec.Loads == nil {
			j.spec.Loads = map[string]Load{}
		}
		if err := j.setLoad(v, *a.Load); err != nil {
			return err
		}
		delete(j.spec.Loads, j.spec.Vertices[v].ID)
		delete(j.spec.Loads, j.spec.Vertices[v].name())
		j.spec.Loads[j.spec.Graph.Vertices[v].Name] = *a.Load
		return nil
	case a.Do == SetCost && a.Cost != nil:
		return j.setCost(v, *a.Cost)
	}
	return errors.New("nothing is given that could be set there")
}

// setCost gives the dataflow another graph and keeps all that it remembers.
func (j *job) setCost(v int, cost flow.Cost) error {
	g := j.spec.Graph
	g.Vertices = append([]flow.Vertex{}, g.Vertices...)
	g.Vertices[v].Cost = cost
	if err := g.Validate(); err != nil {
		return err
	}
	j.sync(j.twin.Now())
	saved, err := j.flow.Save()
	if err != nil {
		return err
	}
	changed, err := flow.Restore(g, j.began, saved)
	if err != nil {
		return err
	}
	before := j.flow
	j.flow, j.spec.Graph = changed, g
	for name, load := range j.spec.Loads {
		if err := j.setLoad(j.spec.source(name), load); err != nil {
			j.flow = before
			return err
		}
	}
	return nil
}
