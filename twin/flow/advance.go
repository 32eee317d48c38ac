package flow

import (
	"math"
	"time"
)

const (
	// oldGrid is how long a piece of time is at most: over it the load is taken for
	// constant, and so are warm-up and the size of the state.
	oldGrid = 5 * time.Second
	// young is how long after a start pieces are of youngGrid.
	young     = time.Minute
	youngGrid = time.Second
	// maxEvents bounds the events of one piece.
	maxEvents = 2000
)

// Advance moves the clock. A time before now changes nothing.
func (j *Job) Advance(to time.Time) {
	end := to.Sub(j.start)
	for j.m.Now < end {
		j.piece(j.bend(end))
	}
}

// bend is when something bends next, at the latest the end.
func (j *Job) bend(end time.Duration) time.Duration {
	step := j.grid()
	end = min(end, j.m.Now.Truncate(step)+step)
	for i := range j.graph.Vertices {
		v := &j.graph.Vertices[i]
		if v.Source != nil && !v.Source.Endless {
			if next, bends := j.loads[i].Next(j.m.Now); bends && next > j.m.Now {
				end = min(end, next)
			}
		}
		if over := j.m.Began + v.Cost.WarmUp.Over; j.m.Running && over > j.m.Now {
			end = min(end, over)
		}
	}
	return end
}

// grid is how long a piece is at most now.
func (j *Job) grid() time.Duration {
	if j.m.Running && j.m.Now < j.m.Began+young {
		return youngGrid
	}
	return oldGrid
}

// piece goes on to a time until which all that comes from outside is constant.
func (j *Job) piece(until time.Duration) {
	seconds := (until - j.m.Now).Seconds()
	came := j.arrivals(until, seconds)
	if j.m.Running {
		before := j.taken()
		j.appraise(j.m.Now + (until-j.m.Now)/2)
		j.run(seconds)
		j.remember(before, j.m.Now+(until-j.m.Now)/2, until)
	}
	j.m.Now = until
	for i := range j.m.Vertices {
		if s := j.m.Vertices[i].Source; s != nil {
			j.settleSource(i, s, came[i])
		}
	}
	if j.m.Running {
		j.mark()
	}
}

// arrivals is how many records come to each source, which its lanes are told.
func (j *Job) arrivals(until time.Duration, seconds float64) []float64 {
	came := j.network.arrivals
	for i := range j.graph.Vertices {
		s := j.graph.Vertices[i].Source
		if s == nil || s.Endless {
			continue
		}
		rate := max(j.loads[i].Mean(j.m.Now, until), 0)
		came[i] = rate * seconds
		for k, share := range j.lanes[i].share {
			j.lanes[i].arriving[k] = rate * share
		}
	}
	return came
}

// settleSource ends the piece for what waits at a source.
func (j *Job) settleSource(i int, s *sourceMemory, came float64) {
	spec, l := j.graph.Vertices[i].Source, &j.lanes[i]
	if spec.Endless {
		return
	}
	s.arrive(j.partitions[i], came, j.m.Now)
	if j.m.Running && j.m.Parallelism[i] > 0 {
		l.settle(s)
	}
	s.expire(j.partitions[i], spec.Retention, j.m.Now)
	if len(l.backlog) > 0 {
		spec.dealt(s.Pending, l.backlog)
	}
}

// taken is what each vertex has taken in.
func (j *Job) taken() []float64 {
	before := j.network.before
	for i := range j.m.Vertices {
		before[i] = j.m.Vertices[i].Taken
	}
	return before
}

// appraise finds what a record costs around a time, and, now and then, how much
// room there is.
func (j *Job) appraise(at time.Duration) {
	j.setPrices(at)
	if j.m.Now.Truncate(j.grid()) == j.m.Now {
		j.debloat()
	}
}

func (j *Job) setPrices(at time.Duration) {
	for i := range j.graph.Vertices {
		if p := j.m.Parallelism[i]; p > 0 {
			c := &j.graph.Vertices[i].Cost
			j.price[i] = j.cost[i]
			if len(c.StateSize) > 0 || c.WarmUp.lasts(at-j.m.Began) {
				j.price[i] *= c.factor(j.hottestState(i), at-j.m.Began)
			}
		}
	}
}

