package collect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// Reference takes samples as Flink's Java autoscaler does (spec sections 3 and
// 4), to the last digit. Of a source's names it reads the list once a pass,
// where the original reads it twice.
type Reference struct {
	cfg Config

	mu   sync.Mutex
	jobs map[autoscaler.JobKey]*referenceMemory
}

var _ autoscaler.MetricCollector = (*Reference)(nil)

// NewReference makes the collector.
func NewReference(cfg Config) (*Reference, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Reference{cfg: cfg, jobs: map[autoscaler.JobKey]*referenceMemory{}}, nil
}

// referenceMemory is what is remembered of a job until it restarts.
type referenceMemory struct {
	// names holds what is asked of each vertex that had not finished.
	names map[scaling.VertexID][]selected
	gc    gcKnowledge
}

// gcKnowledge is whether the TaskManagers know how long they collect garbage.
type gcKnowledge uint8

const (
	gcUntried gcKnowledge = iota
	gcKnown
	gcUnknown
)

// Forget implements [autoscaler.MetricCollector].
func (r *Reference) Forget(key autoscaler.JobKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.jobs, key)
}

func (r *Reference) memory(key autoscaler.JobKey) *referenceMemory {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.jobs[key]
	if m == nil {
		m = &referenceMemory{}
		r.jobs[key] = m
	}
	return m
}

const errNoClusterMetrics = fact("Missing required TM metrics")

// Collect implements [autoscaler.MetricCollector]. Once it has read when the job
// began to run it gives an observation with an error too. It fails if a request fails,
// and with a [MissingMetricError] when a vertex lacks a required metric; within
// the stabilization interval that is a [autoscaler.NotReadyError].
func (r *Reference) Collect(ctx context.Context, job *autoscaler.JobContext, window scaling.Window) (*autoscaler.Observation, error) {
	settings, err := referenceSettingsOf(job.Config)
	if err != nil {
		return nil, fmt.Errorf("collect metrics of job %s: %w", job.Key, err)
	}
	now := r.cfg.Now()
	details, err := readDetails(ctx, job)
	if err != nil {
		return nil, err
	}
	// The reference takes 0 for a time like any other.
	since := time.UnixMilli(int64(details.Timestamps.Running)).UTC()
	seen := &autoscaler.Observation{Sample: scaling.Sample{At: now, RunningSince: since}}
	if window.RestartedBy(since) {
		r.Forget(job.Key)
		window = scaling.Window{}
	}
	topology, err := topologyOf(details)
	if err != nil {
		return seen, err
	}
	p := &referencePass{
		referenceSettings: settings,
		job:               job, memory: r.memory(job.Key), details: details, topology: topology, window: window,
		stabilizing: now.Before(since.Add(settings.stabilization)),
	}
	seen.Topology = topology
	seen.Sample.Vertices, err = p.vertices(ctx)
	seen.Unusable = p.unusable
	if err != nil {
		return seen, err
	}
	seen.Sample.Global, err = p.cluster(ctx, r.cfg.Cluster)
	return seen, err
}

type referenceSettings struct {
	stabilization   time.Duration
	lagThreshold    time.Duration
	minObservations int
	busyOf          func(*flink.AggregatedMetric) flink.Float
}

func referenceSettingsOf(cfg options.Config) (referenceSettings, error) {
	r := options.NewReader(cfg)
	s := referenceSettings{
		stabilization:   options.Read(r, options.StabilizationInterval),
		lagThreshold:    options.Read(r, options.ObservedRateLagThreshold),
		minObservations: options.Read(r, options.ObservedRateMinObservations),
	}
	switch options.Read(r, options.MetricsBusyTimeAggregator) {
	case options.AggregateAvg:
		s.busyOf = func(m *flink.AggregatedMetric) flink.Float { return m.Avg }
	case options.AggregateMin:
		s.busyOf = func(m *flink.AggregatedMetric) flink.Float { return m.Min }
	default:
		s.busyOf = func(m *flink.AggregatedMetric) flink.Float { return m.Max }
	}
	return s, r.Err()
}

// referencePass is one pass over one job.
type referencePass struct {
	referenceSettings
	job         *autoscaler.JobContext
	memory      *referenceMemory
	details     *flink.JobDetails
	topology    *scaling.Topology
	window      scaling.Window
	stabilizing bool
	unusable    []scaling.VertexID
}

func (p *referencePass) vertices(ctx context.Context) ([]scaling.VertexSample, error) {
	if err := p.discover(ctx); err != nil {
		return nil, err
	}
	samples := make([]scaling.VertexSample, len(p.topology.Vertices))
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		readings, err := p.read(ctx, v)
		if err != nil {
			return nil, err
		}
		samples[i] = p.sample(v, readings)
	}
	return samples, nil
}

// discover counts the partitions of all sources and finds out what to ask of the
// vertices (spec section 3.5): of sources in each pass, since their names come
// late, of the others as long as the set of vertices changes.
func (p *referencePass) discover(ctx context.Context) error {
	onlySources := p.sameVertices()
	names := make(map[scaling.VertexID][]selected, len(p.topology.Vertices))
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		switch {
		case v.IsSource():
		case v.Finished:
			continue
		case onlySources:
			names[v.ID] = p.memory.names[v.ID]
			continue
		}
		list, err := readNames(ctx, p.job, v.ID)
		if err != nil {
			return err
		}
		if v.IsSource() {
			v.Partitions = countPartitions(list)
		}
		if v.Finished {
			continue
		}
		if names[v.ID], err = selectNames(list, v); err != nil {
			return p.missing(err)
		}
	}
	p.memory.names = names
	return nil
}

func (p *referencePass) sameVertices() bool {
	if len(p.memory.names) != len(p.topology.Vertices) {
		return false
	}
	for i := range p.topology.Vertices {
		if _, known := p.memory.names[p.topology.Vertices[i].ID]; !known {
			return false
		}
	}
	return true
}

// missing is what a missing metric means: shortly after a start it may come yet.
func (p *referencePass) missing(err error) error {
	if p.stabilizing {
		return &autoscaler.NotReadyError{Err: err}
	}
	return err
}

// cluster reads the cluster-wide metrics. Whether the time of garbage collection
// is known is tried once for each run of the job.
func (p *referencePass) cluster(ctx context.Context, c *ClusterMetrics) (scaling.GlobalMeasures, error) {
	slots, err := c.slots(ctx, p.job.Client)
	if err != nil {
		return scaling.GlobalMeasures{}, fmt.Errorf("read the slots of the cluster of job %s: %w", p.job.Key, err)
	}
	memory, err := p.taskManagers(ctx, c)
	if err != nil {
		return scaling.GlobalMeasures{}, fmt.Errorf("read the memory of the cluster of job %s: %w", p.job.Key, err)
	}
	if len(memory) == 0 {
		p.memory.gc = gcUntried
		return scaling.GlobalMeasures{}, errNoClusterMetrics
	}
	return globalMeasures(memory, slots), nil
}

func (p *referencePass) taskManagers(ctx context.Context, c *ClusterMetrics) ([]flink.AggregatedMetric, error) {
	if p.memory.gc == gcUnknown {
		return c.taskManagers(ctx, p.job.Client, false)
	}
	memory, err := c.taskManagers(ctx, p.job.Client, true)
	if err != nil || len(memory) > 0 || p.memory.gc == gcKnown {
		if err == nil {
			p.memory.gc = gcKnown
		}
		return memory, err
	}
	p.memory.gc = gcUnknown
	return c.taskManagers(ctx, p.job.Client, false)
}
