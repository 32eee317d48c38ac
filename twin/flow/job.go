package flow

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Job is the dataflow of one job at an instant: what waits at its sources, and,
// while it runs, what flows. It is not safe for use by several goroutines.
type Job struct {
	graph Graph
	start time.Time
	loads []Load // by vertex
	m     memory
	derived
}

// Load is what arrives at a source over the time since the job's start, as the
// curves of twin/workload are.
type Load interface {
	// Mean is the average rate between two instants, in records/s, finite and at
	// least 0; of an empty interval it is the rate.
	Mean(from, to time.Duration) float64
	// Next is the first instant after t at which the curve bends; false if there
	// is none.
	Next(t time.Duration) (time.Duration, bool)
}

// Constant is a load of always so many records/s.
type Constant float64

// Mean is the rate.
func (c Constant) Mean(_, _ time.Duration) float64 { return float64(c) }

// Next is never.
func (c Constant) Next(time.Duration) (time.Duration, bool) { return 0, false }

// Deployment is how a job begins to run.
type Deployment struct {
	// Parallelism of each vertex; 0 for one that has finished.
	Parallelism []int
	// Restored is the checkpoint to begin from; nil for none: without state, and
	// where its sources begin.
	Restored *Position
	// Machines are where the subtasks run; nil if that does not matter.
	Machines []Machine
}

// Subtask names one of a vertex.
type Subtask struct{ Vertex, Index int }

// Machine is a TaskManager as far as its tasks share it.
type Machine struct {
	// Cores are shared by the subtasks: if these want more, all are slowed down
	// alike. 0 is no bound.
	Cores float64
	// Slowdown is by which factor what needs the CPU takes longer at least, because
	// of others on the machine; 0 is 1.
	Slowdown float64
	// Frozen keeps the subtasks from doing anything.
	Frozen   bool
	Subtasks []Subtask
}

// memory is all that a job remembers; the rest follows from it and the graph.
type memory struct {
	Now         time.Duration // since the start
	Running     bool
	Attempt     int
	Began       time.Duration
	Parallelism []int
	Machines    []Machine
	Slowdowns   []float64 // of the machines, as found last
	Vertices    []vertexMemory
	Edges       []edgeMemory
}

type vertexMemory struct {
	Source *sourceMemory
	Held   held
	// Of the attempt.
	Taken                      float64
	Read                       []float64 // of a source, by subtask
	Busy, Idle, BackPressured  []float64 // seconds by subtask
	BusyNow, BackPressuredNow  []float64 // shares
	RateNow                    []float64 // of a source
	Rate                       float64
	Limited                    limit
	Watermark                  float64 // seconds since the start
	HasWatermark, HoldsNothing bool
}

type edgeMemory struct {
	Queue           float64
	Entered, Left   float64 // since the attempt began
	Inflow, Outflow float64 // now
	Dropped         float64 // by stops, ever
	Marks           track   // records entered, and the sender's watermark then
	// Of debloated buffers: when they were fitted, what had left then, and how many
	// records they hold since.
	Fitted          time.Duration
	LeftThen, Space float64
}

// New is a job that does not run yet. Nothing arrives until SetLoad says so.
func New(g Graph, start time.Time) (*Job, error) {
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("set up a job: %w", err)
	}
	order, err := topological(g)
	if err != nil {
		return nil, fmt.Errorf("set up a job: %w", err)
	}
	j := &Job{graph: g, start: start, loads: make([]Load, len(g.Vertices))}
	j.derived.network = newNetwork(g, order)
	j.m.Vertices = make([]vertexMemory, len(g.Vertices))
	j.m.Edges = make([]edgeMemory, len(g.Edges))
	j.m.Parallelism = make([]int, len(g.Vertices))
	for i := range g.Vertices {
		if s := g.Vertices[i].Source; s != nil {
			j.m.Vertices[i].Source = newSource(s)
			j.loads[i] = Constant(0)
		}
	}
	j.derive()
	return j, nil
}

// Now is where the clock stands.
func (j *Job) Now() time.Time { return j.start.Add(j.m.Now) }

// Running says whether the job is deployed.
func (j *Job) Running() bool { return j.m.Running }

// Graph is what the job was made of.
func (j *Job) Graph() Graph { return j.graph }

// SetLoad says what arrives at a source from now on; nil is nothing. An endless
// source has no load.
func (j *Job) SetLoad(source int, load Load) error {
	if source < 0 || source >= len(j.loads) || j.m.Vertices[source].Source == nil {
		return fmt.Errorf("set a load: vertex %d is no source", source)
	}
	if load == nil {
		load = Constant(0)
	}
	j.loads[source] = load
	return nil
}

