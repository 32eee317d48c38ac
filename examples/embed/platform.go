package main

import (
	"context"
	"maps"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// platform is a cluster with one job, source → enrich. The source follows the
// load; a worker of enrich does 400 records/s. It lists the job, takes samples of
// it and rescales it.
type platform struct {
	config       options.Config
	started, now time.Time
	// runningSince is when the job last started to run, restarts until when it
	// does not.
	runningSince, restarts time.Time
	waiting                float64
	source, enrich         vertex
	// asked is the parallelism that was asked for last.
	asked scaling.Parallelism
}

// vertex counts since the last start of the job, times in seconds over all
// workers. Counters never fall: one that does means a new start.
type vertex struct {
	workers                   int
	perWorker                 float64
	records                   float64
	busy, idle, backpressured float64
}

const (
	length      = 15 * time.Minute
	restartTime = 5 * time.Second
)

var (
	_ autoscaler.JobListFetcher  = (*platform)(nil)
	_ autoscaler.MetricCollector = (*platform)(nil)
	_ autoscaler.Realizer        = (*platform)(nil)
)

func newPlatform(config options.Config) *platform {
	start := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	p := &platform{config: config, started: start, now: start}
	p.start(scaling.Parallelism{"source": 1, "enrich": 1})
	return p
}

func (p *platform) start(workers scaling.Parallelism) {
	p.source = vertex{workers: workers["source"], perWorker: 20_000}
	p.enrich = vertex{workers: workers["enrich"], perWorker: 400}
	p.runningSince, p.asked = p.now, workers
}

// load is the rate of arrival in records/s: a quiet start, a rush, a quiet end.
func (p *platform) load() float64 {
	switch {
	case p.age() < 3*time.Minute:
		return 250
	case p.age() < 8*time.Minute:
		return 1400
	default:
		return 250
	}
}

func (p *platform) age() time.Duration { return p.now.Sub(p.started) }

// Now is the clock of the platform.
func (p *platform) Now() time.Time { return p.now }

// advance lets a time pass, second by second.
func (p *platform) advance(d time.Duration) {
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(time.Second)
		p.waiting += p.load()
		if !p.restarts.IsZero() && !p.now.Before(p.restarts) {
			p.restarts = time.Time{}
			p.start(p.asked)
		}
		if p.restarts.IsZero() {
			p.work()
		}
	}
}

// work is one second of the job: what arrived goes through, as far as the slower
// vertex lets it.
func (p *platform) work() {
	wanted := min(p.waiting, p.source.most())
	done := min(wanted, p.enrich.most())
	p.waiting -= done
	p.enrich.spend(done, false)
	p.source.spend(done, done < wanted)
}

func (v *vertex) most() float64 { return v.perWorker * float64(v.workers) }

func (v *vertex) spend(records float64, held bool) {
	busy := records / v.perWorker
	v.records += records
	v.busy += busy
	if held {
		v.backpressured += float64(v.workers) - busy
	} else {
		v.idle += float64(v.workers) - busy
	}
}

// Name implements [autoscaler.JobListFetcher].
func (p *platform) Name() string { return "toy" }

// Fetch implements [autoscaler.JobListFetcher].
func (p *platform) Fetch(context.Context) (autoscaler.JobList, error) {
	key := autoscaler.JobKey{Cluster: "toy", Job: "orders"}
	if p.age() >= length {
		return autoscaler.JobList{Ended: []autoscaler.EndedJob{{Key: key, Name: "orders", Status: "FINISHED"}}}, nil
	}
	job := &autoscaler.JobContext{Key: key, Name: "orders", Status: "RUNNING", Config: p.config}
	if !p.restarts.IsZero() {
		job.Status = "RESTARTING"
	}
	return autoscaler.JobList{Jobs: []*autoscaler.JobContext{job}}, nil
}

// Collect implements [autoscaler.MetricCollector]. A measure that a platform
// does not know is left out, never set to 0.
func (p *platform) Collect(context.Context, *autoscaler.JobContext, scaling.Window) (*autoscaler.Observation, error) {
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "Source: orders", Parallelism: p.source.workers, MaxParallelism: 128},
		{ID: "enrich", Name: "enrich", Parallelism: p.enrich.workers, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		return nil, err
	}
	sample := scaling.Sample{At: p.now, RunningSince: p.runningSince}
	for i, v := range []*vertex{&p.source, &p.enrich} {
		s := scaling.VertexSample{Vertex: topology.Vertices[i].ID, Parallelism: v.workers}
		s.Set(scaling.NumRecordsIn, v.records)
		s.Set(scaling.NumRecordsOut, v.records)
		s.Set(scaling.AccumulatedBusyTime, 1000*v.busy)
		s.Set(scaling.AccumulatedBackpressuredTime, 1000*v.backpressured)
		s.Set(scaling.AccumulatedIdleTime, 1000*v.idle)
		sample.Vertices = append(sample.Vertices, s)
	}
	sample.Vertices[0].Set(scaling.Lag, p.waiting)
	return &autoscaler.Observation{Topology: topology, Sample: sample}, nil
}

// Forget implements [autoscaler.MetricCollector]; nothing is remembered here.
func (p *platform) Forget(autoscaler.JobKey) {}

// Prepare implements [autoscaler.Realizer]: this platform has no bounds set by
// users, and a job may be restarted at any time.
func (p *platform) Prepare(context.Context, *autoscaler.JobContext, *autoscaler.State) (autoscaler.Readiness, error) {
	return autoscaler.Readiness{}, nil
}

// Realize implements [autoscaler.Realizer].
func (p *platform) Realize(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, act *autoscaler.Act) error {
	if !maps.Equal(p.asked, act.Want) {
		p.asked, p.restarts = maps.Clone(act.Want), p.now.Add(restartTime)
	}
	act.Phase, act.Requested = autoscaler.PhaseRequested, p.now
	return nil
}

// Follow implements [autoscaler.Realizer]. An act that was saved before the
// program died and never reached the platform has failed without a reason: the
// decision is made again.
func (p *platform) Follow(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, act autoscaler.Act, running *scaling.Topology, now time.Time) (autoscaler.Act, error) {
	switch {
	case maps.Equal(running.Parallelism(), act.Want):
		act.Phase, act.Ended = autoscaler.PhaseDone, now
	case act.Phase == autoscaler.PhaseIntended && !maps.Equal(p.asked, act.Want):
		act.Phase, act.Ended = autoscaler.PhaseFailed, now
	case act.Phase == autoscaler.PhaseIntended:
		act.Phase, act.Requested = autoscaler.PhaseRequested, now
	}
	return act, nil
}
