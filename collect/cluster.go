package collect

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// ClusterMetrics holds what is asked of a cluster as a whole, so that its jobs
// ask once between them: memory and garbage collection of the TaskManagers, and
// slots. It is safe for concurrent use; who comes while an answer is on its way
// waits for that answer. A failure is shared for as long as an answer would be.
type ClusterMetrics struct {
	ttl time.Duration
	now func() time.Time

	mu       sync.Mutex
	clusters map[*flink.Client]*clusterAnswers
}

// NewClusterMetrics shares answers for the time ttl: a little less than the
// interval of the control loop. With 0 nothing is shared.
func NewClusterMetrics(ttl time.Duration, now func() time.Time) (*ClusterMetrics, error) {
	if now == nil {
		return nil, errors.New("new cluster metrics: no clock given")
	}
	return &ClusterMetrics{ttl: ttl, now: now, clusters: map[*flink.Client]*clusterAnswers{}}, nil
}

// clusterAnswers are the answers of one cluster.
type clusterAnswers struct {
	used             time.Time
	memory, memoryGC answer[[]flink.AggregatedMetric]
	slots            answer[[]flink.Metric]
}

// forgottenAfter is how long a cluster nobody asks about is kept.
const forgottenAfter = 10 * time.Minute

func (c *ClusterMetrics) of(client *flink.Client) *clusterAnswers {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	a := c.clusters[client]
	if a == nil {
		for other, b := range c.clusters {
			if now.Sub(b.used) > forgottenAfter {
				delete(c.clusters, other)
			}
		}
		a = &clusterAnswers{
			memory:   newAnswer[[]flink.AggregatedMetric](),
			memoryGC: newAnswer[[]flink.AggregatedMetric](),
			slots:    newAnswer[[]flink.Metric](),
		}
		c.clusters[client] = a
	}
	a.used = now
	return a
}

// answer is one answer and when it came.
type answer[T any] struct {
	turn  chan struct{} // has room for the one who may ask
	at    time.Time
	value T
	err   error
}

func newAnswer[T any]() answer[T] { return answer[T]{turn: make(chan struct{}, 1)} }

// get returns the answer, asking if it is older than ttl. What goes wrong since
// the caller's own time is over is not kept: it says nothing about the cluster.
func (a *answer[T]) get(ctx context.Context, c *ClusterMetrics, ask func() (T, error)) (T, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
	now := c.now()
	if age := now.Sub(a.at); !a.at.IsZero() && age >= 0 && age < c.ttl {
		return a.value, a.err
	}
	value, err := ask()
	if err == nil || ctx.Err() == nil {
		a.at, a.value, a.err = now, value, err
	}
	return value, err
}

// The metrics of TaskManagers that are asked for.
const (
	heapMax     = "Status.JVM.Memory.Heap.Max"
	heapUsed    = "Status.JVM.Memory.Heap.Used"
	managedUsed = "Status.Flink.Memory.Managed.Used"
	metaUsed    = "Status.JVM.Memory.Metaspace.Used"
	gcTime      = "Status.JVM.GarbageCollector.All.TimeMsPerSecond"

	slotsTotal     = "taskSlotsTotal"
	slotsAvailable = "taskSlotsAvailable"
)

// taskManagers asks for memory, and for garbage collection withGC. A cluster
// that does not know all that is asked for answers with nothing.
func (c *ClusterMetrics) taskManagers(ctx context.Context, client *flink.Client, withGC bool) ([]flink.AggregatedMetric, error) {
	a := c.of(client)
	shared, ids := &a.memory, []string{heapMax, heapUsed, managedUsed, metaUsed}
	if withGC {
		shared, ids = &a.memoryGC, append(ids, gcTime)
	}
	return shared.get(ctx, c, func() ([]flink.AggregatedMetric, error) {
		return client.TaskManagerMetrics(ctx, ids, flink.AggMin, flink.AggMax, flink.AggAvg)
	})
}

func (c *ClusterMetrics) slots(ctx context.Context, client *flink.Client) ([]flink.Metric, error) {
	return c.of(client).slots.get(ctx, c, func() ([]flink.Metric, error) {
		return client.JobManagerMetrics(ctx, []string{slotsTotal, slotsAvailable})
	})
}

// measures is what a cluster says of itself; what it does not say, or what makes
// no sense, is absent.
func (c *ClusterMetrics) measures(ctx context.Context, client *flink.Client) scaling.GlobalMeasures {
	memory, err := c.taskManagers(ctx, client, true)
	if err == nil && len(memory) == 0 {
		memory, err = c.taskManagers(ctx, client, false)
	}
	if err != nil {
		memory = nil
	}
	slots, err := c.slots(ctx, client)
	if err != nil {
		slots = nil
	}
	said := globalMeasures(memory, slots)
	var sensible scaling.GlobalMeasures
	for m := scaling.GCPressure; m <= scaling.NumTaskSlotsUsed; m++ {
		if v, ok := said.Get(m); ok && sane(v) {
			sensible.Set(m, v)
		}
	}
	return sensible
}

// globalMeasures turns the answers into measures (spec section 4.6).
func globalMeasures(memory []flink.AggregatedMetric, slots []flink.Metric) scaling.GlobalMeasures {
	var g scaling.GlobalMeasures
	largest := func(id string) (float64, bool) {
		for i := range memory {
			if memory[i].ID == id {
				return memory[i].Max.Value()
			}
		}
		return 0, false
	}
	if gc, ok := largest(gcTime); ok {
		g.Set(scaling.GCPressure, gc/1000)
	}
	used, hasUsed := largest(heapUsed)
	limit, hasLimit := largest(heapMax)
	if hasUsed && hasLimit {
		g.Set(scaling.HeapMemoryUsed, used)
		g.Set(scaling.HeapMaxUsageRatio, used/limit)
	}
	if managed, ok := largest(managedUsed); ok {
		g.Set(scaling.ManagedMemoryUsed, managed)
	}
	if meta, ok := largest(metaUsed); ok {
		g.Set(scaling.MetaspaceMemoryUsed, meta)
	}
	total, hasTotal := number(slots, slotsTotal)
	available, hasAvailable := number(slots, slotsAvailable)
	if hasTotal && hasAvailable {
		g.Set(scaling.NumTaskSlotsUsed, total-available)
	}
	return g
}

func number(metrics []flink.Metric, id string) (float64, bool) {
	for i := range metrics {
		if metrics[i].ID == id {
			v, err := strconv.ParseFloat(metrics[i].Value, 64)
			return v, err == nil
		}
	}
	return 0, false
}
