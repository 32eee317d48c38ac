package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/requirements"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Entry is one thing that happened. Event is one of the types of this file, or
// an action of the job's scheduler (package adaptive).
type Entry struct {
	At    time.Time
	Job   slots.JobID // empty if it is not about one job
	Event any
}

// note writes down that something happened.
func (c *Cluster) note(job slots.JobID, event any) {
	if c.config.Trace != nil {
		c.config.Trace(Entry{At: c.now, Job: job, Event: event})
	}
}

// What happens to TaskManagers and the JobManager.
type (
	// Registered: a TaskManager is registered at the ResourceManager.
	Registered struct {
		TaskManager slots.TaskManagerID
		Slots       int
	}
	// Refused: the ResourceManager does not take a TaskManager, which ends if that is
	// final and else tries again and again; only the first refusal is written down.
	Refused struct {
		TaskManager slots.TaskManagerID
		Final       bool
		Reason      string
	}
	// Stopping: a TaskManager was told to stop in good order.
	Stopping struct{ TaskManager slots.TaskManagerID }
	// Killed: the process of a TaskManager ended as by a crash.
	Killed struct{ TaskManager slots.TaskManagerID }
	// FrozenStill: the process of a TaskManager stands still.
	FrozenStill struct{ TaskManager slots.TaskManagerID }
	// Thawed: it goes on.
	Thawed struct{ TaskManager slots.TaskManagerID }
	// Lost: the ResourceManager has given a TaskManager up.
	Lost struct {
		TaskManager slots.TaskManagerID
		Slots       int
		Failure     adaptive.Failure
	}
	// Ordered: the ResourceManager asks its provider for a TaskManager.
	Ordered struct {
		Worker slots.WorkerID
		Slots  int
	}
	// Dismissed: the ResourceManager has its provider stop a TaskManager.
	Dismissed struct {
		TaskManager slots.TaskManagerID
		Reason      string
	}
	// JobManagerDown: the process of the JobManager ended as by a crash.
	JobManagerDown struct{}
	// JobManagerUp: there is a JobManager again.
	JobManagerUp struct{}
)

// What happens to slots and jobs.
type (
	// Submitted: a JobMaster starts for a job, new or recovered.
	Submitted struct {
		Vertices []slots.Vertex
		Names    []string
	}
	// Allocated: the ResourceManager gives a job a slot.
	Allocated struct {
		TaskManager slots.TaskManagerID
		Index       int
		Allocation  slots.AllocationID
	}
	// Shortage: the ResourceManager tells a job that there are not enough slots.
	Shortage struct{ Acquired int }
	// Took: a job accepted slots of an offer, and has Held of the Required now.
	Took struct {
		TaskManager           slots.TaskManagerID
		Slots, Held, Required int
	}
	// Asked: somebody asked for something, and was answered so.
	Asked struct {
		Method  string
		Status  int
		Refusal *requirements.Refusal
		Bounds  []slots.Bounds
	}
	// Running: all tasks of an execution run.
	Running struct{ Execution, Tasks int }
	// Failed: a task failed.
	Failed struct {
		Vertex, Subtask int
		TaskManager     slots.TaskManagerID
		Failure         adaptive.Failure
	}
	// TasksOver: no task of an execution is left.
	TasksOver struct {
		Execution int
		Outcome   adaptive.Outcome
	}
	// CheckpointEnded: a checkpoint or savepoint is complete, or failed.
	CheckpointEnded struct {
		ID        int64
		Savepoint bool
		Took      time.Duration
		Failure   string // empty if it is complete
		Location  string // empty if it failed
	}
	// Closed: the JobMaster of a job that is over has ended.
	Closed struct{}
)

// Text says what happened, for someone who knows Flink. It is empty for what is
// of interest to programs only.
func (e Entry) Text() string {
	switch v := e.Event.(type) {
	case Registered:
		return fmt.Sprintf("%s registers with %s", v.TaskManager, count(v.Slots, "slot"))
	case Refused:
		if v.Final {
			return fmt.Sprintf("ResourceManager refuses %s for good: %s", v.TaskManager, v.Reason)
		}
		return fmt.Sprintf("ResourceManager refuses %s, which goes on trying: %s", v.TaskManager, v.Reason)
	case Stopping:
		return fmt.Sprintf("%s is told to stop", v.TaskManager)
	case Killed:
		return fmt.Sprintf("%s is killed", v.TaskManager)
	case FrozenStill:
		return fmt.Sprintf("%s is frozen", v.TaskManager)
	case Thawed:
		return fmt.Sprintf("%s is thawed", v.TaskManager)
	case Lost:
		return fmt.Sprintf("ResourceManager: %s is gone with %s: %s", v.TaskManager, count(v.Slots, "slot"), v.Failure.Message)
	case Ordered:
		return fmt.Sprintf("ResourceManager asks for a TaskManager with %s", count(v.Slots, "slot"))
	case Dismissed:
		return fmt.Sprintf("ResourceManager stops %s: %s", v.TaskManager, v.Reason)
	case JobManagerDown:
		return "the JobManager is killed"
	case JobManagerUp:
		return "the JobManager is up again"
	}
	if text, ok := jobText(e.Event); ok {
		return text
	}
	return schedulerText(e.Event)
}

