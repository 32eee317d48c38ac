// Package batchlab asks real Flink how it schedules batch jobs, and holds package scheduler/batch to the answers.
//
// There are two ways. [Oracle] calls the classes of a Flink release that decide parallelism and subpartition ranges, with
// inputs that tests draw: any number of them, without a cluster. [Record] runs a whole job on a real cluster and keeps what
// the REST interface says of it, with what an agent in the JobManager saw: the bytes of every subpartition, and what was
// decided from them. The Java for both is in java; recordings lie in testdata. Start reading at oracle.go and record.go.
//
// What must not live here: knowledge of what Flink should decide. Package scheduler/batch has that.
package batchlab
