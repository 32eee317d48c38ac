package collect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// Config is what a collector needs.
type Config struct {
	// Now is the clock.
	Now func() time.Time
	// Cluster holds the cluster-wide metrics that all jobs of a cluster share.
	Cluster *ClusterMetrics
}

func (c Config) check() error {
	switch {
	case c.Now == nil:
		return errors.New("new collector: no clock given")
	case c.Cluster == nil:
		return errors.New("new collector: no cluster metrics given")
	}
	return nil
}

// ByEstimator serves each job with the collector that its option
// sluice.estimator names.
type ByEstimator struct {
	reference *Reference
	counters  *Counters
}

var (
	_ autoscaler.MetricCollector = (*ByEstimator)(nil)
	_ autoscaler.Refiner         = (*ByEstimator)(nil)
)

// New makes a collector for jobs of either estimator.
func New(cfg Config) (*ByEstimator, error) {
	reference, err := NewReference(cfg)
	if err != nil {
		return nil, err
	}
	counters, err := NewCounters(cfg)
	if err != nil {
		return nil, err
	}
	return &ByEstimator{reference, counters}, nil
}

// Collect implements [autoscaler.MetricCollector].
func (b *ByEstimator) Collect(ctx context.Context, job *autoscaler.JobContext, window scaling.Window) (*autoscaler.Observation, error) {
	estimator, err := options.Get(job.Config, options.RateEstimator)
	if err != nil {
		return nil, fmt.Errorf("choose a collector for job %s: %w", job.Key, err)
	}
	if estimator == options.EstimatorCounters {
		return b.counters.Collect(ctx, job, window)
	}
	return b.reference.Collect(ctx, job, window)
}

// Refine implements [autoscaler.Refiner]. Jobs of the reference estimator have
// nothing to refine.
func (b *ByEstimator) Refine(ctx context.Context, job *autoscaler.JobContext, o *autoscaler.Observation, vertices []scaling.VertexID) error {
	estimator, err := options.Get(job.Config, options.RateEstimator)
	if err != nil {
		return fmt.Errorf("choose a collector for job %s: %w", job.Key, err)
	}
	if estimator != options.EstimatorCounters {
		return nil
	}
	return b.counters.Refine(ctx, job, o, vertices)
}

// Forget implements [autoscaler.MetricCollector].
func (b *ByEstimator) Forget(key autoscaler.JobKey) {
	b.reference.Forget(key)
	b.counters.Forget(key)
}

// readDetails asks for the body that holds a job's graph and counters.
func readDetails(ctx context.Context, job *autoscaler.JobContext) (*flink.JobDetails, error) {
	if job.Client == nil {
		return nil, fmt.Errorf("read the details of job %s: it has no REST client", job.Key)
	}
	details, err := job.Client.Job(ctx, job.Key.Job)
	if err != nil {
		return nil, fmt.Errorf("read the details of job %s: %w", job.Key, err)
	}
	return &details, nil
}

func readNames(ctx context.Context, job *autoscaler.JobContext, id scaling.VertexID) ([]string, error) {
	list, err := job.Client.SubtaskMetricNames(ctx, job.Key.Job, flink.VertexID(id))
	if err != nil {
		return nil, fmt.Errorf("list the metrics of vertex %s of job %s: %w", id, job.Key, err)
	}
	return list, nil
}

func readMetrics(ctx context.Context, job *autoscaler.JobContext, id scaling.VertexID, ids []string, aggs ...flink.Aggregation) ([]flink.AggregatedMetric, error) {
	metrics, err := job.Client.SubtaskMetrics(ctx, job.Key.Job, flink.VertexID(id), ids, aggs...)
	if err != nil {
		return nil, fmt.Errorf("read the metrics of vertex %s of job %s: %w", id, job.Key, err)
	}
	return metrics, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// sane tells whether x can be an accumulated count or time. Records per second
// times the age of the universe would pass; garbage of a broken gauge does not.
func sane(x float64) bool { return x >= 0 && x <= 1e18 }
