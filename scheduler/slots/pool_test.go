package slots

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

// offer is slots by the names of their allocations, all of one TaskManager.
func offer(names ...AllocationID) []Slot {
	all := make([]Slot, len(names))
	for i, a := range names {
		all[i] = Slot{Allocation: a, Index: i}
	}
	return all
}

// names are the allocations, space separated.
func names(all []Slot) string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = string(s.Allocation)
	}
	return strings.Join(list, " ")
}

func wantNames(t *testing.T, what string, got []Slot, want string) {
	t.Helper()
	if n := names(got); n != want {
		t.Errorf("%s: %q, want %q", what, n, want)
	}
}

func TestPoolAcceptsWhatIsStillRequired(t *testing.T) {
	p := NewPool(50 * time.Second)
	if !p.Require(3) || p.Require(3) {
		t.Error("Require does not say whether the requirement changed")
	}
	accepted, rejected, fresh := p.Offer(at(0), "tm1", offer("a", "b"))
	wantNames(t, "accepted", accepted, "a b")
	wantNames(t, "rejected", rejected, "")
	if !fresh || accepted[0].TaskManager != "tm1" {
		t.Errorf("fresh %v, slots %v", fresh, accepted)
	}

	accepted, rejected, fresh = p.Offer(at(1), "tm2", offer("c", "d"))
	wantNames(t, "accepted of two when one is required", accepted, "c")
	wantNames(t, "rejected of two when one is required", rejected, "d")
	if !fresh {
		t.Error("a new slot was not fresh")
	}

	accepted, rejected, fresh = p.Offer(at(2), "tm1", offer("b", "e"))
	wantNames(t, "accepted when nothing is required", accepted, "b")
	wantNames(t, "rejected when nothing is required", rejected, "e")
	if fresh {
		t.Error("a slot that was held already was fresh")
	}
	wantNames(t, "slots", p.Slots(), "a b c")
	if p.Required() != 3 || p.Count() != 3 || p.FreeCount() != 3 || !p.Holds("c") || p.Holds("d") {
		t.Errorf("required %d, held %d, free %d", p.Required(), p.Count(), p.FreeCount())
	}
}

func TestPoolReservesAllOrNothing(t *testing.T) {
	p := NewPool(time.Second)
	p.Require(4)
	p.Offer(at(0), "tm1", offer("a", "b", "c"))
	for _, refused := range [][]AllocationID{{"a", "x"}, {"a", "a"}, {"b", "a", "b"}} {
		if p.Reserve(refused) {
			t.Errorf("reserved %v", refused)
		}
	}
	if p.FreeCount() != 3 {
		t.Fatalf("%d free after refused reservations, want 3", p.FreeCount())
	}
	if !p.Reserve([]AllocationID{"c", "a"}) || p.Reserve([]AllocationID{"b", "c"}) {
		t.Fatal("free slots were refused, or a reserved one was not")
	}
	wantNames(t, "free", p.Free(), "b")
	if n := p.Release(at(1), []AllocationID{"a", "b", "x"}); n != 1 {
		t.Errorf("released %d, want 1: b is free, x unknown", n)
	}
	wantNames(t, "free", p.Free(), "a b")
	wantNames(t, "slots", p.Slots(), "a b c")
}

func TestPoolLosesASlotWithItsTaskManager(t *testing.T) {
	p := NewPool(time.Second)
	p.Require(4)
	p.Offer(at(0), "tm1", offer("a", "b"))
	p.Offer(at(0), "tm2", offer("c"))
	p.Reserve([]AllocationID{"a", "c"})
	wantNames(t, "lost", p.Lose("tm1"), "a b")
	wantNames(t, "left", p.Slots(), "c")
	if p.FreeCount() != 0 || p.Release(at(1), []AllocationID{"a"}) != 0 {
		t.Error("a lost slot became free")
	}
	if accepted, _, fresh := p.Offer(at(2), "tm3", offer("d", "e", "f")); names(accepted) != "d e f" || !fresh {
		t.Errorf("after the loss %q were accepted", names(accepted))
	}
}

