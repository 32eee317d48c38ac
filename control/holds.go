package control

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Hold keeps Sluice's hand off a job: it is watched, and not rescaled.
type Hold struct {
	// By is who holds, and Why what for; Why may be empty.
	By, Why string
	Since   time.Time
	// Until is when the hold ends by itself; zero if it does not.
	Until time.Time
}

// over tells whether the hold has ended by itself.
func (h Hold) over(now time.Time) bool { return !h.Until.IsZero() && !now.Before(h.Until) }

// Text is the hold in a sentence.
func (h Hold) Text() string {
	text := "held by " + h.By
	if h.Why != "" {
		text += " (" + h.Why + ")"
	}
	if h.Until.IsZero() {
		text += " until it is resumed"
	} else {
		text += " until " + h.Until.UTC().Format(time.RFC3339)
	}
	return text
}

// Obstacle is the hold as a pass knows it.
func (h Hold) Obstacle() autoscaler.Obstacle {
	return autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: h.Text()}
}

// HeldJob is a hold on one job, or on all of them where Key is zero.
type HeldJob struct {
	Key autoscaler.JobKey
	Hold
}

// Everything is the key under which all jobs are held.
var Everything autoscaler.JobKey

// HoldStore keeps holds for longer than a process lives, and shares them with others.
type HoldStore interface {
	// Save keeps a hold in place of that on the same job.
	Save(ctx context.Context, h HeldJob) error
	// Remove forgets a hold; one that is not there is no error.
	Remove(ctx context.Context, key autoscaler.JobKey) error
	// Load lists all holds, those that have ended by themselves too.
	Load(ctx context.Context) ([]HeldJob, error)
}

// Holds are the holds on the jobs of a process. It is safe for concurrent use.
type Holds struct {
	now   func() time.Time
	store HoldStore

	mu    sync.Mutex
	holds map[autoscaler.JobKey]Hold
}

// NewHolds returns the holds that a store keeps; with a nil store they live as long
// as the process.
func NewHolds(ctx context.Context, now func() time.Time, store HoldStore) (*Holds, error) {
	h := &Holds{now: now, store: store, holds: map[autoscaler.JobKey]Hold{}}
	return h, h.Refresh(ctx)
}

// Refresh takes over what the store holds by now: others may have changed it. When
// that fails, the holds stay as they were.
func (h *Holds) Refresh(ctx context.Context) error {
	if h.store == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	all, err := h.store.Load(ctx)
	if err != nil {
		return err
	}
	h.holds = make(map[autoscaler.JobKey]Hold, len(all))
	for _, one := range all {
		h.holds[one.Key] = one.Hold
	}
	return nil
}

// Set holds a job, or all of them under [Everything], in place of a hold that there
// is. It fails when the hold cannot be kept, and then is not in force.
func (h *Holds) Set(ctx context.Context, key autoscaler.JobKey, hold Hold) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.store != nil {
		if err := h.store.Save(ctx, HeldJob{key, hold}); err != nil {
			return err
		}
	}
	h.holds[key] = hold
	return nil
}

// Release ends a hold. The hold on all jobs does not end with that of one.
func (h *Holds) Release(ctx context.Context, key autoscaler.JobKey) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.store != nil {
		if err := h.store.Remove(ctx, key); err != nil {
			return err
		}
	}
	delete(h.holds, key)
	return nil
}

// Of is the hold on a job: its own, or else that on all of them.
func (h *Holds) Of(key autoscaler.JobKey) (Hold, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range [...]autoscaler.JobKey{key, Everything} {
		if hold, held := h.holds[k]; held && !hold.over(h.now()) {
			return hold, true
		}
	}
	return Hold{}, false
}

// Own is the hold on the job itself, whatever there is on all.
func (h *Holds) Own(key autoscaler.JobKey) (Hold, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hold, held := h.holds[key]
	return hold, held && !hold.over(h.now())
}

// All lists the holds in force, by key.
func (h *Holds) All() []HeldJob {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(listed(h.holds), func(j HeldJob) bool { return j.over(h.now()) })
}

func listed(holds map[autoscaler.JobKey]Hold) []HeldJob {
	all := make([]HeldJob, 0, len(holds))
	for key, hold := range holds {
		all = append(all, HeldJob{key, hold})
	}
	slices.SortFunc(all, func(a, b HeldJob) int {
		return cmp.Or(cmp.Compare(a.Key.Cluster, b.Key.Cluster), cmp.Compare(a.Key.Job, b.Key.Job))
	})
	return all
}

// Over is a scaler whose passes know of the holds.
func (h *Holds) Over(next Scaler) Scaler { return heldScaler{next, h} }

type heldScaler struct {
	Scaler
	holds *Holds
}

// Scale implements [Scaler].
func (s heldScaler) Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error) {
	if hold, held := s.holds.Of(job.Key); held {
		job.Held = hold.Obstacle()
	}
	return s.Scaler.Scale(ctx, job)
}

// Cleanup implements [Scaler]. A job that is gone needs no hold.
func (s heldScaler) Cleanup(ctx context.Context, key autoscaler.JobKey) error {
	if err := s.Scaler.Cleanup(ctx, key); err != nil {
		return err
	}
	if !s.holds.has(key) {
		return nil
	}
	return s.holds.Release(ctx, key)
}

// has tells whether the job has a hold of its own.
func (h *Holds) has(key autoscaler.JobKey) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, has := h.holds[key]
	return has
}
