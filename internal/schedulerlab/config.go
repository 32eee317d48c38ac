package schedulerlab

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// taken out of what realflink sets for quick tests: a script starts from Flink's own defaults.
var quickened = []string{
	"execution.checkpointing.interval", "heartbeat.interval", "heartbeat.timeout",
	"restart-strategy.type", "restart-strategy.fixed-delay.attempts", "restart-strategy.fixed-delay.delay",
	"jobmanager.adaptive-scheduler.scaling-interval.min",
	"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling",
	"jobmanager.adaptive-scheduler.resource-stabilization-timeout",
	"jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
	"jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout",
}

// prompt makes the caches of the REST interface as short as Flink lets us.
var prompt = map[string]string{
	"web.refresh-interval":                        "100",
	"metrics.fetcher.update-interval":             "200",
	"web.timeout":                                 "20000", // for so long no metric is read when a TaskManager is silent
	"web.adaptive-scheduler.rescale-history.size": "50",
	"jobmanager.scheduler":                        "adaptive",
}

// clusterConfig is a cluster without TaskManagers: the script adds them.
func clusterConfig(s *script.Script, v slots.Version) realflink.ClusterConfig {
	options := maps.Clone(prompt)
	for _, key := range quickened {
		options[key] = ""
	}
	set := s.OptionMap()
	maps.Copy(options, set)
	c := realflink.ClusterConfig{
		Version: Releases[v], TaskManagers: -1, Slots: 1, Options: options,
		HA:    set["high-availability.type"] == "zookeeper",
		Debug: []string{"org.apache.flink.runtime.scheduler.adaptive"},
	}
	if s.Reactive() {
		spec := jobSpec(s.Job)
		c.Application, c.Reactive = &spec, true
		maps.Copy(options, spec.Config) // an application's options are the cluster's
	}
	return c
}

func jobSpec(j script.Job) realflink.JobSpec {
	spec := realflink.JobSpec{Name: "j3", Rate: j.Rate, Config: j.OptionMap()}
	if j.Rate == 0 {
		spec.Rate = -1
	}
	for _, v := range j.Vertices {
		spec.Parallelism = max(spec.Parallelism, v.Parallelism)
		spec.Chain = append(spec.Chain, realflink.ChainVertex{
			Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.Max, Group: v.Group, Cost: v.Cost,
		})
	}
	return spec
}

// vertexIndex finds the vertex of a name as Flink has it ("Source: source -> source-link"); -1 if it is none of ours.
func vertexIndex(j script.Job, name string) int {
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "Source: "), " -> ")
	return slices.IndexFunc(j.Vertices, func(v script.Vertex) bool { return v.Name == name })
}

// groupSlots are the slots that a parallelism needs in each sharing group.
func groupSlots(j script.Job, parallelism []int) []int {
	groups := j.Groups()
	need := make([]int, len(groups))
	for i, v := range j.Vertices {
		g := slices.Index(groups, v.Group)
		need[g] = max(need[g], parallelism[i])
	}
	return need
}
