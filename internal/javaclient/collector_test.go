package javaclient

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// collected is what the reference's collector saw.
type collected struct {
	Running  int64
	Full     bool
	Topology map[scaling.VertexID]struct {
		Parallelism, Max, Partitions int
		Inputs                       map[scaling.VertexID]string
	}
	Vertices map[scaling.VertexID]map[string]string
	Global   map[string]string
}

// passes are collectors of both kinds beside one twin.
type passes struct {
	*world
	java   *Client
	ours   *collect.Reference
	job    *autoscaler.JobContext
	config map[string]string
	now    time.Time
	window scaling.Window
}

// The collector of Flink's own autoscaler collects from a twin without an error, and
// sees the same to the last digit as ours does: after a start, as a backlog is read,
// over a rescale, and while a TaskManager is lost.
func TestTheReferencesCollectorSeesWhatOursSees(t *testing.T) {
	for version := range versions {
		t.Run(version, func(t *testing.T) {
			p := newPasses(t, version)
			all := p.turns(14)
			p.rescale(p.world.job(0), map[string]int{"prices": 4, "Source: orders": 3})
			all += p.turns(14)
			id := string(p.job.Key.Job)
			p.do("PUT", "/twin/v1/jobs/"+id+"/vertices/orders/load", "6000")
			all += p.turns(10)
			p.do("PUT", "/twin/v1/jobs/"+id+"/vertices/orders/load", "300")
			all += p.turns(14)
			p.do("POST", "/twin/v1/taskmanagers/tm-1/kill", "")
			all += p.turns(14)
			if all < 50 {
				t.Errorf("only %d passes saw something", all)
			}
			p.saw()
		})
	}
}

func newPasses(t *testing.T, version string) *passes {
	t.Helper()
	w := newWorld(t, version)
	p := &passes{world: w, java: w.java(StartCollector), config: map[string]string{
		"job.autoscaler.stabilization.interval": "20 s", "job.autoscaler.metrics.window": "60 s",
	}}
	client, err := flink.New(flink.Config{Addresses: []string{w.url}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	clock := func() time.Time { return p.now }
	shared, err := collect.NewClusterMetrics(0, clock)
	if err != nil {
		t.Fatal(err)
	}
	if p.ours, err = collect.NewReference(collect.Config{Now: clock, Cluster: shared}); err != nil {
		t.Fatal(err)
	}
	p.advance("5 s")
	config := maps.Clone(p.config)
	config[options.ProfileOption.Key] = string(options.ProfileReference)
	p.job = &autoscaler.JobContext{
		Key: autoscaler.JobKey{Cluster: "twin", Job: w.job(0).ID}, Status: flink.JobRunning, Config: options.FromMap(config), Client: client,
	}
	return p
}

// turns lets both collect, every eleven seconds, and returns how often there was
// something. The first who asks after ten seconds gets old metrics, and lets Flink
// fetch new ones: that is neither of the two.
func (p *passes) turns(n int) (seen int) {
	p.t.Helper()
	for range n {
		p.advance("10 s")
		p.do("GET", "/jobs/metrics", "")
		p.do("GET", "/jobs/"+string(p.job.Key.Job), "")
		p.advance("1 s")
		if p.turn() {
			seen++
		}
	}
	return seen
}

// clock is where the twin's stands.
type clock struct{ Now, Start time.Time }

func (p *passes) turn() bool {
	p.t.Helper()
	at := get[clock](p.world, "/twin/v1/clock")
	p.now = at.Now
	var theirs collected
	theirError := p.java.Ask(map[string]any{"job": p.job.Key.Job, "at": p.now.UnixMilli(), "config": p.config}, &theirs)
	ours, ourError := p.ours.Collect(p.t.Context(), p.job, p.window)
	when := at.Now.Sub(at.Start)
	if theirError != nil || ourError != nil {
		p.sameFailure(when, theirError, ourError)
		return false
	}
	length, stabilization := 60*time.Second, 20*time.Second
	p.window, _ = p.window.Add(ours.Sample, length, stabilization)
	p.sameSample(when, &theirs, ours)
	return true
}

// sameFailure allows what a job that is just starting lacks, to both.
func (p *passes) sameFailure(when time.Duration, theirs, ours error) {
	p.t.Helper()
	var failure *Failure
	var notReady *autoscaler.NotReadyError
	if !errors.As(theirs, &failure) || !strings.Contains(failure.Error(), "NotReadyException") || !errors.As(ours, &notReady) {
		p.t.Errorf("at %s Java says %v, we say %v", when, theirs, ours)
	}
}

func (p *passes) sameSample(when time.Duration, theirs *collected, ours *autoscaler.Observation) {
	p.t.Helper()
	if got := ours.Sample.RunningSince.UnixMilli(); got != theirs.Running {
		p.t.Errorf("at %s the job runs since %d, in Java since %d", when, got, theirs.Running)
	}
	if len(theirs.Vertices) != len(ours.Sample.Vertices) || len(theirs.Topology) != len(ours.Topology.Vertices) {
		p.t.Errorf("at %s: %d vertices, in Java %d", when, len(ours.Sample.Vertices), len(theirs.Vertices))
	}
	for i := range ours.Topology.Vertices {
		v := &ours.Topology.Vertices[i]
		t := theirs.Topology[v.ID]
		if v.Parallelism != t.Parallelism || v.MaxParallelism != t.Max || v.Partitions != t.Partitions || len(v.Inputs) != len(t.Inputs) {
			p.t.Errorf("at %s: vertex %+v, in Java %+v", when, v, t)
		}
	}
	for i := range ours.Sample.Vertices {
		v := &ours.Sample.Vertices[i]
		got := map[string]float64{}
		for m, x := range v.All() {
			got[m.String()] = x
		}
		p.same(fmt.Sprintf("at %s vertex %s", when, v.Vertex), got, theirs.Vertices[v.Vertex])
	}
	got := map[string]float64{}
	for m, x := range ours.Sample.Global.All() {
		got[m.String()] = x
	}
	p.same(fmt.Sprintf("at %s the cluster", when), got, theirs.Global)
}

func (p *passes) same(what string, ours map[string]float64, theirs map[string]string) {
	p.t.Helper()
	names := slices.Sorted(maps.Keys(theirs))
	for name := range ours {
		if _, both := theirs[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if name == scaling.NumRecordsInPerSecond.String() {
			continue // later releases of the reference have it
		}
		x, has := ours[name]
		y, err := strconv.ParseFloat(theirs[name], 64)
		if !has || err != nil || x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
			p.t.Errorf("%s: %s is %v (%v), in Java %q", what, name, x, has, theirs[name])
		}
	}
}

// saw makes sure that the comparison was of something.
func (p *passes) saw() {
	p.t.Helper()
	most := map[scaling.Measure]float64{}
	for _, s := range p.window.Samples {
		for i := range s.Vertices {
			for m, x := range s.Vertices[i].All() {
				most[m] = max(most[m], x)
			}
		}
	}
	for _, m := range []scaling.Measure{scaling.Load, scaling.NumRecordsIn, scaling.NumRecordsOut, scaling.AccumulatedBusyTime} {
		if most[m] == 0 {
			p.t.Errorf("%s was always 0", m)
		}
	}
}
