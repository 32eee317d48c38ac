package batch

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
)

func linear(fixed, perMiB float64) cost {
	return cost{fixed: fixed, least: fixed, most: fixed, mean: fixed + perMiB, load: 1}
}

func TestTasksTakeTheSlotsInWaves(t *testing.T) {
	chain := []Vertex{{ID: "a"}, {ID: "b", Inputs: []Edge{{From: 0, Ship: "HASH", Exchange: "blocking"}}}}
	beside := []Vertex{{ID: "a"}, {ID: "b"}, {ID: "c", Inputs: []Edge{{From: 0, Ship: "HASH", Exchange: "blocking"}, {From: 1, Ship: "HASH", Exchange: "blocking"}}}}
	piped := []Vertex{{ID: "a"}, {ID: "b", Inputs: []Edge{{From: 0, Ship: "FORWARD", Exchange: "pipelined_bounded"}}}}
	costs := map[flink.VertexID]cost{"a": linear(1, 1), "b": linear(1, 2), "c": linear(0, 10)}
	ones := func(n int) []float64 {
		all := make([]float64, n)
		for i := range all {
			all[i] = 1
		}
		return all
	}
	for name, c := range map[string]struct {
		vertices   []Vertex
		model      stages
		loads      [][]float64
		wall, slot float64
	}{
		"one wave":                       {chain[:1], stages{slots: 4}, [][]float64{ones(4)}, 2, 8},
		"two waves":                      {chain[:1], stages{slots: 4}, [][]float64{ones(5)}, 4, 10},
		"the slowest task counts":        {chain[:1], stages{slots: 4}, [][]float64{{1, 1, 9, 1}}, 10, 16},
		"a stage waits for the last":     {chain, stages{slots: 4}, [][]float64{{1, 3}, {1}}, 4 + 3, 6 + 3},
		"two sources share the slots":    {beside, stages{slots: 2}, [][]float64{ones(2), ones(2), {1}}, 2 + 3 + 10, 4 + 6 + 10},
		"and run at once where they can": {beside, stages{slots: 4}, [][]float64{ones(2), ones(2), {1}}, 3 + 10, 4 + 6 + 10},
		"lead, gap, handover and tail":   {chain, stages{slots: 1, lead: 5, tail: 7, gap: 0.5, handover: 0.25}, [][]float64{ones(2), {1}}, 5 + 2 + 0.25 + 2 + 0.5 + 3 + 7, 7},
		"pipelined: beside its producer": {piped, stages{slots: 4}, [][]float64{ones(2), ones(1)}, 3, 7},
	} {
		c.model.costs = costs
		got := c.model.play(&Run{Vertices: c.vertices}, c.loads, likely)
		if math.Abs(got.wall-c.wall) > 1e-9 || math.Abs(got.slotTime-c.slot) > 1e-9 {
			t.Errorf("%s: %.2f s and %.2f slot-seconds, want %.2f and %.2f", name, got.wall, got.slotTime, c.wall, c.slot)
		}
	}
}

func TestTheWorkOfASourceIsDealtOutAnew(t *testing.T) {
	for name, c := range map[string]struct {
		loads []float64
		tasks int
		want  []float64
	}{
		"as many":                        {[]float64{3, 1}, 2, []float64{3, 1}},
		"fewer take whole shares":        {[]float64{3, 1, 2}, 2, []float64{3, 3}},
		"more divide it":                 {[]float64{3, 1}, 4, []float64{1, 1, 1, 1}},
		"more than there is to divide":   {[]float64{3, 0, 1}, 4, []float64{3, 1, 0, 0}},
		"one that has done it all alone": {[]float64{8}, 2, []float64{4, 4}},
	} {
		if diff := cmp.Diff(c.want, deal(c.loads, c.tasks)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheModelTakesItsTimesFromTheRuns(t *testing.T) {
	s := time.Second
	task := func(from, to time.Duration) Task {
		return Task{ReadBytes: 1 << 20, Start: from, End: to, Finished: true}
	}
	r := Run{Duration: 12 * s, State: flink.JobFinished, Vertices: []Vertex{
		{ID: "a", Parallelism: 1, Tasks: []Task{task(2*s, 3*s)}},
		{ID: "b", Inputs: []Edge{{From: 0, Ship: "HASH", Exchange: "blocking"}}, Tasks: []Task{task(4*s, 5*s), task(6*s, 7*s), task(8*s, 9*s), task(10*s, 11*s)}},
	}}
	m := newStages([]Run{r}, 1, 0)
	got := [4]float64{m.lead, m.tail, m.gap, m.handover}
	if want := [4]float64{2, 1, 1, 0.75}; got != want {
		t.Errorf("lead, tail, gap and handover are %v, want %v", got, want)
	}
	if again := m.again(&r); math.Abs(again.wall-12) > 1 {
		t.Errorf("played again it takes %.2f s, and took 12", again.wall)
	}
	if r.most() != 1 {
		t.Errorf("%d tasks ran at a time, want 1", r.most())
	}
}
