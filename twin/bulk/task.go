package bulk

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// TaskState is the state of a task.
type TaskState int

// The states, as Flink has them.
const (
	Created TaskState = iota
	Scheduled
	Deploying
	Initializing
	Running
	Finished
	Canceling
	Canceled
	Failed
	states
)

var stateNames = [states]string{"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED", "CANCELING", "CANCELED", "FAILED"}

// String is the state as REST spells it.
func (s TaskState) String() string { return nameOf(stateNames[:], int(s)) }

// Over says that the task has ended.
func (s TaskState) Over() bool { return s == Finished || s == Canceled || s == Failed }

// active says that the task is on its TaskManager.
func (s TaskState) active() bool {
	return s == Deploying || s == Initializing || s == Running || s == Canceling
}

// Task is one subtask in its latest attempt.
type Task struct {
	State   TaskState
	Attempt int
	// Slot is where it is, or was; the zero value before.
	Slot slots.Slot
	// Entered is when it came into each of its states; zero where it has not.
	Entered [states]time.Time
	// Reads and Writes are the bytes that it has to read from other tasks and will have
	// written for others in all; Own are those that a source in it reads.
	Reads, Writes, Own int64

	writes  [][]int64     // by output of the vertex and subpartition
	takes   time.Duration // from RUNNING to the end
	done    time.Duration // of that, up to since
	since   time.Time     // it has worked on since then; zero while it does not
	ready   bool          // it has done its work, but not all that it reads from has
	lost    bool          // what it wrote is gone
	stalled bool          // its TaskManager does not answer
	working int           // counts the times that it began to work: only the latest end counts
}

// Done is which part of its work a task has done at a time, 0 to 1.
func (t *Task) Done(now time.Time) float64 {
	switch {
	case t.State == Finished:
		return 1
	case t.takes <= 0:
		return 0
	}
	return min(float64(t.worked(now))/float64(t.takes), 1)
}

// Worked is for how long it has worked at a time.
func (t *Task) Worked(now time.Time) time.Duration {
	if t.State == Finished {
		return t.takes
	}
	return t.worked(now)
}

func (t *Task) worked(now time.Time) time.Duration {
	done := t.done
	if !t.since.IsZero() {
		done += now.Sub(t.since)
	}
	return min(done, t.takes)
}

// Holds says that it has a slot.
func (t *Task) Holds() bool { return t.State.active() }

// enter changes the state.
func (t *Task) enter(s TaskState, now time.Time) {
	t.State = s
	t.Entered[s] = now
	if s != Running {
		t.pause(now)
	}
}

// pause lets it work no more.
func (t *Task) pause(now time.Time) {
	if !t.since.IsZero() {
		t.done, t.since = t.worked(now), time.Time{}
	}
	t.working++
}

// reset makes it another attempt of the same work, which has not begun.
func (t *Task) reset(now time.Time) {
	*t = Task{Attempt: t.Attempt + 1, working: t.working + 1, Reads: t.Reads, Writes: t.Writes, Own: t.Own, writes: t.writes, takes: t.takes}
	t.enter(Created, now)
}

// left is how long it still has to work.
func (t *Task) left() time.Duration { return t.takes - t.done }
