package bulk

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// rig is a cluster with one batch job.
type rig struct {
	*Run
	t       testing.TB
	cluster *cluster.Cluster
}

const (
	maxKey    = "execution.batch.adaptive.auto-parallelism.max-parallelism"
	volumeKey = "execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task"
	sourceKey = "execution.batch.adaptive.auto-parallelism.default-source-parallelism"
)

var restarting = map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "100"}

// newRig hands a job to a cluster of so many TaskManagers with so many slots each.
func newRig(t testing.TB, version slots.Version, g Graph, options map[string]string, machines, each int) *rig {
	t.Helper()
	config := cluster.DefaultConfig(version)
	config.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := cluster.New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range machines {
		if err := c.AddTaskManager(slots.TaskManagerID(fmt.Sprintf("tm-%d", i+1)), each); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{t: t, cluster: c}
	r.Run = r.take(version, g, options)
	return r
}

func (r *rig) take(version slots.Version, g Graph, options map[string]string) *Run {
	r.t.Helper()
	if err := g.Validate(); err != nil {
		r.t.Fatal(err)
	}
	all := map[string]string{}
	for _, set := range []map[string]string{restarting, options} {
		for key, value := range set {
			all[key] = value
		}
	}
	job := Config{
		Job: slots.JobID(fmt.Sprintf("job-%d", r.cluster.Now().UnixNano())), Graph: g, Cluster: all, Options: all, Version: version, Parallelism: 128,
		Whole: version == slots.V1_20, Now: r.cluster.Now, Build: 20 * time.Millisecond, Cancel: 50 * time.Millisecond,
		Deploy: func(_, _, _ int) time.Duration { return 100 * time.Millisecond },
		Fault:  func(err error) { r.t.Errorf("the scheduler does not understand: %v", err) },
	}
	for _, v := range g.Vertices {
		job.IDs = append(job.IDs, slots.VertexID(v.Name))
	}
	run, err := New(job)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := run.Take(r.cluster); err != nil {
		r.t.Fatal(err)
	}
	return run
}

func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	if err := r.cluster.Advance(r.cluster.Now().Add(d)); err != nil {
		r.t.Fatal(err)
	}
}

// until lets time pass, step by step, until something holds.
func (r *rig) until(what string, step time.Duration, holds func() bool) {
	r.t.Helper()
	for range 20_000 {
		if holds() {
			return
		}
		r.pass(step)
	}
	r.t.Fatalf("never: %s; the job is %s", what, r.Status())
}

func (r *rig) ends(as adaptive.Status) {
	r.t.Helper()
	r.until("the job ends", time.Second, func() bool { return r.Status().Terminal() })
	if r.Status() != as {
		r.t.Fatalf("the job is %s, want %s: %v", r.Status(), as, r.Failure())
	}
}

// running counts the tasks that have slots.
func (r *rig) running(v int) int {
	n := 0
	for k := range r.vertices[v].Tasks {
		if r.vertices[v].Tasks[k].Holds() {
			n++
		}
	}
	return n
}

const mb = 1 << 20

// report is two sources, of which the small one is broadcast to a join, and a sum.
func report(exchange Exchange) Graph {
	return Graph{
		Vertices: []Vertex{
			{Name: "sales", Bytes: 400 * mb, Cost: 50 * time.Millisecond},
			{Name: "shops", Bytes: 3 * mb, Cost: 50 * time.Millisecond},
			{Name: "join", Cost: 40 * time.Millisecond},
			{Name: "sum", Cost: 30 * time.Millisecond},
		},
		Edges: []Edge{
			{From: 0, To: 2, Share: 0.5, Ship: Rebalance, Exchange: exchange},
			{From: 1, To: 2, Share: 1, Ship: Broadcast, Exchange: exchange},
			{From: 2, To: 3, Share: 0.25, Ship: Hash, Exchange: exchange, HotKeys: []float64{0.3}},
		},
	}
}
