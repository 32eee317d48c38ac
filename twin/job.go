package twin

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// job is a job with its dataflow.
type job struct {
	twin    *Twin
	spec    JobSpec
	options map[string]string // those of the cluster and its own
	began   time.Time         // when it was submitted, which is 0 of its flow
	flow    *flow.Job
	catalog []*catalog // by vertex: the names of its metrics
	inputs  [][]flink.PlanInput

	crowded bool // it shares TaskManagers of bounded cores

	run   *run      // the execution at hand, nil when there is none
	last  *run      // the latest execution
	view  *jobView  // as the cluster last showed it; nil after a change
	graph *graph    // as REST shows it
	dump  *dump     // metrics of its tasks as they were last fetched; nil before
	whole jobValues // those of the job as a whole

	meters
	ticked time.Time     // when they moved last
	fresh  flow.Snapshot // as it was then

	checkpoints checkpoints
	shown       *shownCheckpoints // as REST shows them
	savepoints  map[string]flow.Position
	operations  []operation
	frail       frail

	batch *batchRun // of a batch job, which has no flow and no run; nil of a stream
}

// run is one execution.
type run struct {
	execution cluster.Execution
	takes     time.Duration // until all its tasks run
	starts    time.Time     // when records begin to flow
	on        []*machine    // where its tasks are, in the order of the tasks
	flowing   bool
	ended     time.Time
}

// frail is how the checkpoints of a job fare by order.
type frail struct {
	failing int // so many more fail; -1 is all
}

func (t *Twin) submit(spec JobSpec) error {
	if err := spec.complete(t.submitted + 1); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	if err := t.forget(spec.ID); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	options := t.optionsOf(&spec)
	if spec.Batch != nil {
		return t.submitBatch(spec, options)
	}
	scheduled, err := spec.scheduled(options, t.config.Version)
	if err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	j := &job{twin: t, spec: spec, options: options, began: t.Now(), ticked: t.Now(), savepoints: map[string]flow.Position{}}
	if err := j.from(spec.Savepoint); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	if j.flow, err = flow.New(spec.Graph, j.began); err != nil {
		return fmt.Errorf("submit job %s: %w", spec.Name, err)
	}
	for name, load := range spec.Loads {
		if err := j.setLoad(spec.source(name), load); err != nil {
			return fmt.Errorf("submit job %s: source %s: %w", spec.Name, name, err)
		}
	}
	j.catalog, j.inputs = j.catalogs(), spec.edgeInputs()
	t.submitted++
	t.jobs, t.byID[spec.ID] = append(t.jobs, j), j
	if err := t.cluster.Submit(scheduled); err != nil {
		t.jobs = t.jobs[:len(t.jobs)-1]
		delete(t.byID, spec.ID)
		return err
	}
	return nil
}

// optionsOf are those of the cluster and the job's own.
func (t *Twin) optionsOf(spec *JobSpec) map[string]string {
	options := maps.Clone(t.config.Options)
	maps.Copy(options, spec.Options)
	return options
}

// forget drops a job that the JobManager no longer knows, so that its id is free.
func (t *Twin) forget(id string) error {
	j := t.byID[id]
	if j == nil {
		return nil
	}
	if _, known := j.look(); known {
		return fmt.Errorf("there is one of id %s", id)
	}
	t.jobs = slices.DeleteFunc(t.jobs, func(other *job) bool { return other == j })
	delete(t.byID, id)
	return nil
}

// from finds the position to start from.
func (j *job) from(savepoint string) error {
	if savepoint == "" {
		return nil
	}
	for _, other := range j.twin.jobs {
		if p, known := other.savepoints[savepoint]; known && !j.twin.disposed[savepoint] {
			j.savepoints[savepoint] = p
			return nil
		}
	}
	return fmt.Errorf("there is no savepoint at %s", savepoint)
}

// read is a load with its curve.
func (j *job) read(source int, load Load) (Load, error) {
	return load.Read(j.twin.config, j.spec.Name, j.spec.Graph.Vertices[source].Name)
}

func (j *job) setLoad(source int, load Load) error {
	load, err := j.read(source, load)
	if err != nil {
		return err
	}
	if load.Curve == nil {
		return j.flow.SetLoad(source, nil)
	}
	return j.flow.SetLoad(source, shifted{load.Curve, j.began.Sub(j.twin.config.Start)})
}

