package flink

import "encoding/json"

// PlanBody is the body of /jobs/:id/plan.
type PlanBody struct {
	Plan Plan `json:"plan"`
}

// Plan is the job's graph. Its parallelism follows rescales.
type Plan struct {
	JobID JobID      `json:"jid"`
	Name  string     `json:"name"`
	Type  string     `json:"type,omitempty"`
	Nodes []PlanNode `json:"nodes"`
}

// PlanNode is one vertex of the plan; sources have no inputs.
type PlanNode struct {
	ID                  VertexID        `json:"id"`
	Operator            string          `json:"operator"`
	Parallelism         int             `json:"parallelism"`
	OperatorStrategy    string          `json:"operator_strategy"`
	Description         string          `json:"description"`
	OptimizerProperties json.RawMessage `json:"optimizer_properties,omitempty"`
	Inputs              []PlanInput     `json:"inputs,omitzero"`
}

// PlanInput is an edge that comes from the vertex ID.
type PlanInput struct {
	ID            VertexID `json:"id"`
	Num           int      `json:"num"`
	Exchange      string   `json:"exchange"`
	ShipStrategy  string   `json:"ship_strategy,omitempty"` // FORWARD, HASH, REBALANCE, RESCALE, BROADCAST, CUSTOM…
	LocalStrategy string   `json:"local_strategy,omitempty"`
	Caching       string   `json:"caching,omitempty"`
}

// StreamGraph is the graph of operators before they are made into vertices;
// batch jobs under the Adaptive Batch Scheduler of 2.x show it.
type StreamGraph struct {
	Nodes []StreamNode `json:"nodes"`
}

// StreamNode is one operator; JobVertexID is absent while it has no vertex yet.
type StreamNode struct {
	ID          string        `json:"id"`
	Parallelism int           `json:"parallelism"` // -1 while undecided
	Operator    string        `json:"operator"`
	Description string        `json:"description"`
	JobVertexID VertexID      `json:"job_vertex_id,omitempty"`
	Inputs      []StreamInput `json:"inputs,omitzero"`
}

// StreamInput is an edge that comes from the operator ID.
type StreamInput struct {
	Num          int    `json:"num"`
	ID           string `json:"id"`
	ShipStrategy string `json:"ship_strategy"`
	Exchange     string `json:"exchange"`
}
