package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// execution is the tasks of a job between a deployment and the end of the last.
type execution struct {
	Execution
	machines  []slots.TaskManagerID // that have tasks, in the order of placement
	on        map[slots.TaskManagerID][]int
	left      int // tasks that have not ended
	running   int
	canceling bool // no task is to start any more
	finishing bool // the tasks end because their work is done
}

// deploy starts the tasks of an execution.
func (c *Cluster) deploy(j *job, a adaptive.Deploy) {
	e := &execution{
		Execution: Execution{Job: j.id, At: c.now, Deploy: a},
		on:        map[slots.TaskManagerID][]int{},
	}
	e.Tasks = tasksOf(a, c.now)
	e.left = len(e.Tasks)
	for i, t := range e.Tasks {
		id := t.Slot.TaskManager
		if e.on[id] == nil {
			e.machines = append(e.machines, id)
		}
		e.on[id] = append(e.on[id], i)
	}
	j.execution = e
	c.startCheckpoints(j, e.Number())
	for _, id := range e.machines {
		if c.healthOf(id) == Gone {
			c.after(c.config.Latencies.Refused, func() { c.refuseTasks(j, e, id) })
		}
	}
	takes := c.behaviour.Deploy(e.Execution)
	if len(takes) == 0 {
		takes = []time.Duration{0}
	}
	if len(takes) < len(e.Tasks) {
		c.after(takes[0], func() { c.runTasks(j, e, 0, len(e.Tasks)) })
		return
	}
	for i := range e.Tasks {
		c.after(takes[i], func() { c.runTasks(j, e, i, i+1) })
	}
}

// refuseTasks lets the deployment fail of tasks whose TaskManager is dead and not
// yet declared lost: its slots still count, but nobody answers there.
func (c *Cluster) refuseTasks(j *job, e *execution, id slots.TaskManagerID) {
	if j.execution != e || e.canceling || len(e.on[id]) == 0 {
		return
	}
	c.failTask(j, e.on[id][0], adaptive.Failure{
		Class:   "org.apache.flink.runtime.rpc.exceptions.RecipientUnreachableException",
		Message: fmt.Sprintf("Could not send message to recipient %s, because it is unreachable.", id),
	})
}

// tasksOf lists the subtasks of a deployment by vertex and index.
func tasksOf(a adaptive.Deploy, now time.Time) []Task {
	first := make([]int, len(a.Parallelism)+1)
	for v, p := range a.Parallelism {
		first[v+1] = first[v] + p
	}
	tasks := make([]Task, first[len(a.Parallelism)])
	for _, placement := range a.Placements {
		for _, s := range placement.Subtasks {
			if s.Vertex < len(a.Parallelism) && s.Index < a.Parallelism[s.Vertex] {
				tasks[first[s.Vertex]+s.Index] = Task{
					Vertex: s.Vertex, Subtask: s.Index, Attempt: a.Attempts[s.Vertex][s.Index],
					Slot: placement.Slot, Since: now,
				}
			}
		}
	}
	return tasks
}

// runTasks lets tasks go over from deploying to running, save those whose
// TaskManager does not answer.
func (c *Cluster) runTasks(j *job, e *execution, from, to int) {
	if j.execution != e || e.canceling {
		return
	}
	for i := from; i < to; i++ {
		t := &e.Tasks[i]
		if t.State == TaskDeploying && c.healthOf(t.Slot.TaskManager) == Up {
			t.State, t.Since = TaskRunning, c.now
			e.running++
		}
	}
	if e.running == len(e.Tasks) {
		c.note(j.id, Running{Execution: e.Number(), Tasks: e.running})
		c.firstCheckpoint(j)
	}
}

// Number is that of the execution among those of its job.
func (e Execution) Number() int { return e.Deploy.Execution }

func (c *Cluster) healthOf(id slots.TaskManagerID) Health {
	if tm := c.byID[id]; tm != nil {
		return tm.health
	}
	return Gone
}

// cancelTasks tells all tasks of an execution to end. Those on a TaskManager that
// is frozen end only when it thaws or is declared lost; where the process is gone
// the message is refused, and they count as ended.
func (c *Cluster) cancelTasks(j *job, number int) {
	e := j.execution
	if e == nil || e.Number() != number {
		// Nothing of it is left: say so.
		c.after(0, func() { c.ended(j, number, adaptive.TasksCanceled) })
		return
	}
	e.canceling = true
	c.stopCheckpoints(j)
	c.giveUpSavepoint(j, "Checkpoint Coordinator is suspending.")
	for i := range e.Tasks {
		if t := &e.Tasks[i]; !t.State.Over() {
			t.State, t.Since = TaskCanceling, c.now
		}
	}
	takes := c.behaviour.Cancel(e.Execution)
	for _, id := range e.machines {
		tm := c.byID[id]
		if tm == nil {
			continue
		}
		end := func(state TaskState) {
			if j.execution == e {
				c.endTasksOn(j, id, state)
				c.settle(j)
			}
		}
		if tm.health == Gone {
			c.after(c.config.Latencies.Refused, func() { end(TaskFailed) })
			continue
		}
		c.after(takes, func() {
			if tm.health == Gone {
				end(TaskFailed)
				return
			}
			c.deliver(tm, func() { end(TaskCanceled) })
		})
	}
	c.settle(j)
}

