package batch

import (
	"fmt"
	"maps"
	"strings"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
)

// Flink's option keys that the advice is about.
const (
	keyPrefix    = "execution.batch.adaptive.auto-parallelism."
	KeyMax       = keyPrefix + "max-parallelism"
	KeyMin       = keyPrefix + "min-parallelism"
	KeyVolume    = keyPrefix + "avg-data-volume-per-task"
	KeySource    = keyPrefix + "default-source-parallelism"
	KeyScheduler = "jobmanager.scheduler"
	oldPrefix    = "jobmanager.adaptive-batch-scheduler."
	keyDefault   = "parallelism.default"
)

// shape is what a run shows of its job: what does not change with the
// configuration of the scheduler.
type shape struct {
	run *Run
	// present is the configuration the run had.
	present scheduler.Options
	// decided says that the scheduler chose the parallelism at all.
	decided bool
	// inputs are the bytes of each input, by vertex and input.
	inputs [][]float64
	// volumes are how the keyed inputs of each vertex lie.
	volumes []volume
	// pinned is the parallelism of a vertex that does not follow the rules, 0 for
	// the others; inferred that of a source which says its own; limit the explicit
	// maximum parallelism of a vertex.
	pinned, inferred, limit []int
}

// optionsOf are the scheduler's options of a run.
func optionsOf(r *Run) (scheduler.Options, error) {
	config := map[string]string{}
	maps.Copy(config, r.Settings)
	if r.Parallelism > 0 { // that of the cluster is only for jobs that a client submits without one
		config[keyDefault] = fmt.Sprint(r.Parallelism)
	}
	return scheduler.ReadOptions(config, r.Release)
}

// decides says whether parallelism is decided from the volume: Flink does not if
// another scheduler is set for the cluster, even where it calls the job's own
// AdaptiveBatch.
func decides(r *Run, o scheduler.Options) bool {
	if !o.AutoParallelism {
		return false
	}
	chosen := strings.ToLower(strings.ReplaceAll(r.Settings[KeyScheduler], "-", ""))
	if chosen == "" || chosen == "adaptivebatch" {
		return true
	}
	for i := range r.Vertices { // a job can be submitted with a scheduler of its own
		if r.Vertices[i].Parallelism != r.Parallelism {
			return true
		}
	}
	return false
}

func shapeOf(r *Run) (*shape, error) {
	o, err := optionsOf(r)
	if err != nil {
		return nil, err
	}
	n := len(r.Vertices)
	s := &shape{run: r, present: o, decided: decides(r, o), pinned: make([]int, n), inferred: make([]int, n), limit: make([]int, n)}
	s.inputs, s.volumes = inputBytes(r), make([]volume, n)
	for i := range r.Vertices {
		s.volumes[i] = volumeOf(r.keyedReads(i, s.inputs[i]), r.Vertices[i].MaxParallelism)
		s.limit[i] = r.Vertices[i].explicitLimit(o)
	}
	if s.decided {
		s.pin()
	}
	return s, nil
}

// explicitLimit is the maximum parallelism of a vertex where the program sets
// one: any other shows that of the scheduler.
func (v *Vertex) explicitLimit(o scheduler.Options) int {
	if v.MaxParallelism > 0 && v.MaxParallelism < o.MaxParallelism {
		return v.MaxParallelism
	}
	return 0
}

// inputBytes are the bytes of each input of each vertex. What a producer of
// several consumers wrote for each is not shown: it is what the consumer read, if
// that reads nothing else, and else an even share.
func inputBytes(r *Run) [][]float64 {
	consumers := make([]int, len(r.Vertices))
	for i := range r.Vertices {
		for _, e := range r.Vertices[i].Inputs {
			consumers[e.From]++
		}
	}
	all := make([][]float64, len(r.Vertices))
	for i := range r.Vertices {
		v := &r.Vertices[i]
		for _, e := range v.Inputs {
			bytes := float64(r.Vertices[e.From].WriteBytes()) / float64(consumers[e.From])
			if consumers[e.From] > 1 && len(v.Inputs) == 1 {
				bytes = float64(v.ReadBytes())
				if e.broadcast() && len(v.Tasks) > 0 {
					bytes /= float64(len(v.Tasks))
				}
			}
			all[i] = append(all[i], bytes)
		}
	}
	return all
}

// lumpy is the shape as it would be if all that a task read of keyed inputs were one
// lump.
func (s *shape) lumpy() *shape {
	worst := *s
	worst.volumes = make([]volume, len(s.volumes))
	for i := range worst.volumes {
		worst.volumes[i] = lumpsOf(s.run.keyedReads(i, s.inputs[i]))
	}
	return &worst
}

// keyedReads are the bytes that each task of a vertex read that are not of a
// broadcast.
func (r *Run) keyedReads(vertex int, inputs []float64) []float64 {
	v := &r.Vertices[vertex]
	var broadcast float64
	for i, e := range v.Inputs {
		if e.broadcast() {
			broadcast += inputs[i]
		}
	}
	read := make([]float64, 0, len(v.Tasks))
	for _, t := range v.Tasks {
		read = append(read, max(0, float64(t.ReadBytes)-broadcast))
	}
	return read
}

