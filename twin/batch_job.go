package twin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
)

// batchRun is the JobMaster of a batch job, and its tasks.
type batchRun struct{ *bulk.Run }

// repeated is a job that is handed in again and again.
type repeated struct {
	spec  JobSpec
	began time.Time // the first run
	runs  int       // that were due so far
}

// next is when the next run is due.
func (r *repeated) next() time.Time {
	return r.began.Add(time.Duration(r.runs) * r.spec.Batch.Repeat.every())
}

// id is that of a run, from 1.
func (r *repeated) id(run int) string { return hexID(fmt.Sprintf("run %d of %s", run, r.spec.Name)) }

// submitBatch takes a batch job: at once, or as often as it is to run.
func (t *Twin) submitBatch(spec JobSpec, options map[string]string) error {
	repeat := spec.Batch.Repeat
	if repeat == nil {
		return t.runBatch(spec, options)
	}
	if slices.ContainsFunc(t.repeats, func(r *repeated) bool { return r.spec.Name == spec.Name }) {
		return fmt.Errorf("submit job %s: there is one of that name that repeats", spec.Name)
	}
	if repeat.Load != nil {
		if _, err := repeat.Load.Read(t.config, spec.Name, "volume"); err != nil {
			return fmt.Errorf("submit job %s: volume: %w", spec.Name, err)
		}
	}
	if _, err := t.batchConfig(spec, options); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	t.repeats = append(t.repeats, &repeated{spec: spec, began: repeat.first(t.Now())})
	t.submitted++
	return nil
}

// batchConfig is a batch job as it runs; an error says why it cannot.
func (t *Twin) batchConfig(spec JobSpec, options map[string]string) (bulk.Config, error) {
	g, err := spec.Batch.shuffled(options)
	if err != nil {
		return bulk.Config{}, err
	}
	parallelism, err := spec.parallelism()
	if err != nil {
		return bulk.Config{}, err
	}
	c := bulk.Config{
		Job: slots.JobID(spec.ID), Graph: g, Cluster: t.config.Options, Options: options, Version: t.config.Version, Now: t.Now,
		Parallelism: parallelism, Static: !t.dynamic(&spec, options), Whole: t.config.Version == slots.V1_20 || t.defaultScheduler(),
		Build: t.config.Times.Build, Cancel: t.config.Times.Cancel, Deploy: func(vertex, task, attempt int) time.Duration {
			lot := t.chance(spec.ID, "task", vertex<<32|task<<8|attempt)
			return time.Duration((1 + t.config.Times.Spread*(2*lot-1)) * float64(t.config.Times.Task)).Round(time.Millisecond)
		},
		Jitter: t.jitter,
	}
	for i := range spec.Vertices {
		c.IDs = append(c.IDs, slots.VertexID(spec.Vertices[i].ID))
	}
	return c, c.Check()
}

// dynamic says whether the parallelism of a batch job may follow its data: its program
// is made so where no other scheduler than that of batch jobs is configured for it,
// and not, for one, where the cluster is configured for the Adaptive Scheduler.
func (t *Twin) dynamic(spec *JobSpec, options map[string]string) bool {
	if _, own := spec.Options[schedulerOption]; !own && t.config.Assumed {
		return true
	}
	name := strings.ReplaceAll(options[schedulerOption], "-", "")
	return name == "" || strings.EqualFold(name, flink.SchedulerAdaptiveBatch)
}

// defaultScheduler says whether the cluster runs all jobs under the Default Scheduler.
func (t *Twin) defaultScheduler() bool {
	return strings.EqualFold(t.config.Options[schedulerOption], flink.SchedulerDefault)
}

// runBatch hands a batch job in.
func (t *Twin) runBatch(spec JobSpec, options map[string]string) error {
	c, err := t.batchConfig(spec, options)
	if err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	j := &job{twin: t, spec: spec, options: options, began: t.Now(), ticked: t.Now()}
	j.catalog, j.inputs = j.catalogs(), spec.batchInputs(&c.Graph)
	if err := j.runBatch(c); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	t.submitted++
	t.jobs, t.byID[spec.ID] = append(t.jobs, j), j
	return nil
}

// due is when the next run of a job is.
func (t *Twin) due() (time.Time, bool) {
	var first *repeated
	for _, r := range t.repeats {
		if first == nil || r.next().Before(first.next()) {
			first = r
		}
	}
	if first == nil {
		return time.Time{}, false
	}
	return first.next(), true
}