func TestPoolReturnsIdleSlotsBeyondTheRequirement(t *testing.T) {
	const timeout = 50 * time.Second
	// Four slots; the job is scaled from four to two at 10 s, and keeps b and d.
	p := NewPool(timeout)
	p.Require(4)
	p.Offer(at(0), "tm1", offer("a", "b", "c", "d"))
	p.Reserve([]AllocationID{"a", "b", "c", "d"})
	p.Require(2)
	p.Release(at(10*time.Second), []AllocationID{"a", "b", "c", "d"})
	p.Reserve([]AllocationID{"b", "d"})

	wantNames(t, "returned at the check at 50 s", p.Idle(at(50*time.Second)), "")
	wantNames(t, "returned just before the time-out", p.Idle(at(60*time.Second-1)), "")
	wantNames(t, "returned at the time-out", p.Idle(at(60*time.Second)), "a c")
	wantNames(t, "left", p.Slots(), "b d")
	if p.FreeCount() != 0 {
		t.Errorf("%d free, want 0", p.FreeCount())
	}
}

// Seen on Flink 2.3.0: the slot of a request that was taken back 9 s later was
// returned at the next check.
func TestPoolReturnsAtOnceWhatNoExecutionHasUsed(t *testing.T) {
	p := NewPool(50 * time.Second)
	p.Require(3)
	p.Offer(at(40*time.Second), "tm1", []Slot{{Allocation: "used"}, {Allocation: "wanted"}, {Allocation: "new"}})
	p.Reserve([]AllocationID{"used"})
	p.Release(at(45*time.Second), []AllocationID{"used"})
	p.Require(1)
	wantNames(t, "returned at the check at 50 s", p.Idle(at(50*time.Second)), "wanted new")
}

func TestPoolKeepsIdleSlotsThatAreRequired(t *testing.T) {
	p := NewPool(time.Second)
	p.Require(3)
	p.Offer(at(0), "tm1", offer("a", "b", "c"))
	wantNames(t, "returned", p.Idle(at(time.Hour)), "")
	p.Require(2)
	wantNames(t, "returned", p.Idle(at(time.Hour)), "a")
	p.Require(0)
	p.Reserve([]AllocationID{"b"})
	wantNames(t, "returned", p.Idle(at(time.Hour)), "c")
}

func TestClosedPoolHasNothingAndAcceptsNothing(t *testing.T) {
	p := NewPool(time.Second)
	p.Require(3)
	p.Offer(at(0), "tm1", offer("a", "b"))
	p.Reserve([]AllocationID{"a"})
	wantNames(t, "returned", p.Close(), "a b")
	if _, rejected, _ := p.Offer(at(1), "tm1", offer("c")); names(rejected) != "c" || p.Count() != 0 {
		t.Error("a closed pool accepted a slot")
	}
}

// poolModel is a pool and what should be in it.
type poolModel struct {
	pool      *Pool
	now       time.Time
	serial    int
	order     []AllocationID // of acceptance
	reserved  map[AllocationID]bool
	freeSince map[AllocationID]time.Time
}

const poolTimeout = 10 * time.Second

func (m *poolModel) some(t *rapid.T) []AllocationID {
	if len(m.order) == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(m.order), 0, 3, rapid.ID).Draw(t, "slots")
}

func (m *poolModel) forget(gone []Slot) {
	for _, s := range gone {
		delete(m.reserved, s.Allocation)
		m.order = slices.DeleteFunc(m.order, func(a AllocationID) bool { return a == s.Allocation })
	}
}

