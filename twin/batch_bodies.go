package twin

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/requirements"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
)

// jobType is the type of a job as Flink names it.
func (j *job) jobType() string {
	if j.spec.Batch != nil {
		return flink.TypeBatch
	}
	return flink.TypeStreaming
}

// schedulerOf is the scheduler of a job as 2.3 names it: that of a batch job is the
// same whatever the cluster is configured for.
func (t *Twin) schedulerOf(j *job) string {
	if j.batch == nil || t.defaultScheduler() {
		return t.scheduler()
	}
	return flink.SchedulerAdaptiveBatch
}

// batchJob says whether a batch job has this id.
func (t *Twin) batchJob(id string) bool { return t.byID[id] != nil && t.byID[id].batch != nil }

// batchRequirements is the answer to a request for the bounds of a batch job: it has
// none.
func (q question) batchRequirements(id string) Answer {
	subject := requirements.Subject{Job: slots.JobID(id), Kind: requirements.AdaptiveBatch, Phase: requirements.Gone}
	if q.defaultScheduler() {
		subject.Kind = requirements.Default
	}
	if v, known := q.byID[id].look(); known && !v.Scheduler.Status.Terminal() {
		subject.Phase = requirements.Alive
		if !q.byID[id].batch.Begun() {
			subject.Phase = requirements.Initializing
		}
		for i := range q.byID[id].spec.Vertices {
			s, seen := &q.byID[id].spec.Vertices[i], q.byID[id].batch.Vertex(i)
			if !seen.Hidden {
				subject.Vertices = append(subject.Vertices, slots.Vertex{ID: slots.VertexID(s.ID), Group: s.Group, MaxParallelism: seen.MaxParallelism})
			}
		}
	}
	if q.method == http.MethodGet {
		_, refusal := requirements.Get(subject)
		return Answer{Status: refusal.Status, Value: json.RawMessage(refusal.Body())}
	}
	answer := requirements.Put(q.body, subject)
	return Answer{Status: answer.Status(), Value: json.RawMessage(answer.Body())}
}

// batchConfig is what the configuration of a batch job says otherwise.
func (j *job) batchConfig(c *flink.ExecutionConfig) {
	c.ObjectReuseMode = true
	c.JobParallelism = j.batch.Parallelism()
}

// pendingOperators are those of a job that are in no vertex yet: only batch jobs have
// some.
func (j *job) pendingOperators(g *graph) int {
	n := 0
	for v := range g.vertices {
		if g.vertices[v].hidden {
			n += len(j.spec.Vertices[v].Operators)
		}
	}
	return n
}

// The exchanges as the plan has them: a hybrid one that keeps all, and one that keeps
// what is needed.
var planExchanges = map[bulk.Exchange]string{
	bulk.Blocking: "blocking", bulk.HybridFull: "hybrid_full", bulk.HybridSelective: "hybrid_selective",
}

var planShips = map[bulk.Ship]string{
	bulk.Forward: "FORWARD", bulk.Rebalance: "REBALANCE", bulk.Rescale: "RESCALE", bulk.Hash: "HASH", bulk.Broadcast: "BROADCAST",
}

// batchInputs are the inputs of each vertex as the plan has them.
func (s *JobSpec) batchInputs(g *bulk.Graph) [][]flink.PlanInput {
	all := make([][]flink.PlanInput, len(s.Vertices))
	for _, e := range g.Edges {
		all[e.To] = append(all[e.To], flink.PlanInput{
			ID: flink.VertexID(s.Vertices[e.From].ID), Num: len(all[e.To]), Exchange: planExchanges[e.Exchange], ShipStrategy: planShips[e.Ship],
		})
	}
	return all
}

// streamGraph is the job by its operators, which 2.3 shows of batch jobs; nil of a
// stream.
func (j *job) streamGraph(g *graph) *flink.StreamGraph {
	if j.batch == nil {
		return nil
	}
	first := make([]int, len(g.vertices)) // the number of the first operator of each vertex
	number := 1
	for v := range g.vertices {
		first[v] = number
		number += len(j.spec.Vertices[v].Operators)
	}
	s := &flink.StreamGraph{Nodes: []flink.StreamNode{}}
	for v := range g.vertices {
		operators := j.spec.Vertices[v].Operators
		for i, name := range operators {
			node := flink.StreamNode{
				ID: strconv.Itoa(first[v] + i), Parallelism: g.vertices[v].parallelism, Operator: name, Description: name, Inputs: []flink.StreamInput{},
			}
			if !g.vertices[v].hidden {
				node.JobVertexID = flink.VertexID(j.spec.Vertices[v].ID)
			}
			if i > 0 {
				node.Inputs = append(node.Inputs, flink.StreamInput{ID: strconv.Itoa(first[v] + i - 1), ShipStrategy: "FORWARD", Exchange: "UNDEFINED"})
			} else {
				node.Inputs = j.streamInputs(v, first)
			}
			s.Nodes = append(s.Nodes, node)
		}
	}
	return s
}

// streamInputs are those of the first operator of a vertex: the last ones of the
// vertices before.
func (j *job) streamInputs(v int, first []int) []flink.StreamInput {
	list := []flink.StreamInput{}
	for _, e := range j.batch.Graph().Edges {
		if e.To == v {
			last := first[e.From] + len(j.spec.Vertices[e.From].Operators) - 1
			list = append(list, flink.StreamInput{Num: len(list), ID: strconv.Itoa(last), ShipStrategy: planShips[e.Ship], Exchange: "BATCH"})
		}
	}
	return list
}

// batchIO sums the counters of a batch job's tasks, all or those that are picked.
// Those that are over have told theirs; of the others it is known what was fetched
// last, or nothing.
func (j *job) batchIO(v int, tasks []taskGraph, pick func(k int) bool) flink.IOMetrics {
	var sum moved
	complete := true
	for k := range tasks {
		switch t := &tasks[k]; {
		case pick != nil && !pick(k):
		case !t.ended.IsZero() && t.moved != nil:
			sum.add(t.moved)
		default:
			d := j.reported(v, k, t.attempt)
			if d == nil {
				complete = false
				continue
			}
			sum.add(&moved{read: d.bytesIn, wrote: d.bytesOut, recordsIn: d.in, recordsOut: d.out, busy: d.busy, idle: d.idle})
		}
	}
	return flink.IOMetrics{
		ReadBytes: sum.read, ReadBytesComplete: complete, WriteBytes: sum.wrote, WriteBytesComplete: complete,
		ReadRecords: sum.recordsIn, ReadRecordsComplete: complete, WriteRecords: sum.recordsOut, WriteRecordsComplete: complete,
		AccumulatedBackPressured: flink.Number(0), AccumulatedIdle: flink.Number(float64(sum.idle)), AccumulatedBusy: flink.Number(float64(sum.busy)),
	}
}

// moved is what a task has read and written, and how long it was at it, in ms.
type moved struct {
	read, wrote, recordsIn, recordsOut int64
	busy, idle                         int64
}

func (m *moved) add(other *moved) {
	m.read += other.read
	m.wrote += other.wrote
	m.recordsIn += other.recordsIn
	m.recordsOut += other.recordsOut
	m.busy += other.busy
	m.idle += other.idle
}