// repeat hands in what is due up to a time, each when it is due. While the JobManager
// is down there is nobody to take it.
func (t *Twin) repeat(to time.Time) error {
	for at, due := t.due(); due && !at.After(to); at, due = t.due() {
		if err := t.cluster.Advance(at); err != nil {
			return err
		}
		for _, r := range t.repeats {
			if !r.next().Equal(at) {
				continue
			}
			r.runs++
			if err := t.runAgain(r, at); err != nil && !t.cluster.Down() {
				return err
			}
		}
	}
	return nil
}

// runAgain hands in the next run of a job.
func (t *Twin) runAgain(r *repeated, at time.Time) error {
	spec := r.spec
	spec.ID = r.id(r.runs)
	factor, err := r.volume(t.config, at)
	if err != nil {
		return err
	}
	spec.Batch = &BatchSpec{Graph: spec.Batch.Graph.Scaled(factor)}
	options := t.optionsOf(&spec)
	return t.runBatch(spec, options)
}

// volume is the factor of what there is to read at the latest run.
func (r *repeated) volume(c Config, at time.Time) (float64, error) {
	repeat := r.spec.Batch.Repeat
	switch {
	case len(repeat.Volumes) > 0:
		return repeat.Volumes[(r.runs-1)%len(repeat.Volumes)], nil
	case repeat.Load == nil:
		return 1, nil
	}
	load, err := repeat.Load.Read(c, r.spec.Name, "volume")
	if err != nil || load.Curve == nil {
		return 1, err
	}
	since := at.Sub(c.Start)
	return max(load.Curve.Mean(since, since), 0), nil
}

// expire forgets batch jobs that have ended long ago, as Flink does: they are counted,
// and no longer listed.
func (t *Twin) expire() {
	over := func(j *job) bool {
		if j.batch == nil || !j.batch.Status().Terminal() {
			return false
		}
		return t.Now().Sub(j.batch.Since()) >= t.settings.expiration
	}
	t.jobs = slices.DeleteFunc(t.jobs, func(j *job) bool {
		if !over(j) {
			return false
		}
		countEnded(&t.expired, j.batch.Status())
		delete(t.byID, j.spec.ID)
		t.cluster.Forget(slots.JobID(j.spec.ID))
		return true
	})
}

// countEnded counts a job that has ended.
func countEnded(o *flink.Overview, s adaptive.Status) {
	switch s {
	case adaptive.StatusFinished:
		o.JobsFinished++
	case adaptive.StatusCanceled:
		o.JobsCancelled++
	case adaptive.StatusFailed:
		o.JobsFailed++
	}
}

// recoverBatch lets the batch jobs begin anew that a JobManager has in its store for
// high availability: what they had done is lost.
func (t *Twin) recoverBatch() error {
	for _, j := range t.jobs {
		if j.batch == nil || j.batch.Status().Terminal() {
			continue
		}
		switch kind := t.config.Options["high-availability.type"]; {
		case kind == "" || strings.EqualFold(kind, "none"):
			continue
		}
		c, err := t.batchConfig(j.spec, j.options)
		if err != nil {
			return err
		}
		if err := j.runBatch(c); err != nil {
			return err
		}
	}
	return nil
}

// runBatch gives a batch job another JobMaster.
func (j *job) runBatch(c bulk.Config) error {
	c.Changed = func() { j.view = nil; j.twin.events++ }
	c.Fault = func(err error) { j.twin.fails(fmt.Errorf("batch job %s: %w", j.spec.Name, err)) }
	run, err := bulk.New(c)
	if err != nil {
		return err
	}
	j.batch, j.view, j.graph = &batchRun{run}, nil, nil
	return run.Take(j.twin.cluster)
}

// toBatch does something to a batch job.
func (j *job) toBatch(a Action) error {
	why := adaptive.Failure{Class: "java.lang.RuntimeException", Message: a.Message}
	if a.Message == "" {
		why.Message = "made to fail"
	}
	if !j.batch.Begun() {
		return fmt.Errorf("job %s: it is initializing", j.spec.Name)
	}
	if j.batch.Status().Terminal() {
		return fmt.Errorf("job %s: it is %s", j.spec.Name, j.batch.Status())
	}
	switch a.Do {
	case CancelJob:
		j.batch.Cancel()
		return nil
	case FailJob:
		j.batch.Fail(why)
		return nil
	case FailTask:
		v := j.spec.vertex(a.Vertex)
		if v < 0 {
			return fmt.Errorf("job %s has no vertex %q", j.spec.Name, a.Vertex)
		}
		return j.batch.FailTask(v, a.Subtask, why)
	}
	return fmt.Errorf("job %s: it is a batch job, which has no loads, costs of records, checkpoints and savepoints", j.spec.Name)
}
