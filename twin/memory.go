package twin

import (
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin/flow"
)

// memory is how a TaskManager's process is divided, in bytes.
type memory struct {
	frameworkHeap, taskHeap       int64
	frameworkOffHeap, taskOffHeap int64
	network, managed              int64
	metaspace, overhead           int64
}

const mib = 1 << 20

// memory reads the sizes of a TaskManager: part by part where they are given, the
// rest from the size of the process or of Flink in it, by Flink's fractions.
func (r *reader) memory() memory {
	m := memory{frameworkHeap: 128 * mib, frameworkOffHeap: 128 * mib, metaspace: 256 * mib}
	process, total := int64(1728*mib), int64(0)
	r.size("framework.heap.size", &m.frameworkHeap)
	r.size("framework.off-heap.size", &m.frameworkOffHeap)
	r.size("task.off-heap.size", &m.taskOffHeap)
	r.size("jvm-metaspace.size", &m.metaspace)
	r.size("process.size", &process)
	r.size("flink.size", &total)
	m.overhead = r.bounded("jvm-overhead", 0.1, process, 192*mib, 1024*mib)
	if total == 0 {
		total = process - m.metaspace - m.overhead
	}
	m.managed = total * 4 / 10
	if fraction := 0.4; r.options[prefix+"managed.fraction"] != "" {
		r.real(prefix+"managed.fraction", &fraction)
		m.managed = int64(fraction * float64(total))
	}
	r.size("managed.size", &m.managed)
	m.network = r.bounded("network", 0.1, total, 64*mib, 1<<62)
	m.taskHeap = max(total-m.frameworkHeap-m.frameworkOffHeap-m.taskOffHeap-m.managed-m.network, 0)
	r.size("task.heap.size", &m.taskHeap)
	return m
}

const prefix = "taskmanager.memory."

func (r *reader) size(name string, into *int64) {
	r.read(prefix+name, func(text string) error {
		size, err := options.ParseMemory(text)
		*into = int64(size)
		return err
	})
}

// bounded is a part that is a fraction of the whole between two bounds.
func (r *reader) bounded(name string, fraction float64, whole, least, most int64) int64 {
	r.size(name+".min", &least)
	r.size(name+".max", &most)
	r.real(prefix+name+".fraction", &fraction)
	return max(min(int64(fraction*float64(whole)), most), least)
}

func (m memory) flink() int64 {
	return m.frameworkHeap + m.taskHeap + m.frameworkOffHeap + m.taskOffHeap + m.network + m.managed
}

func (m memory) process() int64 { return m.flink() + m.metaspace + m.overhead }

// heapShare is the part of the heap that objects can have: the rest is a survivor
// space of the serial collector (324403200 of 335544320 bytes, as recorded).
const heapShare = 324403200.0 / 335544320

// heap is the Java heap. What a TaskManager needs itself is as recorded: 22 to 40 MB
// in use after a collection, and 60 to 80 KB/s while its tasks have nothing to do.
func (m memory) heap() flow.Heap {
	return flow.Heap{Max: float64(m.frameworkHeap+m.taskHeap) * heapShare, Base: 30e6, Background: 70e3}
}

// segment is the size of a network buffer.
const segment = 32 << 10
