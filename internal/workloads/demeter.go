package workloads

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
	"github.com/sluice-project/sluice/twin/workload"
)

const (
	machines  = 24  // TaskManagers at the most, of one slot and one core each
	keyGroups = 128 // Flink's own choice for this parallelism
	traceSpan = 18 * time.Hour
	// podStart is how long a TaskManager takes to be there. Nobody published it.
	podStart = 20 * time.Second
	// lateFrom is the latency above which Demeter's authors count.
	lateFrom = 5 * time.Second
	// glance is how often a run is measured.
	glance = 5 * time.Second
	// minor is what a record costs the source, and the sink, beside what it costs the
	// operator between them. Nobody published it.
	minor = 0.1
)

// cold is what a redeployment makes of the cost: its processes are new.
var cold = flow.WarmUp{Factor: 1.5, Over: 2 * time.Minute}

// Model is what of a traced job was not published.
type Model struct {
	Name string
	// Capacity is what 24 TaskManagers can do, in records/s.
	Capacity float64
	// Redeploy is for how long the operator's redeployment stops the job.
	Redeploy time.Duration
}

// models are those that the traces are run with: one that has the latency of the 24
// fixed TaskManagers, one that has what the operator took of TaskManagers.
func models(t *Trace) []Model {
	if t.Name == "CARS" {
		return []Model{{"tight", 36_250, 30 * time.Second}, {"roomy", 40_000, 30 * time.Second}}
	}
	return []Model{{"tight", 28_700, 30 * time.Second}, {"roomy", 39_000, 30 * time.Second}}
}

// cost is that of a record in the main operator: the fullest of 24 subtasks is busy
// all the time at the capacity.
func (m Model) cost() float64 {
	fullest := (keyGroups + machines - 1) / machines
	return keyGroups / float64(fullest) / m.Capacity
}

// waits is the share of a record's time that takes no CPU: Kubernetes gave the job as
// many TaskManagers as are used by 35 %.
func (m Model) waits(t *Trace) float64 {
	const cpuOfHPA = 0.35
	cpu := cpuOfHPA * t.Reactive.TaskManagerHours / traceSpan.Hours() / t.MeanRate
	return 1 - cpu/(m.cost()*(1+2*minor))
}

// Policy is who decides on the size of a traced job.
type Policy struct {
	Name    string
	Options []options.KeyValue // nil for nobody
	// Redeploys says that a rescale is a redeployment, not Flink's in place.
	Redeploys bool
}

// policies are those that are run, in the order of the page.
func policies() []Policy {
	operators := []string{
		"job.autoscaler.utilization.target", "0.35",
		"job.autoscaler.target.utilization.boundary", "0.15",
		"job.autoscaler.metrics.window", "1 min",
		"job.autoscaler.stabilization.interval", "2 min",
		"job.autoscaler.restart.time", "1 min",
		"job.autoscaler.catch-up.duration", "5 min",
	}
	reference := append([]string{"sluice.profile", "reference", "job.autoscaler.enabled", "true"}, operators...)
	demos := []string{
		"job.autoscaler.metrics.window", "3 min",
		"job.autoscaler.stabilization.interval", "30 s",
		"job.autoscaler.restart.time", "15 s",
		"job.autoscaler.catch-up.duration", "10 min",
		"job.autoscaler.scale-down.interval", "30 min",
		"job.autoscaler.utilization.max", "0.9",
		"job.autoscaler.utilization.min", "0.45",
	}
	alone := []string{"sluice.scale-down.slotwise", "false"}
	policy := func(name string, pairs ...[]string) Policy {
		all := append([]string{"job.autoscaler.vertex.max-parallelism", fmt.Sprint(machines)}, slices.Concat(pairs...)...)
		return Policy{Name: name, Options: set(all...)}
	}
	redeploying := policy("profile reference as the operator was set, redeploying", reference, []string{"job.autoscaler.scale-down.interval", "0 s"})
	redeploying.Redeploys = true
	return []Policy{
		{Name: "fixed 24"},
		redeploying,
		policy("the same, in place, scale-downs after 1 h", reference),
		policy("profile sluice as the operator was set", operators),
		policy("profile sluice by default, not slotwise", alone),
		policy("profile sluice with the demo's options, not slotwise", demos, alone),
		policy("profile sluice by default", nil),
		policy("profile sluice with the demo's options", demos),
	}
}

// RunTrace lets 18 hours of a trace pass under a policy. The seed decides how long
// each start of the job takes.
func (m Model) RunTrace(ctx context.Context, t *Trace, p Policy, seed uint64) (Figures, error) {
	curve, err := traceCurve(t.Curve)
	if err != nil {
		return Figures{}, err
	}
	var count meter
	r := &Run{
		Cluster: m.cluster(p, seed), Job: m.job(t, curve, p), Options: p.Options,
		Every: glance, Turn: count.look, Duration: traceSpan,
	}
	outcome, err := r.Do(ctx)
	if err != nil {
		return Figures{}, fmt.Errorf("run %s, %s, %s: %w", t.Name, m.Name, p.Name, err)
	}
	return count.figures(len(outcome.Rescales)), nil
}

func traceCurve(name string) (workload.Curve, error) {
	series, perStep, err := workload.Bundled(name)
	if err != nil {
		return nil, err
	}
	return workload.Trace{PerStep: perStep, Resample: glance}.Curve(series)
}

// cluster starts TaskManagers as they are needed, as on Kubernetes.
func (m Model) cluster(p Policy, seed uint64) twin.Config {
	c := twin.Config{
		Active: true, Seed: seed, Latencies: cluster.DefaultLatencies(),
		Options: map[string]string{
			"execution.checkpointing.interval":                               "10 s",
			"slotmanager.number-of-slots.max":                                fmt.Sprint(machines),
			"taskmanager.cpu.cores":                                          "1",
			"taskmanager.memory.process.size":                                "4 gb",
			"taskmanager.numberOfTaskSlots":                                  "1",
			"jobmanager.adaptive-scheduler.submission.resource-wait-timeout": "5 min",
		},
	}
	c.Latencies.Provide = podStart
	if p.Redeploys {
		c.Times.Deploy = m.Redeploy
		c.Latencies.Provide = time.Millisecond // the start of TaskManagers is part of it
	}
	return c
}

// job is a source of Kafka, an operator that does most of the work on keyed records,
// and a sink. All of them begin with a subtask on each TaskManager.
func (m Model) job(t *Trace, curve workload.Curve, p Policy) twin.JobSpec {
	g := graph{twin.JobSpec{Name: t.Name, Loads: map[string]twin.Load{"source": {Curve: curve}}}}
	vertex := func(v flow.Vertex, share float64) int {
		v.Cost.Seconds, v.Waits = share*m.cost(), m.waits(t)
		if p.Redeploys {
			v.Cost.WarmUp = cold
		}
		return g.add(v, twin.VertexSpec{Parallelism: machines})
	}
	source := vertex(flow.Vertex{Name: "source", Source: &flow.Source{Partitions: machines}}, minor)
	main := vertex(flow.Vertex{Name: mainVertex, KeyGroups: keyGroups}, 1)
	sink := vertex(flow.Vertex{Name: "sink"}, minor)
	g.connect(source, main, 1, flow.Hash)
	g.connect(main, sink, 1, flow.Rebalance)
	return g.job
}
