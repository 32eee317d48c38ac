package schedulerlab

import (
	"context"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/script"
)

// checkpoints reads the statistics, which Flink 1.20 begins anew with every execution, and keeps what it has read.
func (o *observer) checkpoints(ctx context.Context, id string) {
	var body struct {
		History []struct {
			ID        int
			Status    string
			Savepoint bool  `json:"is_savepoint"`
			Triggered int64 `json:"trigger_timestamp"`
			Duration  int64 `json:"end_to_end_duration"`
			Failed    int64 `json:"failure_timestamp"`
		}
	}
	if err := o.client.get(ctx, "/jobs/"+id+"/checkpoints", &body); err != nil {
		return // there are none
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range body.History {
		c := script.Checkpoint{ID: h.ID, Status: h.Status, Savepoint: h.Savepoint, Triggered: o.millis(h.Triggered)}
		switch h.Status {
		case "COMPLETED":
			c.Ended = o.millis(h.Triggered + h.Duration)
		case "FAILED":
			c.Ended = o.millis(h.Failed)
		}
		if o.kept == nil {
			o.kept = map[int]script.Checkpoint{}
		}
		o.kept[h.ID] = c
	}
}

// sample reads the times and counters of all vertices.
func (o *observer) sample(ctx context.Context, id string, at time.Duration) []script.Sample {
	var list []script.Sample
	for _, v := range o.job.Vertices {
		s := script.Sample{At: round(at), Vertex: v.Name, Busy: -1, Idle: -1, BackPressured: -1}
		into := map[string]struct {
			value *float64
			sum   bool
		}{
			"busyTimeMsPerSecond": {&s.Busy, false}, "idleTimeMsPerSecond": {&s.Idle, false},
			"backPressuredTimeMsPerSecond": {&s.BackPressured, false},
			"numRecordsIn":                 {&s.In, true}, "numRecordsOut": {&s.Out, true},
			"numRecordsInPerSecond": {&s.InRate, true}, "numRecordsOutPerSecond": {&s.OutRate, true},
		}
		var body []struct {
			ID       string
			Avg, Sum any
		}
		names := make([]string, 0, len(into))
		for name := range into {
			names = append(names, name)
		}
		path := "/jobs/" + id + "/vertices/" + o.ids[v.Name] + "/subtasks/metrics?agg=avg,sum&get=" + strings.Join(names, ",")
		if err := o.client.get(ctx, path, &body); err != nil {
			continue
		}
		for _, m := range body {
			value := m.Avg
			if into[m.ID].sum {
				value = m.Sum
			}
			if f, ok := value.(float64); ok {
				*into[m.ID].value = f
			}
		}
		list = append(list, s)
	}
	return list
}
