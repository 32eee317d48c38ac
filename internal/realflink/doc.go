// Package realflink starts real Flink clusters, and the Kafka broker and ZooKeeper that go with them, on loopback: for
// tests, and for people through the small command flinkup.
//
// [New] is what a test calls: a cluster that ends with the test. [Cluster.Submit] starts a job whose load, capacity and
// skew the test knows and changes while it runs ([Job.SetRate], [Job.Set]). Everything that is downloaded or compiled
// goes into a cache outside the checkout ([CacheDir]).
//
// The package speaks to Flink with net/http alone, so that it can judge our own client. No product code may import it.
// Start reading at cluster.go.
package realflink
