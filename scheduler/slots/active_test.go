package slots

import "testing"

func activeConfig(perWorker int) RMConfig {
	c := DefaultRMConfig(V2_3)
	c.Active, c.SlotsPerWorker = true, perWorker
	return c
}

func TestActiveResourceManagerStartsWhatIsMissing(t *testing.T) {
	m := newTrace(t, activeConfig(2))
	m.do(sec, SlotsDeclared{Job: "a", Count: 3}, SlotsDeclared{Job: "b", Count: 2})
	m.until(2 * sec)
	m.want("1.10s start worker-1 with 2", "1.10s start worker-2 with 2", "1.10s start worker-3 with 2")

	// A TaskManager that comes is used at once, without a check.
	m.do(5*sec, WorkerStarted{"worker-2"}, TaskManagerRegistered{ID: "tm2", Slots: 2, Worker: "worker-2"})
	m.want("5.00s a gets tm2/0 as a1", "5.00s a gets tm2/1 as a2")
	m.do(6*sec, TaskManagerRegistered{ID: "tm1", Slots: 2, Worker: "worker-1"}, TaskManagerRegistered{ID: "tm3", Slots: 2, Worker: "worker-3"})
	m.until(29 * sec)
	m.want("6.00s a gets tm1/0 as a3", "6.00s b gets tm1/1 as a4", "6.00s b gets tm3/0 as a5")
	m.wantSlots(6, 1)
	if awaited, registered := m.r.Workers(); awaited != 0 || registered != 3 {
		t.Errorf("%d workers awaited, %d registered", awaited, registered)
	}
}

func TestActiveResourceManagerStopsIdleTaskManagers(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 2})
	m.do(5*sec, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"}, TaskManagerRegistered{ID: "tm2", Slots: 1, Worker: "worker-2"})
	m.do(10*sec, SlotsDeclared{Job: "j", Count: 1})
	m.do(40*sec, SlotFreed{TaskManager: "tm1", Index: 0})
	m.lines = nil
	// Idle for 30 s at 70 s; that is looked at every 30 s.
	m.until(89 * sec)
	m.want()
	m.until(100 * sec)
	m.want("90.05s stop worker-1 tm1 (idle, and not needed)")
	m.wantSlots(1, 0)
	m.do(101*sec, TaskManagerLost{ID: "tm1"}) // as it goes
	m.until(200 * sec)
	m.want()
}

func TestActiveResourceManagerKeepsSpareTaskManagers(t *testing.T) {
	tests := []struct {
		name   string
		set    func(*RMConfig)
		starts int // with a job that wants 3 slots of TaskManagers with 2
		idle   int // left when the job is gone
	}{
		{"none", func(*RMConfig) {}, 2, 0},
		{"a redundant one beyond what is used", func(c *RMConfig) { c.Redundant = 1 }, 3, 1},
		{"a least size that is reached anyway", func(c *RMConfig) { c.MinSlots = 4 }, 2, 2},
		{"a least size beyond it", func(c *RMConfig) { c.MinSlots = 7 }, 4, 4},
		{"a largest size below it", func(c *RMConfig) { c.MinSlots, c.MaxSlots = 7, 5 }, 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := activeConfig(2)
			tt.set(&c)
			m := newTrace(t, c)
			m.do(0, SlotsDeclared{Job: "j", Count: 3})
			m.until(sec)
			if awaited, _ := m.r.Workers(); awaited != tt.starts {
				t.Fatalf("%d started, want %d: %q", awaited, tt.starts, m.lines)
			}
			for i := range tt.starts {
				id := string(rune('1' + i))
				m.do(2*sec, TaskManagerRegistered{ID: TaskManagerID("tm" + id), Slots: 2, Worker: WorkerID("worker-" + id)})
			}
			m.do(3*sec, JobGone{"j"}, SlotFreed{"tm1", 0}, SlotFreed{"tm1", 1}, SlotFreed{"tm2", 0})
			m.until(5 * 60 * sec)
			if m.r.TaskManagers() != tt.idle {
				t.Errorf("%d left, want %d: %q", m.r.TaskManagers(), tt.idle, m.lines)
			}
		})
	}
}

