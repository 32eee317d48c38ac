package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Source answers as Flink's REST interface does: a cluster, a History Server, or
// the archives of jobs.
type Source interface {
	JobsOverview(context.Context) ([]flink.JobSummary, error)
	Job(context.Context, flink.JobID) (flink.JobDetails, error)
	VertexDetails(context.Context, flink.JobID, flink.VertexID) (flink.VertexDetails, error)
	JobConfig(context.Context, flink.JobID) (flink.JobConfig, error)
	JobManagerJobConfig(context.Context, flink.JobID) ([]flink.KeyValue, error)
}

var (
	_ Source = (*flink.Client)(nil)
	_ Source = (*flink.Archive)(nil)
)

// Left is a job that there is no advice on.
type Left struct {
	ID   flink.JobID `json:"id"`
	Name string      `json:"name"`
	Why  string      `json:"why"`
}

// Found is what was read: the runs of batch jobs, in the order of their start,
// and the jobs that were left out.
type Found struct {
	Runs []Run
	Left []Left
	// Others are the names of jobs that were not asked for and may be batch jobs;
	// Streams those of streaming jobs that have not ended, asked for or not.
	Others, Streams []string
}

// Wanted narrows what is read.
type Wanted struct {
	// Jobs are names, ids or beginnings of one id; none takes all.
	Jobs []string
	// Runs is how many of the newest runs of one name are read; 0 for all.
	Runs int
	// Progress is told how many of the runs are read; nil tells nobody.
	Progress func(read, runs int)
}

// why a job is left out
const (
	leftStreaming = "a streaming job: sluice advise looks at those, and sluice run keeps them at the right size"
	leftFailed    = "it did not finish (%s)"
)

// Collect reads the batch jobs of a source. A job that vanishes meanwhile or
// cannot be read is in Left; it fails if the list of jobs cannot be had, if what
// is wanted is the beginning of several ids, and when ctx ends.
func Collect(ctx context.Context, s Source, w Wanted) (Found, error) {
	listed, err := s.JobsOverview(ctx)
	if err != nil {
		return Found{}, err
	}
	if w.Jobs, err = whole(w.Jobs, listed); err != nil {
		return Found{}, err
	}
	var found Found
	jobs := w.narrow(listed, &found)
	for i, job := range jobs {
		if w.Progress != nil {
			w.Progress(i, len(jobs))
		}
		run, err := read(ctx, s, job)
		switch {
		case ctx.Err() != nil:
			return Found{}, ctx.Err()
		case err != nil:
			found.Left = append(found.Left, Left{ID: job.ID, Name: job.Name, Why: reason(err)})
			if errors.Is(err, errNotBatch) {
				found.stream(job)
			}
		default:
			found.Runs = append(found.Runs, run)
		}
	}
	return found, nil
}

// reason is why a run could not be read, in one line.
func reason(err error) string {
	if errors.Is(err, errNotBatch) {
		return leftStreaming
	}
	return err.Error()
}

// narrow chooses the newest runs that are asked for, oldest first.
func (w Wanted) narrow(listed []flink.JobSummary, found *Found) []flink.JobSummary {
	slices.SortStableFunc(listed, func(a, b flink.JobSummary) int {
		return cmp.Or(cmp.Compare(b.StartTime, a.StartTime), cmp.Compare(a.ID, b.ID))
	})
	var chosen []flink.JobSummary
	count := map[string]int{}
	for _, job := range listed {
		named := len(w.Jobs) == 0 || slices.Contains(w.Jobs, job.Name) || slices.Contains(w.Jobs, string(job.ID))
		if job.JobType == flink.TypeStreaming {
			found.stream(job)
		}
		switch {
		case !named && job.JobType != flink.TypeStreaming && !slices.Contains(found.Others, job.Name):
			found.Others = append(found.Others, job.Name)
		case !named:
		case job.JobType == flink.TypeStreaming:
			found.Left = append(found.Left, Left{ID: job.ID, Name: job.Name, Why: leftStreaming})
		case job.State == flink.JobFailed || job.State == flink.JobCanceled:
			found.Left = append(found.Left, Left{ID: job.ID, Name: job.Name, Why: fmt.Sprintf(leftFailed, strings.ToLower(string(job.State)))})
		case w.Runs == 0 || count[job.Name] < w.Runs:
			count[job.Name]++
			chosen = append(chosen, job)
		}
	}
	slices.Reverse(chosen)
	return chosen
}

// whole puts ids in the place of their beginnings; what is a name or an id of one
// of the jobs stays.
func whole(wanted []string, listed []flink.JobSummary) ([]string, error) {
	all := slices.Clone(wanted)
	for i, word := range all {
		var ids []string
		for _, job := range listed {
			if job.Name == word || string(job.ID) == word {
				ids = nil
				break
			}
			if strings.HasPrefix(string(job.ID), word) {
				ids = append(ids, string(job.ID))
			}
		}
		if len(ids) > 1 {
			return nil, fmt.Errorf("%d jobs have an id that begins with %q: give more of it", len(ids), word)
		}
		if len(ids) == 1 {
			all[i] = ids[0]
		}
	}
	return all, nil
}

