package lease

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Member is one process that takes part.
type Member struct {
	// ID is another one at each start, and whenever the process was buried.
	ID string
	// Name is the same after a restart. Nothing rests on its being unique.
	Name string
	// Watches are the names of the clusters that answer this process.
	Watches []string
	// Left is how long the member lives unless it renews, by the store's clock
	// at the time of reading; 0 or less for one that is to be buried.
	Left time.Duration
}

// Lease says who owns a job.
type Lease struct {
	Key autoscaler.JobKey
	// Owner is the ID of a member, alive or buried; empty when the job was handed
	// over and nobody has taken it yet.
	Owner string
	// Epoch grows by one whenever the job gets an owner, from 1.
	Epoch int64
	// Stray are notes of what former owners may have written after their leases
	// had ended, a line each.
	Stray string
}

// View is one look at the store. The owner of a lease that is not among the
// members is buried.
type View struct {
	Leases  []Lease
	Members []Member
}

// Standing is what the store says of one lease.
type Standing struct {
	Lease
	// Alive tells whether the owner is a member.
	Alive bool
	// Left is how long the owner lives unless it renews, by the store's clock; 0
	// or less for one that may be buried.
	Left time.Duration
}

// Store keeps members and leases. It is safe for concurrent use by any number of
// processes. No method leaves anything locked behind, wherever the process is
// stopped.
type Store interface {
	// Join enters a member, whose ID is new, for the time ttl.
	Join(ctx context.Context, m Member, ttl time.Duration) error
	// Renew gives a member the time ttl from now on, and tells whether it is
	// still one.
	Renew(ctx context.Context, id string, watches []string, ttl time.Duration) (alive bool, err error)
	// Bury takes out the members whose time is over, by the store's clock.
	Bury(ctx context.Context) error
	// View reads the leases, and then the members.
	View(ctx context.Context) (View, error)
	// Take makes the member the owner of each job whose lease is as given: not
	// there (Epoch 0), or with that owner still. Of the others it leaves all as it
	// is; who got what is for View to tell.
	Take(ctx context.Context, id string, leases []Lease) error
	// Free hands jobs over to whoever takes them; those that the member does not
	// own stay as they are.
	Free(ctx context.Context, id string, jobs []autoscaler.JobKey) error
	// Drop removes the lease of a job that is gone, if the member owns it.
	Drop(ctx context.Context, id string, job autoscaler.JobKey) error
	// Check reads one lease; its Epoch is 0 when there is none, and its Key is the
	// job in any case.
	Check(ctx context.Context, job autoscaler.JobKey) (Standing, error)
	// Note sets the notes of the job's lease, if there is one and its notes are
	// still what they were, and tells whether it did.
	Note(ctx context.Context, job autoscaler.JobKey, was, is string) (bool, error)
	// Leave frees all jobs of a member and takes it out.
	Leave(ctx context.Context, id string) error
}

// ErrLost says that the job has another owner, or may have one by now: nothing
// may be written on its behalf.
var ErrLost = fmt.Errorf("the lease is lost: %w", autoscaler.ErrNotOurs)
