// Package fakeflink is a JobManager for load tests: it serves as many jobs as
// wanted over Flink's REST API, with bodies of real size and counters that go on
// with the clock, so that rates worked out of them are true. What it says of a
// job follows from a model of its load (load.go), and a rescale that it is asked
// for takes effect.
//
// All jobs have the same graph of eight vertices: two Kafka sources, each with a
// parser, a join, two vertices of keyed state, and a sink. The bodies are those
// of Flink 2.3 in the types of package flink; lists of metric names are taken
// from a recorded cluster (names/).
//
// It is made to be cheap, since it often shares a machine with what is measured:
// bodies are rendered from templates, and HTTP is spoken by hand (http.go). What
// must not live here: faults, schedulers, and anything that needs exactness in
// time; that is what the twin is for.
//
// Start reading at [New] and [Serve].
package fakeflink
