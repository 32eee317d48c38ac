package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Config is what a [Keeper] is made of. Store, Name, Clock and Logger are needed.
type Config struct {
	Store Store
	// Name is what people call this process.
	Name string
	// Time is how long a process that does not renew is taken to be alive; default
	// 15 s. It renews about three times as often. All processes should have the
	// same.
	Time time.Duration
	// Whole makes one lease of all jobs: one process is active, the others stand
	// by.
	Whole bool
	// AloneGoesOn lets a process that was the only member go on beyond the end of
	// its leases while the store does not answer. Should another one start just
	// then, with the store answering that one alone, both own the jobs.
	AloneGoesOn bool
	// Clock measures what is left of a lease.
	Clock Clock
	// Random gives numbers in [0, 1), so that processes do not ask all at once.
	Random func() float64
	Logger *slog.Logger
}

const (
	defaultTime = 15 * time.Second
	// renewals is how often leases are renewed in their time.
	renewals = 3
	// forgetCluster is after how many lease times a cluster that has not answered
	// is taken not to answer.
	forgetCluster = 2
)

// Whole is the key of the one lease of all jobs. No job of Flink has this id.
var Whole = autoscaler.JobKey{Job: "*"}

// Keeper keeps the leases of this process. It is safe for concurrent use.
type Keeper struct {
	cfg   Config
	waken chan struct{}

	// turn is held during a round; it guards the planner.
	turn  chan struct{}
	plans *planner

	mu sync.Mutex
	// strays are notes that wait for the store.
	strays map[autoscaler.JobKey][]string
	// id is that of the member that this process is, empty for none.
	id string
	// until is the end of all leases unless they are renewed, which is due at
	// renewAt.
	until, renewAt time.Duration
	// alone: no other member was there at the last look.
	alone bool
	// failed is since when the store does not answer; 0 while it does.
	failed time.Duration
	// expiry is when the next other member may be buried; 0 for not known.
	expiry time.Duration
	grants map[autoscaler.JobKey]*Grant
	others map[autoscaler.JobKey]bool
	listed Listed
	seen   map[string]time.Duration
}

// New checks the configuration. It starts nothing.
func New(cfg Config) (*Keeper, error) {
	switch {
	case cfg.Store == nil:
		return nil, errors.New("new lease keeper: no store given")
	case cfg.Name == "":
		return nil, errors.New("new lease keeper: no name given")
	case cfg.Clock == nil || cfg.Random == nil:
		return nil, errors.New("new lease keeper: no clock or no source of chance given")
	case cfg.Logger == nil:
		return nil, errors.New("new lease keeper: no logger given")
	case cfg.Time < 0:
		return nil, fmt.Errorf("new lease keeper: lease time %s given; want more than 0", cfg.Time)
	}
	if cfg.Time == 0 {
		cfg.Time = defaultTime
	}
	k := &Keeper{
		cfg: cfg, waken: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		plans: newPlanner(cfg.Whole, cfg.Time), strays: map[autoscaler.JobKey][]string{},
		grants: map[autoscaler.JobKey]*Grant{}, others: map[autoscaler.JobKey]bool{}, listed: Listed{}, seen: map[string]time.Duration{},
	}
	if cfg.Whole {
		k.listed[""] = []autoscaler.JobKey{Whole}
	}
	return k, nil
}

// Run keeps the leases until ctx ends, and then gives them back, for which it
// takes no longer than a third of the lease time. The passes should have ended
// by then. Its error says what could not be given back.
func (k *Keeper) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		k.try(ctx, true)
		timer := time.NewTimer(k.pause())
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-k.waken:
		}
		timer.Stop()
	}
	return k.leave(context.WithoutCancel(ctx))
}