func TestActiveResourceManagerReportsWhatTheLimitForbids(t *testing.T) {
	c := activeConfig(2)
	c.MaxSlots = 3 // room for one
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "j", Count: 3})
	m.until(sec)
	m.want("0.05s j has 0, not enough", "0.10s start worker-1 with 2")
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 2, Worker: "worker-1"})
	m.until(2 * sec)
	m.want("1.00s j gets tm1/0 as a1", "1.00s j gets tm1/1 as a2")
}

func TestActiveResourceManagerGivesUpStartsThatAreNoLongerNeeded(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 3})
	m.do(sec, WorkerStarted{"worker-2"}, SlotsDeclared{Job: "j", Count: 1})
	m.until(2 * sec)
	m.want(
		"0.10s start worker-1 with 1", "0.10s start worker-2 with 1", "0.10s start worker-3 with 1",
		"1.10s stop worker-3 (no longer needed)", "1.10s stop worker-1 (no longer needed)")
	m.do(3*sec, JobGone{"j"})
	m.until(4 * sec)
	m.want("3.05s stop worker-2 (no longer needed)")
	m.do(4*sec, TaskManagerRegistered{ID: "tm2", Slots: 1, Worker: "worker-2"})
	m.want("4.00s refuse for good tm2: unknown TaskManager: nobody asked for it")
}

func TestTaskManagerThatIsNoLongerCountedOnIsGivenUp(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 2})
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"})
	m.do(2*sec, SlotsDeclared{Job: "j", Count: 1})
	m.lines = nil
	m.until(3 * sec)
	m.want("2.10s stop worker-2 (no longer needed)")
}

func TestIdleTaskManagerThatAJobGetsInTimeIsNotStopped(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 1})
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"})
	m.do(2*sec, SlotsDeclared{Job: "j", Count: 0}, SlotFreed{"tm1", 0})
	m.lines = nil
	// At 60 s it is found idle, at 60.04 s a job gets it, at 60.05 s it would be stopped.
	m.do(59*sec+990*ms, SlotsDeclared{Job: "k", Count: 1})
	m.until(200 * sec)
	m.want("60.04s k gets tm1/0 as a2")
}

func TestWhatAJobThatIsGoneHadComingGoesToTheOthers(t *testing.T) {
	// There may be two TaskManagers: the second is for both jobs, which is too little for b.
	c := activeConfig(2)
	c.MaxSlots = 4
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "a", Count: 3}, SlotsDeclared{Job: "b", Count: 2})
	m.do(sec, JobGone{"a"}, TaskManagerRegistered{ID: "tm1", Slots: 2, Worker: "worker-1"})
	m.until(2 * sec)
	m.want("0.05s b has 0, not enough", "0.10s start worker-1 with 2", "0.10s start worker-2 with 2",
		"1.00s b gets tm1/0 as a1", "1.05s stop worker-2 (no longer needed)", "1.05s b gets tm1/1 as a2")
}

func TestTaskManagerThatComesGoesToWhoWaitsForIt(t *testing.T) {
	c := activeConfig(1)
	c.MinSlots = 2
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "a", Count: 1}, SlotsDeclared{Job: "b", Count: 1})
	m.until(sec)
	m.lines = nil
	m.do(sec, JobGone{"a"}, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"})
	m.want("1.00s b gets tm1/0 as a1")
}

func TestSpareTaskManagersAreCountedAnewWhenAJobIsGone(t *testing.T) {
	c := activeConfig(2)
	c.Redundant = 1
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "a", Count: 2})
	m.do(sec, JobGone{"a"})
	m.until(2 * sec)
	m.want("0.05s start worker-1 with 2", "0.10s start worker-2 with 2", "1.05s stop worker-2 (no longer needed)")
}

