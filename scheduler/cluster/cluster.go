package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Cluster is a Flink cluster at a moment of virtual time. It is not safe for use
// by several goroutines.
type Cluster struct {
	config    Config
	behaviour Behaviour

	now   time.Time
	queue queue

	manager  *jobManager // nil while it is down
	stored   []*stored   // what a store for high availability has of the jobs
	machines []*taskManager
	byID     map[slots.TaskManagerID]*taskManager
	workers  int // TaskManagers ever asked for by an active ResourceManager
}

// New is a cluster whose JobManager has just come up, without TaskManagers.
func New(config Config, behaviour Behaviour) (*Cluster, error) {
	if config.Heartbeats.Interval <= 0 || config.Heartbeats.Timeout <= config.Heartbeats.Interval {
		return nil, fmt.Errorf("set up a cluster: the heartbeat interval %v must be above 0 and below the time-out %v",
			config.Heartbeats.Interval, config.Heartbeats.Timeout)
	}
	if behaviour == nil {
		behaviour = DefaultFixed()
	}
	c := &Cluster{config: config, behaviour: behaviour, now: config.Start, byID: map[slots.TaskManagerID]*taskManager{}}
	c.manager = c.newJobManager()
	return c, nil
}

// Now is where the clock stands.
func (c *Cluster) Now() time.Time { return c.now }

// Next is when something happens next by itself, and whether anything will.
func (c *Cluster) Next() (time.Time, bool) {
	at, _, ok := c.earliest()
	return at, ok
}

// ErrStuck says that timers fire again and again at one instant.
var ErrStuck = errors.New("timers fire without end at one instant")

// maxTicks is how many timers in a row may fire at one instant.
const maxTicks = 10_000

// Advance moves the clock to a time, and lets everything happen that is due until
// then, that instant included. A time before now changes nothing.
func (c *Cluster) Advance(to time.Time) error {
	ticks := 0
	for {
		at, do, ok := c.earliest()
		if !ok || at.After(to) {
			break
		}
		if at.After(c.now) {
			c.now, ticks = at, 0
		}
		if ticks++; ticks > maxTicks*(1+len(c.machines)) {
			return fmt.Errorf("advance to %v: %w", to, ErrStuck)
		}
		do()
	}
	if to.After(c.now) {
		c.now = to
	}
	return nil
}

// earliest is the next thing to happen: of several at one time, first the
// messages in the order in which they were sent, then the timers of the
// ResourceManager, then those of the jobs in the order of submission.
func (c *Cluster) earliest() (at time.Time, do func(), ok bool) {
	consider := func(when time.Time, what func()) {
		if !ok || when.Before(at) {
			at, do, ok = when, what, true
		}
	}
	if when, some := c.queue.next(); some {
		consider(when, func() { c.queue.pop()() })
	}
	if c.manager == nil {
		return at, do, ok
	}
	if when, some := c.manager.resources.Next(); some {
		consider(when, func() { c.resources(slots.Tick{}) })
	}
	if waiting := c.manager.alarms; len(waiting) > 0 {
		j := waiting[0]
		consider(j.alarm.at, func() { c.step(j, adaptive.Tick{}) })
	}
	return at, do, ok
}

// after lets something happen later. Nothing happens in the middle of something
// else: what is to follow at once follows with a delay of 0.
func (c *Cluster) after(delay time.Duration, do func()) {
	c.queue.push(c.now.Add(max(0, delay)), do)
}
