// Package demo is a day of a shop in a twin, with the autoscaler at work on it: all
// of Sluice in one process, in virtual time.
//
// Start reading at demo.go. shop.yaml, day.yaml and sluice.yaml say what the cluster
// and its job are, what happens, and how the autoscaler is set; tally.go counts what
// comes of it, view.go shows it. What must not live here: anything that waits; who
// drives a demo decides how fast its clock moves.
//
// The parts are those of sluice run but for the control loop: that waits for the
// clock of the machine and runs passes side by side, while here a pass ends before
// virtual time moves on, so that the same seed gives the same day at any speed. What
// the loop is for, several clusters, jobs that come and go, passes that hang, has no
// place in a demo.
package demo
