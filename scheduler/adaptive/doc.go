// Package adaptive is Flink's Adaptive Scheduler for one job, as a state
// machine: Step takes the time and one event and returns the actions that
// follow from it; Next says when the earliest timer is due. It follows Flink
// 1.20 and 2.3, Reactive Mode included.
//
// Start at scheduler.go (Scheduler, Step, Next) and at transition.go, the one
// table of all transitions between states. One file a state says what the
// state does with an event: created.go, waiting.go, building.go, executing.go,
// restarting.go, canceling.go, failing.go, stopping.go, finished.go. manager.go
// holds the phases that decide in 2.3 when to move on, rescale120.go the rules
// of 1.20. restart.go has the restart strategies, options.go what can be set,
// view.go what Flink's REST interface would show.
//
// docs/schedulers.md draws the states, and says what real Flink does otherwise
// than one expects.
//
// What must not live here: I/O, a clock, goroutines, logging, randomness that
// is not handed in, the moving of records and the taking of checkpoints. The
// caller executes the actions and reports what came of them as events.
package adaptive
