package cluster

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// A TaskManager that takes its leave is gone at once. One that is killed is
// noticed by those that send it heartbeats, since these can no longer be
// delivered; one that is frozen when the answers have been missing for the
// time-out. The ResourceManager and each JobMaster send heartbeats of their own.
//
// Until a JobMaster has given a killed TaskManager up, its slots count: the job
// is deployed onto them, and fails, as often as its restart strategy allows.

// watch lets everybody who sends heartbeats to a TaskManager notice in time that
// its process is frozen or gone.
func (c *Cluster) watch(tm *taskManager) {
	m := c.manager
	if m == nil {
		return
	}
	since, health := tm.since, tm.health
	await := func(began, watched time.Time, lose func(adaptive.Failure)) {
		at, how := c.config.Heartbeats.Noticed(began, watched, c.now, health == Gone)
		c.after(at.Sub(c.now), func() {
			if c.manager == m && tm.health == health && tm.since.Equal(since) {
				lose(lossFailure(tm.id, how))
			}
		})
	}
	if tm.registered {
		await(m.since.Add(c.config.Rounds.ResourceManager), tm.registeredAt, func(why adaptive.Failure) { c.loseMachine(tm, why) })
	}
	for _, j := range m.jobs {
		if l := tm.links[j.id]; l != nil && l.up {
			await(j.since.Add(c.config.Rounds.JobMaster), l.since, func(why adaptive.Failure) { c.loseInJob(j, tm, why) })
		}
	}
	for _, s := range m.guests {
		if l := tm.links[s.id]; l != nil && l.up {
			await(s.since.Add(c.config.Rounds.JobMaster), l.since, func(why adaptive.Failure) { c.loseGuest(s, tm, why) })
		}
	}
}

// lossFailure is the failure with which a JobMaster gives up a TaskManager.
func lossFailure(id slots.TaskManagerID, how slots.LossKind) adaptive.Failure {
	if how == slots.LossUnreachable {
		return adaptive.Failure{
			Class:   "org.apache.flink.runtime.jobmaster.JobMasterException",
			Message: fmt.Sprintf("TaskManager with id %s is no longer reachable.", id),
		}
	}
	return adaptive.Failure{
		Class:   "java.util.concurrent.TimeoutException",
		Message: fmt.Sprintf("Heartbeat of TaskManager with id %s timed out.", id),
	}
}

// loseMachine is the ResourceManager giving up a TaskManager.
func (c *Cluster) loseMachine(tm *taskManager, why adaptive.Failure) {
	if c.manager == nil || !tm.registered {
		return
	}
	tm.registered = false
	c.note("", Lost{TaskManager: tm.id, Slots: len(tm.held), Failure: why})
	c.resources(slots.TaskManagerLost{ID: tm.id, Cause: why.Message})
}

// loseInJob is a JobMaster giving up a TaskManager: its slots are gone and its
// tasks count as ended.
func (c *Cluster) loseInJob(j *job, tm *taskManager, why adaptive.Failure) {
	l := tm.links[j.id]
	if l == nil || !l.up || j.over {
		return
	}
	delete(tm.links, j.id)
	hit := c.endTasksOn(j, tm.id, TaskFailed)
	c.step(j, adaptive.TaskManagerLost{TaskManager: tm.id, Failure: why})
	if hit > 0 {
		c.giveUpSavepoint(j, "Task has failed.")
	}
	c.settle(j)
}

// noticePeer lets a task fail that reads from one on a TaskManager whose process
// is dead: its connection breaks long before any heartbeat is missed.
func (c *Cluster) noticePeer(tm *taskManager) {
	if c.manager == nil {
		return
	}
	for _, s := range c.manager.guests {
		if s.There() {
			s.guest.Broken(tm.id)
		}
	}
	for _, j := range c.manager.jobs {
		if e := j.execution; e != nil && !e.canceling {
			if i := j.readerOf(tm.id); i >= 0 {
				c.failTask(j, i, adaptive.Failure{
					Class: "org.apache.flink.runtime.io.network.netty.exception.RemoteTransportException",
					Message: fmt.Sprintf("Connection unexpectedly closed by remote task manager '%s'. "+
						"This might indicate that the remote task manager was lost.", tm.id),
				})
			}
		}
	}
}

// readerOf is a task elsewhere that reads from a task on the TaskManager, -1 if
// there is none: the first by vertex and index.
func (j *job) readerOf(tm slots.TaskManagerID) int {
	dead := make([]bool, len(j.spec.Vertices)) // vertices with a task there
	for _, t := range j.execution.Tasks {
		if t.Slot.TaskManager == tm && !t.State.Over() {
			dead[t.Vertex] = true
		}
	}
	reads := make([]bool, len(j.spec.Vertices))
	for _, e := range j.spec.Edges {
		reads[e.To] = reads[e.To] || dead[e.From]
	}
	for i, t := range j.execution.Tasks {
		if reads[t.Vertex] && t.Slot.TaskManager != tm && !t.State.Over() {
			return i
		}
	}
	return -1
}