// debloat fits the buffers to what passed them since it last did so.
func (j *Job) debloat() {
	for i := range j.m.Edges {
		e, target := &j.m.Edges[i], j.graph.Edges[i].Buffers.Debloat
		if over := j.m.Now - max(e.Fitted, j.m.Began); target > 0 && over > 0 {
			passed := (e.Left - e.LeftThen) / over.Seconds()
			j.space[i] = min(j.room[i], max(target.Seconds()*passed, 1))
			e.Fitted, e.LeftThen, e.Space = j.m.Now, e.Left, j.space[i]
		}
	}
}

// run goes from event to event. Rates are constant between two of them.
func (j *Job) run(seconds float64) {
	least := 0.0
	for events := 0; seconds > 0; events++ {
		if events == maxEvents {
			least = seconds / 100
		}
		j.rates()
		step := max(j.untilEvent(seconds), least)
		if step >= seconds*(1-1e-12) {
			step = seconds
		}
		j.integrate(step)
		seconds -= step
	}
}

// untilEvent is how long the rates hold, at most the seconds that are left.
func (j *Job) untilEvent(seconds float64) float64 {
	for i := range j.m.Edges {
		e := &j.m.Edges[i]
		j.steps[i] = timeTo(e.Queue, j.space[i], e.Inflow, e.Outflow)
		seconds = min(seconds, j.steps[i])
	}
	for i := range j.lanes {
		l := &j.lanes[i]
		for k, backlog := range l.backlog {
			if falls := l.rate[k] - l.arriving[k]; backlog > 0 && falls > near*l.rate[k] && j.m.Parallelism[i] > 0 {
				seconds = min(seconds, backlog/falls)
			}
		}
	}
	return seconds
}

// timeTo is when a queue becomes full or empty.
func timeTo(queue, room, in, out float64) float64 {
	rises := in - out
	switch {
	case math.Abs(rises) <= near*(in+out):
	case rises > 0 && queue < room:
		return (room - queue) / rises
	case rises < 0 && queue > room*(1+near):
		return (queue - room) / -rises
	case rises < 0 && queue > 0:
		return queue / -rises
	}
	return math.Inf(1)
}

// integrate lets a step of time pass at constant rates.
func (j *Job) integrate(step float64) {
	for i := range j.m.Edges {
		e := &j.m.Edges[i]
		e.Entered += e.Inflow * step
		e.Left += e.Outflow * step
		rises := e.Inflow - e.Outflow
		switch {
		case math.Abs(rises) <= near*(e.Inflow+e.Outflow):
		case j.steps[i] > step*(1+1e-12):
			e.Queue += rises * step
		case rises > 0 || e.Queue > j.space[i]*(1+near):
			e.Queue = j.space[i]
		default:
			e.Queue = 0
		}
	}
	for i := range j.m.Vertices {
		j.pass(i, step)
	}
}

// pass lets a step of time pass for the subtasks of a vertex.
func (j *Job) pass(i int, step float64) {
	v := &j.m.Vertices[i]
	v.Taken += v.Rate * step
	for k, busy := range v.BusyNow {
		blocked := v.BackPressuredNow[k]
		v.Busy[k] += busy * step
		v.BackPressured[k] += blocked * step
		v.Idle[k] += (1 - busy - blocked) * step
	}
	for k, rate := range v.RateNow {
		v.Read[k] += rate * step
	}
	if v.Source == nil || j.m.Parallelism[i] == 0 || j.graph.Vertices[i].Source.Endless {
		return
	}
	l := &j.lanes[i]
	for k := range l.backlog {
		falls := l.rate[k] - l.arriving[k]
		switch {
		case math.Abs(falls) <= near*l.rate[k]:
		case falls > 0 && l.backlog[k] <= falls*step*(1+1e-12):
			l.backlog[k] = 0
		default:
			l.backlog[k] -= falls * step
		}
	}
}
