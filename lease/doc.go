// Package lease shares the jobs out among the processes that use one store, so
// that each job has one owner at a time, and a dead owner's jobs get another.
//
// A process is a member for as long as it renews its row in time, by the clock of
// the store; who does not is buried by whoever notices, for good. A lease names
// the member that owns a job; it grants as long as its owner is a member. So one
// small write renews all leases of a process, and a lease is written only when a
// job changes hands.
//
// Who is to own what follows from rendezvous hashing (rendezvous.go) and the
// rules of plan.go, which are values without clock and store. The [Keeper] turns
// them into action; a [Grant] is what it gives to a pass, and [Keeper.Permit] what
// an outside write needs.
//
// Time is measured by a [Clock] that goes on while the machine sleeps. It is only
// ever compared with itself: what the store says of its own clock comes as the
// time that is left.
//
// What must not live here: SQL (package sqllease), and how writes are carried out
// (package realize/fenced).
package lease
