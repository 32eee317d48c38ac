// Package vectors holds no code but tests: what Flink's Java autoscaler decided
// in some hundred scenarios in virtual time, and the runner that lets Sluice
// decide in them under sluice.profile reference.
//
// A scenario is what a JobManager's REST API would answer at each moment. The
// runner passes it through the client, the collector, the pass and the store
// that run everywhere else, and compares all that comes out. testdata/README in
// the archive describes the format; PEER_VECTORS=DIR runs the scenarios of
// another folder of the same shape:
//
//	PEER_VECTORS=DIR go test ./autoscaler/... -run Vectors -v
package vectors