// Deploy lets the job run from now on, in a new attempt: counters begin at 0, queues
// are empty. A job that runs is stopped first.
func (j *Job) Deploy(d Deployment) error {
	if err := j.checkDeployment(d); err != nil {
		return fmt.Errorf("deploy a job: %w", err)
	}
	j.Stop(nil)
	j.m.Running, j.m.Began = true, j.m.Now
	j.m.Attempt++
	j.m.Parallelism = slices.Clone(d.Parallelism)
	j.place(d.Machines)
	for i := range j.m.Vertices {
		v, p := &j.m.Vertices[i], d.Parallelism[i]
		*v = vertexMemory{
			Source: v.Source, Busy: make([]float64, p), Idle: make([]float64, p), BackPressured: make([]float64, p),
			BusyNow: make([]float64, p), BackPressuredNow: make([]float64, p),
		}
		if v.Source != nil {
			v.Read, v.RateNow = make([]float64, p), make([]float64, p)
		}
		if d.Restored != nil {
			v.Held = d.Restored.Held[i].clone()
			v.Held.Written = 0
		}
	}
	if d.Restored != nil {
		j.rewind(*d.Restored)
	} else {
		j.begin()
	}
	j.derive()
	j.markStart()
	return nil
}

// Stop cancels the job. What is in flight is dropped, and the sources go back to
// a position, usually that of the last completed checkpoint; nil leaves them where
// they are.
func (j *Job) Stop(back *Position) {
	j.m.Running = false
	for i := range j.m.Edges {
		e := &j.m.Edges[i]
		e.Dropped += max(e.Queue, 0)
		*e = edgeMemory{Dropped: e.Dropped}
	}
	for i := range j.m.Vertices {
		v := &j.m.Vertices[i]
		v.Rate, v.Limited = 0, byInput
		clear(v.BusyNow)
		clear(v.BackPressuredNow)
		clear(v.RateNow)
	}
	if back != nil && back.fits(j) == nil {
		j.rewind(*back)
	}
}

// Place moves what is said of the machines, without a new attempt: who shares
// cores with whom, who is slow, who is frozen.
func (j *Job) Place(machines []Machine) error {
	if err := j.checkMachines(machines, j.m.Parallelism); err != nil {
		return fmt.Errorf("place a job: %w", err)
	}
	j.place(machines)
	j.derive()
	return nil
}

func (j *Job) place(machines []Machine) {
	j.m.Machines = slices.Clone(machines)
	for i := range j.m.Machines {
		j.m.Machines[i].Subtasks = slices.Clone(machines[i].Subtasks)
	}
	if len(j.m.Slowdowns) != len(machines) {
		j.m.Slowdowns = make([]float64, len(machines))
	}
	for i, m := range machines {
		if m.Cores == 0 {
			j.m.Slowdowns[i] = 0
		}
		j.m.Slowdowns[i] = max(j.m.Slowdowns[i], m.Slowdown, 1)
	}
}

func (j *Job) checkDeployment(d Deployment) error {
	if len(d.Parallelism) != len(j.graph.Vertices) {
		return fmt.Errorf("parallelism of %d vertices; want %d", len(d.Parallelism), len(j.graph.Vertices))
	}
	for i, p := range d.Parallelism {
		if p < 0 {
			return fmt.Errorf("vertex %d has parallelism %d; want 0 or more", i, p)
		}
		if v := &j.graph.Vertices[i]; v.KeyGroups > 0 && p > v.KeyGroups {
			return fmt.Errorf("vertex %d has parallelism %d; want at most its %d key groups", i, p, v.KeyGroups)
		}
	}
	if d.Restored != nil {
		if err := d.Restored.fits(j); err != nil {
			return err
		}
	}
	return j.checkMachines(d.Machines, d.Parallelism)
}

func (j *Job) checkMachines(machines []Machine, parallelism []int) error {
	seen := map[Subtask]bool{}
	for i, m := range machines {
		if err := errors.Join(amount("cores", m.Cores), amount("slowdown", m.Slowdown)); err != nil {
			return fmt.Errorf("machine %d: %w", i, err)
		}
		for _, s := range m.Subtasks {
			if s.Vertex < 0 || s.Vertex >= len(parallelism) || s.Index < 0 || s.Index >= parallelism[s.Vertex] {
				return fmt.Errorf("machine %d: there is no subtask %d of vertex %d", i, s.Index, s.Vertex)
			}
			if seen[s] {
				return fmt.Errorf("machine %d: subtask %d of vertex %d is placed twice", i, s.Index, s.Vertex)
			}
			seen[s] = true
		}
	}
	return nil
}
