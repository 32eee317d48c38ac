package demo

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/stage"
)

// fixedPeak is how many slots a job needs that is made once, for the highest load of
// the scenario, at a utilization. In a slot there is a subtask of each vertex.
func fixedPeak(p *stage.Plan, target float64) int {
	slots := 0
	for i := range p.Jobs {
		largest := 1
		for v, rate := range peakRates(&p.Jobs[i], p.Duration) {
			largest = max(largest, subtasks(p.Jobs[i].Graph.Vertices[v].Cost.Seconds, rate, target))
		}
		slots += largest
	}
	return slots
}

func subtasks(cost, rate, target float64) int {
	return int(math.Ceil(cost*rate/target - 1e-9))
}

// peakRates are the highest rates that come to each vertex, minute by minute.
func peakRates(job *twin.JobSpec, over time.Duration) []float64 {
	peaks := make([]float64, len(job.Graph.Vertices))
	for at := time.Duration(0); at < over; at += time.Minute {
		in := make([]float64, len(peaks))
		for v := range in {
			name := job.Graph.Vertices[v].Name
			if load := job.Loads[name]; load.Curve != nil {
				in[v] = load.Curve.Mean(at, at+time.Minute)
			}
			for _, e := range job.Graph.Edges {
				if e.To == v { // edges lead to later vertices
					in[v] += in[e.From] * e.Selectivity
				}
			}
			peaks[v] = max(peaks[v], in[v])
		}
	}
	return peaks
}