// stream notes a streaming job that has not ended.
func (f *Found) stream(job flink.JobSummary) {
	if !job.State.Terminal() && !slices.Contains(f.Streams, job.Name) {
		f.Streams = append(f.Streams, job.Name)
	}
}

// errNotBatch says that the job is no batch job.
var errNotBatch = errors.New("not a batch job")

func read(ctx context.Context, s Source, job flink.JobSummary) (Run, error) {
	details, err := s.Job(ctx, job.ID)
	if err != nil {
		return Run{}, err
	}
	kind := cmp.Or(job.JobType, details.JobType, details.Plan.Type)
	if kind != flink.TypeBatch {
		return Run{}, errNotBatch
	}
	run := Run{
		ID: job.ID, Name: details.Name, State: details.State, Start: details.StartTime.Time(),
		Duration: details.Duration.Duration(), Release: release(job, details),
	}
	if run.Settings, err = settings(ctx, s, job.ID); err != nil {
		return Run{}, err
	}
	if config, err := s.JobConfig(ctx, job.ID); err == nil && config.ExecutionConfig != nil {
		run.Parallelism = config.ExecutionConfig.JobParallelism
	} else if err != nil && !optional(err) {
		return Run{}, err
	}
	run.Vertices, err = vertices(ctx, s, &details)
	return run, err
}

// release tells the rules of 2.x from those of 1.20 by what only the former say.
func release(job flink.JobSummary, details flink.JobDetails) slots.Version {
	if details.StreamGraph != nil || cmp.Or(job.SchedulerType, details.SchedulerType, details.ApplicationID) != "" {
		return slots.V2_3
	}
	return slots.V1_20
}

func settings(ctx context.Context, s Source, job flink.JobID) (map[string]string, error) {
	list, err := s.JobManagerJobConfig(ctx, job)
	switch {
	case err == nil:
		return flink.Settings(list), nil
	case optional(err):
		return nil, nil
	}
	return nil, err
}

// optional says that an answer may be missing: old clusters and servers do not
// have it.
func optional(err error) bool { return flink.IsNotFound(err) || flink.IsUnsupported(err) }

// vertices reads the tasks and orders the vertices as the data flows.
func vertices(ctx context.Context, s Source, job *flink.JobDetails) ([]Vertex, error) {
	order, err := topological(job.Plan.Nodes)
	if err != nil {
		return nil, err
	}
	at := map[flink.VertexID]int{}
	for i, n := range order {
		at[n.ID] = i
	}
	listed := map[flink.VertexID]flink.Vertex{}
	for _, v := range job.Vertices {
		listed[v.ID] = v
	}
	all := make([]Vertex, 0, len(order))
	for _, n := range order {
		l, there := listed[n.ID]
		if !there {
			return nil, fmt.Errorf("the plan has a vertex %s that the job has not", n.ID)
		}
		v := Vertex{ID: l.ID, Name: l.Name, Status: l.Status, Parallelism: l.Parallelism, MaxParallelism: l.MaxParallelism}
		for _, in := range n.Inputs {
			v.Inputs = append(v.Inputs, Edge{From: at[in.ID], Ship: in.ShipStrategy, Exchange: in.Exchange})
		}
		if l.Parallelism > 0 {
			d, err := s.VertexDetails(ctx, job.ID, l.ID)
			if err != nil {
				return nil, err
			}
			v.Tasks = tasks(job.StartTime.Time(), d)
		}
		all = append(all, v)
	}
	return all, nil
}

// tasks are the subtasks, those that never started left out.
func tasks(start time.Time, d flink.VertexDetails) []Task {
	var all []Task
	for _, s := range d.Subtasks {
		if !s.StartTime.Known() {
			continue
		}
		begin := max(0, s.StartTime.Time().Sub(start))
		all = append(all, Task{
			ReadBytes: max(0, s.Metrics.ReadBytes), WriteBytes: max(0, s.Metrics.WriteBytes),
			Start: begin, End: begin + max(0, s.Duration.Duration()),
			Setup:    max(0, s.StatusDuration.Deploying.Duration()) + max(0, s.StatusDuration.Initializing.Duration()),
			Finished: s.Status == "FINISHED" && s.Metrics.ReadBytesComplete && s.Metrics.WriteBytesComplete,
		})
	}
	return all
}

// topological orders the plan so that producers stand before their consumers.
func topological(nodes []flink.PlanNode) ([]flink.PlanNode, error) {
	known := map[flink.VertexID]bool{}
	for _, n := range nodes {
		known[n.ID] = true
	}
	var order []flink.PlanNode
	done := map[flink.VertexID]bool{}
	for len(order) < len(known) {
		before := len(order)
		for _, n := range nodes {
			ready := !done[n.ID]
			for _, in := range n.Inputs {
				if !known[in.ID] {
					return nil, fmt.Errorf("the plan reads from a vertex %s that it has not", in.ID)
				}
				ready = ready && done[in.ID]
			}
			if ready {
				done[n.ID] = true
				order = append(order, n)
			}
		}
		if len(order) == before {
			return nil, errors.New("the plan has a circle")
		}
	}
	return order, nil
}
