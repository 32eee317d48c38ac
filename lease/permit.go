package lease

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Permit allows one outside write.
type Permit struct {
	Grant *Grant
	// Until is when another process may own the job, by the keeper's clock.
	Until time.Duration
	// Unchecked is true when the store did not answer and the process goes on
	// alone.
	Unchecked bool
}

// Permit reads the lease again from the store, for a write that takes up to need.
// It fails with [ErrLost] when the job is not ours any more.
func (k *Keeper) Permit(ctx context.Context, g *Grant, need time.Duration) (Permit, error) {
	if g.Lost() {
		return Permit{}, ErrLost
	}
	before := k.cfg.Clock()
	standing, err := k.cfg.Store.Check(ctx, g.Key)
	switch {
	case err != nil && k.goesOn():
		return Permit{Grant: g, Until: k.cfg.Clock() + need, Unchecked: true}, nil
	case err != nil:
		return Permit{}, fmt.Errorf("read the lease before a write: %w", err)
	case !standing.of(g):
		return Permit{}, ErrLost
	}
	until := before + standing.Left - k.margin()
	if until-k.cfg.Clock() >= need {
		return Permit{Grant: g, Until: until}, nil
	}
	return k.prolonged(ctx, g, need)
}

// prolonged is a permit under leases that are renewed first.
func (k *Keeper) prolonged(ctx context.Context, g *Grant, need time.Duration) (Permit, error) {
	k.mu.Lock()
	watches := k.watches()
	k.mu.Unlock()
	before := k.cfg.Clock()
	alive, err := k.prolong(ctx, g.Owner, watches)
	switch {
	case err != nil && k.goesOn(): // it can be read, and takes no writes
		return Permit{Grant: g, Until: k.cfg.Clock() + need, Unchecked: true}, nil
	case err != nil:
		return Permit{}, err
	case !alive:
		return Permit{}, ErrLost
	}
	until := before + k.cfg.Time - k.margin()
	if left := until - k.cfg.Clock(); left < need {
		return Permit{}, fmt.Errorf("of a lease that was just renewed %s are left, and a write needs %s: the store is too slow", left, need)
	}
	return Permit{Grant: g, Until: until}, nil
}

// goesOn tells whether this process does without the store.
func (k *Keeper) goesOn() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cfg.AloneGoesOn && k.alone
}

// Confirm tells, after a write, whether the job was ours until its end. It asks
// the store only if that is in doubt.
func (k *Keeper) Confirm(ctx context.Context, p Permit) error {
	switch {
	case p.Unchecked || k.cfg.Clock() < p.Until:
		return nil
	case p.Grant.Lost():
		return ErrLost
	}
	standing, err := k.cfg.Store.Check(ctx, p.Grant.Key)
	switch {
	case err != nil:
		return fmt.Errorf("read the lease after a write: %w", err)
	case !standing.of(p.Grant):
		return ErrLost
	}
	return nil
}

// of tells whether the lease is still what the grant says. Nobody is buried
// without others seeing it in the store: an owner whose time is over is one as
// long as it is a member.
func (s Standing) of(g *Grant) bool { return s.Alive && s.Owner == g.Owner && s.Epoch == g.Epoch }

// Stray passes on to the owner of a job what this process may have written to it
// without owning it: the note is one line, whose form is the writer's affair. The
// store is told in the next round.
func (k *Keeper) Stray(job autoscaler.JobKey, note string) {
	k.mu.Lock()
	k.strays[job] = append(k.strays[job], note)
	k.mu.Unlock()
	k.wake()
}

// Settled removes a note that the owner has taken care of.
func (k *Keeper) Settled(ctx context.Context, g *Grant, note string) error {
	notes := g.Strays()
	i := slices.Index(notes, note)
	if i < 0 {
		return nil
	}
	was, rest := joinNotes(notes), slices.Delete(slices.Clone(notes), i, i+1)
	done, err := k.cfg.Store.Note(ctx, g.Key, was, joinNotes(rest))
	if err != nil {
		return fmt.Errorf("remove the note of a late write: %w", err)
	}
	if done {
		g.setStrays(rest)
	}
	return nil // else there is another one: the next round reads both
}