func (m *poolModel) offer(t *rapid.T) {
	var offered []Slot
	for range rapid.IntRange(1, 4).Draw(t, "n") {
		m.serial++
		offered = append(offered, Slot{Allocation: AllocationID(fmt.Sprintf("a%d", m.serial))})
	}
	room := max(0, m.pool.Required()-m.pool.Count())
	tm := TaskManagerID(rapid.SampledFrom([]string{"tm1", "tm2"}).Draw(t, "tm"))
	accepted, rejected, fresh := m.pool.Offer(m.now, tm, offered)
	if len(accepted) != min(room, len(offered)) || len(accepted)+len(rejected) != len(offered) || fresh != (len(accepted) > 0) {
		t.Fatalf("room for %d, offered %d: %d accepted, %d rejected, fresh %v",
			room, len(offered), len(accepted), len(rejected), fresh)
	}
	for _, s := range accepted {
		m.order = append(m.order, s.Allocation) // and free since for ever
	}
}

func (m *poolModel) reserve(t *rapid.T) {
	want := m.some(t)
	free := !slices.ContainsFunc(want, func(a AllocationID) bool { return m.reserved[a] })
	if m.pool.Reserve(want) != free {
		t.Fatalf("reserve %v: %v", want, !free)
	}
	for _, a := range want {
		m.reserved[a] = m.reserved[a] || free
	}
}

func (m *poolModel) release(t *rapid.T) {
	for _, a := range m.some(t) {
		if n := m.pool.Release(m.now, []AllocationID{a}); (n == 1) != m.reserved[a] {
			t.Fatalf("released %d of %s, reserved: %v", n, a, m.reserved[a])
		}
		if m.reserved[a] {
			m.reserved[a], m.freeSince[a] = false, m.now
		}
	}
}

func (m *poolModel) idle(t *rapid.T) {
	excess, gone := max(0, m.pool.Count()-m.pool.Required()), m.pool.Idle(m.now)
	due := 0
	for _, a := range m.order {
		if !m.reserved[a] && m.now.Sub(m.freeSince[a]) >= poolTimeout {
			due++
		}
	}
	if len(gone) != min(excess, due) {
		t.Fatalf("%d returned; there is an excess of %d, and %d are idle", len(gone), excess, due)
	}
	for _, s := range gone {
		if m.reserved[s.Allocation] || m.now.Sub(m.freeSince[s.Allocation]) < poolTimeout {
			t.Fatalf("%s returned: reserved %v, free since %v", s.Allocation, m.reserved[s.Allocation], m.freeSince[s.Allocation])
		}
	}
	m.forget(gone)
}

func (m *poolModel) check(t *rapid.T) {
	var all, free []AllocationID
	for _, s := range m.pool.Slots() {
		all = append(all, s.Allocation)
	}
	for _, s := range m.pool.Free() {
		free = append(free, s.Allocation)
	}
	unreserved := slices.DeleteFunc(slices.Clone(m.order), func(a AllocationID) bool { return m.reserved[a] })
	if !slices.Equal(all, m.order) || m.pool.Count() != len(all) {
		t.Fatalf("slots %v (%d), want %v", all, m.pool.Count(), m.order)
	}
	if !slices.Equal(free, unreserved) || m.pool.FreeCount() != len(free) {
		t.Fatalf("free %v (%d), want %v", free, m.pool.FreeCount(), unreserved)
	}
}

func TestPoolUnderRandomUse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &poolModel{
			pool: NewPool(poolTimeout), now: epoch,
			reserved: map[AllocationID]bool{}, freeSince: map[AllocationID]time.Time{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"require": func(t *rapid.T) { m.pool.Require(rapid.IntRange(0, 8).Draw(t, "n")) },
			"offer":   m.offer,
			"reserve": m.reserve,
			"release": m.release,
			"lose":    func(*rapid.T) { m.forget(m.pool.Lose("tm1")) },
			"idle":    m.idle,
			"wait":    func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(1, 12).Draw(t, "s")) * time.Second) },
			"":        m.check,
		})
	})
}
