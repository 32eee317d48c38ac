package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
)

// moment is what Flink said of a job at a time.
type moment struct {
	at      time.Time
	running flink.Millis
	// parallelism is by the first word of the vertex's name.
	parallelism map[string]int
}

// watch follows a job through Flink's own REST API, past sluice.
type watch struct {
	t      *testing.T
	client *flink.Client
	job    flink.JobID

	mu      sync.Mutex
	moments []moment
}

func watchJob(t *testing.T, c *realflink.Cluster, job *realflink.Job) *watch {
	t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{c.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{t: t, client: client, job: flink.JobID(job.ID)}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { w.follow(ctx) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
		client.Close()
		t.Logf("job %s as Flink told it:%s", job.ID, w.story())
	})
	return w
}

func (w *watch) follow(ctx context.Context) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if details, err := w.client.Job(ctx, w.job); err == nil && details.State == flink.JobRunning {
			w.add(&details)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (w *watch) add(d *flink.JobDetails) {
	m := moment{at: time.Now(), running: d.Timestamps.Running, parallelism: map[string]int{}}
	for _, v := range d.Vertices {
		m.parallelism[shortName(v.Name)] = v.Parallelism
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.moments); n > 0 && w.moments[n-1].running == m.running && maps.Equal(w.moments[n-1].parallelism, m.parallelism) {
		return
	}
	w.moments = append(w.moments, m)
}

func shortName(name string) string {
	name = strings.TrimPrefix(name, "Source: ")
	word, _, _ := strings.Cut(name, " ")
	return word
}

func (w *watch) story() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, m := range w.moments {
		fmt.Fprintf(&b, "\n  %s %v", m.at.Format(time.TimeOnly), m.parallelism)
	}
	return b.String()
}

// now is the parallelism that Flink showed last.
func (w *watch) now() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.moments) == 0 {
		return nil
	}
	return w.moments[len(w.moments)-1].parallelism
}

// starts counts how often the job became RUNNING after a time.
func (w *watch) starts(since time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[flink.Millis]bool{}
	for _, m := range w.moments {
		if m.running.Time().After(since) {
			seen[m.running] = true
		}
	}
	return len(seen)
}

// upper is what GET resource-requirements says, by vertex id.
func (w *watch) requirements() flink.ResourceRequirements {
	w.t.Helper()
	r, err := w.client.ResourceRequirements(w.t.Context(), w.job)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// agrees fails the test when the newest act that sluice reports is not what
// Flink holds.
func agrees(t *testing.T, p *process, w *watch) {
	t.Helper()
	entries := p.recorded()
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if e.Job != string(w.job) || e.Act == nil || e.Act.Phase == "failed" {
			continue
		}
		for id, r := range w.requirements() {
			if want, known := e.Act.Want[string(id)]; known && r.Parallelism.Upper != want {
				t.Errorf("sluice reports %d for vertex %s, Flink holds %d", want, id, r.Parallelism.Upper)
			}
		}
		return
	}
}

// capacity is what a subtask of a vertex can do on this machine now, by Flink's
// own counters since its last start, in records/s: the cost of a record as it is.
// On a busy machine it is below the nominal one.
func (w *watch) capacity(vertex string) float64 {
	details, err := w.client.Job(w.t.Context(), w.job)
	if err != nil {
		return perSubtask
	}
	for _, v := range details.Vertices {
		if busy := v.Metrics.AccumulatedBusy.Or(0); shortName(v.Name) == vertex && busy > 0 {
			return min(perSubtask, 1000*float64(v.Metrics.ReadRecords)/busy)
		}
	}
	return perSubtask
}

// rightSize is the smallest aligned parallelism at which the hottest subtask of
// a vertex with evenly used key groups stays at or under the target utilization.
func rightSize(rate, perSubtask float64, keyGroups int) int {
	for p := 1; p <= keyGroups; p++ {
		groups := (keyGroups + p - 1) / p
		aligned := keyGroups%p == 0 || p == 1 || keyGroups/p < keyGroups/(p-1)
		if aligned && rate*float64(groups)/float64(keyGroups)/perSubtask <= 0.7 {
			return p
		}
	}
	return keyGroups
}
