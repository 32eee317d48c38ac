package slots

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rmTrace is a ResourceManager and a record of what it did: a line an action, with
// the second at which it was done.
type rmTrace struct {
	t     *testing.T
	r     *ResourceManager
	now   time.Time
	lines []string
}

func newTrace(t *testing.T, c RMConfig) *rmTrace {
	c.Started = epoch
	return &rmTrace{t: t, r: NewResourceManager(c), now: epoch}
}

// do lets timers fire until the event's time, and then the event happen.
func (m *rmTrace) do(after time.Duration, events ...RMEvent) {
	m.t.Helper()
	m.until(after)
	for _, e := range events {
		m.note(m.r.Step(m.now, e))
	}
}

// until lets timers fire up to and including this time.
func (m *rmTrace) until(after time.Duration) {
	m.t.Helper()
	end := at(after)
	for {
		next, set := m.r.Next()
		if !set || next.After(end) {
			break
		}
		m.now = next
		m.note(m.r.Step(m.now, Tick{}))
		if again, set := m.r.Next(); set && !again.After(m.now) {
			m.t.Fatalf("the timer at %v is still due", again.Sub(epoch))
		}
	}
	m.now = end
}

func (m *rmTrace) note(actions []RMAction) {
	for _, a := range actions {
		m.lines = append(m.lines, fmt.Sprintf("%.2fs %s", m.now.Sub(epoch).Seconds(), described(a)))
	}
}

func described(a RMAction) string {
	switch a := a.(type) {
	case AllocateSlot:
		return fmt.Sprintf("%s gets %s/%d as %s", a.Job, a.TaskManager, a.Index, a.Allocation)
	case NotEnough:
		return fmt.Sprintf("%s has %d, not enough", a.Job, a.Acquired)
	case RefuseTaskManager:
		how := "refuse"
		if a.Final {
			how = "refuse for good"
		}
		return fmt.Sprintf("%s %s: %s", how, a.ID, a.Reason)
	case StartTaskManager:
		return fmt.Sprintf("start %s with %d", a.Worker, a.Slots)
	case StopTaskManager:
		return strings.Join(strings.Fields(fmt.Sprintf("stop %s %s (%s)", a.Worker, a.ID, a.Reason)), " ")
	}
	return fmt.Sprintf("%T", a)
}

// want compares what was done since the last call.
func (m *rmTrace) want(lines ...string) {
	m.t.Helper()
	if diff := cmp.Diff(lines, m.lines); diff != "" {
		m.t.Errorf("actions (-want +got):\n%s", diff)
	}
	m.lines = nil
}

func (m *rmTrace) wantSlots(total, free int) {
	m.t.Helper()
	if m.r.TotalSlots() != total || m.r.FreeSlots() != free {
		m.t.Errorf("%d slots, %d free; want %d, %d", m.r.TotalSlots(), m.r.FreeSlots(), total, free)
	}
}

const ms, sec = time.Millisecond, time.Second

func TestRequirementsAreCheckedOnceForAllThatChangesInTheDelay(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2})
	m.do(40*ms, SlotsDeclared{Job: "j", Count: 3}, TaskManagerRegistered{ID: "tm2", Slots: 2})
	m.want()
	m.until(sec)
	m.want("0.05s j gets tm1/0 as a1", "0.05s j gets tm1/1 as a2", "0.05s j gets tm2/0 as a3")
	m.wantSlots(4, 1)
	m.do(sec, SlotsDeclared{Job: "j", Count: 3})
	m.until(2 * sec)
	m.want()
}

func TestJobsAreServedInTheOrderOfTheirFirstDeclaration(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, SlotsDeclared{Job: "z", Count: 2}, SlotsDeclared{Job: "a", Count: 2})
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 3})
	m.until(2 * sec)
	m.want("1.05s z gets tm1/0 as a1", "1.05s z gets tm1/1 as a2", "1.05s a gets tm1/2 as a3")
	if m.r.Acquired("a") != 1 || m.r.Acquired("unknown") != 0 {
		t.Errorf("a has %d", m.r.Acquired("a"))
	}
}

