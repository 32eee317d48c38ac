package jobs

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// readers is how many configurations are read at once.
const readers = 8

// facts is what Flink says about one run of a job.
type facts struct {
	// flinkConf is the configuration of the JobManager, parameters are the
	// global parameters of the job.
	flinkConf, parameters map[string]string
	// jobType is STREAMING or BATCH, scheduler the scheduler that runs the job;
	// each is empty where the version does not tell.
	jobType, scheduler string
}

// reading is the outcome for one run.
type reading struct {
	facts facts
	err   error
	done  bool
}

// read reads the configurations of the runs, in their order and several at once,
// and takes over what came. It begins nothing after ReadTimeout: the rest has its
// turn at the next Fetch.
func (c *Cluster) read(ctx context.Context, runs []*run) {
	if len(runs) == 0 {
		return
	}
	readings := make([]reading, len(runs))
	begin, stop := context.WithTimeout(ctx, c.cfg.ReadTimeout)
	defer stop()
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(readers, len(runs)) {
		group.Go(func() {
			for begin.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(runs) {
					return
				}
				f, err := c.readOne(ctx, &runs[i].summary)
				readings[i] = reading{facts: f, err: err, done: true}
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return // cut short: the outcomes say nothing about the jobs
	}
	c.takeOver(runs, readings)
}

// readOne asks Flink for all that is needed of one run.
func (c *Cluster) readOne(ctx context.Context, s *flink.JobSummary) (facts, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.ReadTimeout, slowReading{c.cfg.ReadTimeout})
	defer cancel()
	f := facts{jobType: s.JobType, scheduler: s.SchedulerType}
	conf, err := c.cfg.Client.JobManagerJobConfig(ctx, s.ID)
	if err != nil {
		return facts{}, err
	}
	f.flinkConf = flink.Settings(conf)
	job, err := c.cfg.Client.JobConfig(ctx, s.ID)
	if err != nil {
		return facts{}, err
	}
	if job.ExecutionConfig != nil {
		f.parameters = job.ExecutionConfig.UserConfig
	}
	if f.jobType != "" {
		return f, nil
	}
	details, err := c.cfg.Client.Job(ctx, s.ID)
	if err != nil {
		return facts{}, err
	}
	if f.jobType = details.JobType; f.jobType == "" { // before 1.18
		f.jobType = details.Plan.Type
	}
	return f, nil
}

// slowReading is the cause of our own deadline.
type slowReading struct{ within time.Duration }

func (s slowReading) Error() string { return fmt.Sprintf("no answer within %s", s.within) }

func (s slowReading) Is(target error) bool { return target == context.DeadlineExceeded }

// takeOver turns what was read into views.
func (c *Cluster) takeOver(runs []*run, readings []reading) {
	now := c.cfg.Now()
	for i, r := range runs {
		if !readings[i].done {
			continue
		}
		err := readings[i].err
		switch {
		case flink.IsNotFound(err): // it ended since the overview
			r.readAt = now
			continue
		case err == nil:
			var v *view
			if v, err = c.viewOf(&r.summary, readings[i].facts); err == nil {
				r.took(v, now)
				continue
			}
			r.view = nil // what was known before is not so any more
		}
		r.failed(fmt.Errorf("read the configuration of job %s: %w", r.summary.ID, err), now, c.cfg.RefreshEvery)
	}
	c.configs.sweep(c.runs)
}

// viewOf makes the effective configuration and says what it allows.
func (c *Cluster) viewOf(s *flink.JobSummary, f facts) (*view, error) {
	job := options.Job{ID: string(s.ID), Name: s.Name}
	v := &view{setting: c.configs.of(options.Effective(c.cfg.Process, job, f.flinkConf, f.parameters))}
	var err error
	v.scope, v.why, err = c.scopeOf(v.setting.config, f)
	return v, err
}
