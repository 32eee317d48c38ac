package lease

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Grant is a lease in the hands of this process, from the time it was got to the
// time it was lost or given back. A pass gets it with its context.
type Grant struct {
	// Key is that of the job, or [Whole].
	Key   autoscaler.JobKey
	Epoch int64
	// Owner is the ID under which the process got it.
	Owner string

	keeper *Keeper
	since  time.Duration
	lost   context.Context // ends when the lease is lost
	lose   context.CancelCauseFunc

	mu     sync.Mutex
	busy   int
	leaves bool // to be given back once no pass runs
	doubt  time.Duration
	strays []string
}

func newGrant(k *Keeper, l Lease, since time.Duration) *Grant {
	lost, lose := context.WithCancelCause(context.Background())
	return &Grant{Key: l.Key, Epoch: l.Epoch, Owner: l.Owner, keeper: k, since: since, lost: lost, lose: lose, strays: splitNotes(l.Stray)}
}

type grantKey struct{}

// FromContext is the grant under which a pass runs, nil for none.
func FromContext(ctx context.Context) *Grant {
	g, _ := ctx.Value(grantKey{}).(*Grant)
	return g
}

// Lost tells whether the lease is known to be lost.
func (g *Grant) Lost() bool { return g.lost.Err() != nil }

// Inherited tells whether the job had another owner before.
func (g *Grant) Inherited() bool { return g.Epoch > 1 }

// Age is how long the lease has been ours.
func (g *Grant) Age() time.Duration { return g.keeper.cfg.Clock() - g.since }

// Strays are notes of what former owners wrote too late, as far as is known here.
func (g *Grant) Strays() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.strays)
}

func (g *Grant) setStrays(notes []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strays = notes
}

// enter begins a pass, whose context ends when the lease is lost.
func (g *Grant) enter(ctx context.Context) (_ context.Context, leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leaves || g.Lost() {
		return ctx, nil, false
	}
	g.busy++
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, grantKey{}, g))
	stop := context.AfterFunc(g.lost, func() { cancel(context.Cause(g.lost)) })
	return ctx, func() {
		stop()
		cancel(nil)
		g.leave()
	}, true
}

func (g *Grant) leave() {
	g.mu.Lock()
	g.busy--
	idle := g.leaves && g.busy == 0
	g.mu.Unlock()
	if idle {
		g.keeper.wake()
	}
}

// yield says whether the lease is to be given back, and tells whether that can be
// done now: no further pass begins, none runs, and no write is in doubt.
func (g *Grant) yield(leaves bool) (now bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaves = leaves
	return leaves && g.busy == 0 && g.keeper.cfg.Clock() >= g.doubt
}

// Doubt keeps the job from being handed over for a while: a write got no answer
// and may still arrive.
func (g *Grant) Doubt(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.doubt = g.keeper.cfg.Clock() + d
}
