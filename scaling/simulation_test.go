package scaling

import (
	"math"
	"math/rand/v2"
	"time"
)

// simulation is a job source → work → sink as a fluid in virtual time, with the
// counters that Flink would show of it. One seed gives one run.
//
// The source follows a schedule of arrivals; what it does not read waits. The
// work vertex costs time per record and is keyed: a full input buffer of one
// subtask holds the whole source back.
type simulation struct {
	simulated
	random *rand.Rand
	now    time.Duration
	// waiting is the number of records that arrived and were not yet read.
	waiting  float64
	vertices [3]simulatedVertex
	// pending is the rescale on its way.
	pending   *[3]int
	pendingAt time.Duration
	runningAt time.Duration
	// shown are the readings that the cluster answers with, newest last.
	shown []simulatedReading
	// answered is how old the last answer on each vertex was.
	answered [3]time.Duration
	restarts int
}

// simulated says what to simulate. Zero values mean a plain job.
type simulated struct {
	seed uint64
	// load is the rate of arrival in records/s at a time.
	load func(time.Duration) float64
	// perSubtask is what a subtask of work can do, in records/s.
	perSubtask float64
	// costNoise is the relative spread of the cost from one second to the next.
	costNoise float64
	// unevenKeys is the relative spread of the records between key groups.
	unevenKeys float64
	// hotShare is the part of all records that one key has.
	hotShare float64
	// parallelism of source, work and sink at the start.
	parallelism [3]int
	partitions  int
	// showsLag tells whether the source has a gauge of waiting records.
	showsLag bool
	backlog  float64
	// refresh is how often the cluster fetches its metrics; late is the part of
	// the answers that show the reading before the newest.
	refresh time.Duration
	late    float64
}

const (
	simulationStep = 50 * time.Millisecond
	keyGroups      = 128
	// bufferSeconds is how much of its work a subtask can have in its buffers.
	bufferSeconds = 0.5
	rescaleDelay  = 3 * time.Second
	downtime      = 700 * time.Millisecond
	sourceRate    = 20_000
	sinkRate      = 10_000
)

// The vertices of the simulated job.
const (
	simulatedSource = iota
	simulatedWork
	simulatedSink
)

var simulatedIDs = [3]VertexID{"source", "work", "zink"}

type simulatedVertex struct {
	parallelism, attempt int
	in, out              float64
	subtasks             []simulatedSubtask
}

// simulatedSubtask counts records, and time in seconds.
type simulatedSubtask struct {
	share, queue, speed             float64
	records, busy, idle, backlogged float64
}

// simulatedReading is what one fetch of the metrics saw.
type simulatedReading struct {
	at, runningAt time.Duration
	vertices      [3]simulatedVertex
	waiting       float64
}

func newSimulation(s simulated) *simulation {
	if s.perSubtask == 0 {
		s.perSubtask = 1000
	}
	if s.refresh == 0 {
		s.refresh = 2 * time.Second
	}
	if s.parallelism == [3]int{} {
		s.parallelism = [3]int{1, 1, 1}
	}
	sim := &simulation{simulated: s, random: rand.New(rand.NewPCG(s.seed, 1)), waiting: s.backlog}
	sim.start(s.parallelism)
	return sim
}

// start begins a new attempt of every vertex.
func (s *simulation) start(parallelism [3]int) {
	groups := make([]float64, keyGroups)
	spread := rand.New(rand.NewPCG(s.seed, 2)) // the keys are the same after a restart
	total := 0.0
	for i := range groups {
		groups[i] = math.Max(0.1, 1+s.unevenKeys*spread.NormFloat64())
		total += groups[i]
	}
	for i, p := range parallelism {
		v := simulatedVertex{parallelism: p, attempt: s.vertices[i].attempt + 1, subtasks: make([]simulatedSubtask, p)}
		for j := range v.subtasks {
			v.subtasks[j].share = 1 / float64(p)
			v.subtasks[j].speed = 1
		}
		s.vertices[i] = v
	}
	work := s.vertices[simulatedWork].subtasks
	for j := range work {
		work[j].share = 0
	}
	for g, weight := range groups {
		work[g*len(work)/keyGroups].share += (1 - s.hotShare) * weight / total
	}
	work[0].share += s.hotShare
	s.runningAt, s.shown = s.now, nil
}

// rescale asks for another parallelism; it shows after the next checkpoint.
func (s *simulation) rescale(to [3]int) {
	s.pending, s.pendingAt = &to, s.now+rescaleDelay
}

// advance runs the job until a moment.
func (s *simulation) advance(until time.Duration) {
	for s.now < until {
		s.now += simulationStep
		s.waiting += s.load(s.now) * simulationStep.Seconds()
		if s.pending != nil && s.now >= s.pendingAt {
			s.restart()
		}
		if s.now >= s.runningAt {
			s.work()
		}
		if s.now%s.refresh < simulationStep && s.now >= s.runningAt {
			s.shown = append(s.shown, s.read())
			s.shown = s.shown[max(0, len(s.shown)-3):]
		}
	}
}

func (s *simulation) restart() {
	for i := range s.vertices[simulatedWork].subtasks {
		s.waiting += s.vertices[simulatedWork].subtasks[i].queue
	}
	s.restarts++
	s.start(*s.pending)
	s.runningAt, s.pending = s.now+downtime, nil
}

