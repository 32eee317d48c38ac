package slots

import (
	"fmt"
	"testing"
	"time"
)

var sizes = []int{1, 100, 10_000}

// perSlot names the benchmarks by the number of slots, and reports what one costs.
func perSlot(b *testing.B, run func(b *testing.B, slots int)) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("slots=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			run(b, n)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/slot")
		})
	}
}

func graph(width int) []Vertex {
	var all []Vertex
	for i, group := range []string{"default", "g1", "default", "g2"} {
		all = append(all, Vertex{
			ID: VertexID(fmt.Sprint(i)), Group: group, Bounds: Bounds{1, max(1, width/3)}, MaxParallelism: MaxParallelismLimit,
		})
	}
	return all
}

// manySlots is n slots, four a TaskManager.
func manySlots(n int) []Slot {
	all := make([]Slot, n)
	for i := range all {
		all[i] = Slot{AllocationID(fmt.Sprintf("%032x", i*7919)), TaskManagerID(fmt.Sprintf("tm%d", i/4)), i % 4}
	}
	return all
}

func BenchmarkDivide(b *testing.B) {
	perSlot(b, func(b *testing.B, n int) {
		job := graph(n)
		for b.Loop() {
			Divide(job, max(n, 3))
		}
	})
}

func BenchmarkAssign(b *testing.B) {
	for _, mode := range []LoadBalance{BalanceNone, BalanceSlots, BalanceTasks} {
		b.Run(fmt.Sprintf("mode=%d", mode), func(b *testing.B) {
			perSlot(b, func(b *testing.B, n int) { assignLoop(b, n, AssignInput{LoadBalance: mode}) })
		})
	}
}

func BenchmarkAssignByState(b *testing.B) {
	perSlot(b, func(b *testing.B, n int) {
		free := manySlots(max(n, 3))
		var previous []Residence
		for i, v := range graph(n) {
			p := v.Bounds.Upper
			for s := range p {
				first, last := KeyGroups(s, p, v.MaxParallelism)
				previous = append(previous, Residence{v.ID, free[(s+i*p)%len(free)].Allocation, first, last, 1 << 20})
			}
		}
		assignLoop(b, n, AssignInput{Previous: previous})
	})
}

func assignLoop(b *testing.B, n int, in AssignInput) {
	in.Version, in.Vertices, in.Slots = V2_3, graph(n), manySlots(max(n, 3))
	plan, ok := Divide(in.Vertices, len(in.Slots))
	if !ok {
		b.Fatal("no plan")
	}
	in.Parallelism = plan.Parallelism
	for b.Loop() {
		if _, ok := Assign(in); !ok {
			b.Fatal("not assigned")
		}
	}
}

// One round of a pool: all slots offered, taken, given back, returned as idle.
func BenchmarkPool(b *testing.B) {
	perSlot(b, func(b *testing.B, n int) {
		slots := manySlots(n)
		allocations := make([]AllocationID, n)
		for i, s := range slots {
			allocations[i] = s.Allocation
		}
		for b.Loop() {
			p := NewPool(time.Second)
			p.Require(n)
			p.Offer(epoch, "tm", slots)
			p.Reserve(allocations)
			p.Release(epoch, allocations)
			p.Require(0)
			if gone := p.Idle(epoch.Add(time.Second)); len(gone) != n {
				b.Fatal(len(gone))
			}
		}
	})
}

// One check that gives all slots to a job, and the job giving them back.
func BenchmarkResourceManager(b *testing.B) {
	for _, mode := range []LoadBalance{BalanceNone, BalanceSlots} {
		b.Run(fmt.Sprintf("mode=%d", mode), func(b *testing.B) {
			perSlot(b, func(b *testing.B, n int) {
				c := DefaultRMConfig(V2_3)
				c.LoadBalance = mode
				r := NewResourceManager(c)
				for i := range (n + 3) / 4 {
					r.Step(epoch, TaskManagerRegistered{ID: TaskManagerID(fmt.Sprintf("tm%d", i)), Slots: min(4, n-4*i)})
				}
				now := epoch
				for b.Loop() {
					r.Step(now, SlotsDeclared{Job: "j", Count: n})
					now = now.Add(time.Second)
					given := r.Step(now, Tick{})
					if len(given) != n {
						b.Fatal(len(given))
					}
					r.Step(now, SlotsDeclared{Job: "j", Count: 0})
					for _, a := range given {
						a := a.(AllocateSlot)
						r.Step(now, SlotFreed{TaskManager: a.TaskManager, Index: a.Index})
					}
				}
			})
		})
	}
}

// One step that moves no slot, with a job that wants more than there is.
func BenchmarkResourceManagerIdleStep(b *testing.B) {
	perSlot(b, func(b *testing.B, n int) {
		r := NewResourceManager(DefaultRMConfig(V2_3))
		for i, s := range manySlots(n) {
			if i%4 == 0 {
				r.Step(epoch, TaskManagerRegistered{ID: s.TaskManager, Slots: min(4, n-i)})
			}
		}
		now, want := epoch, n
		for b.Loop() {
			want++
			r.Step(now, SlotsDeclared{Job: "j", Count: want})
			now = now.Add(time.Second)
			r.Step(now, Tick{})
		}
	})
}