// jobText says what happened to slots and jobs.
func jobText(event any) (string, bool) {
	switch v := event.(type) {
	case Submitted:
		return "job is submitted: " + describe(v), true
	case Allocated:
		return "", true
	case Shortage:
		return fmt.Sprintf("ResourceManager: not enough slots, job has %d", v.Acquired), true
	case Took:
		return fmt.Sprintf("job takes %s of %s, has %d of %d", count(v.Slots, "slot"), v.TaskManager, v.Held, v.Required), true
	case Asked:
		return v.text(), true
	case Running:
		return fmt.Sprintf("all %s run", count(v.Tasks, "task")), true
	case Failed:
		return fmt.Sprintf("subtask %d of vertex %d on %s fails: %s", v.Subtask, v.Vertex, v.TaskManager, v.Failure), true
	case TasksOver:
		if v.Outcome == adaptive.TasksFinished {
			return "all tasks are finished", true
		}
		return "all tasks are cancelled", true
	case CheckpointEnded:
		return v.text(), true
	case Closed:
		return "JobMaster ends, its slots are free", true
	}
	return "", false
}

// schedulerText says what the scheduler of a job does.
func schedulerText(event any) string {
	switch v := event.(type) {
	case adaptive.DeclareSlots:
		return fmt.Sprintf("job declares %s", count(v.Count, "slot"))
	case adaptive.RefuseOffer:
		return fmt.Sprintf("job refuses %s of %s", count(len(v.Slots), "slot"), v.TaskManager)
	case adaptive.ReturnSlots:
		return fmt.Sprintf("job gives back %s: %s", count(len(v.Slots), "slot"), v.Why)
	case adaptive.Deploy:
		return deployText(v)
	case adaptive.Moved:
		return withDetail(fmt.Sprintf("%s → %s: %s", v.From, v.To, v.Why), v.Detail)
	case adaptive.PhaseMoved:
		return fmt.Sprintf("%s: %s → %s", v.State, v.From, v.To)
	case adaptive.Noted:
		return v.Text
	case adaptive.RescaleRecorded:
		return recordText(v.Rescale)
	case adaptive.OperationDone:
		if v.Location != "" {
			return "stop with savepoint is done: " + v.Location
		}
		return "stop with savepoint has failed: " + withCauses(v.Failure)
	case adaptive.Ended:
		return withDetail("job is "+v.Status.String(), v.Failure.String())
	}
	return ""
}

func deployText(d adaptive.Deploy) string {
	used := map[slots.TaskManagerID]int{}
	var order []slots.TaskManagerID
	for _, p := range d.Placements {
		if used[p.Slot.TaskManager] == 0 {
			order = append(order, p.Slot.TaskManager)
		}
		used[p.Slot.TaskManager]++
	}
	var on []string
	for _, id := range order {
		on = append(on, fmt.Sprintf("%d of %s", used[id], id))
	}
	from := "without state"
	switch {
	case d.Restore.Checkpoint.ID > 0:
		from = fmt.Sprintf("from checkpoint %d", d.Restore.Checkpoint.ID)
	case d.Restore.Savepoint != "":
		from = "from savepoint " + d.Restore.Savepoint
	}
	return fmt.Sprintf("job starts with parallelism %s in slots %s, %s", join(d.Parallelism), strings.Join(on, ", "), from)
}

func recordText(r adaptive.Rescale) string {
	text := fmt.Sprintf("rescale record %d (requirements %d, attempt %d) %s", r.Number, r.Requirements, r.Attempt, r.Trigger)
	if r.Open() {
		return text + " is open"
	}
	return fmt.Sprintf("%s ends %s: %s", text, r.Terminal, r.Reason)
}

func (a Asked) text() string {
	var bounds []string
	for _, b := range a.Bounds {
		bounds = append(bounds, fmt.Sprintf("%d:%d", b.Lower, b.Upper))
	}
	text := fmt.Sprintf("%s answered %d", withDetail(a.Method, strings.Join(bounds, " ")), a.Status)
	if a.Refusal != nil {
		return withDetail(text, strings.ReplaceAll(a.Refusal.Error(), "\n", " | "))
	}
	return text
}

func (v CheckpointEnded) text() string {
	what := "checkpoint"
	if v.Savepoint {
		what = "savepoint"
	}
	if v.Failure != "" {
		return fmt.Sprintf("%s %d fails: %s", what, v.ID, v.Failure)
	}
	return fmt.Sprintf("%s %d is complete", what, v.ID)
}

func describe(s Submitted) string {
	var all []string
	for i, v := range s.Vertices {
		name := string(v.ID)
		if i < len(s.Names) {
			name = s.Names[i]
		}
		all = append(all, fmt.Sprintf("%s %d", name, v.Bounds.Upper))
	}
	return strings.Join(all, ", ")
}

// withCauses is a failure and what lies below it.
func withCauses(f adaptive.Failure) string {
	text := f.String()
	for below := f.CausedBy; below != nil; below = below.CausedBy {
		text += " Caused by: " + below.String()
	}
	return text
}

func withDetail(text, detail string) string {
	if detail == "" {
		return text
	}
	return text + ": " + detail
}

func join(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ","), "[]")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
