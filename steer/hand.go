package steer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/realize/byhand"
)

// AllHeld begins the text of a hold on all jobs where that of one job is asked for.
const AllHeld = "all jobs are "

// EventByHand is the reason of the events that tell what people did.
const EventByHand = "ByHand"

// Config is what a [Hand] is made of. All of it but Record is needed.
type Config struct {
	Holds *control.Holds
	// Clients speak to the clusters, by their names.
	Clients map[string]*flink.Client
	// Events are told every act.
	Events autoscaler.EventHandler
	// Record keeps rescales among the decisions; nil keeps none.
	Record decisions.HandRecorder
	// Name gives the name of a job that is watched.
	Name func(autoscaler.JobKey) string
	Now  func() time.Time
}

// Hand does what people ask for. It is safe for concurrent use.
type Hand struct{ cfg Config }

var (
	_ dashboard.Hand     = (*Hand)(nil)
	_ dashboard.Clusters = (*Hand)(nil)
)

// New checks the configuration.
func New(c Config) (*Hand, error) {
	switch {
	case c.Holds == nil:
		return nil, errors.New("new hand: no holds given")
	case c.Events == nil:
		return nil, errors.New("new hand: no event handler given")
	case c.Name == nil:
		return nil, errors.New("new hand: no names of jobs given")
	case c.Now == nil:
		return nil, errors.New("new hand: no clock given")
	}
	return &Hand{c}, nil
}

// Pause implements [dashboard.Hand].
func (h *Hand) Pause(ctx context.Context, who dashboard.Person, key autoscaler.JobKey, why string, until time.Time) error {
	hold := control.Hold{By: who.Name, Why: why, Since: h.cfg.Now().UTC(), Until: until.UTC()}
	if until.IsZero() {
		hold.Until = time.Time{}
	}
	if err := h.cfg.Holds.Set(ctx, key, hold); err != nil {
		return err
	}
	return h.tell(ctx, key, hold.Text())
}

// Resume implements [dashboard.Hand].
func (h *Hand) Resume(ctx context.Context, who dashboard.Person, key autoscaler.JobKey) error {
	if err := h.cfg.Holds.Release(ctx, key); err != nil {
		return err
	}
	return h.tell(ctx, key, "resumed by "+who.Name)
}

// Held implements [dashboard.Hand].
func (h *Hand) Held(key autoscaler.JobKey) (dashboard.Held, bool) {
	hold, held := h.cfg.Holds.Of(key)
	if !held {
		return dashboard.Held{}, false
	}
	d := dashboard.Held{By: hold.By, Why: hold.Why, Since: hold.Since, Text: hold.Text()}
	if _, own := h.cfg.Holds.Own(key); !own {
		d.Text = AllHeld + d.Text
	}
	if !hold.Until.IsZero() {
		d.Until = &hold.Until
	}
	return d, true
}

// Rescale implements [dashboard.Hand]. The hold begins before Flink is asked, so
// that no pass comes in between.
func (h *Hand) Rescale(ctx context.Context, who dashboard.Person, key autoscaler.JobKey, request dashboard.Rescale) (dashboard.Rescaled, error) {
	client, err := h.client(key.Cluster)
	if err != nil {
		return dashboard.Rescaled{}, err
	}
	wishes := make([]byhand.Wish, len(request.Vertices))
	for i, w := range request.Vertices {
		wishes[i] = byhand.Wish{Vertex: w.Vertex, Lower: w.Lower, Upper: w.Upper}
	}
	plan, err := byhand.Look(ctx, client, string(key.Job), wishes)
	if err != nil {
		return dashboard.Rescaled{}, refused(err)
	}
	if !request.DryRun {
		if err := h.apply(ctx, who, key, client, plan, request.Hold); err != nil {
			return dashboard.Rescaled{}, err
		}
	}
	done := rescaled(plan)
	if held, is := h.Held(key); is && !request.DryRun {
		done.Hold = &held
	}
	return done, nil
}

