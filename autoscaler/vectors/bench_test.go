package vectors

import (
	"testing"
	"time"
)

// BenchmarkPassesOverTheVectors runs every pass of every scenario, from the bytes
// of the REST answers to the saved state. The time between passes, in which the
// outcome is compared, does not count. Run it with -cpu 1 for passes/s on one core.
func BenchmarkPassesOverTheVectors(b *testing.B) {
	files := loadVectors(b)
	var scenarios []*scenario
	for _, path := range files.scenarios() {
		scenarios = append(scenarios, files.scenario(b, path))
	}
	passes, took := 0, time.Duration(0)
	for b.Loop() {
		for _, s := range scenarios {
			r := newReplay(b, s)
			r.timed = func(pass func()) {
				start := time.Now()
				pass()
				took += time.Since(start)
				passes++
			}
			r.run()
		}
	}
	b.ReportMetric(float64(passes)/took.Seconds(), "passes/s")
	b.ReportMetric(float64(took.Microseconds())/float64(passes), "µs/pass")
}
