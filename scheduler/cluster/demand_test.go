package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// slowSavepoints is a behaviour whose savepoints take their time.
type slowSavepoints struct {
	Fixed
	takes time.Duration
}

func (s slowSavepoints) Checkpoint(r CheckpointRequest) CheckpointResult {
	if r.Savepoint {
		return CheckpointResult{Takes: s.takes}
	}
	return s.Fixed.Checkpoint(r)
}

func savepointLab(t *testing.T, takes time.Duration) *lab {
	l := newLab(t, nil, slowSavepoints{DefaultFixed(), takes})
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(3 * time.Second)
	return l
}

func (l *lab) demand(name string, err error) string {
	l.t.Helper()
	l.do(err)
	return name
}

func (l *lab) operation(name string) Operation {
	l.t.Helper()
	view, _ := l.Job("a")
	for _, o := range view.Operations {
		if o.ID == name {
			return o
		}
	}
	l.t.Fatalf("there is no operation %s", name)
	return Operation{}
}

func TestASavepointTakesItsTimeAndTheJobGoesOn(t *testing.T) {
	l := savepointLab(t, 7*time.Second)
	before, _ := l.Job("a")
	name := l.demand(l.Savepoint("a", ""))
	l.pass(6900 * time.Millisecond)
	if o := l.operation(name); o.Done {
		t.Errorf("it is done after 6.9 of 7 s: %+v", o)
	}
	l.pass(120 * time.Millisecond)
	o := l.operation(name)
	if !o.Done || !strings.Contains(o.Location, "savepoint-") || o.Checkpoint != before.Scheduler.Checkpoint.ID+1 {
		t.Errorf("after 7.02 of 7 s it is %+v", o)
	}
	after, _ := l.Job("a")
	l.expect("a", "RUNNING 1,1")
	if after.Scheduler.Checkpoint.ID != before.Scheduler.Checkpoint.ID {
		t.Errorf("the job would restore from checkpoint %d, a savepoint or one that should have waited for it", after.Scheduler.Checkpoint.ID)
	}
	l.pass(100 * time.Millisecond)
	if after, _ = l.Job("a"); after.Scheduler.Checkpoint.ID != o.Checkpoint+1 {
		t.Errorf("the periodic checkpoint that waited did not come at once: %+v", after.Checkpoints)
	}
}

func TestACheckpointOnDemandCanBeRestoredFrom(t *testing.T) {
	l := savepointLab(t, 0)
	name := l.demand(l.Checkpoint("a"))
	l.pass(100 * time.Millisecond)
	view, _ := l.Job("a")
	if o := l.operation(name); !o.Done || o.Location == "" || view.Scheduler.Checkpoint.ID != o.Checkpoint {
		t.Errorf("%+v; the job would restore from %d", o, view.Scheduler.Checkpoint.ID)
	}
}

func TestASavepointOfAJobThatEndsFails(t *testing.T) {
	l := savepointLab(t, 7*time.Second)
	name := l.demand(l.Savepoint("a", ""))
	l.pass(time.Second)
	l.do(l.Cancel("a"))
	l.pass(10 * time.Second)
	if o := l.operation(name); !o.Done || o.Failure.Message != "Checkpoint Coordinator is suspending." {
		t.Errorf("%+v", o)
	}
	if _, err := l.Savepoint("a", ""); err == nil {
		t.Error("a job that is over takes one")
	}
}

func TestASavepointOutlivesNoJobManager(t *testing.T) {
	l := newLab(t, func(c *Config) { c.HighAvailability = true }, slowSavepoints{DefaultFixed(), time.Minute})
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(3 * time.Second)
	name := l.demand(l.Savepoint("a", ""))
	l.do(l.KillJobManager())
	l.do(l.RestartJobManager())
	l.pass(10 * time.Second)
	if o := l.operation(name); !o.Done || o.Failure.Message == "" {
		t.Errorf("%+v", o)
	}
	l.expect("a", "RUNNING 1,1")
}

func TestACheckpointHistoryIsAsLongAsConfigured(t *testing.T) {
	l := newLab(t, func(c *Config) { c.CheckpointHistory = 4 }, nil)
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(10 * time.Minute)
	view, _ := l.Job(slots.JobID("a"))
	if n := len(view.Checkpoints); n < 2 || n > 4 {
		t.Errorf("%d checkpoints are kept", n)
	}
	if last := view.Checkpoints[len(view.Checkpoints)-1]; last.ID < 100 || last.Status != "COMPLETED" {
		t.Errorf("the last is %+v", last)
	}
}
