package flink

// ResourceRequirements is the body of /jobs/:id/resource-requirements in both
// directions: the bounds within which the Adaptive Scheduler picks the
// parallelism of each vertex. A PUT must name every vertex of the job.
type ResourceRequirements map[VertexID]VertexRequirements

// VertexRequirements are the requirements of one vertex.
type VertexRequirements struct {
	Parallelism Bounds `json:"parallelism"`
}

// Bounds are the smallest and largest parallelism wanted, both at least 1.
type Bounds struct {
	Lower int `json:"lowerBound"`
	Upper int `json:"upperBound"`
}

// Require makes the requirements of one vertex.
func Require(lower, upper int) VertexRequirements {
	return VertexRequirements{Parallelism: Bounds{Lower: lower, Upper: upper}}
}
