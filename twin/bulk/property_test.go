package bulk

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// drawGraph is any small job that the scheduler takes.
func drawGraph(t *rapid.T) Graph {
	var g Graph
	n := rapid.IntRange(1, 5).Draw(t, "vertices")
	for v := range n {
		vertex := Vertex{
			Name: fmt.Sprintf("v%d", v), Cost: time.Duration(rapid.IntRange(0, 50).Draw(t, "cost")) * time.Millisecond,
			Fixed: time.Duration(rapid.IntRange(0, 3).Draw(t, "fixed")) * time.Second,
		}
		if rapid.IntRange(0, 4).Draw(t, "fixed parallelism") == 0 {
			vertex.Parallelism = rapid.IntRange(1, 6).Draw(t, "parallelism")
		}
		inputs := 0
		for from := range v {
			if rapid.IntRange(0, 2).Draw(t, "edge") > 0 {
				continue
			}
			e := Edge{
				From: from, To: v, Share: float64(rapid.IntRange(0, 20).Draw(t, "share")) / 10,
				Ship:     Ship(rapid.IntRange(int(Rebalance), int(Broadcast)).Draw(t, "ship")),
				Exchange: Exchange(rapid.IntRange(int(Blocking), int(HybridFull)).Draw(t, "exchange")),
			}
			if e.Ship == Hash && rapid.Bool().Draw(t, "skewed") {
				e.Skew = float64(rapid.IntRange(1, 9).Draw(t, "skew"))
			} else if e.Ship == Hash {
				e.HotKeys = rapid.SliceOfN(rapid.Float64Range(0, 0.3), 0, 3).Draw(t, "keys")
			}
			g.Edges = append(g.Edges, e)
			inputs++
		}
		if inputs == 0 || rapid.IntRange(0, 5).Draw(t, "chained source") == 0 {
			vertex.Bytes = float64(rapid.IntRange(0, 300*mb).Draw(t, "bytes"))
			vertex.Infers = rapid.Bool().Draw(t, "infers")
		}
		g.Vertices = append(g.Vertices, vertex)
	}
	return g
}

const constraintKey = "jobmanager.partition.hybrid.partition-data-consume-constraint"

func drawOptions(t *rapid.T) map[string]string {
	return map[string]string{
		maxKey: fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "max")), volumeKey: fmt.Sprint(rapid.IntRange(1, 64).Draw(t, "volume"), " mb"),
		sourceKey: fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "source")), "restart-strategy.fixed-delay.attempts": "1000000",
		constraintKey: rapid.SampledFrom([]string{
			"UNFINISHED_PRODUCERS", "ONLY_FINISHED_PRODUCERS", "ALL_PRODUCERS_FINISHED",
		}).Draw(t, "constraint"),
	}
}

// Whatever is lost on the way: the job ends, with all bytes read that were written,
// and at no time with more tasks than there are slots.
func TestAnyJobEndsWithAllBytesRead(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		version := rapid.SampledFrom(versions).Draw(p, "version")
		machines, each := rapid.IntRange(1, 3).Draw(p, "machines"), rapid.IntRange(1, 3).Draw(p, "slots")
		graph, options := drawGraph(p), drawOptions(p)
		r := newRig(t, version, graph, options, machines, each)
		most := 4
		if options[constraintKey] == "ONLY_FINISHED_PRODUCERS" {
			most = 0 // its consumers may hold the slots for which a producer that failed waits
		}
		for n := range rapid.IntRange(0, most).Draw(p, "trouble") {
			r.pass(time.Duration(rapid.IntRange(0, 8000).Draw(p, "after")) * time.Millisecond)
			r.trouble(p, machines+n, each)
			r.limited(p)
		}
		for range 10_000 {
			if r.Status().Terminal() {
				break
			}
			r.pass(time.Second)
			r.limited(p)
		}
		if r.Status() != adaptive.StatusFinished {
			p.Fatalf("the job is %s: %v, %d tasks wait, %d hold slots", r.Status(), r.Failure(), len(r.waiting), r.holding)
		}
		r.conserved(p)
	})
}

