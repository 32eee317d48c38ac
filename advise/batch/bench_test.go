package batch

import "testing"

// BenchmarkAdvise advises on five runs of a job of 128 tasks a vertex.
func BenchmarkAdvise(b *testing.B) {
	w := world{fixed: 0.2, perMiB: 0.1, sourceMiB: 4096, slots: 16, noise: 0.1}
	var runs []Run
	for range 5 {
		runs = append(runs, w.run(map[string]string{KeyVolume: "1 mb"}, 128, 128))
	}
	for b.Loop() {
		if _, err := Advise(b.Context(), runs, Config{Slots: 16}); err != nil {
			b.Fatal(err)
		}
	}
}
