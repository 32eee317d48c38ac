package script

import (
	"fmt"
	"hash/fnv"
	"maps"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// jobID is that of the one job of a script.
const jobID slots.JobID = "00000000000000000000000000000001"

// vertexID is an id as Flink's are, which depends on the name alone.
func vertexID(name string) slots.VertexID {
	hash := fnv.New128a()
	hash.Write([]byte(name))
	return slots.VertexID(fmt.Sprintf("%x", hash.Sum(nil)))
}

// preset are options that a real run has too, so that there is something to see.
var preset = map[string]string{"web.adaptive-scheduler.rescale-history.size": "50", "jobmanager.scheduler": "adaptive"}

func clusterConfig(s *Script, v slots.Version) (cluster.Config, error) {
	options := maps.Clone(preset)
	maps.Copy(options, s.OptionMap())
	config, err := cluster.FromOptions(options, v)
	if err != nil {
		return config, fmt.Errorf("options of the cluster: %w", err)
	}
	config.Start = epoch
	return config, nil
}

// clusterJob is the script's job: a chain in which nothing is forwarded.
func clusterJob(j Job, v slots.Version) (cluster.Job, error) {
	out, err := cluster.JobFromOptions(j.OptionMap(), v)
	if err != nil {
		return out, fmt.Errorf("options of the job: %w", err)
	}
	out.ID, out.Name, out.Streaming = jobID, "j3", true
	for i, vertex := range j.Vertices {
		out.Names = append(out.Names, vertex.Name)
		out.Vertices = append(out.Vertices, slots.Vertex{
			ID: vertexID(vertex.Name), Group: vertex.Group, MaxParallelism: vertex.Max, Bounds: slots.Bounds{Lower: 1, Upper: vertex.Parallelism},
		})
		if i > 0 {
			out.Edges = append(out.Edges, adaptive.Edge{From: i - 1, To: i, Exchange: adaptive.PipelinedBounded})
		}
	}
	return out, nil
}
