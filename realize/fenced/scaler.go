package fenced

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
)

// Passes runs passes over jobs; [autoscaler.Autoscaler] does.
type Passes interface {
	Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error)
	Cleanup(ctx context.Context, key autoscaler.JobKey) error
}

// Asserter writes over late writes.
type Asserter interface {
	// Assert restores what the state says of a job if that is one of late, and
	// tells whether it had to.
	Assert(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State, late []flink.ResourceRequirements) (bool, error)
}

// Notes are about writes that came too late; [lease.Keeper] keeps them.
type Notes interface {
	// Stray passes a note of one line on to the owner of a job.
	Stray(job autoscaler.JobKey, note string)
	// Settled removes a note that the owner has taken care of.
	Settled(ctx context.Context, g *lease.Grant, note string) error
}

// Config is what a [Scaler] is made of; all of it is needed.
type Config struct {
	Passes   Passes
	Asserter Asserter
	// Intended is what a state says is on its way, nil for nothing.
	Intended func(*autoscaler.State) flink.ResourceRequirements
	Notes    Notes
	// Bound is how long after a change of owner a request of the former one may
	// still arrive.
	Bound time.Duration
	// Store is where states are read.
	Store  autoscaler.StateStoreFactory
	Logger *slog.Logger
}

// Scaler runs passes, and has the view of a job's new owner prevail over what its
// former one may have sent.
type Scaler struct {
	cfg Config

	mu        sync.Mutex
	heirlooms map[autoscaler.JobKey]*heirloom
}

// heirloom is what was under way when a job came to us.
type heirloom struct {
	grant *lease.Grant
	late  flink.ResourceRequirements // nil for nothing, or not any more
}

// NewScaler returns a scaler.
func NewScaler(cfg Config) *Scaler {
	return &Scaler{cfg: cfg, heirlooms: map[autoscaler.JobKey]*heirloom{}}
}

// Scale runs a pass. Where the job came from another process it has our view
// prevail first: the pass must not take a late write for its user's wish.
func (s *Scaler) Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error) {
	ctx = context.WithValue(ctx, jobKey{}, job.Key)
	g := lease.FromContext(ctx)
	if g == nil || !g.Inherited() && len(g.Strays()) == 0 {
		return s.cfg.Passes.Scale(ctx, job)
	}
	h, err := s.inherit(ctx, job.Key, g)
	if err != nil {
		return autoscaler.Report{Job: job.Key, Name: job.Name}, err
	}
	if err := s.assert(ctx, job, h); err != nil {
		return autoscaler.Report{Job: job.Key, Name: job.Name}, err
	}
	return s.cfg.Passes.Scale(ctx, job)
}

// Cleanup forgets a job.
func (s *Scaler) Cleanup(ctx context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	delete(s.heirlooms, key)
	s.mu.Unlock()
	return s.cfg.Passes.Cleanup(ctx, key)
}

// inherit finds out, before the first pass under a lease, what was on its way.
func (s *Scaler) inherit(ctx context.Context, key autoscaler.JobKey, g *lease.Grant) (*heirloom, error) {
	s.mu.Lock()
	h := s.heirlooms[key]
	s.mu.Unlock()
	if h != nil && h.grant == g {
		return h, nil
	}
	state, err := s.state(ctx, key)
	if err != nil {
		return nil, err
	}
	h = &heirloom{grant: g, late: s.cfg.Intended(&state)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heirlooms[key] = h
	return h, nil
}

func (s *Scaler) state(ctx context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	store, err := s.cfg.Store(ctx)
	if err != nil {
		return autoscaler.State{}, fmt.Errorf("open the state store: %w", err)
	}
	state, err := store.Get(ctx, key)
	if err != nil {
		return state, fmt.Errorf("read the state of job %s: %w", key, err)
	}
	return state, nil
}

// assert writes over what a former owner sent too late, if it did. What was on its
// way when the job came to us is looked for once more after the bound.
func (s *Scaler) assert(ctx context.Context, job *autoscaler.JobContext, h *heirloom) error {
	notes, late := strays(h.grant, job.Key)
	over := h.grant.Age() > s.cfg.Bound
	if h.late != nil {
		late = append(late, h.late)
	}
	if len(late) == 0 {
		return nil
	}
	state, err := s.state(ctx, job.Key)
	if err != nil || s.cfg.Intended(&state) != nil {
		return err // whether that has arrived is for the pass to find out
	}
	had, err := s.cfg.Asserter.Assert(ctx, job, &state, late)
	if err != nil {
		return err
	}
	if had {
		s.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "late write of the job's former owner is written over",
			slog.String("job", job.Key.String()), slog.String("name", job.Name))
	}
	if over {
		h.late = nil
	}
	for _, n := range notes {
		err = errors.Join(err, s.cfg.Notes.Settled(ctx, h.grant, n))
	}
	return err
}

type jobKey struct{}

// note is a request that came too late.
type note struct {
	Cluster string                     `json:"cluster"`
	Job     flink.JobID                `json:"job"`
	Put     flink.ResourceRequirements `json:"put"`
}

// Late passes on what may have been sent too late; it is for [Transport.Late].
func (s *Scaler) Late(g *lease.Grant, r *http.Request, body []byte) {
	key, ok := r.Context().Value(jobKey{}).(autoscaler.JobKey)
	n := note{Cluster: key.Cluster, Job: key.Job}
	if !ok || !strings.HasSuffix(r.URL.Path, "/resource-requirements") || json.Unmarshal(body, &n.Put) != nil {
		return
	}
	text, err := json.Marshal(n)
	if err != nil {
		return // requirements that were read can be written
	}
	s.cfg.Notes.Stray(g.Key, string(text))
}

// strays are the notes on a job, and what they say was sent.
func strays(g *lease.Grant, job autoscaler.JobKey) (notes []string, late []flink.ResourceRequirements) {
	for _, text := range g.Strays() {
		var n note
		if json.Unmarshal([]byte(text), &n) != nil {
			notes = append(notes, text) // of another version: nothing can be done about it
			continue
		}
		if n.Cluster == job.Cluster && n.Job == job.Job {
			notes, late = append(notes, text), append(late, n.Put)
		}
	}
	return notes, late
}
