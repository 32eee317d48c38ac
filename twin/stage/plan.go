package stage

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/workload"
	"github.com/sluice-project/sluice/twin/yamlfile"
)

// Plan is what is set up: a cluster, its jobs, and what happens to them.
type Plan struct {
	Cluster twin.Config
	Jobs    []twin.JobSpec
	// Events are in the order of time, as those of a scenario.
	Events []workload.Event
	// Duration is when the scenario ends; 0 for never.
	Duration time.Duration
}

// File is a plan as it is written.
type File struct {
	// Name is for messages.
	Name     string
	Contents []byte
	// ReadFile reads the tables that a curve names; nil refuses them.
	ReadFile func(name string) ([]byte, error)
	// Start is when the twin begins if the file does not say so; the zero value is
	// the beginning of 2026.
	Start time.Time
}

// Read reads a twin.yaml:
//
//	flink: 2.3
//	taskmanagers: [{count: 4, slots: 4}]
//	options: {execution.checkpointing.interval: 1 min}
//	jobs:
//	  - name: orders
//	    vertices:
//	      - {name: orders, source: {partitions: 12}, cost: 50 us, load: {day: {low: 200, high: 2k}}}
//	      - {name: prices, cost: 2 ms, inputs: {orders: {exchange: hash}}}
//
// Errors name the file and the line, one for each fault, as [options.Problems].
func Read(f File) (*Plan, error) {
	root, err := yamlfile.Parse(f.Name, f.Contents)
	if err != nil {
		return nil, err
	}
	r := &planReader{reader: reader{yamlfile.Reader{File: f.Name}}, readFile: f.ReadFile, start: f.Start}
	if r.start.IsZero() {
		r.start = beginning
	}
	plan := r.plan(root)
	if len(r.Problems) > 0 {
		return nil, r.Problems
	}
	return plan, nil
}

// beginning is when a twin begins, and a scenario, of which nobody says otherwise.
var beginning = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Follow lets a scenario count: its loads in place of those of the plan, its
// events, its start and its seed if it has any. Each load is for the source of that
// name, in whichever job it is.
func (p *Plan) Follow(s *workload.Scenario) error {
	p.Duration, p.Events = s.Duration, s.Events
	if !s.Start.Equal(beginning) {
		p.Cluster.Start = s.Start
	}
	if s.Seed != 0 {
		p.Cluster.Seed = s.Seed
	}
	for _, load := range s.Loads {
		found := false
		for i := range p.Jobs {
			job := &p.Jobs[i]
			for v := range job.Graph.Vertices {
				if job.Graph.Vertices[v].Source == nil || job.Graph.Vertices[v].Name != load.Source {
					continue
				}
				found = true
				if job.Loads == nil {
					job.Loads = map[string]twin.Load{}
				}
				job.Loads[load.Source] = p.follow(load)
			}
		}
		if !found {
			return fmt.Errorf("scenario %q: loads: %s: no job has a source of that name", s.Name, load.Source)
		}
	}
	return nil
}

// follow is a load of a scenario in the twin's own time. Sources of one name in
// several jobs get the same.
func (p *Plan) follow(load workload.Load) twin.Load {
	l := twin.Load{YAML: load.Text, Place: load.Source, Files: load.Files}
	if read, err := l.Read(p.Cluster, "", load.Source); err == nil {
		return read
	}
	return twin.Load{Curve: load.Curve} // it cannot be written down
}
