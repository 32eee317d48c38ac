package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Config is what a cluster is made of. The zero value is an empty session cluster
// of Flink 2.3 under the Adaptive Scheduler.
type Config struct {
	// Version is the line of Flink; the zero value is 2.3.
	Version slots.Version `json:"version,omitempty"`
	// Options are Flink's, flat. Those that the twin knows have their effect, all
	// are shown. jobmanager.scheduler is adaptive where it is not set.
	Options map[string]string `json:"options,omitempty"`
	// TaskManagers are there at the start.
	TaskManagers []TaskManager `json:"taskManagers,omitempty"`
	// Active lets the cluster start TaskManagers as it needs them, and stop idle
	// ones, as on Kubernetes or YARN.
	Active bool `json:"active,omitempty"`
	// Start is the time at which the JobManager is up; the zero value is the
	// beginning of 2026.
	Start time.Time `json:"start,omitzero"`
	// Seed is what all chance follows from.
	Seed uint64 `json:"seed,omitempty"`
	// Latencies are those of messages; the zero value is the default.
	Latencies cluster.Latencies `json:"latencies,omitzero"`
	// Times are those of the tasks of jobs; zero fields are the default.
	Times Times `json:"times,omitzero"`
	// Honest answers every question with what is, without caches, views and ramps.
	Honest bool `json:"honest,omitempty"`
	// Assumed says that jobmanager.scheduler is not configured: streams run under the
	// Adaptive Scheduler, but batch jobs are as where it is not set. It is filled in.
	Assumed bool `json:"assumed,omitempty"`
	// Trace is told of everything that happens in the cluster; nil for nobody.
	Trace func(cluster.Entry) `json:"-"`
}

// TaskManager is one to start.
type TaskManager struct {
	// ID is used once; an empty one is given out: tm-1, tm-2, and so on.
	ID string `json:"id,omitempty"`
	// Slots is at least 1; 0 is taskmanager.numberOfTaskSlots.
	Slots int `json:"slots,omitempty"`
	// Cores are what its tasks share; 0 is taskmanager.cpu.cores, or no bound where
	// that is not set.
	Cores float64 `json:"cores,omitempty"`
}

// Times are how long the tasks of a job take. Zero fields are the default.
type Times struct {
	Build    time.Duration `json:"build,omitempty"`    // of an execution graph; 40 ms
	Deploy   time.Duration `json:"deploy,omitempty"`   // from deployment until all tasks run, state apart; 800 ms
	Task     time.Duration `json:"task,omitempty"`     // from deployment until a task of a batch job runs; 100 ms
	Spread   float64       `json:"spread,omitempty"`   // by which share that varies by chance, 0 to 1; 0.25
	Cancel   time.Duration `json:"cancel,omitempty"`   // 150 ms
	Finish   time.Duration `json:"finish,omitempty"`   // 150 ms
	Download float64       `json:"download,omitempty"` // bytes/s at which a subtask restores its state; 200 MB/s
}

func (t Times) withDefaults() Times {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&t.Build, 40*time.Millisecond)
	set(&t.Deploy, 800*time.Millisecond)
	set(&t.Task, 100*time.Millisecond)
	set(&t.Cancel, 150*time.Millisecond)
	set(&t.Finish, 150*time.Millisecond)
	if t.Spread == 0 {
		t.Spread = 0.25
	}
	if t.Download == 0 {
		t.Download = 200e6
	}
	return t
}

func (t Times) check() error {
	for _, d := range []time.Duration{t.Build, t.Deploy, t.Task, t.Cancel, t.Finish} {
		if d < 0 {
			return fmt.Errorf("times: %v is below 0", d)
		}
	}
	if !(t.Spread >= 0 && t.Spread <= 1) || !(t.Download > 0) {
		return fmt.Errorf("times: spread %v, download %v bytes/s; want 0 to 1 and more than 0", t.Spread, t.Download)
	}
	return nil
}

const schedulerOption = "jobmanager.scheduler"