// derived is the parallelism of every vertex under some options, and what each
// of its tasks reads (nothing, of a source).
type derived struct {
	parallelism []int
	read        [][]int64
	why         [][]scheduler.Reason
}

// derive asks the scheduler about every vertex in turn, as the bytes of this run
// would have been.
func (s *shape) derive(o scheduler.Options) (derived, error) {
	var d derived
	for i := range s.run.Vertices {
		decision, err := scheduler.Decide(o, s.vertex(i, d.parallelism), s.arrive(i, o, d.parallelism))
		if err != nil {
			return derived{}, err
		}
		d.parallelism = append(d.parallelism, decision.Parallelism)
		d.read = append(d.read, decision.Read)
		d.why = append(d.why, decision.Why)
	}
	return d, nil
}

// vertex is a vertex as the scheduler sees it once its producers have run.
func (s *shape) vertex(i int, before []int) scheduler.Vertex {
	v := &s.run.Vertices[i]
	out := scheduler.Vertex{ID: v.Name, MaxParallelism: s.limit[i], Inferred: s.inferred[i]}
	for _, e := range v.Inputs {
		if e.forward() {
			out.Parallelism, out.Forward = before[e.From], true
		}
	}
	if s.pinned[i] > 0 {
		out.Parallelism, out.Forward = s.pinned[i], false
	}
	if out.MaxParallelism > 0 {
		out.MaxParallelism = max(out.MaxParallelism, out.Parallelism)
	}
	return out
}

// arrive are the inputs of a vertex as they are once its producers have run.
func (s *shape) arrive(i int, o scheduler.Options, before []int) []scheduler.Input {
	v := &s.run.Vertices[i]
	kind := s.vertex(i, before)
	inputs := make([]scheduler.Input, 0, len(v.Inputs))
	for n, e := range v.Inputs {
		edge := e.kind()
		in := scheduler.Input{
			Name: s.run.Vertices[e.From].Name, Pattern: edge.Pattern, Broadcast: edge.Broadcast, Single: edge.Broadcast,
			InterCorrelated: edge.InterCorrelated, IntraCorrelated: edge.IntraCorrelated,
		}
		if len(v.Inputs) > 1 && e.keyed() { // the sides of a join
			in.Type = n + 1
		}
		in.Bytes = s.partitions(i, e, s.inputs[i][n], scheduler.Result{
			Pattern: edge.Pattern, Broadcast: edge.Broadcast, Forward: edge.Forward, Producers: before[e.From],
			Consumers: kind.Parallelism, MaxConsumers: o.VertexMaximum(kind.Parallelism, kind.MaxParallelism),
		})
		inputs = append(inputs, in)
	}
	return inputs
}

// mostPieces bounds how finely an input is cut that a task reads in any pieces.
const mostPieces = 1 << 14

// partitions are the bytes of one input by partition and subpartition. Where a
// task reads from all partitions alike they are put together into one.
func (s *shape) partitions(i int, e Edge, total float64, r scheduler.Result) [][]int64 {
	subpartitions, producers := scheduler.Subpartitions(r), r.Producers
	v := volume{even: 1}
	switch {
	case e.keyed():
		v, producers = s.volumes[i], 1
	case e.broadcast(), !e.pointwise() && producers*subpartitions > mostPieces:
		producers = 1
	}
	parts := make([][]int64, producers)
	for p := range parts {
		parts[p] = v.cut(subpartitions, total*s.run.Vertices[e.From].share(p, producers))
	}
	return parts
}

// share is the part of what a vertex wrote that one of its tasks did: as it was,
// or even where it had another number of tasks.
func (v *Vertex) share(task, tasks int) float64 {
	if sum := v.WriteBytes(); tasks == len(v.Tasks) && sum > 0 {
		return float64(v.Tasks[task].WriteBytes) / float64(sum)
	}
	return 1 / float64(tasks)
}

// pin finds the vertices whose parallelism the rules do not give: configured ones,
// and sources that know how much work they have.
func (s *shape) pin() {
	d, err := s.derive(s.present)
	if err != nil {
		return
	}
	for i := range s.run.Vertices {
		v := &s.run.Vertices[i]
		switch had := v.Parallelism; {
		case had <= 0 || had == d.parallelism[i]:
		case len(v.Inputs) == 0 && had < d.parallelism[i], len(v.Inputs) > 0 && had > d.parallelism[i] && strings.Contains(v.Name, "Source: "):
			s.inferred[i] = had
		case len(v.Inputs) == 0 || !near(had, d.parallelism[i]):
			s.pinned[i] = had
		default:
			continue
		}
		if s.pinned[i] > 0 || s.inferred[i] > 0 { // those behind it follow from what it had
			if d, err = s.derive(s.present); err != nil {
				return
			}
		}
	}
}

// near says that a parallelism may be that of a decision whose bytes are known
// roughly.
func near(had, derived int) bool {
	off := had - derived
	if off < 0 {
		off = -off
	}
	return off <= max(1, had/5)
}
