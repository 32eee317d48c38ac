package twinlab

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
	"github.com/sluice-project/sluice/twin/workload"
)

// clusterOptions are Flink's, as realflink and the scenario set them.
func clusterOptions(s Scenario) map[string]string {
	const scheduler = "jobmanager.adaptive-scheduler."
	o := map[string]string{
		"taskmanager.memory.task.heap.size":                     "256mb",
		"taskmanager.memory.managed.size":                       "64mb",
		"web.adaptive-scheduler.rescale-history.size":           "50",
		"restart-strategy.type":                                 "fixed-delay",
		"restart-strategy.fixed-delay.attempts":                 "1000000",
		"restart-strategy.fixed-delay.delay":                    "1s",
		"heartbeat.interval":                                    "2000",
		"heartbeat.timeout":                                     "20000",
		"metrics.fetcher.update-interval":                       "2000",
		"web.refresh-interval":                                  "1000",
		"execution.checkpointing.interval":                      "5s",
		"taskmanager.numberOfTaskSlots":                         fmt.Sprint(s.Slots),
		scheduler + "submission.resource-stabilization-timeout": "1s",
		scheduler + "scaling-interval.min":                      "5s",
		scheduler + "resource-stabilization-timeout":            "1s",
		scheduler + "executing.cooldown-after-rescaling":        "5s",
		scheduler + "executing.resource-stabilization-timeout":  "2s",
	}
	for k, value := range s.Options {
		o[k] = value
	}
	return o
}

// curve is a load as it was, over the time since a start.
func curve(rates []RateAt, start time.Time) (twin.Load, error) {
	var path workload.Path
	for _, r := range rates {
		at := max(r.At.Sub(start), 0)
		if n := len(path.Points); n > 0 && at <= path.Points[n-1].At {
			path.Points[n-1].Rate = r.Rate
			continue
		}
		if len(path.Points) == 0 && at > 0 {
			path.Points = append(path.Points, workload.Point{})
		}
		path.Points = append(path.Points, workload.Point{At: at, Rate: r.Rate})
	}
	c, err := path.Curve()
	return twin.Load{Curve: c}, err
}

// before is what had come before a time, and over how long.
func before(rates []RateAt, until time.Time) (records float64, over time.Duration) {
	for i, r := range rates {
		end := until
		if i+1 < len(rates) && rates[i+1].At.Before(until) {
			end = rates[i+1].At
		}
		if end.After(r.At) {
			records += r.Rate * end.Sub(r.At).Seconds()
		}
	}
	return records, max(until.Sub(rates[0].At), 0)
}

// What a record costs beside what the job was told to spend on it, in seconds: where it was not measured. On the wire
// a record is a number and a time of eight bytes each, with what Flink puts around them.
const (
	readCost    = 10e-6
	handleCost  = 4e-6
	recordBytes = 21
)

// jobSpec is the job of a realflink.JobSpec in the twin's words.
func jobSpec(s realflink.JobSpec, rates []RateAt, start time.Time) (twin.JobSpec, error) {
	load, err := curve(rates, start)
	if err != nil {
		return twin.JobSpec{}, err
	}
	if len(s.Chain) > 0 {
		return chainSpec(s, load), nil
	}
	p := max(s.Parallelism, 1)
	source := "source"
	if s.Topic != nil {
		source = "kafka-source"
	}
	cost := s.Cost
	if cost == 0 {
		cost = time.Millisecond
	}
	spec := twin.JobSpec{
		Name: s.Name,
		Graph: flow.Graph{
			Vertices: []flow.Vertex{
				{Name: source, Cost: flow.Cost{Seconds: readCost}, RecordBytes: recordBytes, Source: &flow.Source{Partitions: 12, RecordBytes: recordBytes}},
				{Name: "work", Cost: flow.Cost{Seconds: cost.Seconds() + handleCost}, Waits: 1, RecordBytes: recordBytes, KeyGroups: 128},
				{Name: "enrich", Cost: flow.Cost{Seconds: 100e-6 + handleCost}, Waits: 1},
			},
			Edges: []flow.Edge{
				{From: 0, To: 1, Selectivity: 1, Exchange: flow.Hash},
				{From: 1, To: 2, Selectivity: 1, Exchange: flow.Rebalance},
			},
		},
		Vertices: []twin.VertexSpec{
			{Parallelism: p}, {Parallelism: p}, {Parallelism: p, Operators: []string{"enrich", "sink: Writer"}},
		},
		Loads: map[string]twin.Load{source: load},
	}
	if s.Topic != nil {
		spec.Vertices[0].Topic = s.Topic.Name
		spec.Vertices[0].Operators = []string{"kafka-source", "parse"}
	}
	return spec, nil
}

// chainSpec is a chain.
func chainSpec(s realflink.JobSpec, load twin.Load) twin.JobSpec {
	spec := twin.JobSpec{Name: s.Name, Loads: map[string]twin.Load{s.Chain[0].Name: load}}
	for i, v := range s.Chain {
		vertex := flow.Vertex{Name: v.Name, Cost: flow.Cost{Seconds: v.Cost.Seconds() + handleCost}, Waits: 1, RecordBytes: recordBytes}
		exchange := flow.Hash
		switch i {
		case 0:
			vertex.Source = &flow.Source{Partitions: 12, RecordBytes: recordBytes}
		case 1:
			exchange = flow.Rebalance
		}
		if i > 0 {
			spec.Graph.Edges = append(spec.Graph.Edges, flow.Edge{From: i - 1, To: i, Selectivity: 1, Exchange: exchange})
		}
		spec.Graph.Vertices = append(spec.Graph.Vertices, vertex)
		spec.Vertices = append(spec.Vertices, twin.VertexSpec{Parallelism: max(v.Parallelism, 1)})
	}
	return spec
}