// sync moves the dataflow to a time, in step with those that share its TaskManagers.
func (j *job) sync(to time.Time) {
	if j.batch != nil {
		return
	}
	j.twin.crowd.sync(j, to)
	j.alone(to)
}

// alone moves the dataflow to a time: to the beginning of the run if that has come,
// and past each move of the gauges and meters.
func (j *job) alone(to time.Time) {
	if r := j.run; r != nil && !r.flowing && !to.Before(r.starts) {
		j.flowTo(r.starts)
		j.start(r)
	}
	j.flowTo(to)
}

// catchUp is sync as far as something comes of it that others may ask for: the
// dataflow itself can wait.
func (j *job) catchUp() {
	if j.batch != nil {
		return
	}
	if now := j.twin.Now(); now.Sub(j.flow.Now()) >= lazy {
		j.sync(now.Add(-now.Sub(j.began) % views))
	}
}

// lazy is how long a dataflow may stand behind the clock.
const lazy = time.Minute

func (j *job) flowTo(to time.Time) {
	for tick := j.ticked.Add(views); !tick.After(to); tick = tick.Add(views) {
		j.flow.Advance(tick)
		j.ticked = tick
		if j.flow.Running() {
			j.flow.SnapshotTo(&j.fresh)
			j.move(&j.fresh)
		}
	}
	j.flow.Advance(to)
}

// start lets the tasks of an execution begin to work.
func (j *job) start(r *run) {
	d := flow.Deployment{Parallelism: r.execution.Parallelism, Machines: j.place(r)}
	var err error
	if d.Restored, err = j.restored(r.execution.Restore); err == nil {
		err = j.flow.Deploy(d)
	}
	if err != nil {
		j.twin.fails(fmt.Errorf("deploy job %s: %w", j.spec.Name, err))
		return
	}
	r.flowing = true
	j.meters.reset(r.execution.Parallelism, !j.ticked.Before(r.execution.At))
}

// restored is the position of what an execution starts from; nil for the beginning.
func (j *job) restored(r adaptive.Restore) (*flow.Position, error) {
	if r.Checkpoint.ID == 0 && r.Savepoint == "" {
		return nil, nil
	}
	p, known := j.savepoints[r.Savepoint]
	if r.Checkpoint.ID > 0 {
		p, known = j.checkpoints.positions[r.Checkpoint.ID]
	}
	if !known {
		return nil, fmt.Errorf("nothing is known of checkpoint %d, savepoint %q", r.Checkpoint.ID, r.Savepoint)
	}
	return &p, nil
}

// place says which subtasks share which TaskManager. Those on one that is frozen,
// or gone and not yet given up, do nothing.
func (j *job) place(r *run) []flow.Machine {
	var machines []flow.Machine
	at := map[slots.TaskManagerID]int{}
	for _, task := range r.execution.Tasks {
		id := task.Slot.TaskManager
		i, known := at[id]
		if !known {
			m := j.twin.machine(id)
			i = len(machines)
			at[id] = i
			machines = append(machines, flow.Machine{Cores: m.cores, Slowdown: m.slow, Frozen: m.frozen || m.gone})
		}
		machines[i].Subtasks = append(machines[i].Subtasks, flow.Subtask{Vertex: task.Vertex, Index: task.Subtask})
	}
	return machines
}

// replace tells the dataflow what has become of the TaskManagers.
func (j *job) replace() {
	if j.batch != nil {
		j.batch.Replace()
	}
	if r := j.run; r != nil && r.flowing {
		if err := j.flow.Place(j.place(r)); err != nil {
			j.twin.fails(fmt.Errorf("place job %s: %w", j.spec.Name, err))
		}
	}
}

// end stops the dataflow: the tasks are told to end, or gone. The job itself may go
// on in another execution.
func (j *job) end() {
	now := j.twin.Now()
	j.sync(now)
	j.checkpoints.suspend(j, now)
	if r := j.run; r != nil {
		r.ended = now
		j.run = nil
	}
	if j.flow.Running() {
		j.flow.Stop(j.checkpoints.back())
	}
	j.twin.crowd.gather(j.twin, now)
}