// pause is the time to the next round.
func (k *Keeper) pause() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	pause := time.Duration(float64(k.cfg.Time/renewals) * (0.9 + 0.1*k.cfg.Random()))
	if k.failed != 0 {
		pause = time.Duration(float64(pause) * (0.3 + 0.3*k.cfg.Random()))
	}
	if k.expiry != 0 && k.failed == 0 {
		// The one that comes first buries; the others find it done.
		soon := k.expiry - now + time.Duration(k.cfg.Random()*float64(k.cfg.Time)/100)
		pause = min(pause, max(soon, k.cfg.Time/100))
	}
	return pause
}

// wake has the next round begin at once.
func (k *Keeper) wake() {
	select {
	case k.waken <- struct{}{}:
	default: // it is on its way
	}
}

// try runs a round and says when the store begins or ceases to answer.
func (k *Keeper) try(ctx context.Context, renew bool) {
	if !k.take(ctx) {
		return
	}
	err := k.round(ctx, renew)
	<-k.turn
	if ctx.Err() != nil {
		return
	}
	k.mu.Lock()
	was, now := k.failed, k.cfg.Clock()
	switch {
	case err == nil:
		k.failed = 0
	case was == 0:
		k.failed = now
	}
	k.mu.Unlock()
	k.expire()
	switch {
	case err != nil && was == 0:
		k.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "leases cannot be renewed: the store does not answer", slog.String("error", err.Error()), slog.Duration("left", k.Left()))
	case err == nil && was != 0:
		k.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "leases are renewed again", slog.Duration("away", now-was))
	}
}

// take waits for the turn, and returns false when ctx ends first.
func (k *Keeper) take(ctx context.Context) bool {
	select {
	case k.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Left is how long the leases last unless they are renewed; 0 or less when they
// have ended.
func (k *Keeper) Left() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.until - k.cfg.Clock()
}

// Held is how many leases this process holds and may use now; one of all jobs
// counts as one.
func (k *Keeper) Held() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == "" || !k.valid() {
		return 0
	}
	return len(k.grants)
}

// Holds tells whether this process holds the lease of a job and may use it now.
func (k *Keeper) Holds(job autoscaler.JobKey) bool {
	if k.cfg.Whole {
		job = Whole
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.id != "" && k.grants[job] != nil && k.valid()
}

// expire ends the passes when the time is over without a renewal.
func (k *Keeper) expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == "" || k.valid() || len(k.grants) == 0 {
		return
	}
	k.cfg.Logger.LogAttrs(context.Background(), slog.LevelWarn, "leases have ended: no job is worked on until they can be renewed", slog.Int("jobs", len(k.grants)))
	k.loseAll()
}

// valid tells whether what is held may be worked on; k.mu is held.
func (k *Keeper) valid() bool {
	return k.cfg.Clock() < k.until || k.cfg.AloneGoesOn && k.alone && k.failed != 0
}

// loseAll ends every grant; k.mu is held.
func (k *Keeper) loseAll() {
	for job := range k.grants {
		k.lose(job)
	}
}

// lose ends a grant; k.mu is held.
func (k *Keeper) lose(job autoscaler.JobKey) {
	k.grants[job].lose(ErrLost)
	delete(k.grants, job)
}

// watches are the clusters that answer; k.mu is held.
func (k *Keeper) watches() []string {
	names := []string{}
	for name, at := range k.seen {
		if k.cfg.Clock()-at < forgetCluster*k.cfg.Time {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// leave gives everything back.
func (k *Keeper) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Time/renewals)
	defer cancel()
	if !k.take(ctx) {
		return errors.New("give the leases back: a round does not end")
	}
	defer func() { <-k.turn }()
	k.mu.Lock()
	id := k.id
	k.loseAll()
	k.id = ""
	k.mu.Unlock()
	if id == "" {
		return nil
	}
	if err := k.cfg.Store.Leave(ctx, id); err != nil {
		return fmt.Errorf("give the leases back: %w", err)
	}
	return nil
}

// newID is the name with something that no other has.
func (k *Keeper) newID() string { return k.cfg.Name + "#" + rand.Text()[:12] }