func TestTaskManagersAreChosenByTheLoadBalanceMode(t *testing.T) {
	tests := []struct {
		name    string
		version Version
		mode    LoadBalance
		want    []string // TaskManagers of five slots; tm1 has 4 with 1 used, tm2 has 4, tm3 has 2 with 1 used
	}{
		{"none fills one after the other", V2_3, BalanceNone, []string{"tm1", "tm1", "tm1", "tm2", "tm2"}},
		{"slots takes the least used", V2_3, BalanceSlots, []string{"tm1", "tm1", "tm2", "tm2", "tm2"}},
		{"slots in 1.20", V1_20, BalanceSlots, []string{"tm1", "tm1", "tm2", "tm2", "tm2"}},
		{"minimal resources takes the most used", V2_3, BalanceMinResources, []string{"tm1", "tm1", "tm1", "tm2", "tm3"}},
		{"minimal resources is unknown to 1.20", V1_20, BalanceMinResources, []string{"tm1", "tm1", "tm1", "tm2", "tm2"}},
		{"tasks are the jobs' business", V2_3, BalanceTasks, []string{"tm1", "tm1", "tm1", "tm2", "tm2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultRMConfig(tt.version)
			c.LoadBalance = tt.mode
			m := newTrace(t, c)
			m.do(0,
				TaskManagerRegistered{ID: "tm1", Slots: 4, Held: []HeldSlot{{3, "old", "x"}}},
				TaskManagerRegistered{ID: "tm2", Slots: 4},
				TaskManagerRegistered{ID: "tm3", Slots: 2, Held: []HeldSlot{{0, "old", "y"}}},
				SlotsDeclared{Job: "j", Count: 5})
			var got []string
			for _, a := range m.r.Step(at(sec), Tick{}) {
				got = append(got, string(a.(AllocateSlot).TaskManager))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("TaskManagers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFreedSlotGoesToWhoMissesOne(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2}, SlotsDeclared{Job: "a", Count: 2}, SlotsDeclared{Job: "b", Count: 1})
	m.until(sec)
	m.want("0.05s a gets tm1/0 as a1", "0.05s a gets tm1/1 as a2")
	m.do(sec, SlotsDeclared{Job: "a", Count: 1})
	m.do(2*sec, SlotFreed{TaskManager: "tm1", Index: 0}, SlotFreed{TaskManager: "tm1", Index: 0}, SlotFreed{TaskManager: "tm1", Index: 7}, SlotFreed{TaskManager: "tm9"})
	m.until(3 * sec)
	m.want("2.05s b gets tm1/0 as a3")
	m.wantSlots(2, 0)
}

func TestRefusedAllocationIsTriedAgain(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 1})
	m.until(sec)
	m.do(sec, AllocationRefused{TaskManager: "tm1", Index: 0, Allocation: "a1"}, AllocationRefused{TaskManager: "tm1", Index: 0, Allocation: "a0"})
	m.until(2 * sec)
	m.want("0.05s j gets tm1/0 as a1", "1.05s j gets tm1/0 as a2")
	m.do(2*sec, SlotActive{TaskManager: "tm1", Index: 0, Allocation: "a2"}, AllocationRefused{TaskManager: "tm1", Index: 0, Allocation: "a2"})
	m.until(3 * sec)
	m.want()
}

func TestLostTaskManagerIsReplacedByFreeSlots(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2}, SlotsDeclared{Job: "j", Count: 2})
	m.do(sec, TaskManagerRegistered{ID: "tm2", Slots: 2})
	m.do(2*sec, TaskManagerLost{ID: "tm1"}, TaskManagerLost{ID: "tm1"})
	m.until(3 * sec)
	m.want("0.05s j gets tm1/0 as a1", "0.05s j gets tm1/1 as a2", "2.05s j gets tm2/0 as a3", "2.05s j gets tm2/1 as a4")
	m.wantSlots(2, 0)
	if total, free := m.r.SlotsOf("tm2"); total != 2 || free != 0 || m.r.TaskManagers() != 1 {
		t.Errorf("tm2: %d, %d free", total, free)
	}
}

func TestTaskManagerThatRegistersAgainIsNewAndKeepsWhatItHolds(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2}, SlotsDeclared{Job: "j", Count: 2})
	m.until(sec)
	m.want("0.05s j gets tm1/0 as a1", "0.05s j gets tm1/1 as a2")
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 2, Held: []HeldSlot{{1, "j", "a2"}, {1, "k", "b"}, {5, "k", "b"}}})
	m.until(2 * sec)
	m.want("1.05s j gets tm1/0 as a3")
	m.wantSlots(2, 0)
}

