package cluster

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// wantsAll is a guest that takes so many slots and writes down what happens to it.
type wantsAll struct {
	cluster       *Cluster
	seat          *Seat
	wants         int
	held          map[slots.Slot]bool
	lost, broken  []slots.TaskManagerID
	startedAt     time.Time
	lostFor       string
	handedBack    int
	calledAfterIt bool
}

func (g *wantsAll) Started() { g.startedAt = g.cluster.Now(); g.seat.Declare(g.wants) }

func (g *wantsAll) Offered(_ slots.TaskManagerID, offer []slots.Slot) []slots.Slot {
	var taken []slots.Slot
	for _, s := range offer {
		if len(g.held) < g.wants {
			g.held[s] = true
			taken = append(taken, s)
		} else {
			g.handedBack++
			g.seat.Declare(g.wants)
		}
	}
	return taken
}

func (g *wantsAll) Lost(tm slots.TaskManagerID, why adaptive.Failure) {
	g.lost, g.lostFor = append(g.lost, tm), why.Message
}

func (g *wantsAll) Broken(tm slots.TaskManagerID) { g.broken = append(g.broken, tm) }

func host(t *testing.T, c *Cluster, id slots.JobID, wants int) *wantsAll {
	t.Helper()
	g := &wantsAll{cluster: c, wants: wants, held: map[slots.Slot]bool{}}
	var err error
	if g.seat, err = c.Host(id, g); err != nil {
		t.Fatal(err)
	}
	return g
}

func guestCluster(t *testing.T, machines ...slots.TaskManagerID) *Cluster {
	t.Helper()
	config := DefaultConfig(slots.V2_3)
	config.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range machines {
		if err := c.AddTaskManager(id, 2); err != nil {
			t.Fatal(err)
		}
	}
	pass(t, c, 5*time.Second)
	return c
}

func pass(t *testing.T, c *Cluster, d time.Duration) {
	t.Helper()
	if err := c.Advance(c.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func TestAGuestGetsSlotsAndGivesThemBack(t *testing.T) {
	c := guestCluster(t, "a", "b")
	g := host(t, c, "guest", 3)
	if !g.startedAt.IsZero() {
		t.Error("its JobMaster is there at once")
	}
	pass(t, c, 5*time.Second)
	if len(g.held) != 3 || c.Overview().FreeSlots != 1 {
		t.Fatalf("it has %d slots, %d are free", len(g.held), c.Overview().FreeSlots)
	}
	other := host(t, c, "other", 4)
	pass(t, c, 5*time.Second)
	if len(other.held) != 1 {
		t.Errorf("another has %d slots of the one that is left", len(other.held))
	}
	var one slots.Slot
	for s := range g.held {
		one = s
	}
	delete(g.held, one)
	g.seat.Declare(2)
	g.wants = 2
	g.seat.Return([]slots.Slot{one})
	pass(t, c, 5*time.Second)
	if len(g.held) != 2 || len(other.held) != 2 {
		t.Errorf("after one went back they have %d and %d slots", len(g.held), len(other.held))
	}
	g.seat.Leave()
	pass(t, c, 5*time.Second)
	g.seat.After(0, func() { g.calledAfterIt = true })
	pass(t, c, time.Second)
	if len(other.held) != 4 || g.calledAfterIt || g.seat.There() || !c.Hosted("guest") {
		t.Errorf("after it left, the other has %d slots", len(other.held))
	}
	c.Forget("other")
	c.Forget("guest")
	if c.Hosted("guest") || !c.Hosted("other") {
		t.Error("one that has left is forgotten, and no other")
	}
}

// What a guest does not take is free for others.
func TestAGuestMayRefuseSlots(t *testing.T) {
	c := guestCluster(t, "a", "b")
	g := host(t, c, "guest", 4)
	pass(t, c, 100*time.Millisecond)
	g.wants = 1
	pass(t, c, 5*time.Second) // less than taskmanager.slot.timeout
	if len(g.held) != 1 || g.handedBack == 0 || c.Overview().FreeSlots != 3 {
		t.Errorf("it has %d slots and gave %d back, %d are free", len(g.held), g.handedBack, c.Overview().FreeSlots)
	}
}

func TestAGuestIsToldOfTaskManagers(t *testing.T) {
	c := guestCluster(t, "a", "b")
	g := host(t, c, "guest", 4)
	pass(t, c, 5*time.Second)
	if err := c.StopTaskManager("a"); err != nil {
		t.Fatal(err)
	}
	pass(t, c, time.Second)
	if len(g.lost) != 1 || g.lost[0] != "a" || g.lostFor != "The TaskExecutor is shutting down." || g.seat.Health("a") != Gone {
		t.Errorf("it has lost %v: %s", g.lost, g.lostFor)
	}
	if err := c.KillTaskManager("b"); err != nil {
		t.Fatal(err)
	}
	pass(t, c, time.Second)
	if len(g.broken) != 1 || g.broken[0] != "b" || len(g.lost) != 1 {
		t.Errorf("a second after a crash it knows of %v, and has lost %v", g.broken, g.lost)
	}
	pass(t, c, time.Minute)
	if len(g.lost) != 2 || g.lostFor != "TaskManager with id b is no longer reachable." {
		t.Errorf("a minute after a crash it has lost %v: %s", g.lost, g.lostFor)
	}
}

func TestAGuestGoesWithItsJobManager(t *testing.T) {
	c := guestCluster(t, "a")
	g := host(t, c, "guest", 1)
	if _, err := c.Host("guest", g); err == nil {
		t.Error("two of one id are taken")
	}
	if err := c.Submit(Job{Job: adaptive.Job{ID: "guest"}}); err == nil {
		t.Error("a job of the id of a guest is taken")
	}
	pass(t, c, 5*time.Second)
	if err := c.KillJobManager(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Host("another", g); !errors.Is(err, ErrDown) {
		t.Errorf("nobody takes it: %v", err)
	}
	if err := c.RestartJobManager(); err != nil {
		t.Fatal(err)
	}
	pass(t, c, 10*time.Second)
	if g.seat.There() || c.Hosted("guest") || c.Overview().FreeSlots != 2 {
		t.Errorf("after the JobManager came back %d slots are free", c.Overview().FreeSlots)
	}
}
