package script

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// observe takes down what can be seen, if it is not what was seen before. A JobManager that is down shows nothing: what
// was last seen stays.
func (r *runner) observe() {
	if r.cluster.Down() {
		return
	}
	seen := r.look()
	list := r.run.Observations
	if n := len(list); n == 0 || !list[n-1].same(seen) {
		r.run.Observations = append(list, seen)
	}
}

// same says whether nothing but the time is different.
func (o Observation) same(p Observation) bool {
	return o.Status == p.Status && o.Operation == p.Operation && o.OperationText == p.OperationText &&
		slices.Equal(o.Parallelism, p.Parallelism) && slices.Equal(o.MaxParallelism, p.MaxParallelism) &&
		slices.Equal(o.Attempts, p.Attempts) && slices.Equal(o.Groups, p.Groups) &&
		slices.Equal(o.Bounds, p.Bounds) && maps.Equal(o.Counts, p.Counts)
}

// look is what the REST interface would show now.
func (r *runner) look() Observation {
	all := r.cluster.Overview()
	o := Observation{At: r.now(), Counts: map[Count]int{
		Slots: all.Slots, Free: all.FreeSlots, TaskManagers: all.TaskManagers,
	}}
	view, ok := r.cluster.Job(jobID)
	if !ok {
		return o
	}
	o.Status = view.Scheduler.Status.String()
	r.vertices(&o, view.Scheduler)
	o.Groups = r.script.Job.groupSlots(o.Parallelism)
	o.Operation, o.OperationText = operation(view.Operations)
	r.count(o.Counts, view)
	return o
}

// vertices adds what is shown of the vertices: nothing before there is a JobMaster, and no bounds if nobody answers for
// them.
func (r *runner) vertices(o *Observation, view adaptive.View) {
	if view.Status == adaptive.StatusInitializing {
		none := make([]int, len(view.Vertices))
		o.Parallelism, o.MaxParallelism, o.Attempts = none, none, none
		return
	}
	for i, v := range view.Vertices {
		o.Parallelism = append(o.Parallelism, v.Parallelism)
		o.MaxParallelism = append(o.MaxParallelism, v.MaxParallelism)
		o.Attempts = append(o.Attempts, highest(v.Attempts))
		if !view.Status.Terminal() && !r.hidden {
			o.Bounds = append(o.Bounds, Bound{Vertex: r.script.Job.Vertices[i].Name, Lower: v.Bounds.Lower, Upper: v.Bounds.Upper})
		}
	}
}

// count adds the numbers of the job.
func (r *runner) count(counts map[Count]int, view cluster.JobView) {
	s := view.Scheduler
	counts[Exceptions] = len(s.Exceptions)
	if s.Status == adaptive.StatusInitializing {
		return
	}
	counts[Running], counts[Restarts] = view.RunningTasks, s.Restarts
	if r.version == slots.V1_20 {
		return
	}
	counts[Rescales] = s.Rescales
	if r.hidden {
		return
	}
	counts[Completed], counts[Ignored] = s.History.Completed, s.History.Ignored
	counts[FailedCount], counts[Open] = s.History.Failed, s.History.InProgress
}

// groupSlots are the slots that a parallelism needs in each sharing group.
func (j Job) groupSlots(parallelism []int) []int {
	groups := j.Groups()
	need := make([]int, len(groups))
	for i, v := range j.Vertices {
		g := slices.Index(groups, v.Group)
		need[g] = max(need[g], parallelism[i])
	}
	return need
}

func highest(attempts []int) int {
	most := 0
	for _, a := range attempts {
		most = max(most, a)
	}
	return most
}

// operation is how the last stop with savepoint stands.
func operation(all []cluster.Operation) (state, text string) {
	if len(all) == 0 {
		return "", ""
	}
	switch last := all[len(all)-1]; {
	case !last.Done:
		return "in-progress", ""
	case last.Location != "":
		return "completed", last.Location
	default:
		return "failed", last.Failure.String()
	}
}

// report adds to a run what is read at its end.
func (r *runner) report(view cluster.JobView) {
	for _, c := range view.Checkpoints {
		ended := time.Duration(0)
		if !c.Ended.IsZero() {
			ended = c.Ended.Sub(epoch)
		}
		r.run.Checkpoints = append(r.run.Checkpoints, Checkpoint{
			ID: int(c.ID), Triggered: c.Triggered.Sub(epoch), Ended: ended, Status: c.Status, Savepoint: c.Savepoint,
		})
	}
	for _, e := range slices.Backward(view.Scheduler.Exceptions) {
		r.run.Exceptions = append(r.run.Exceptions, r.exception(e))
	}
	if r.hidden {
		return
	}
	for _, one := range slices.Backward(view.Scheduler.History.Records) {
		r.run.Records = append(r.run.Records, record(one, r.script.Job.Groups()))
	}
}

func (r *runner) exception(e adaptive.Exception) Exception {
	out := Exception{At: e.At.Sub(epoch), Name: e.Failure.Class, Text: e.Failure.String(), Concurrent: len(e.Concurrent)}
	if e.Vertex >= 0 {
		out.Task = r.script.Job.Vertices[e.Vertex].Name
	}
	return out
}

// record is a rescale as the REST interface shows it, where -1 stands for what is not known.
func record(in adaptive.Rescale, groups []string) RescaleRecord {
	out := RescaleRecord{
		Attempt: in.Attempt, Requirements: in.Requirements, Cause: string(in.Trigger), State: string(in.Terminal),
		Reason: string(in.Reason), Start: in.Start.Sub(epoch),
	}
	if !in.End.IsZero() {
		out.End = in.End.Sub(epoch)
	}
	for _, v := range in.Vertices {
		out.Desired = append(out.Desired, known(v.Desired))
		out.Sufficient = append(out.Sufficient, known(v.Sufficient))
		out.Before = append(out.Before, known(v.Before))
		out.After = append(out.After, known(v.After))
	}
	for _, name := range groups {
		if i := slices.IndexFunc(in.Slots, func(g adaptive.GroupRescale) bool { return g.Group == name }); i >= 0 {
			g := in.Slots[i]
			out.Slots = append(out.Slots, RescaleSlots{known(g.Desired), known(g.Minimal), known(g.Before), known(g.After)})
		}
	}
	for _, s := range in.States {
		out.States = append(out.States, RescaleState{
			State: s.State.String(), Enter: s.Enter.Sub(epoch), Leave: s.Leave.Sub(epoch), Exception: s.Failure.String(),
		})
	}
	return out
}

func known(n int) int {
	if n == 0 {
		return -1
	}
	return n
}
