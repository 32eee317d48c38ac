// Package batch holds the advice on batch jobs against real Flink clusters: a job
// that is configured badly is run, advised, configured as advised, and run again.
// It has tests only, which need what those of e2e need.
package batch
