// Package twin is a Flink cluster in virtual time: the schedulers of package
// scheduler/cluster, the dataflow of package twin/flow for each job, and what
// Flink's REST interface would say about them, with all that it gets wrong.
//
// A Twin stands still until Advance moves its clock. Between two moves it can be
// acted upon (twin.Do and the methods that stand for single actions) and asked
// (Answer, in the words of Flink's REST interface; State, which does not lie).
// Nothing here reads a clock, sleeps, or starts a goroutine, and all chance
// follows from a seed: the same calls give the same bytes.
//
// What Flink shows is older than what is: graph.go has the cache of execution
// graphs, store.go the metrics as they were last fetched, meters.go the gauges and
// meters that move every five seconds and climb for a minute after a start.
// Config.Honest turns all of it off.
//
// Jobs that share a TaskManager of bounded cores go in step: crowd.go.
//
// Start reading at config.go and spec.go, which say what a cluster and a job are,
// twin.go, and behaviour.go, where scheduler and dataflow meet. answer.go leads to
// the bodies of the single endpoints, snapshot.go writes a twin down.
//
// What must not live here: rules of Flink's schedulers, the flow of records, load
// curves, and anything that listens or waits.
package twin