// trouble lets a task fail, or a TaskManager go for which another comes.
func (r *rig) trouble(p *rapid.T, number, each int) {
	tm := slots.TaskManagerID(fmt.Sprintf("tm-%d", rapid.IntRange(1, number).Draw(p, "machine")))
	another := slots.TaskManagerID(fmt.Sprintf("tm-%d", number+1))
	switch what := rapid.IntRange(0, 3).Draw(p, "what"); what {
	case 0:
		v := rapid.IntRange(0, len(r.vertices)-1).Draw(p, "vertex")
		if n := len(r.vertices[v].Tasks); n > 0 {
			_ = r.FailTask(v, rapid.IntRange(0, n-1).Draw(p, "task"), why)
		}
		return
	case 1:
		_ = r.cluster.KillTaskManager(tm)
	case 2:
		_ = r.cluster.StopTaskManager(tm)
	case 3:
		_ = r.cluster.FreezeTaskManager(tm)
	}
	r.Replace()
	if err := r.cluster.AddTaskManager(another, each); err != nil {
		p.Fatal(err)
	}
}

// limited checks that no slot has two tasks, and that the numbers that are kept are
// those that can be counted.
func (r *rig) limited(p *rapid.T) {
	used, holding := map[slots.Slot]at{}, 0
	r.each(func(task at, t *Task) {
		if !t.Holds() {
			return
		}
		holding++
		if other, twice := used[t.Slot]; twice {
			p.Fatalf("tasks %v and %v are in one slot %v", other, task, t.Slot)
		}
		used[t.Slot] = task
	})
	if holding != r.holding {
		p.Fatalf("%d tasks hold slots, counted are %d", holding, r.holding)
	}
	for v := range r.vertices {
		done := 0
		for k := range r.vertices[v].Tasks {
			if r.vertices[v].Tasks[k].State == Finished {
				done++
			}
		}
		if done != r.vertices[v].done {
			p.Fatalf("%d tasks of vertex %d have finished, counted are %d", done, v, r.vertices[v].done)
		}
	}
}

// conserved checks that each vertex reads what was written for it, a broadcast once a
// task, and that sources read all they have.
func (r *rig) conserved(p *rapid.T) {
	for v := range r.vertices {
		want, got, own := int64(0), int64(0), int64(0)
		for _, e := range r.Graph().inputs(v) {
			times := int64(1)
			if r.Graph().Edges[e].Ship == Broadcast {
				times = int64(len(r.vertices[v].Tasks))
			}
			for _, partition := range r.produced[e] {
				for _, bytes := range partition {
					want += times * bytes
				}
			}
		}
		for k := range r.vertices[v].Tasks {
			got += r.vertices[v].Tasks[k].Reads
			own += r.vertices[v].Tasks[k].Own
		}
		if got != want || own != int64(r.Graph().Vertices[v].Bytes) {
			p.Fatalf("vertex %d reads %d bytes of %d, and %d of a source with %v", v, got, want, own, r.Graph().Vertices[v].Bytes)
		}
	}
}

func TestPartsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		whole := rapid.Int64Range(0, most).Draw(p, "whole")
		weights := rapid.SliceOfN(rapid.Float64Range(0, 1e9), 1, 50).Draw(p, "weights")
		sum := int64(0)
		for i, part := range split(whole, weights) {
			if part < 0 {
				p.Fatalf("part %d is %d", i, part)
			}
			sum += part
		}
		if sum != whole {
			p.Fatalf("they add up to %d of %d", sum, whole)
		}
	})
}

func TestWeightsAddUpToOne(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		e := Edge{Ship: Hash}
		n := rapid.IntRange(1, 200).Draw(p, "n")
		if rapid.Bool().Draw(p, "skewed") {
			e.Skew = rapid.Float64Range(1, 300).Draw(p, "skew")
		} else {
			e.HotKeys = rapid.SliceOfN(rapid.Float64Range(0, 0.25), 0, 4).Draw(p, "keys")
		}
		sum, largest := 0.0, 0.0
		for _, w := range e.weights(n) {
			if w < 0 {
				p.Fatalf("a weight of %v", w)
			}
			sum, largest = sum+w, max(largest, w)
		}
		if sum < 1-1e-9 || sum > 1+1e-9 {
			p.Fatalf("they add up to %v", sum)
		}
		if want := min(e.Skew, float64(n)) / float64(n); e.Skew > 0 && (largest < want-1e-9 || largest > want+1e-9) {
			p.Fatalf("the largest of %d is %v with a skew of %v", n, largest, e.Skew)
		}
	})
}
