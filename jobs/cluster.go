package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// Config is what a [Cluster] is made of. Client and Now are needed.
type Config struct {
	// Name becomes JobKey.Cluster. It is empty only for a single cluster without
	// a name: its keys are the job ids, as in the reference. Of several clusters
	// each needs one; its address will do.
	Name   string
	Client *flink.Client
	// Process is the configuration on which those of the jobs are laid.
	Process options.Config
	// Now is the clock.
	Now func() time.Time
	// RefreshEvery is the time within which the configuration of every job is
	// read again, in turn; default 5 min.
	RefreshEvery time.Duration
	// ReadTimeout bounds the reading of one job's configuration, and is the time
	// after which one Fetch begins no further reading; default 3 s.
	ReadTimeout time.Duration
}

const (
	defaultRefreshEvery = 5 * time.Minute
	defaultReadTimeout  = 3 * time.Second
)

// Cluster lists the jobs of one Flink cluster.
//
// A Fetch costs one request, and two for each job whose configuration is read:
// when the job or its present run is new, when the cluster was away since, and
// in turn. Clusters before 2.3 cost a third one per run, which tells batch jobs.
type Cluster struct {
	cfg     Config
	name    string
	runs    map[flink.JobID]*run
	configs shared
	// validationInterval is how often a job is told of that is refused.
	validationInterval time.Duration

	// version is known while the cluster is connected.
	connected bool
	version   flink.Version
	versioned bool

	fetched time.Time // the last Fetch that succeeded
	credit  float64   // refreshes that are due
}

var _ autoscaler.JobListFetcher = (*Cluster)(nil)

// NewCluster makes a fetcher. It does not touch the network.
func NewCluster(cfg Config) (*Cluster, error) {
	switch {
	case cfg.Client == nil:
		return nil, errors.New("new cluster: no client given")
	case cfg.Now == nil:
		return nil, errors.New("new cluster: no clock given")
	}
	if cfg.RefreshEvery <= 0 {
		cfg.RefreshEvery = defaultRefreshEvery
	}
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = defaultReadTimeout
	}
	interval, err := options.Get(cfg.Process, options.ScalingEventInterval)
	if err != nil {
		return nil, fmt.Errorf("new cluster: %w", err)
	}
	return &Cluster{
		cfg: cfg, name: cmp.Or(cfg.Name, cfg.Client.Address()), runs: map[flink.JobID]*run{}, configs: shared{}, validationInterval: interval,
	}, nil
}

// Name is the configured name, else the first address.
func (c *Cluster) Name() string { return c.name }

// Requests is the number of requests sent to the cluster so far, by whomever.
func (c *Cluster) Requests() int64 { return c.cfg.Client.Stats().Requests }

// Fetch lists the jobs. An error means that the list could not be had; a job
// whose configuration could not be read is skipped, and the others go on.
func (c *Cluster) Fetch(ctx context.Context) (autoscaler.JobList, error) {
	summaries, err := c.look(ctx)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			c.disconnect()
		}
		return autoscaler.JobList{}, fmt.Errorf("list the jobs of cluster %s: %w", c.name, err)
	}
	now := c.cfg.Now()
	c.match(summaries, now)
	c.read(ctx, c.due(now))
	c.fetched = now
	if err := ctx.Err(); err != nil {
		return autoscaler.JobList{}, fmt.Errorf("read the configurations of the jobs of cluster %s: %w", c.name, err)
	}
	return c.list(summaries), nil
}

// look asks for the overview, and at a new connection for Flink's version.
func (c *Cluster) look(ctx context.Context) ([]flink.JobSummary, error) {
	if !c.connected {
		config, err := c.cfg.Client.ClusterConfig(ctx)
		if err != nil {
			return nil, err
		}
		// A vendor's version that cannot be read forbids nothing: Flink says what
		// it cannot do.
		version, err := flink.ParseVersion(config.FlinkVersion)
		c.version, c.versioned = version, err == nil
	}
	summaries, err := c.cfg.Client.JobsOverview(ctx)
	c.connected = c.connected || err == nil
	return summaries, err
}

// disconnect marks everything that is known as doubtful: who answers next may
// be another JobManager with another configuration.
func (c *Cluster) disconnect() {
	c.connected = false
	for _, r := range c.runs {
		r.stale = true
	}
}

// list makes the result of what is known.
func (c *Cluster) list(summaries []flink.JobSummary) autoscaler.JobList {
	list := autoscaler.JobList{Jobs: make([]*autoscaler.JobContext, 0, len(summaries))}
	for i := range summaries {
		s := &summaries[i]
		key := autoscaler.JobKey{Cluster: c.cfg.Name, Job: s.ID}
		if s.State.Terminal() {
			list.Ended = append(list.Ended, autoscaler.EndedJob{Key: key, Name: s.Name, Status: s.State})
			continue
		}
		r := c.runs[s.ID]
		if r.view == nil {
			list.Skipped = append(list.Skipped, autoscaler.SkippedJob{Key: key, Name: s.Name, Err: r.err})
			continue
		}
		list.Jobs = append(list.Jobs, &autoscaler.JobContext{
			Key: key, Name: s.Name, Status: effectiveStatus(s),
			Config: r.view.setting.config, Settings: r.view.setting.settings,
			ValidationInterval: c.validationInterval,
			TaskManagerCPU:     r.view.setting.cores,
			Client:             c.cfg.Client, Scope: r.view.scope, Why: r.view.why, Metrics: r.metrics,
		})
	}
	return list
}

// effectiveStatus holds a job for running only when every task runs or has
// finished: until then its metrics are those of a part.
func effectiveStatus(s *flink.JobSummary) flink.JobStatus {
	if s.State == flink.JobRunning && s.Tasks.Total != s.Tasks.Running+s.Tasks.Finished {
		return flink.JobCreated
	}
	return s.State
}
