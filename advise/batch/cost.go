package batch

import (
	"math"
	"slices"

	"github.com/sluice-project/sluice/flink"
)

const mebibyte = 1 << 20

// cost is what a task of a vertex costs: a fixed part, and one for what it has to
// do. Both times are in seconds, load is in MiB.
type cost struct {
	// fixed is the estimate; least and most bound what the runs allow for.
	fixed, least, most float64
	// mean is the mean time of a task and load its mean load: whatever the fixed
	// part, a task of this load takes this time.
	mean, load float64
	// residual is the standard deviation of the tasks from the line.
	residual float64
	tasks    int
}

// lean says which end of what the runs allow for is taken: the estimate, bytes
// that are dear and tasks cheap, or the other way round.
type lean int

const (
	likely lean = iota
	dearBytes
	dearTasks
)

var leans = [...]lean{likely, dearBytes, dearTasks}

// seconds are what a task of this load takes.
func (c cost) seconds(load float64, l lean) float64 {
	fixed := c.fixed
	switch l {
	case dearBytes:
		fixed = c.least
	case dearTasks:
		fixed = c.most
	}
	if c.load <= 0 {
		return c.mean
	}
	return fixed + (c.mean-fixed)*load/c.load
}

// straggle is by how many seconds a task that takes so long by its load differs,
// by its place among all of its vertex: tasks of like loads differ as they did in
// the runs, and a wave is as long as its slowest task. What differs adds up over a
// task as chance does, with the root of its length. The mean of like tasks stays.
func (c cost) straggle(took float64, task, tasks int) float64 {
	if c.mean <= 0 || tasks < 2 {
		return 0
	}
	step := max(1, int(0.618*float64(tasks))) // slow and fast ones by turns
	for gcd(step, tasks) != 1 {
		step--
	}
	place := (float64(task*step%tasks) + 0.5) / float64(tasks)
	return max(-took, c.residual*math.Sqrt(took/c.mean)*math.Sqrt2*math.Erfinv(2*place-1))
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// perMiB is the estimate of what a MiB costs, in seconds.
func (c cost) perMiB() float64 {
	if c.load <= 0 {
		return 0
	}
	return (c.mean - c.fixed) / c.load
}

// costs fits the cost of every vertex to the finished tasks of all runs.
func costs(runs []Run) map[flink.VertexID]cost {
	samples := map[flink.VertexID][]sample{}
	var order []flink.VertexID
	for i := range runs {
		for j := range runs[i].Vertices {
			v := &runs[i].Vertices[j]
			if samples[v.ID] == nil {
				order = append(order, v.ID)
			}
			samples[v.ID] = append(samples[v.ID], samplesOf(v)...)
		}
	}
	fitted := make(map[flink.VertexID]cost, len(order))
	for _, id := range order {
		if len(samples[id]) > 0 {
			fitted[id] = fit(samples[id])
		}
	}
	return fitted
}

// sample is one task: its load in MiB, its time and the part of that before it
// ran, in seconds.
type sample struct{ load, took, setup float64 }

func samplesOf(v *Vertex) []sample {
	var all []sample
	loads := v.loads()
	for i, t := range v.Tasks {
		if t.Finished {
			all = append(all, sample{loads[i], t.Took().Seconds(), min(t.Setup, t.Took()).Seconds()})
		}
	}
	return all
}

// loads are what each task had to do, in MiB. Of a vertex that moves no bytes,
// such as a source that writes to the outside itself, each does an even share of
// one.
func (v *Vertex) loads() []float64 {
	all := make([]float64, len(v.Tasks))
	var sum float64
	for i, t := range v.Tasks {
		all[i] = float64(v.load(t)) / mebibyte
		sum += all[i]
	}
	if sum == 0 {
		for i := range all {
			all[i] = 1 / float64(len(all))
		}
	}
	return all
}

// fit draws a line through the mean by least squares. Where the loads hardly
// differ the slope says little: the measured set-up, which is a part of the fixed
// cost, then counts for more, and the bounds are wide.
func fit(samples []sample) cost {
	n := float64(len(samples))
	c := cost{tasks: len(samples)}
	var setup float64
	for _, s := range samples {
		c.mean += s.took / n
		c.load += s.load / n
		setup += s.setup / n
	}
	var xx, xy float64
	for _, s := range samples {
		xx += (s.load - c.load) * (s.load - c.load)
		xy += (s.load - c.load) * (s.took - c.mean)
	}
	slope := 0.0
	if xx > 0 {
		slope = min(max(0, xy/xx), c.mean/max(c.load, math.SmallestNonzeroFloat64))
	}
	var rest float64
	for _, s := range samples {
		off := s.took - c.mean - slope*(s.load-c.load)
		rest += off * off
	}
	c.residual = math.Sqrt(rest / max(1, n-2))
	regressed := c.mean - slope*c.load
	spread := math.Inf(1)
	if xx > 0 && n > 2 {
		spread = c.residual * math.Sqrt(1/n+c.load*c.load/xx)
	}
	c.settle(min(setup, c.mean), regressed, spread)
	return c
}

// settle weighs the fixed cost that the line gives, known up to spread, against
// the measured set-up, of which no more is known than that it is a part.
func (c *cost) settle(setup, regressed, spread float64) {
	const leastDoubt = 0.02 // seconds
	doubt := max(setup, leastDoubt)
	weight := 0.0 // of the line
	if !math.IsInf(spread, 1) {
		weight = doubt * doubt / (doubt*doubt + spread*spread)
	}
	c.fixed = min(max(weight*regressed+(1-weight)*setup, setup), c.mean)
	reach := 2 * math.Sqrt(weight) * spread
	if weight == 0 {
		reach = 2 * doubt
	}
	c.least = max(setup, c.fixed-reach)
	c.most = min(c.mean, c.fixed+reach)
}

// typical is the residual of all tasks relative to their mean time, weighted by
// time.
func typical(fitted map[flink.VertexID]cost) float64 {
	var off, time float64
	ids := make([]flink.VertexID, 0, len(fitted))
	for id := range fitted {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		c := fitted[id]
		off += c.residual * float64(c.tasks)
		time += c.mean * float64(c.tasks)
	}
	if time == 0 {
		return 0
	}
	return off / time
}