func TestLostWorkerIsReplaced(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 1})
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"})
	m.do(10*sec, TaskManagerLost{ID: "tm1", Cause: "heartbeats"})
	m.until(12 * sec)
	m.want("0.10s start worker-1 with 1", "1.00s j gets tm1/0 as a1",
		"10.00s stop worker-1 tm1 (heartbeats)", "10.00s start worker-2 with 1")
	m.do(12*sec, TaskManagerRegistered{ID: "tm2", Slots: 1, Worker: "worker-2"})
	m.want("12.00s j gets tm2/0 as a2")
}

func TestWorkerThatDoesNotRegisterInTimeIsReplaced(t *testing.T) {
	m := newTrace(t, activeConfig(1))
	m.do(0, SlotsDeclared{Job: "j", Count: 1})
	m.do(10*sec, WorkerStarted{"worker-1"})
	m.lines = nil
	m.until(310*sec - 1)
	m.want()
	m.until(311 * sec)
	m.want("310.00s stop worker-1 (not registered in time)", "310.00s start worker-2 with 1")
	m.do(312*sec, WorkerStarted{"worker-2"}, TaskManagerRegistered{ID: "tm2", Slots: 1, Worker: "worker-2"})
	m.until(1000 * sec)
	m.want("312.00s j gets tm2/0 as a1")
}

func TestFailedStartsAreRepeatedUntilThereAreTooMany(t *testing.T) {
	c := activeConfig(1)
	c.MaxFailures = 3
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "j", Count: 1})
	m.do(sec, WorkerFailed{Worker: "worker-1"})
	m.do(2*sec, WorkerFailed{Worker: "worker-2"}, WorkerFailed{Worker: "worker-2"})
	m.do(3*sec, WorkerFailed{Worker: "worker-3"})
	m.until(10 * sec)
	m.want("0.10s start worker-1 with 1", "1.00s start worker-2 with 1", "2.00s start worker-3 with 1",
		"6.00s start worker-4 with 1") // 3 s after the third failure
	m.do(63*sec, WorkerFailed{Worker: "worker-4"})
	m.until(65 * sec)
	m.want("63.00s start worker-5 with 1") // only one other failure in the minute before
}

func TestActiveResourceManagerStopsOneThatThereIsNoRoomFor(t *testing.T) {
	c := activeConfig(2)
	c.MaxSlots = 2
	m := newTrace(t, c)
	m.do(0, SlotsDeclared{Job: "a", Count: 2})
	m.until(sec)
	// It comes with another number of slots than what was counted on.
	m.do(2*sec, TaskManagerRegistered{ID: "tm1", Slots: 3, Worker: "worker-1"})
	m.until(3 * sec)
	m.want("0.10s start worker-1 with 2",
		"2.00s refuse tm1: the largest number of slots is reached",
		"2.00s stop worker-1 tm1 (the largest number of slots is reached)")
	m.wantSlots(0, 0)
}

func TestActiveResourceManagerKnowsTheWorkersOfTheOneBefore(t *testing.T) {
	c := activeConfig(1)
	c.Recovered, c.Requested = []WorkerID{"worker-1", "worker-3"}, 3
	m := newTrace(t, c)
	m.do(sec, TaskManagerRegistered{ID: "tm1", Slots: 1, Worker: "worker-1"}, TaskManagerRegistered{ID: "tm2", Slots: 1, Worker: "worker-2"})
	m.do(2*sec, SlotsDeclared{Job: "a", Count: 2})
	m.until(4 * 60 * sec)
	// One that has not registered is not counted on; one that never does is given up.
	m.want("1.00s refuse for good tm2: unknown TaskManager: nobody asked for it",
		"2.05s a gets tm1/0 as a1",
		"2.10s start worker-4 with 1")
	m.do(4*60*sec, TaskManagerRegistered{ID: "tm4", Slots: 1, Worker: "worker-4"})
	m.until(6 * 60 * sec)
	m.want("240.00s a gets tm4/0 as a2", "300.00s stop worker-3 (not registered in time)")
}
