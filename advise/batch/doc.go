// Package batch advises on Flink's batch jobs: from what the runs of a job read,
// wrote and took it says which parallelism the Adaptive Batch Scheduler derives
// under the present configuration, and which configuration would have served
// best, with the predicted effect on run time and slot-seconds.
//
// [Collect] (collect.go) reads the runs of the jobs of a cluster, a History
// Server or an archive, and [Advise] (advise.go) turns the runs of one job into
// an [Advice]. Between them: run.go is what is known of a run, volume.go how its
// bytes lie in subpartitions, derive.go what package scheduler/batch makes of
// them, cost.go what a task costs, stage.go the run of a job over its slots,
// search.go the choice of a configuration, tuning.go what Flink's documentation
// advises besides, shared.go what it means for the other jobs of a cluster. words.go
// has the reasons in words, table.go and html.go show the result.
//
// What must not live here: I/O and a clock. The caller brings the answers of
// Flink and prints what comes out.
package batch
