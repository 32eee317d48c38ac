// Package jobs finds the jobs of a platform: who is there, in what status, with
// what configuration, and what may be done with each.
//
// [Cluster] lists the jobs of one Flink cluster over its REST interface. Several
// clusters are several of them, so that none waits for another. Lists of other
// platforms get packages of their own below this one.
//
// What must not live here: when to look, what follows when a job is missing or a
// cluster does not answer (package control), and any metric of a job (package
// collect).
//
// Start reading at [Cluster.Fetch]; scope.go says which jobs are left alone.
package jobs
