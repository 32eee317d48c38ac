package twin

import (
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// crowd are the jobs that share TaskManagers of bounded cores with other jobs. Their
// dataflows go in step, and every five seconds it is looked at who wants how much:
// where that is more than there is, all tasks on a TaskManager take longer by the
// same factor. A job that has its TaskManagers for itself needs none of this.
type crowd struct {
	bounded  bool // some TaskManager has bounded cores
	jobs     []*job
	machines []*machine // bounded ones with tasks of theirs, in the order of their start
	at       time.Time  // when it was looked at last
}

// gather finds out who shares what, as of now. It is called when tasks have come or
// gone.
func (c *crowd) gather(t *Twin, now time.Time) {
	if !c.bounded {
		return
	}
	jobs, before := t.crowded(), c.jobs
	if len(jobs) == 0 && len(before) == 0 {
		return
	}
	for _, j := range before {
		j.alone(now)
		j.crowded = false
	}
	for _, j := range jobs {
		j.alone(now)
		j.crowded = true
	}
	for _, m := range c.machines {
		m.slow = 0
	}
	c.jobs, c.machines = jobs, nil
	for _, j := range jobs {
		for _, m := range j.run.on {
			if m.cores > 0 && !slices.Contains(c.machines, m) {
				c.machines = append(c.machines, m)
			}
		}
	}
	slices.SortFunc(c.machines, func(a, b *machine) int { return a.number - b.number })
	for _, j := range before {
		if !j.crowded {
			j.slow()
		}
	}
	c.at = now
	c.share()
}

// crowded are the jobs with tasks on a bounded TaskManager where another has some.
func (t *Twin) crowded() []*job {
	guests := map[*machine]int{}
	for _, j := range t.jobs {
		if j.run != nil {
			for _, m := range j.run.on {
				guests[m]++
			}
		}
	}
	var crowded []*job
	for _, j := range t.jobs {
		if j.run != nil && slices.ContainsFunc(j.run.on, func(m *machine) bool { return m.cores > 0 && guests[m] > 1 }) {
			crowded = append(crowded, j)
		}
	}
	return crowded
}

// machinesOf are the TaskManagers of an execution, each once, as its tasks name them.
func (t *Twin) machinesOf(e cluster.Execution) []*machine {
	var on []*machine
	seen := map[slots.TaskManagerID]bool{}
	for i := range e.Tasks {
		if id := e.Tasks[i].Slot.TaskManager; !seen[id] {
			seen[id] = true
			on = append(on, t.machine(id))
		}
	}
	return on
}

// sync lets all go on together until shortly before a time that one of them wants
// to go to.
func (c *crowd) sync(j *job, to time.Time) {
	if !j.crowded || to.Sub(c.at) < views {
		return
	}
	for tick := c.at.Add(views); !tick.After(to); tick = tick.Add(views) {
		for _, other := range c.jobs {
			other.alone(tick)
		}
		c.at = tick
		c.share()
	}
}

// maxRounds is how often it is looked at what each wants if all are slowed down
// more, before one goes on.
const maxRounds = 60

// share finds by how much the TaskManagers slow their tasks down.
func (c *crowd) share() {
	wanted := make(map[*machine]float64, len(c.machines))
	for range maxRounds {
		clear(wanted)
		for _, j := range c.jobs {
			for i, cores := range j.slow() {
				wanted[j.run.on[i]] += cores
			}
		}
		settled := true
		for _, m := range c.machines {
			before := max(m.slow, 1)
			m.slow = max(before*wanted[m]/m.cores, 1)
			settled = settled && math.Abs(m.slow-before) <= 1e-7*before
		}
		if settled {
			return
		}
	}
}

// slow tells a dataflow how slow its TaskManagers are, and says how many cores its
// tasks use there then; nothing while no records flow.
func (j *job) slow() []float64 {
	if j.run == nil || !j.run.flowing {
		return nil
	}
	factors := make([]float64, len(j.run.on))
	for i, m := range j.run.on {
		factors[i] = max(m.slow, 1)
	}
	return j.flow.Slow(factors)
}
