package fakeflink

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// Config says what to serve. Jobs and Now are needed.
type Config struct {
	// Jobs is the number of jobs, all of them running.
	Jobs int
	// Overloaded is the share of jobs, [0,1], whose join needs twice its
	// capacity; they are spread evenly over the list.
	Overloaded float64
	// Parallelism is that of every vertex at the start; default 4.
	Parallelism int
	// FetchInterval is how often metrics are renewed; between two renewals the
	// same values are served. Default 10 s, as in Flink.
	FetchInterval time.Duration
	// RescaleAfter is the time from new resource requirements to the restart of
	// the job; default 2 s.
	RescaleAfter time.Duration
	// Age is how long the jobs have been running at the start; default 1 h.
	Age time.Duration
	// Parameters are global job parameters that each job shows.
	Parameters map[string]string
	// Seen is told of every request about a job; nil for nobody. It must not ask
	// the JobManager for anything.
	Seen func(Seen)
	// Now is the clock.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Parallelism == 0 {
		c.Parallelism = 4
	}
	if c.FetchInterval == 0 {
		c.FetchInterval = 10 * time.Second
	}
	if c.RescaleAfter == 0 {
		c.RescaleAfter = 2 * time.Second
	}
	if c.Age == 0 {
		c.Age = time.Hour
	}
	return c
}

func (c Config) check() error {
	switch {
	case c.Jobs < 1:
		return fmt.Errorf("%d jobs asked for; want at least 1", c.Jobs)
	case c.Overloaded < 0 || c.Overloaded > 1:
		return fmt.Errorf("share %g of overloaded jobs asked for; want 0 to 1", c.Overloaded)
	case c.Parallelism < 1 || c.Parallelism > maxParallelism:
		return fmt.Errorf("parallelism %d asked for; want 1 to %d", c.Parallelism, maxParallelism)
	case c.FetchInterval < 0 || c.RescaleAfter < 0 || c.Age < 0:
		return errors.New("a negative duration given")
	case c.Now == nil:
		return errors.New("no clock given")
	}
	return nil
}

// JobManager answers for a cluster. It is safe for concurrent use.
type JobManager struct {
	cfg    Config
	bodies *bodies
	jobs   []*job
	byID   map[string]*job
	counts counts
}

// New makes the jobs. It starts nothing.
func New(cfg Config) (*JobManager, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("new fake job manager: %w", err)
	}
	bodies, err := newBodies(cfg)
	if err != nil {
		return nil, fmt.Errorf("new fake job manager: %w", err)
	}
	m := &JobManager{cfg: cfg, bodies: bodies, byID: make(map[string]*job, cfg.Jobs)}
	since := cfg.Now().Add(-cfg.Age)
	due := 0.0
	for i := range cfg.Jobs {
		due += cfg.Overloaded
		j := newJob(i, due >= 1-1e-9, since, cfg)
		if j.overloaded {
			due--
		}
		m.jobs = append(m.jobs, j)
		m.byID[j.id] = j
	}
	return m, nil
}

// JobIDs are the ids of the jobs, in the order of the overview.
func (m *JobManager) JobIDs() []flink.JobID {
	ids := make([]flink.JobID, len(m.jobs))
	for i, j := range m.jobs {
		ids[i] = flink.JobID(j.id)
	}
	return ids
}

// Overloaded tells whether a job was made with too little capacity.
func (m *JobManager) Overloaded(id flink.JobID) bool {
	j := m.byID[string(id)]
	return j != nil && j.overloaded
}
