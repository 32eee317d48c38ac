package schedulerlab

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// observer looks at a cluster and its job, and keeps every change. Its methods may be called from several goroutines.
type observer struct {
	client      *client
	job         script.Job
	version     slots.Version
	began       time.Time
	sampleEvery time.Duration

	mu           sync.Mutex
	id           string            // of the job, empty before its submission
	ids          map[string]string // of the vertices by name
	trigger      string            // of the last stop with savepoint
	observations []script.Observation
	samples      []script.Sample
	lastPoll     time.Duration
	lastSample   time.Duration
	kept         map[int]script.Checkpoint
	down         bool          // the JobManager did not answer
	up           time.Duration // it answered again
	rest         details       // as last seen, so that what seldom changes is not asked for each time
}

// submitted tells the ids of the job and its vertices.
func (o *observer) submitted(id string, vertices map[string]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.id, o.ids = id, vertices
}

func (o *observer) operation(trigger string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trigger = trigger
}

// named puts the ids of the vertices in the place of $name, unnamed the other way round.
func (o *observer) named(text string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return script.Expand(text, o.ids)
}

func (o *observer) unnamed(text string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return script.Contract(text, o.ids)
}

// first is when something was first seen; see [script.Run.First].
func (o *observer) first(w script.Want, answer *script.Answer, from, to time.Duration) (time.Duration, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := script.Run{Observations: o.observations}
	return r.First(w, answer, from, to)
}

// watch looks until the context ends.
func (o *observer) watch(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		o.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look polls once. A JobManager that does not answer is not seen at all: what was last seen stays.
func (o *observer) look(ctx context.Context) {
	o.mu.Lock()
	id, trigger, before := o.id, o.trigger, o.rest
	o.mu.Unlock()
	asked := time.Since(o.began)
	seen, rest, err := o.observe(ctx, id, trigger, before)
	if o.answered(err == nil, asked); err != nil {
		return
	}
	if id != "" {
		o.checkpoints(ctx, id)
	}
	var samples []script.Sample
	if id != "" && o.sampleEvery > 0 && asked >= o.lastSample+o.sampleEvery {
		o.lastSample = asked
		samples = o.sample(ctx, id, asked)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	seen.At = round(o.moment(seen, rest, asked))
	o.lastPoll, o.rest = asked, rest
	o.samples = append(o.samples, samples...)
	if n := len(o.observations); n == 0 || !same(o.observations[n-1], seen) {
		o.observations = append(o.observations, seen)
	}
}

// answered takes down whether the JobManager is there.
func (o *observer) answered(yes bool, asked time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if yes && o.down {
		o.up = asked
	}
	o.down = !yes
}

// upSince is when the JobManager last came back.
func (o *observer) upSince() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.up
}

// moment is when the new state began: what Flink says of its status, if that was since the last look.
func (o *observer) moment(seen script.Observation, rest details, asked time.Duration) time.Duration {
	if n := len(o.observations); n > 0 && o.observations[n-1].Status == seen.Status {
		return asked
	}
	said := time.UnixMilli(rest.Timestamps[seen.Status]).Sub(o.began)
	if said > o.lastPoll && said < asked {
		return said
	}
	return asked
}

func same(a, b script.Observation) bool {
	return cmp.Equal(a, b, cmpopts.IgnoreFields(script.Observation{}, "At"), cmpopts.EquateEmpty())
}

// fill gives a run what was seen.
func (o *observer) fill(r *script.Run) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.Observations, r.Samples = slices.Clone(o.observations), slices.Clone(o.samples)
	for _, id := range slices.Sorted(maps.Keys(o.kept)) {
		r.Checkpoints = append(r.Checkpoints, o.kept[id])
	}
}
