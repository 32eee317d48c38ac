// Package control runs the control loop: it looks at each cluster at its own
// pace and has a pass run over each of its jobs.
//
// One goroutine watches one cluster ([Loop.Run] starts them all): it lists the
// jobs, sees who is new and who is gone, and starts the passes. Passes run on a
// bounded number of goroutines, each with a deadline, never two over one job. A
// cluster that does not answer is asked less and less often, and none waits for
// another.
//
// The rules are values without goroutine or clock, and make most of the package:
// roster.go (which jobs are there, lost, gone, whose turn it is) and outage.go
// (when to ask a cluster again, and when to say so).
//
// What must not live here: how jobs are listed (package jobs), and what happens
// in a pass (package autoscaler).
package control