// withDefaults is the configuration as the twin uses it.
func (c Config) withDefaults() Config {
	if c.Version == 0 {
		c.Version = slots.V2_3
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c.Start = c.Start.UTC()
	c.Options = maps.Clone(c.Options)
	if c.Options == nil {
		c.Options = map[string]string{}
	}
	if _, set := c.Options[schedulerOption]; !set {
		c.Options[schedulerOption], c.Assumed = "adaptive", true
	}
	if c.Latencies == (cluster.Latencies{}) {
		c.Latencies = cluster.DefaultLatencies()
	}
	c.Times = c.Times.withDefaults()
	c.TaskManagers = slices.Clone(c.TaskManagers)
	return c
}

// settings are the options that count outside of scheduling.
type settings struct {
	refresh     time.Duration // web.refresh-interval
	graphs      time.Duration // how old an execution graph may be
	checkpoints time.Duration // how old statistics of checkpoints may be
	fetch       time.Duration // metrics.fetcher.update-interval
	history     int           // web.checkpoints.history
	expiration  time.Duration // jobstore.expiration-time
	slots       int           // taskmanager.numberOfTaskSlots
	cores       float64       // taskmanager.cpu.cores
	memory      memory
}

// views is how often Flink's gauges and meters move.
const views = 5 * time.Second

func (c Config) settings() (settings, error) {
	s := settings{refresh: 3 * time.Second, fetch: 10 * time.Second, history: 10, slots: 1, expiration: time.Hour}
	r := reader{options: c.Options, version: c.Version}
	r.duration("web.refresh-interval", &s.refresh)
	s.graphs, s.checkpoints = s.refresh, s.refresh
	if c.Version != slots.V1_20 {
		r.duration("rest.cache.execution-graph.timeout", &s.graphs)
	}
	r.duration("rest.cache.checkpoint-statistics.timeout", &s.checkpoints)
	r.duration("metrics.fetcher.update-interval", &s.fetch)
	r.number("web.checkpoints.history", 0, &s.history)
	r.seconds("jobstore.expiration-time", &s.expiration)
	r.number("taskmanager.numberOfTaskSlots", 1, &s.slots)
	r.real("taskmanager.cpu.cores", &s.cores)
	s.memory = r.memory()
	if c.Honest {
		s.graphs, s.checkpoints, s.fetch = 0, 0, 0
	}
	return s, r.err
}

const defaultParallelism = "parallelism.default"

// parallelismOf is the parallelism that options give to the vertices of a stream that
// have none of their own.
func parallelismOf(options map[string]string, version slots.Version) (int, error) {
	p := 1
	r := reader{options: options, version: version}
	r.number(defaultParallelism, 1, &p)
	return p, r.err
}

// reader reads options and keeps the first error.
type reader struct {
	options map[string]string
	version slots.Version
	err     error
}

func (r *reader) duration(key string, into *time.Duration) {
	r.read(key, func(text string) (err error) {
		*into, err = conf.ParseDuration(text, r.version)
		return err
	})
}

// seconds is a number of seconds, or a duration.
func (r *reader) seconds(key string, into *time.Duration) {
	if n, err := strconv.ParseInt(r.options[key], 10, 32); err == nil && n >= 0 {
		*into = time.Duration(n) * time.Second
		return
	}
	r.duration(key, into)
}

func (r *reader) number(key string, least int, into *int) {
	r.read(key, func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < least {
			return fmt.Errorf("want a whole number from %d on", least)
		}
		*into = n
		return nil
	})
}

func (r *reader) real(key string, into *float64) {
	r.read(key, func(text string) error {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || !(x >= 0 && x <= 1e9) {
			return fmt.Errorf("want a number from 0 on")
		}
		*into = x
		return nil
	})
}

func (r *reader) read(key string, parse func(text string) error) {
	text, set := r.options[key]
	if !set || r.err != nil {
		return
	}
	if err := parse(text); err != nil {
		r.err = fmt.Errorf("option %s: %q: %w", key, text, err)
	}
}
