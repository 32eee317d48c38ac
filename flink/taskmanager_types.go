package flink

// TaskManagers is the body of /taskmanagers.
type TaskManagers struct {
	TaskManagers []TaskManager `json:"taskmanagers"`
}

// TaskManager is one TaskManager in the list.
type TaskManager struct {
	ID       string `json:"id"`
	Path     string `json:"path"`
	DataPort int    `json:"dataPort"`
	JMXPort  int    `json:"jmxPort"` // -1 for none
	// LastHeartbeat is a point in time, though Flink calls it
	// timeSinceLastHeartbeat.
	LastHeartbeat Millis        `json:"timeSinceLastHeartbeat"`
	Slots         int           `json:"slotsNumber"`
	FreeSlots     int           `json:"freeSlots"`
	AssignedTasks *int          `json:"assignedTasks,omitempty"` // since 2.x
	TotalResource Resource      `json:"totalResource"`
	FreeResource  Resource      `json:"freeResource"`
	Hardware      Hardware      `json:"hardware"`
	Memory        *MemoryConfig `json:"memoryConfiguration,omitempty"`
	Blocked       *bool         `json:"blocked,omitempty"`
}

// Resource is a resource profile: cores and MiB, -1 in each field for unknown.
type Resource struct {
	CPUCores          float64            `json:"cpuCores"`
	TaskHeapMemory    int64              `json:"taskHeapMemory"`
	TaskOffHeapMemory int64              `json:"taskOffHeapMemory"`
	ManagedMemory     int64              `json:"managedMemory"`
	NetworkMemory     int64              `json:"networkMemory"`
	ExtendedResources map[string]float64 `json:"extendedResources"`
}

// Hardware is what the TaskManager's machine has; memory in bytes.
type Hardware struct {
	CPUCores       int   `json:"cpuCores"`
	PhysicalMemory int64 `json:"physicalMemory"`
	FreeMemory     int64 `json:"freeMemory"`
	ManagedMemory  int64 `json:"managedMemory"`
}

// MemoryConfig is the configured memory of a TaskManager in bytes; nil where it
// was not configured.
type MemoryConfig struct {
	FrameworkHeap      *int64 `json:"frameworkHeap"`
	TaskHeap           *int64 `json:"taskHeap"`
	FrameworkOffHeap   *int64 `json:"frameworkOffHeap"`
	TaskOffHeap        *int64 `json:"taskOffHeap"`
	NetworkMemory      *int64 `json:"networkMemory"`
	ManagedMemory      *int64 `json:"managedMemory"`
	JVMMetaspace       *int64 `json:"jvmMetaspace"`
	JVMOverhead        *int64 `json:"jvmOverhead"`
	TotalFlinkMemory   *int64 `json:"totalFlinkMemory"`
	TotalProcessMemory *int64 `json:"totalProcessMemory"`
}

// TaskManagerDetails is the body of /taskmanagers/:id.
type TaskManagerDetails struct {
	TaskManager
	AllocatedSlots []AllocatedSlot `json:"allocatedSlots"`
	Metrics        JVMMetrics      `json:"metrics"`
}

// AllocatedSlot is a slot that a job holds.
type AllocatedSlot struct {
	JobID         JobID    `json:"jobId"`
	Resource      Resource `json:"resource"`
	AssignedTasks *int     `json:"assignedTasks,omitempty"` // since 2.x
}

// JVMMetrics are memory and garbage collection of a TaskManager, in bytes.
type JVMMetrics struct {
	HeapUsed         int64 `json:"heapUsed"`
	HeapCommitted    int64 `json:"heapCommitted"`
	HeapMax          int64 `json:"heapMax"`
	NonHeapUsed      int64 `json:"nonHeapUsed"`
	NonHeapCommitted int64 `json:"nonHeapCommitted"`
	NonHeapMax       int64 `json:"nonHeapMax"`
	DirectCount      int64 `json:"directCount"`
	DirectUsed       int64 `json:"directUsed"`
	DirectMax        int64 `json:"directMax"`
	MappedCount      int64 `json:"mappedCount"`
	MappedUsed       int64 `json:"mappedUsed"`
	MappedMax        int64 `json:"mappedMax"`

	MemorySegmentsAvailable *int64 `json:"memorySegmentsAvailable,omitempty"` // before 2.0
	MemorySegmentsTotal     *int64 `json:"memorySegmentsTotal,omitempty"`     // before 2.0

	ShuffleSegmentsAvailable int64 `json:"nettyShuffleMemorySegmentsAvailable"`
	ShuffleSegmentsUsed      int64 `json:"nettyShuffleMemorySegmentsUsed"`
	ShuffleSegmentsTotal     int64 `json:"nettyShuffleMemorySegmentsTotal"`
	ShuffleMemoryAvailable   int64 `json:"nettyShuffleMemoryAvailable"`
	ShuffleMemoryUsed        int64 `json:"nettyShuffleMemoryUsed"`
	ShuffleMemoryTotal       int64 `json:"nettyShuffleMemoryTotal"`

	GarbageCollectors []GarbageCollector `json:"garbageCollectors"`
}

// GarbageCollector counts the runs of a collector and the time they took.
type GarbageCollector struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Time  Span   `json:"time"`
}
