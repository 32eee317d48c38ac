// Package options knows every configuration option of Sluice: its key, legacy
// keys, type, default, range and one line of documentation, in one table
// ([All]); Flink's value syntax; and how a configuration is put together from
// a file, the environment, flags, the cluster and the job.
//
// Start at option.go for what an option is and at config.go for how a value is
// looked up. The options themselves stand in algorithm.go (job.autoscaler.*),
// sluice.go (sluice.*), standalone.go (autoscaler.standalone.*) and foreign.go
// (options of Flink and of its Kubernetes operator that are read). Each kind of
// value has a file of its own: boolean.go, number.go, duration.go, memory.go,
// list.go, map.go, enum.go. load.go builds the configuration of the process and
// effective.go that of one job.
//
// What must not live here: what an option means to the algorithm, any network
// or file access, any log line. The caller reads files and the environment and
// hands in their contents.
package options
