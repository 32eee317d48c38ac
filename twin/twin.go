package twin

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Twin is a Flink cluster at a moment of virtual time. It is not safe for use by
// several goroutines.
type Twin struct {
	config    Config
	settings  settings
	cluster   *cluster.Cluster
	jobs      []*job // in the order of submission, ended ones included
	byID      map[string]*job
	machines  map[slots.TaskManagerID]*machine
	submitted int   // jobs
	added     int   // TaskManagers that got an id from the twin
	triggers  int   // operations that were asked for
	fault     error // why the twin cannot go on
	jitters   int
	fetched   time.Time // when metrics were fetched last
	events    int       // in the cluster so far
	stirred   bool      // by something that was done since the clock moved last

	serving  sync.Mutex // held while the transport answers
	programs []program
	jars     int             // that were uploaded or registered
	settled  []operation     // that no job has: of the cluster, and those that were refused
	disposed map[string]bool // savepoints that are gone
	store    store
	journal  journal
	crowd    crowd
	repeats  []*repeated
	expired  flink.Overview      // jobs that are counted and no longer listed
	catalogs map[string]*catalog // by kind of vertex
	listed   map[bool][]string   // names of the metrics of processes: of TaskManagers, or not
}

// machine is what the twin knows of a TaskManager beside the cluster.
type machine struct {
	cores  float64
	slots  int
	slow   float64 // by which factor the tasks of several jobs slow each other down; 0 is none
	number int     // in the order of the start, from 1
	frozen bool
	gone   bool
	jvm    jvm
}

// New is a cluster whose JobManager has just come up.
func New(config Config) (*Twin, error) {
	config = config.withDefaults()
	s, err := config.settings()
	if err == nil {
		err = config.Times.check()
	}
	if err != nil {
		return nil, fmt.Errorf("set up a twin: %w", err)
	}
	options, err := cluster.FromOptions(config.Options, config.Version)
	if err != nil {
		return nil, fmt.Errorf("set up a twin: %w", err)
	}
	t := &Twin{
		config: config, settings: s, byID: map[string]*job{}, machines: map[slots.TaskManagerID]*machine{},
		catalogs: map[string]*catalog{}, listed: map[bool][]string{},
	}
	options.Start, options.Latencies = config.Start, config.Latencies
	options.Resources.Active = config.Active
	options.Resources.SlotsPerWorker = max(options.Resources.SlotsPerWorker, s.slots)
	options.CheckpointHistory = 2 // the twin has its own
	options.Trace = t.trace
	options.Scheduler.Jitter = t.jitter
	t.journal.start = config.Start
	if t.cluster, err = cluster.New(options, behaviour{t}); err != nil {
		return nil, fmt.Errorf("set up a twin: %w", err)
	}
	for _, tm := range config.TaskManagers {
		if err := t.addTaskManager(tm); err != nil {
			return nil, fmt.Errorf("set up a twin: %w", err)
		}
	}
	return t, nil
}

// Config is what the twin was made of, with defaults filled in.
func (t *Twin) Config() Config { return t.config }

// Now is where the clock stands.
func (t *Twin) Now() time.Time { return t.cluster.Now() }

// Start is where it stood at first.
func (t *Twin) Start() time.Time { return t.config.Start }

// Next is when something happens next by itself in the cluster, apart from the
// flow of records, and whether anything will.
func (t *Twin) Next() (time.Time, bool) {
	next, some := t.cluster.Next()
	if at, due := t.due(); due && (!some || at.Before(next)) {
		return at, true
	}
	return next, some
}

// Advance moves the clock to a time and lets everything happen that is due until
// then. A time before now changes nothing.
func (t *Twin) Advance(to time.Time) error {
	if err := t.repeat(to); err != nil {
		return fmt.Errorf("advance the twin: %w", err)
	}
	if err := t.cluster.Advance(to); err != nil {
		return fmt.Errorf("advance the twin: %w", err)
	}
	if t.fault != nil {
		return t.fault
	}
	t.stirred = false
	for _, j := range t.jobs {
		j.catchUp()
	}
	t.expire()
	return t.fault
}

// fails stops the twin for good: scheduler and dataflow do not agree.
func (t *Twin) fails(err error) {
	if t.fault == nil {
		t.fault = fmt.Errorf("advance the twin: %w", err)
	}
}

// settle lets happen what follows at once from what was done at this instant.
func (t *Twin) settle() error {
	if !t.stirred {
		return nil
	}
	return t.Advance(t.Now())
}

// trace follows what happens in the cluster.
func (t *Twin) trace(e cluster.Entry) {
	t.events++
	if j := t.byID[string(e.Job)]; j != nil {
		j.view = nil
		j.follow(e)
	}
	switch v := e.Event.(type) {
	case cluster.Registered:
		t.machine(v.TaskManager)
	case cluster.Lost:
		t.machine(v.TaskManager)
	}
	if t.config.Trace != nil {
		t.config.Trace(e)
	}
}

// machine is a TaskManager, made known if it came by itself.
func (t *Twin) machine(id slots.TaskManagerID) *machine {
	m := t.machines[id]
	if m == nil {
		m = &machine{cores: t.settings.cores, number: len(t.machines) + 1}
		t.machines[id] = m
		t.crowd.bounded = t.crowd.bounded || m.cores > 0
	}
	return m
}

// jitter draws for the exponential backoff of restarts.
func (t *Twin) jitter(bound int64) int64 {
	t.jitters++
	return int64(float64(bound) * (2*t.chance("", "jitter", t.jitters) - 1))
}

// chance is a number from 0 to 1 that follows from the seed and what it is for.
func (t *Twin) chance(job, what string, number int) float64 {
	h := t.config.Seed ^ 0x9e3779b97f4a7c15
	mix := func(x uint64) {
		h ^= x
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	for _, text := range [...]string{job, what} {
		for i := range len(text) {
			mix(uint64(text[i]))
		}
		mix(uint64(len(text)) << 8)
	}
	mix(uint64(number)) //nolint:gosec // any bits will do
	mix(h >> 32)
	return float64(h>>11) / (1 << 53)
}

// sorted are the keys of a map in order, so that nothing depends on the map's.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
