// Package twinlab holds the twin against real Flink: the same jobs under the same loads, on a real cluster once, whose
// answers are kept, and in virtual time whenever the tests run.
//
// Start reading at scenario.go, which says what is run. real.go carries it out on a real cluster and takes down what the
// REST interface says; virtual.go does so in a twin. series.go makes rates and shares of time of either, and compare.go
// puts them side by side. The recordings lie in testdata; what comes of the comparison is written to docs/measured.
//
// What must not live here: anything that makes the twin fit one of the recordings. A cost or a load is what the job was
// given, or what was measured of it where it runs without a limit.
package twinlab
