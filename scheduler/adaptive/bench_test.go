package adaptive

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// BenchmarkStep measures a step, on average over the life of a job that is
// started, rescaled by new slots, and cancelled. The slots are those of ten
// TaskManagers, so that a life has as many steps whatever their number.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		for _, v := range versions {
			b.Run(fmt.Sprintf("%v slots=%d", v, n), func(b *testing.B) { manyLives(b, v, n) })
		}
	}
}

func manyLives(b *testing.B, v slots.Version, n int) {
	job := j3(n)
	for i := range job.Vertices {
		job.Vertices[i].MaxParallelism = slots.MaxParallelismLimit
	}
	machines, steps, lives := offers(n), 0, 0
	before := allocated()
	for b.Loop() {
		steps += life(b, v, job, machines)
		lives++
	}
	bytes := allocated() - before
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
	b.ReportMetric(float64(bytes)/float64(steps), "B/step")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lives)/float64(n), "ns/slot")
	b.ReportMetric(float64(steps)/float64(lives), "steps/life")
}

// allocated is what was ever allocated, in bytes.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// offers are n slots of ten TaskManagers, of one if they are fewer.
func offers(n int) []SlotsOffered {
	var all []SlotsOffered
	each := max(1, n/10)
	for n > 0 {
		tm := slots.TaskManagerID(fmt.Sprintf("tm%d", len(all)))
		all = append(all, SlotsOffered{TaskManager: tm, Slots: slotsOf(tm, min(n, each))})
		n -= each
	}
	return all
}

// life is the number of steps of a job's life.
func life(b *testing.B, v slots.Version, job Job, machines []SlotsOffered) int {
	s, err := New(epoch, job, DefaultOptions(v, false))
	if err != nil {
		b.Fatal(err)
	}
	steps, now := 0, epoch
	var do func(Event)
	do = func(e Event) {
		steps++
		for _, a := range s.Step(now, e) {
			switch a := a.(type) {
			case BuildGraph:
				defer do(GraphBuilt{Build: a.Build})
			case CancelTasks:
				defer do(TasksEnded{Execution: a.Execution})
			}
		}
	}
	half := len(machines) / 2
	do(Start{})
	for _, m := range machines[:half] {
		do(m)
	}
	for range 3 {
		now = now.Add(10 * time.Second)
		do(Tick{})
	}
	now = now.Add(time.Minute)
	for _, m := range machines[half:] {
		do(m)
	}
	now = now.Add(2 * time.Minute)
	do(Tick{})
	do(Cancel{})
	if got := s.View().State; got != StateFinished {
		b.Fatalf("in %v", got)
	}
	return steps
}
