// Package bulk is the dataflow of batch jobs: how many bytes each vertex reads and
// writes, in which subpartitions they lie, and how long the tasks that read them take.
//
// A Graph says what a job is. What its tasks are, and when they run, is for package
// scheduler/batch, which is told how many bytes were produced; a Run carries out what
// that decides, in virtual time, on the slots of a Host.
//
// Start reading at graph.go, then data.go, where the bytes are divided, and run.go.
// What must not live here: Flink's REST interface, and how slots come to a job.
package bulk