// work lets one step of time pass in every vertex.
func (s *simulation) work() {
	dt := simulationStep.Seconds()
	source, work, sink := &s.vertices[simulatedSource], &s.vertices[simulatedWork], &s.vertices[simulatedSink]

	wanted := math.Min(s.waiting, sourceRate*dt*float64(source.parallelism))
	emitted := wanted
	for i := range work.subtasks {
		t := &work.subtasks[i]
		emitted = math.Min(emitted, math.Max(0, bufferSeconds*s.perSubtask-t.queue)/t.share)
	}
	s.waiting -= emitted
	busy, blocked := emitted/(sourceRate*float64(source.parallelism)), 0.0
	if emitted < wanted {
		blocked = dt - busy
	}
	source.spend(emitted, emitted, busy, blocked, dt)

	if s.now%time.Second < simulationStep {
		for i := range work.subtasks {
			work.subtasks[i].speed = math.Max(0.3, 1+s.costNoise*s.random.NormFloat64())
		}
	}
	var processed float64
	for i := range work.subtasks {
		t := &work.subtasks[i]
		rate := s.perSubtask * t.speed
		t.queue += emitted * t.share
		done := math.Min(t.queue, rate*dt)
		t.queue -= done
		t.records += done
		t.busy += done / rate
		t.idle += dt - done/rate
		processed += done
	}
	work.in += processed
	work.out += processed
	sink.spend(processed, 0, processed/(sinkRate*float64(sink.parallelism)), 0, dt)
}

// spend books a step of a vertex whose subtasks are all alike; busy and blocked
// are seconds of each.
func (v *simulatedVertex) spend(in, out, busy, blocked, dt float64) {
	v.in, v.out = v.in+in, v.out+out
	for i := range v.subtasks {
		t := &v.subtasks[i]
		t.records += in / float64(v.parallelism)
		t.busy += busy
		t.backlogged += blocked
		t.idle += dt - busy - blocked
	}
}

func (s *simulation) read() simulatedReading {
	r := simulatedReading{at: s.now, runningAt: s.runningAt, vertices: s.vertices, waiting: s.waiting}
	for i := range r.vertices {
		r.vertices[i].subtasks = append([]simulatedSubtask(nil), s.vertices[i].subtasks...)
	}
	return r
}

// answer is a reading of one vertex as the cluster gives it now, never older
// than the one before; ok is false as long as it has fetched none since the
// restart.
func (s *simulation) answer(vertex int) (simulatedReading, bool) {
	n := len(s.shown)
	if n > 1 && s.random.Float64() < s.late && s.shown[n-2].at >= s.answered[vertex] {
		n--
	}
	if n == 0 {
		return simulatedReading{}, false
	}
	s.answered[vertex] = s.shown[n-1].at
	return s.shown[n-1], true
}

func (s *simulation) time(d time.Duration) time.Time { return time.UnixMilli(1_700_000_000_000).Add(d) }

func (s *simulation) running() bool { return s.now >= s.runningAt }

func (s *simulation) topology() *Topology {
	plan := []Vertex{
		{ID: simulatedIDs[0], Partitions: s.partitions},
		{ID: simulatedIDs[1], Inputs: []Edge{{simulatedIDs[0], ShipHash}}},
		{ID: simulatedIDs[2], Inputs: []Edge{{simulatedIDs[1], ShipRebalance}}},
	}
	for i := range plan {
		plan[i].Parallelism, plan[i].MaxParallelism = s.vertices[i].parallelism, keyGroups
	}
	t, err := NewTopology(plan)
	if err != nil {
		panic(err)
	}
	return t
}

// sample is one look at the job through answers that may be late.
func (s *simulation) sample() Sample {
	sample := Sample{At: s.time(s.now), RunningSince: s.time(s.runningAt), Vertices: make([]VertexSample, 3)}
	for i := range sample.Vertices {
		vs := VertexSample{Vertex: simulatedIDs[i], Parallelism: s.vertices[i].parallelism}
		if r, ok := s.answer(i); ok {
			v := &r.vertices[i]
			vs.Set(NumRecordsIn, math.Floor(v.in))
			vs.Set(NumRecordsOut, math.Floor(v.out))
			var busy, idle, blocked float64
			for _, t := range v.subtasks {
				busy, idle, blocked = busy+math.Floor(1000*t.busy), idle+math.Floor(1000*t.idle), blocked+math.Floor(1000*t.backlogged)
			}
			vs.Set(AccumulatedBusyTime, busy)
			vs.Set(AccumulatedIdleTime, idle)
			vs.Set(AccumulatedBackpressuredTime, blocked)
			if i == simulatedSource && s.showsLag {
				vs.Set(Lag, math.Floor(r.waiting))
			}
		}
		sample.Vertices[i] = vs
	}
	return sample
}

// subtasks are the counters of the subtasks of one vertex.
func (s *simulation) subtasks(vertex int) []Subtask {
	r, ok := s.answer(vertex)
	if !ok {
		return nil
	}
	var subtasks []Subtask
	for _, t := range r.vertices[vertex].subtasks {
		subtasks = append(subtasks, Subtask{
			Attempt: r.vertices[vertex].attempt, Records: math.Floor(t.records),
			Busy: math.Floor(1000 * t.busy), Clock: math.Floor(1000 * (t.busy + t.idle + t.backlogged)),
		})
	}
	return subtasks
}
