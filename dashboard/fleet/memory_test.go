package fleet

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// mostOfAJob is what a book may take for a job of two vertices, in bytes, however long
// it is fed: 1,000 jobs take less than 250 MB. mostOfAll is for what all jobs share:
// the events.
const (
	mostOfAJob = 250 << 10
	mostOfAll  = 2 << 20
)

// A week of a fleet: of each job a pass every five minutes, every fourth of which says
// something new, and every second hour a rescale and an event.
func TestABookOfAWeekIsBounded(t *testing.T) {
	jobs := 1000
	if testing.Short() {
		jobs = 3
	}
	w := week{t: t, keys: make([]autoscaler.JobKey, jobs)}
	w.book = NewBook(func() time.Time { return w.now })
	for i := range w.keys {
		w.keys[i] = autoscaler.JobKey{Cluster: "test", Job: flink.JobID(fmt.Sprintf("%032x", i))}
	}
	const passes = int(7 * 24 * time.Hour / weekPasses)
	before := heap()
	w.pass(0, passes/2)
	half := heap() - before
	w.pass(passes/2, passes)
	end := heap() - before
	t.Logf("%d jobs: %.1f MB after half a week, %.1f MB after a week: %.0f KB a job", jobs, mb(half), mb(end), float64(end)/float64(jobs)/1024)
	if most := int64(jobs)*mostOfAJob + mostOfAll; end > most {
		t.Errorf("%.1f MB, want %.1f MB at most", mb(end), mb(most))
	}
	if grown := end - half; grown > int64(jobs)*mostOfAJob/10+mostOfAll/2 {
		t.Errorf("it still grows after half a week: by %.1f MB to the end of it", mb(grown))
	}
	if n := len(w.book.Jobs()); n != jobs {
		t.Errorf("%d jobs, want %d", n, jobs)
	}
	if found := w.book.Decisions(w.keys[0], 1000); len(found) != keptDecisions || found[len(found)-1].Action != decisions.ActionScale {
		t.Errorf("%d decisions of a job are kept, want %d", len(found), keptDecisions)
	}
}

// week feeds a book.
type week struct {
	t    *testing.T
	book *Book
	keys []autoscaler.JobKey
	now  time.Time
}

const weekPasses = 5 * time.Minute

func (w *week) pass(from, to int) {
	w.t.Helper()
	for turn := from; turn < to; turn++ {
		at := time.Duration(turn) * weekPasses
		w.now = start.Add(at)
		p := pass{at: at, rate: float64(300 + turn%500), from: 1 + turn/24%2, to: 1 + turn/24%2, change: func(r *autoscaler.Report) {
			r.Decision.Vertices[1].Reason = []scaling.Reason{scaling.ReasonSteady, scaling.ReasonDelayed}[turn/4%2]
		}}
		if turn%24 == 0 {
			p.to = 3 - p.from
		}
		r := p.report()
		for _, key := range w.keys {
			r.Job = key
			if err := w.tell(r, fmt.Sprintf("%s: %d -> %d", key.Job, p.from, p.to)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *week) tell(r *autoscaler.Report, text string) error {
	job := &autoscaler.JobContext{Key: r.Job, Name: "clicks"}
	if err := w.book.Record(w.t.Context(), job, r); err != nil || !r.Scaled {
		return err
	}
	return w.book.Handle(w.t.Context(), job, autoscaler.Event{At: w.now, Reason: "Scaling", Message: text})
}

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// heap is what is in use on it.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
