package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestATaskManagerBeyondTheLargestNumberOfSlotsTriesUntilThereIsRoom(t *testing.T) {
	l := newLab(t, func(c *Config) { c.Resources.MaxSlots = 3 }, nil)
	l.do(l.Submit(chain("a", 4)))
	l.do(l.AddTaskManager("tm1", 2))
	l.pass(time.Second)
	l.do(l.AddTaskManager("tm2", 2))
	l.pass(time.Minute)
	l.expect("a", "RUNNING 2,2")
	if tm2 := l.TaskManagers()[1]; tm2.Registered || tm2.Health != Up {
		t.Errorf("tm2 is %+v", tm2)
	}
	if n := strings.Count(l.text(), "refuses tm2, which goes on trying"); n != 1 {
		t.Errorf("the refusal is written down %d times\n%s", n, l.text())
	}
	l.do(l.StopTaskManager("tm1"))
	l.pass(3 * time.Second)
	if got := l.Overview(); got.TaskManagers != 1 || got.Slots != 2 {
		t.Errorf("the cluster has %+v after there was room", got)
	}
	l.pass(time.Minute)
	l.expect("a", "RUNNING 2,2")
}

// However often the JobManager restarts and the process freezes, one attempt to
// register is under way.
func TestARefusedTaskManagerTriesOnceAtATime(t *testing.T) {
	l := newLab(t, func(c *Config) { c.Resources.MaxSlots = 1 }, nil)
	l.do(l.AddTaskManager("tm1", 2))
	l.pass(time.Second)
	for range 5 {
		l.do(l.KillJobManager())
		l.do(l.RestartJobManager())
		l.do(l.FreezeTaskManager("tm1"))
		l.pass(1500 * time.Millisecond)
		l.do(l.ThawTaskManager("tm1"))
		l.pass(700 * time.Millisecond)
	}
	l.pass(time.Minute)
	if n := len(l.queue.heap); n > 1 {
		t.Errorf("%d messages are on their way", n)
	}
}

func active(c *Config) { c.Resources.Active, c.Resources.SlotsPerWorker = true, 2 }

func TestATaskManagerThatNobodyAskedForEndsItself(t *testing.T) {
	l := newLab(t, active, nil)
	l.do(l.AddTaskManager("tm1", 2))
	l.pass(time.Second)
	if tm1 := l.TaskManagers()[0]; tm1.Registered || tm1.Health != Gone {
		t.Errorf("tm1 is %+v", tm1)
	}
	if !strings.Contains(l.text(), "refuses tm1 for good: unknown TaskManager: nobody asked for it") {
		t.Error(l.text())
	}
}

func TestATaskManagerThatIsNoLongerWantedIsNotStarted(t *testing.T) {
	l := newLab(t, active, nil)
	l.do(l.Submit(chain("a", 2)))
	l.pass(time.Second)
	l.do(l.Cancel("a"))
	l.pass(time.Minute)
	if all := l.TaskManagers(); len(all) != 0 {
		t.Errorf("started all the same: %+v\n%s", all, l.text())
	}
}

func TestTheTaskManagersOutliveTheJobManagerThatAskedForThem(t *testing.T) {
	l := newLab(t, func(c *Config) { active(c); c.HighAvailability = true }, nil)
	l.do(l.Submit(chain("a", 4)))
	l.pass(20 * time.Second)
	l.expect("a", "RUNNING 4,4")
	l.do(l.KillJobManager())
	l.pass(time.Second)
	l.do(l.RestartJobManager())
	l.pass(20 * time.Second)
	l.expect("a", "RUNNING 4,4")
	l.pass(2 * time.Minute) // whatever was asked for in excess is idle, and stopped
	var left []slots.TaskManagerID
	for _, tm := range l.TaskManagers() {
		if tm.Health == Up {
			left = append(left, tm.ID)
		}
	}
	if diff := cmp.Diff([]slots.TaskManagerID{"worker-1", "worker-2"}, left); diff != "" {
		t.Errorf("%s\n%s", diff, l.text())
	}
}
