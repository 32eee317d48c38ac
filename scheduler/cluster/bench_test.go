package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// A whole life: a TaskManager of n slots, a job that takes them all, an hour with
// a checkpoint every 5 s, and its end.
func BenchmarkAnHour(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("%d slots", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l := newLab(b, nil, nil)
				for i := range max(1, n/100) {
					l.do(l.AddTaskManager(slots.TaskManagerID(fmt.Sprintf("tm%d", i)), min(n, 100)))
				}
				job := chain("a", n)
				for i := range job.Vertices {
					job.Vertices[i].MaxParallelism = max(n, 128)
				}
				l.do(l.Submit(job))
				l.pass(time.Hour)
				l.do(l.Cancel("a"))
				l.pass(time.Minute)
				l.expect("a", fmt.Sprintf("CANCELED %d,%d", n, n))
			}
		})
	}
}
