package demo

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/twin/stage"
)

// 1000/s at most of 2 ms are 2 subtasks, at 70 % 2.86; of each two go on, at 1.5 ms,
// which is 3 subtasks of 2000/s, at 70 % 4.29.
func TestFixedPeakIsThatOfTheLargestVertex(t *testing.T) {
	p, err := stage.Read(stage.File{Name: "f", Contents: []byte(`
jobs:
  - name: a
    vertices:
      - {name: s, source: {}, cost: 2 ms, load: {lines: {0 s: 100, 1 h: 1000, 2 h: 1000, 3 h: 200}}}
      - {name: v, cost: 1.5 ms, inputs: {s: {records: 2}}}
      - {name: w, cost: 1 ms, inputs: {v: {records: 0.5}}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	p.Duration = 3 * time.Hour
	if got := fixedPeak(p, 0.7); got != 5 {
		t.Errorf("at 70 %%: %d slots; want 5", got)
	}
	if got := fixedPeak(p, 1); got != 3 {
		t.Errorf("at 100 %%: %d slots; want 3", got)
	}
	p.Duration = 30 * time.Minute // at which the load has come to 550/s
	if got := fixedPeak(p, 1); got != 2 {
		t.Errorf("of the first half hour: %d slots; want 2", got)
	}
}
