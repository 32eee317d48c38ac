// Package vectors holds no code but tests: what Flink's Java autoscaler decided
// in some hundred scenarios in virtual time, and the runner that lets Sluice
// decide in them under sluice.profile reference.
//
// A scenario is what a JobManager's REST API would answer at each moment. The
// runner passes it through the client, the collector, the pass and the store
// that run everywhere else, and compares all that comes out: text, whole numbers
// and times exactly, metrics to 0.001. What is left out is listed, with why, in
// falsified_test.go, where every other leaf is made wrong to see it noticed;
// and the requests that the reference made are not compared, since ours asks the
// same in another way.
//
// What is recorded of single functions, tables under units/ and random cases
// under functions/, is judged by the tests of the packages that have them, which
// the runner starts.
//
// PEER_VECTORS=DIR runs those of another folder of the same shape, be it a part
// of it. DIR counts from the folder of this package or from that of go.mod.
//
//	PEER_VECTORS=DIR go test ./autoscaler/... -run Vectors -v
//
// The last line, "vectors: N of M agree", counts scenarios, tables and files of
// random cases; the lines before it say how many rows and cases these have. A
// change of the folder is noticed, whatever go test has in its cache.
package vectors
