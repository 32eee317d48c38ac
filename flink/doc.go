// Package flink is the vocabulary of Flink's REST API, and a client that
// speaks it, for Flink 1.17 to 2.3.
//
// Here live the types of the bodies, the client, and the errors it returns.
// The types serve in both directions: a body that a real cluster sent decodes
// into its type and encodes back to the same keys and values, so that servers,
// recordings and tests can share them. Keys that only some versions send are
// left out again when they were absent. Unknown keys are ignored.
//
// What must not live here: anything that decides, waits, retries later, or
// knows what the numbers mean. The package imports nothing else of Sluice.
//
// Start reading at Client, then Error, then JobDetails.
package flink