func TestShortageIsReportedOnceTheStartUpPeriodIsOver(t *testing.T) {
	c := DefaultRMConfig(V2_3)
	c.StartUp = 10 * sec
	m := newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 2}, SlotsDeclared{Job: "served", Count: 1})
	m.do(sec, TaskManagerRegistered{ID: "tm2", Slots: 1})
	m.do(2*sec, SlotsDeclared{Job: "served", Count: 0})
	m.until(20 * sec)
	m.want("0.05s j gets tm1/0 as a1", "1.05s j gets tm2/0 as a2")
	m.do(20*sec, SlotsDeclared{Job: "j", Count: 5})
	m.until(30 * sec)
	m.want("20.05s j has 2, not enough")

	m = newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 2})
	m.until(20 * sec)
	m.want("0.05s j gets tm1/0 as a1", "10.00s j has 1, not enough")
}

func TestShortageThatIsOverIsNotReported(t *testing.T) {
	c := DefaultRMConfig(V2_3)
	c.StartUp = 0
	m := newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2}, SlotsDeclared{Job: "j", Count: 3})
	m.do(sec, SlotsDeclared{Job: "j", Count: 2})
	m.do(2*sec, SlotsDeclared{Job: "k", Count: 1})
	m.until(3 * sec)
	m.want("0.05s j gets tm1/0 as a1", "0.05s j gets tm1/1 as a2", "0.05s j has 2, not enough", "2.05s k has 0, not enough")

	c.StartUp = 10 * sec
	m = newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 3})
	m.do(sec, JobGone{"j"})
	m.until(20 * sec)
	m.want("0.05s j gets tm1/0 as a1")
}

func TestRequirementsOfAJobThatIsGoneAreForgotten(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 2})
	m.do(sec, JobGone{Job: "j"}, JobGone{Job: "unknown"})
	m.do(2*sec, TaskManagerRegistered{ID: "tm2", Slots: 1}, SlotFreed{TaskManager: "tm1", Index: 0})
	m.until(3 * sec)
	m.want("0.05s j gets tm1/0 as a1")
	m.wantSlots(2, 2)
}

func TestTaskManagerBeyondTheLargestNumberOfSlotsIsRefused(t *testing.T) {
	c := DefaultRMConfig(V2_3)
	c.MaxSlots = 3
	m := newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2}, TaskManagerRegistered{ID: "tm2", Slots: 2}, TaskManagerRegistered{ID: "tm3", Slots: 1})
	m.want("0.00s refuse tm2: the largest number of slots is reached")
	m.wantSlots(3, 3)
}

func TestStandaloneResourceManagerStopsNobody(t *testing.T) {
	m := newTrace(t, DefaultRMConfig(V2_3))
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 2})
	m.until(24 * time.Hour)
	m.want()
	if next, set := m.r.Next(); set {
		t.Errorf("a timer is left at %v", next)
	}
}

func TestAllocationsAreNamedAsConfigured(t *testing.T) {
	c := DefaultRMConfig(V2_3)
	c.RequirementCheckDelay = 0
	c.NewAllocation = func(n int) AllocationID { return AllocationID(fmt.Sprintf("%032x", n)) }
	m := newTrace(t, c)
	m.do(0, TaskManagerRegistered{ID: "tm1", Slots: 1}, SlotsDeclared{Job: "j", Count: 1})
	m.want("0.00s j gets tm1/0 as 00000000000000000000000000000001")
}
