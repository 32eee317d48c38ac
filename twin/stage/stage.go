package stage

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/workload"
)

// Stage is a twin and what is yet to happen to it.
type Stage struct {
	twin *twin.Twin
	// Happened is told of each event, after it: why it could not be, or nil; nil for
	// nobody.
	Happened func(at time.Time, e Event, err error)

	events  []workload.Event
	pending []due // in the order of time
}

// Event is one of a scenario, or what undoes one.
type Event struct {
	workload.Event
	// Undoes says that the event is over: the TaskManager goes on, another comes.
	Undoes bool
}

// due is an event with its time.
type due struct {
	at time.Time
	Event
}

// Open sets the twin up, with the jobs submitted.
func (p *Plan) Open() (*Stage, error) {
	t, err := twin.New(p.Cluster)
	if err != nil {
		return nil, err
	}
	for _, job := range p.Jobs {
		if _, err := t.Submit(job); err != nil {
			return nil, err
		}
	}
	s := &Stage{twin: t, events: p.Events}
	s.expectFrom(t.Start().Add(-1))
	return s, nil
}

// expectFrom fills in what happens after a time.
func (s *Stage) expectFrom(after time.Time) {
	s.pending = nil
	for _, e := range s.events {
		at := s.twin.Start().Add(e.At)
		over := at.Add(e.For)
		switch {
		case at.After(after):
			s.expect(due{at, Event{Event: e}})
		case e.For > 0 && over.After(after):
			s.expect(due{over, Event{e, true}})
		}
	}
}

func (s *Stage) expect(d due) {
	i, _ := slices.BinarySearchFunc(s.pending, d, func(a, b due) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // behind what is due at the same time
	})
	s.pending = slices.Insert(s.pending, i, d)
}

// Twin is the twin; another after Restore.
func (s *Stage) Twin() *twin.Twin { return s.twin }

// Advance moves the clock and lets the events happen that are due on the way. One
// that cannot happen, such as the end of a TaskManager that is gone, is told and
// passed over.
func (s *Stage) Advance(to time.Time) error {
	for len(s.pending) > 0 && !s.pending[0].at.After(to) {
		next := s.pending[0]
		s.pending = s.pending[1:]
		if err := s.twin.Advance(next.at); err != nil {
			return err
		}
		err := s.happen(next.Event)
		if err == nil && next.For > 0 && !next.Undoes {
			s.expect(due{next.at.Add(next.For), Event{next.Event.Event, true}})
		}
		if s.Happened != nil {
			s.Happened(next.at, next.Event, err)
		}
	}
	return s.twin.Advance(to)
}

// Restore puts the twin of a snapshot in the place of this one. What is due after
// its time will happen, be it for the second time.
func (s *Stage) Restore(snapshot []byte) error {
	restored, err := restore(snapshot)
	if err != nil {
		return err
	}
	s.twin = restored
	s.expectFrom(restored.Now())
	return nil
}

func (s *Stage) happen(e Event) error {
	for _, a := range actions(s.twin, e) {
		if err := s.twin.Do(a); err != nil {
			return err
		}
	}
	return nil
}

// actions are what an event comes to.
func actions(t *twin.Twin, e Event) []twin.Action {
	machine := &twin.TaskManager{ID: e.Target}
	if e.Undoes {
		switch e.Action {
		case workload.FreezeTaskManager:
			return []twin.Action{{Do: twin.ThawTaskManager, TaskManager: machine}}
		case workload.KillJobManager:
			return []twin.Action{{Do: twin.RestartJobManager}}
		}
		another := t.Another(e.Target)
		return []twin.Action{{Do: twin.AddTaskManager, TaskManager: &another}}
	}
	switch e.Action {
	case workload.AddTaskManagers:
		return slices.Repeat([]twin.Action{{Do: twin.AddTaskManager}}, e.Count)
	case workload.StopTaskManager:
		return []twin.Action{{Do: twin.StopTaskManager, TaskManager: machine}}
	case workload.KillTaskManager:
		return []twin.Action{{Do: twin.KillTaskManager, TaskManager: machine}}
	case workload.FreezeTaskManager:
		return []twin.Action{{Do: twin.FreezeTaskManager, TaskManager: machine}}
	case workload.ThawTaskManager:
		return []twin.Action{{Do: twin.ThawTaskManager, TaskManager: machine}}
	case workload.KillJobManager:
		return []twin.Action{{Do: twin.KillJobManager}}
	case workload.FailJob:
		return []twin.Action{{Do: twin.FailJob, Job: jobID(t, e.Target)}}
	}
	return []twin.Action{{Do: twin.CancelJob, Job: jobID(t, e.Target)}}
}

// String says what happened, for people.
func (e Event) String() string {
	what := map[workload.Action]string{
		workload.StopTaskManager: "TaskManager %s is stopped", workload.KillTaskManager: "TaskManager %s is lost",
		workload.FreezeTaskManager: "TaskManager %s stands still", workload.ThawTaskManager: "TaskManager %s goes on",
		workload.FailJob: "job %s fails", workload.CancelJob: "job %s is cancelled",
	}[e.Action]
	switch {
	case e.Undoes && e.Action == workload.FreezeTaskManager:
		what = "TaskManager %s goes on"
	case e.Undoes && e.Action == workload.KillJobManager:
		return "the JobManager is back"
	case e.Undoes:
		what = "another TaskManager comes for %s"
	case e.Action == workload.AddTaskManagers:
		return fmt.Sprintf("TaskManagers are added: %d", e.Count)
	case e.Action == workload.KillJobManager:
		return "the JobManager is lost"
	}
	return fmt.Sprintf(what, e.Target)
}

// jobID is the id of a job by its name; what is no name is taken for an id.
func jobID(t *twin.Twin, name string) string {
	for _, j := range t.State().Jobs {
		if j.Name == name {
			return j.ID
		}
	}
	return name
}