// finishTasks lets all tasks end because their work is done.
func (c *Cluster) finishTasks(j *job) {
	e := j.execution
	if e == nil || e.canceling {
		return
	}
	e.finishing = true
	for _, id := range e.machines {
		if tm := c.byID[id]; tm != nil {
			c.deliver(tm, func() {
				if j.execution == e && e.finishing && !e.canceling {
					c.endTasksOn(j, id, TaskFinished)
					c.settle(j)
				}
			})
		}
	}
}

// endTasksOn ends the tasks that a job has on one TaskManager, and says how many
// that were.
func (c *Cluster) endTasksOn(j *job, id slots.TaskManagerID, state TaskState) int {
	if j.execution == nil {
		return 0
	}
	before := j.execution.left
	for _, i := range j.execution.on[id] {
		c.endTask(j.execution, i, state)
	}
	return before - j.execution.left
}

func (c *Cluster) endTask(e *execution, i int, state TaskState) {
	if t := &e.Tasks[i]; !t.State.Over() {
		t.State, t.Since = state, c.now
		e.left--
	}
}

// endExecution ends all tasks at once, without a word to the scheduler.
func (c *Cluster) endExecution(j *job, state TaskState) {
	e := j.execution
	if e == nil {
		return
	}
	for i := range e.Tasks {
		c.endTask(e, i, state)
	}
	c.giveUpDemanded(j, shuttingDown)
	j.execution = nil
	c.behaviour.Ended(e.Execution)
}

// settle tells the scheduler when no task is left of an execution that was
// cancelled or whose work is done.
func (c *Cluster) settle(j *job) {
	e := j.execution
	if e == nil || e.left > 0 || !e.canceling && !e.finishing {
		return
	}
	outcome := adaptive.TasksCanceled
	if !e.canceling && allFinished(e.Tasks) {
		outcome = adaptive.TasksFinished
	}
	c.giveUpDemanded(j, shuttingDown)
	j.execution = nil
	c.behaviour.Ended(e.Execution)
	c.after(0, func() { c.ended(j, e.Number(), outcome) })
}

func allFinished(tasks []Task) bool {
	return !slices.ContainsFunc(tasks, func(t Task) bool { return t.State != TaskFinished })
}

// ended tells the scheduler that an execution is over.
func (c *Cluster) ended(j *job, number int, outcome adaptive.Outcome) {
	if c.job(j.id) == j {
		c.note(j.id, TasksOver{Execution: number, Outcome: outcome})
		c.step(j, adaptive.TasksEnded{Execution: number, Outcome: outcome})
	}
}

// FailTask lets one subtask of a vertex fail.
func (c *Cluster) FailTask(id slots.JobID, vertex, subtask int, why adaptive.Failure) error {
	j := c.job(id)
	if j == nil || j.execution == nil {
		return fmt.Errorf("fail a task of job %s: it has none", id)
	}
	for i, t := range j.execution.Tasks {
		if t.Vertex == vertex && t.Subtask == subtask {
			if t.State.Over() {
				return fmt.Errorf("fail subtask %d of vertex %d: it is %s", subtask, vertex, t.State)
			}
			c.failTask(j, i, why)
			return nil
		}
	}
	return fmt.Errorf("fail subtask %d of vertex %d: there is none", subtask, vertex)
}

// failTask lets a task fail and tells the scheduler.
func (c *Cluster) failTask(j *job, i int, why adaptive.Failure) {
	e := j.execution
	c.endTask(e, i, TaskFailed)
	t := e.Tasks[i]
	c.note(j.id, Failed{Vertex: t.Vertex, Subtask: t.Subtask, TaskManager: t.Slot.TaskManager, Failure: why})
	c.step(j, adaptive.TaskFailed{Execution: e.Number(), Vertex: t.Vertex, Subtask: t.Subtask, Failure: why})
	c.giveUpSavepoint(j, "Task has failed.")
	c.settle(j)
}

// Finish lets all tasks of a job end because their input has.
func (c *Cluster) Finish(id slots.JobID) error {
	j := c.job(id)
	if j == nil || j.execution == nil {
		return fmt.Errorf("finish job %s: it has no tasks", id)
	}
	c.finishTasks(j)
	return nil
}
