// Package scaling is the autoscaling algorithm, and nothing but the algorithm.
//
// It gets values (configuration, topology, a window of samples, what earlier
// passes left behind, the time) and returns values (an evaluation, a decision
// with its reasons, the state for the next pass). It does no I/O, reads no
// clock, starts no goroutine, logs nothing and keeps nothing: the same input
// gives the same output to the last bit. Replays, simulations, differential
// tests and explanations all rest on that.
//
// The formulas are those of Flink's autoscaler (FLIP-271) with the true
// processing rate of DS2 (OSDI'18); where profile sluice differs, an option of
// [Config] says so.
//
// Start reading at [Decide]; [Evaluate] is its first half. [Estimator] tells
// the two ways apart in which rates are worked out from samples.
package scaling
