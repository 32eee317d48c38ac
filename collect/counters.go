package collect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// Counters takes samples of accumulated counters: those of all vertices come
// with the job's details, those of each source in a request of its own, so that
// its records, its lag and its clock are of one moment. Lists of names and
// single subtasks are read only now and then.
type Counters struct {
	cfg Config

	mu   sync.Mutex
	jobs map[autoscaler.JobKey]*jobMemory
}

var (
	_ autoscaler.MetricCollector = (*Counters)(nil)
	_ autoscaler.Refiner         = (*Counters)(nil)
)

// NewCounters makes the collector.
func NewCounters(cfg Config) (*Counters, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Counters{cfg: cfg, jobs: map[autoscaler.JobKey]*jobMemory{}}, nil
}

// Forget implements [autoscaler.MetricCollector].
func (c *Counters) Forget(key autoscaler.JobKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.jobs, key)
}

func (c *Counters) memory(key autoscaler.JobKey) *jobMemory {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.jobs[key]
	if m == nil {
		m = &jobMemory{}
		c.jobs[key] = m
	}
	return m
}

// Collect implements [autoscaler.MetricCollector]. It fails if a request about
// the job fails; cluster-wide metrics that cannot be had are absent. A job that
// does not run, or whose graph is not complete, gives a
// [autoscaler.NotReadyError].
func (c *Counters) Collect(ctx context.Context, job *autoscaler.JobContext, window scaling.Window) (*autoscaler.Observation, error) {
	settings, err := countersSettingsOf(job.Config)
	if err != nil {
		return nil, fmt.Errorf("collect metrics of job %s: %w", job.Key, err)
	}
	details, err := readDetails(ctx, job)
	if err != nil {
		return nil, err
	}
	if err := ready(details); err != nil {
		return nil, err
	}
	topology, err := topologyOf(details)
	if err != nil {
		return nil, err
	}
	p := &countersPass{
		countersSettings: settings,
		job:              job, memory: c.memory(job.Key), details: details, topology: topology, window: window,
		sample: scaling.Sample{At: c.cfg.Now(), RunningSince: details.Timestamps.Running.Time()},
	}
	p.memory.enter(p.sample.RunningSince, topology)
	if err := p.take(ctx); err != nil {
		return nil, err
	}
	p.sample.Global = c.cfg.Cluster.measures(ctx, job.Client)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("collect metrics of job %s: %w", job.Key, context.Cause(ctx))
	}
	return &autoscaler.Observation{Topology: topology, Sample: p.sample}, nil
}

// Refine implements [autoscaler.Refiner]: it adds the subtasks of the vertices
// to the sample where it lacks them.
func (c *Counters) Refine(ctx context.Context, job *autoscaler.JobContext, o *autoscaler.Observation, vertices []scaling.VertexID) error {
	p := &countersPass{job: job, memory: c.memory(job.Key), topology: o.Topology, sample: o.Sample}
	for _, id := range vertices {
		i := o.Topology.Index(id)
		if i < 0 || i >= len(o.Sample.Vertices) || o.Sample.Vertices[i].Subtasks != nil {
			continue
		}
		if err := p.readSubtasks(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// ready tells whether a job's details can be judged.
func ready(d *flink.JobDetails) error {
	switch {
	case d.State != flink.JobRunning:
		return &autoscaler.NotReadyError{Err: fmt.Errorf("the job is %s", d.State)}
	case !d.Timestamps.Running.Known():
		return &autoscaler.NotReadyError{Err: errors.New("it is not known since when the job runs")}
	}
	return nil
}

type countersSettings struct {
	window       time.Duration
	namesRefresh time.Duration
	// fetch is how often the JobManager gets new values of metrics.
	fetch time.Duration
}

func countersSettingsOf(cfg options.Config) (countersSettings, error) {
	r := options.NewReader(cfg)
	return countersSettings{
		window:       options.Read(r, options.MetricsWindow),
		namesRefresh: options.Read(r, options.MetricNamesRefreshInterval),
		fetch:        options.Read(r, options.FetcherUpdateInterval),
	}, r.Err()
}

// countersPass is one pass over one job.
type countersPass struct {
	countersSettings
	job      *autoscaler.JobContext
	memory   *jobMemory
	details  *flink.JobDetails
	topology *scaling.Topology
	window   scaling.Window
	sample   scaling.Sample
}

func (p *countersPass) take(ctx context.Context) error {
	if err := p.listNames(ctx); err != nil {
		return err
	}
	p.sample.Vertices = make([]scaling.VertexSample, len(p.topology.Vertices))
	for i := range p.topology.Vertices {
		v, s := &p.topology.Vertices[i], &p.sample.Vertices[i]
		entry := entryOf(p.details, flink.VertexID(v.ID), i)
		s.Vertex, s.Parallelism = v.ID, entry.Parallelism
		setTimes(&s.Measures, &entry.Metrics)
		setRecords(&s.Measures, &entry.Metrics)
		if !v.IsSource() {
			p.keepIdle(v, &s.Measures)
			continue
		}
		if err := p.takeSource(ctx, v, s, entry); err != nil {
			return err
		}
	}
	return p.takeSubtasks(ctx)
}

// setTimes puts the accumulated times in, in ms over all subtasks. Busy time is
// NaN where a source does not measure it.
func setTimes(m *scaling.Measures, io *flink.IOMetrics) {
	setFloat(m, scaling.AccumulatedBusyTime, io.AccumulatedBusy)
	setFloat(m, scaling.AccumulatedIdleTime, io.AccumulatedIdle)
	setFloat(m, scaling.AccumulatedBackpressuredTime, io.AccumulatedBackPressured)
}

// setRecords puts the counters in that do not miss subtasks.
func setRecords(m *scaling.Measures, io *flink.IOMetrics) {
	if in := float64(io.ReadRecords); io.ReadRecordsComplete && sane(in) {
		m.Set(scaling.NumRecordsIn, in)
	}
	if out := float64(io.WriteRecords); io.WriteRecordsComplete && sane(out) {
		m.Set(scaling.NumRecordsOut, out)
	}
}

func setFloat(m *scaling.Measures, name scaling.Measure, f flink.Float) {
	if v, ok := f.Value(); ok && sane(v) {
		m.Set(name, v)
	}
}

// keepIdle lets the clock of a finished vertex go on: its counters stand, and
// without a clock a source that has read all it had would be taken for one that
// does not report, which stops every decision about the job.
func (p *countersPass) keepIdle(v *scaling.Vertex, m *scaling.Measures) {
	busy, idle, blocked := times(m)
	if !v.Finished || math.IsNaN(busy+idle+blocked) {
		return
	}
	sinceStart := float64(p.details.Now-p.details.Timestamps.Running) * float64(v.Parallelism)
	m.Set(scaling.AccumulatedIdleTime, math.Max(idle, sinceStart-busy-blocked))
}

// times are the accumulated times in ms, NaN where absent.
func times(m *scaling.Measures) (busy, idle, blocked float64) {
	return m.Or(scaling.AccumulatedBusyTime), m.Or(scaling.AccumulatedIdleTime), m.Or(scaling.AccumulatedBackpressuredTime)
}
