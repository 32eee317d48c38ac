package control

import (
	"context"
	"hash/maphash"
	"log/slog"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// sayDecision logs what a pass decided and why: at Info what changes a job, and
// what says something else than the decision before; at Debug the rest, which in
// a quiet job is every pass. Nothing is put into words unless a line is written.
func (c *cluster) sayDecision(ctx context.Context, job *autoscaler.JobContext, r *autoscaler.Report, err error) {
	if !decided(r, err) || !c.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	c.mu.Lock()
	news := c.roster.decides(job.Key, digestOf(r))
	c.mu.Unlock()
	level := slog.LevelDebug
	if news || r.Decision.Scale {
		level = slog.LevelInfo
	}
	if !c.log.Enabled(ctx, level) {
		return
	}
	action := decisions.ActionHold
	if r.Decision.Scale {
		action = decisions.ActionScale
	}
	kept := *r // the caller's stays where it is, off the heap
	c.log.LogAttrs(ctx, level, "decision",
		slog.String("job", job.Key.String()), slog.String("name", job.Name), slog.String("action", action),
		slog.String("reason", string(r.Decision.Reason)), slog.Any("why", decisions.Why{Report: &kept}))
}

// sayWarnings logs what went wrong without an effect on the decision, once for
// as long as it lasts.
func (c *cluster) sayWarnings(ctx context.Context, job *autoscaler.JobContext, warnings []error) {
	var texts []string
	for _, w := range warnings {
		texts = append(texts, w.Error())
	}
	c.mu.Lock()
	news := c.roster.warns(job.Key, texts)
	c.mu.Unlock()
	for _, text := range news {
		c.log.LogAttrs(ctx, slog.LevelWarn, "something is left out of a job's decisions",
			slog.String("job", job.Key.String()), slog.String("name", job.Name), slog.String("error", text))
	}
}

// decided tells whether a pass came to a decision. Of one that failed only what
// it asked for or was kept from counts: its error has been told.
func decided(r *autoscaler.Report, err error) bool {
	switch {
	case r.Decision.Reason == "":
		return false
	case err != nil:
		return r.Decision.Scale || r.Obstacle.Reason != ""
	}
	return r.Scope != autoscaler.ScopeIgnore && r.Scope != autoscaler.ScopeDisabled // said when the job was found
}

// digest is the same for two decisions that say the same with other figures.
type digest struct {
	reason   scaling.Reason
	vertices uint64
}

var digestSeed = maphash.MakeSeed()

func digestOf(r *autoscaler.Report) digest {
	d := digest{reason: r.Decision.Reason}
	var h maphash.Hash
	h.SetSeed(digestSeed)
	for i := range r.Decision.Vertices {
		v := &r.Decision.Vertices[i]
		if !telling(v) {
			continue
		}
		_, _ = h.WriteString(string(v.Vertex))
		_, _ = h.WriteString(string(v.Reason))
		maphash.WriteComparable(&h, [2]int{v.From, v.To})
	}
	d.vertices = h.Sum64()
	return d
}

// telling leaves out what comes and goes with every sample: wishes within the
// bounds of a vertex.
func telling(v *scaling.VertexDecision) bool {
	switch v.Reason {
	case scaling.ReasonSteady, scaling.ReasonWithinBounds:
		return v.Changed()
	case scaling.ReasonDelayed, scaling.ReasonSaturated:
		return v.Changed() || v.Outside
	}
	return true
}
