// Package javaclient asks a cluster what Flink's own Java clients make of it: the
// REST client of flink-clients, with which Flink's command line and its operators
// speak, and the metric collector of Flink's own autoscaler.
//
// [Start] and [StartCollector] get them from Maven Central and compile the programs
// in java/ against them, into the cache of package realflink, and start a JVM that
// answers one question after the other ([Client.Ask]). The tests of this package put
// a twin behind them: whatever it answers must be understood, and say the same in
// Java as in Go.
//
// What must not live here: what a twin answers, and anything that product code
// needs.
package javaclient
