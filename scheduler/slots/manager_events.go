package slots

// WorkerID names one attempt of an active ResourceManager to start a TaskManager.
type WorkerID string

// RMEvent is something that happens to a ResourceManager.
type RMEvent interface{ rmEvent() }

// The events of a ResourceManager. One about a TaskManager, slot, job or worker
// that it does not know, or knows otherwise, changes nothing.
type (
	// TaskManagerRegistered: a TaskManager connected and reported its slots. One of
	// the same name that is still registered is lost thereby.
	TaskManagerRegistered struct {
		ID     TaskManagerID
		Slots  int
		Worker WorkerID   // the StartTaskManager it comes from, if any
		Held   []HeldSlot // slots that jobs have already: it was registered elsewhere before
	}
	// TaskManagerLost: it disconnected or was declared lost.
	TaskManagerLost struct {
		ID    TaskManagerID
		Cause string
	}
	// SlotFreed: a TaskManager freed a slot that a job had.
	SlotFreed struct {
		TaskManager TaskManagerID
		Index       int
	}
	// SlotActive: a TaskManager agreed to an AllocateSlot.
	SlotActive struct {
		TaskManager TaskManagerID
		Index       int
		Allocation  AllocationID
	}
	// AllocationRefused: a TaskManager did not agree to an AllocateSlot, or no answer
	// came.
	AllocationRefused struct {
		TaskManager TaskManagerID
		Index       int
		Allocation  AllocationID
	}
	// SlotsDeclared: a JobMaster declared how many slots its job wants in total.
	SlotsDeclared struct {
		Job   JobID
		Count int
	}
	// JobGone: a JobMaster is gone for good; what its job wanted is forgotten. Its
	// slots stay its own until their TaskManagers free them.
	JobGone struct{ Job JobID }
	// WorkerStarted: the provider made the TaskManager of a StartTaskManager, which
	// is now to register.
	WorkerStarted struct{ Worker WorkerID }
	// WorkerFailed: the provider could not make it, or it ended before it registered.
	WorkerFailed struct {
		Worker WorkerID
		Cause  string
	}
	// Tick: what is due happens. No other event makes a timer fire.
	Tick struct{}
)

// HeldSlot is a slot that a job has.
type HeldSlot struct {
	Index      int
	Job        JobID
	Allocation AllocationID
}

func (TaskManagerRegistered) rmEvent() {}
func (TaskManagerLost) rmEvent()       {}
func (SlotFreed) rmEvent()             {}
func (SlotActive) rmEvent()            {}
func (AllocationRefused) rmEvent()     {}
func (SlotsDeclared) rmEvent()         {}
func (JobGone) rmEvent()               {}
func (WorkerStarted) rmEvent()         {}
func (WorkerFailed) rmEvent()          {}
func (Tick) rmEvent()                  {}

// RMAction is something that a ResourceManager wants done.
type RMAction interface{ rmAction() }

// The actions of a ResourceManager.
type (
	// AllocateSlot: ask the TaskManager to give the slot to the job, whose JobMaster
	// it then offers it to. The answer comes back as SlotActive or AllocationRefused.
	AllocateSlot struct {
		Job         JobID
		TaskManager TaskManagerID
		Index       int
		Allocation  AllocationID
	}
	// NotEnough: tell the JobMaster that not all it wants can be had.
	NotEnough struct {
		Job      JobID
		Acquired int // slots that the job has
	}
	// RefuseTaskManager: it was not registered. Flink disconnects it, and it tries
	// again at once; after a final refusal its process ends itself.
	RefuseTaskManager struct {
		ID     TaskManagerID
		Final  bool
		Reason string
	}
	// StartTaskManager: ask the provider for a TaskManager.
	StartTaskManager struct {
		Worker WorkerID
		Slots  int
	}
	// StopTaskManager: have the provider stop a TaskManager, or give up starting it:
	// then ID is empty. It is no longer registered.
	StopTaskManager struct {
		Worker WorkerID
		ID     TaskManagerID
		Reason string
	}
)

func (AllocateSlot) rmAction()      {}
func (NotEnough) rmAction()         {}
func (RefuseTaskManager) rmAction() {}
func (StartTaskManager) rmAction()  {}
func (StopTaskManager) rmAction()   {}