// holdFor holds a job for so long, unless a hold of its own lasts longer. It returns
// what takes that back.
func (h *Hand) holdFor(ctx context.Context, who dashboard.Person, key autoscaler.JobKey, length time.Duration) (control.Hold, func() error, error) {
	now := h.cfg.Now().UTC()
	hold := control.Hold{By: who.Name, Why: "rescaled by hand", Since: now, Until: now.Add(length)}
	before, held := h.cfg.Holds.Own(key)
	if held && (before.Until.IsZero() || before.Until.After(hold.Until)) {
		return before, func() error { return nil }, nil
	}
	back := func() error { return h.cfg.Holds.Release(ctx, key) }
	if held {
		back = func() error { return h.cfg.Holds.Set(ctx, key, before) }
	}
	return hold, back, h.cfg.Holds.Set(ctx, key, hold)
}

func (h *Hand) apply(ctx context.Context, who dashboard.Person, key autoscaler.JobKey, client *flink.Client, plan *byhand.Plan, length time.Duration) error {
	hold, back, err := h.holdFor(ctx, who, key, length)
	if err != nil {
		return err
	}
	if !plan.Changed {
		return h.tell(ctx, key, "bounds asked for by "+who.Name+" are those that are set; "+hold.Text())
	}
	if err := byhand.Apply(ctx, client, plan); err != nil {
		return errors.Join(refused(err), back())
	}
	entry := h.entryOf(key, plan, who, hold.Text())
	return errors.Join(h.record(ctx, key, entry), h.tell(ctx, key, entry.Detail))
}

func rescaled(plan *byhand.Plan) dashboard.Rescaled {
	r := dashboard.Rescaled{Changed: plan.Changed, Applied: plan.Applied, Vertices: []dashboard.VertexBounds{}}
	for _, v := range plan.Vertices {
		r.Vertices = append(r.Vertices, dashboard.VertexBounds{
			Vertex: string(v.ID), Name: v.Name, Lower: v.After.Lower, Upper: v.After.Upper, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism,
		})
	}
	return r
}

// refused is an answer of Flink, or of the plan, that asking again does not mend;
// trouble on the way to Flink stays what it is.
func refused(err error) error {
	for _, kind := range []flink.Kind{flink.KindUnreachable, flink.KindMalformed} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return &dashboard.RefusedError{Err: err}
}

// Requirements implements [dashboard.Hand].
func (h *Hand) Requirements(ctx context.Context, key autoscaler.JobKey) ([]dashboard.VertexBounds, error) {
	client, err := h.client(key.Cluster)
	if err != nil {
		return nil, err
	}
	bounds, err := boundsOf(ctx, client, key.Job)
	if errors.Is(err, flink.KindNotFound) || errors.Is(err, flink.KindUnsupported) {
		return nil, &dashboard.UnknownError{Err: err}
	}
	return bounds, err
}

func boundsOf(ctx context.Context, client *flink.Client, job flink.JobID) ([]dashboard.VertexBounds, error) {
	required, err := client.ResourceRequirements(ctx, job)
	if err != nil {
		return nil, err
	}
	details, err := client.Job(ctx, job)
	if err != nil {
		return nil, err
	}
	bounds := []dashboard.VertexBounds{}
	for _, v := range details.Vertices {
		r := required[v.ID].Parallelism
		bounds = append(bounds, dashboard.VertexBounds{
			Vertex: string(v.ID), Name: v.Name, Lower: r.Lower, Upper: r.Upper, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism,
			SharingGroup: v.SlotSharingGroupID,
		})
	}
	return bounds, nil
}

func (h *Hand) client(cluster string) (*flink.Client, error) {
	client, known := h.cfg.Clients[cluster]
	if !known {
		return nil, &dashboard.UnknownError{Err: fmt.Errorf("no cluster %q is watched here", cluster)}
	}
	return client, nil
}

// tell tells an act as an event.
func (h *Hand) tell(ctx context.Context, key autoscaler.JobKey, text string) error {
	job := &autoscaler.JobContext{Key: key, Name: h.cfg.Name(key)}
	if key == control.Everything {
		job.Name = "all jobs"
	}
	err := h.cfg.Events.Handle(ctx, job, autoscaler.Event{At: h.cfg.Now(), Type: autoscaler.EventNormal, Reason: EventByHand, Message: text})
	if err != nil {
		return fmt.Errorf("it is done, and could not be told: %w", err)
	}
	return nil
}
