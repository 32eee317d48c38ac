// Package schedulerlab carries behaviour scripts out on real Flink clusters, and keeps what was seen.
//
// [Run] is the whole of it: it starts a cluster of the wanted version with the script's options, does what the script
// says when it says so, looks at the REST interface four times a second, and reads the scheduler's transitions from the
// JobManager's log afterwards. The experiments that our schedulers are measured by, and the recordings of their real
// runs, lie in scheduler/script/testdata. Start reading at lab.go.
//
// What must not live here: knowledge of what Flink should do. The scripts have that, and scheduler/script compares.
package schedulerlab
