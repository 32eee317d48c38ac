// Package stage sets up a twin from files and lets a scenario happen to it.
//
// A plan (twin.yaml) says what the cluster and its jobs are; a scenario, in the
// words of twin/workload, says what arrives at the sources and what happens to the
// cluster meanwhile. A Stage is the twin that comes of both, with the events that
// are yet to come.
//
// Start reading at plan.go, which is what a file says, and stage.go, which is what
// becomes of it. read.go and read_job.go are the way in from YAML, through
// twin/yamlfile; yaml.go says how values are spelled. What must not live here: what
// a twin does, and anything that listens or waits.
package stage
