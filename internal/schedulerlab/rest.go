package schedulerlab

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// details is what of /jobs/:id counts here.
type details struct {
	State      string
	Timestamps map[string]int64
	Vertices   []vertex

	attempts   []int // read when the rest has changed
	exceptions int
}

type vertex struct {
	ID, Name       string
	Parallelism    int
	MaxParallelism int
	Start          int64 `json:"start-time"`
	Tasks          map[string]int
}

// observe asks for everything once. What Flink does not have at the moment stays empty.
func (o *observer) observe(ctx context.Context, id, trigger string, before details) (script.Observation, details, error) {
	seen := script.Observation{Counts: map[script.Count]int{}}
	if err := o.overview(ctx, &seen); err != nil {
		return seen, before, err
	}
	if id == "" {
		return seen, before, nil
	}
	var now details
	if err := o.client.get(ctx, "/jobs/"+id, &now); err != nil {
		return seen, before, err
	}
	now.attempts, now.exceptions = before.attempts, before.exceptions
	if !sameDetails(now, before) {
		if err := o.changed(ctx, id, &now); err != nil {
			return seen, before, err
		}
	}
	o.put(&seen, now)
	err := errors.Join(o.requirements(ctx, id, &seen), o.metrics(ctx, id, &seen), o.rescales(ctx, id, &seen),
		o.savepoint(ctx, id, trigger, &seen))
	return seen, now, err
}

func (o *observer) overview(ctx context.Context, seen *script.Observation) error {
	var body struct {
		TaskManagers int
		Total        int `json:"slots-total"`
		Free         int `json:"slots-available"`
	}
	err := o.client.get(ctx, "/overview", &body)
	seen.Counts[script.Slots], seen.Counts[script.Free] = body.Total, body.Free
	seen.Counts[script.TaskManagers] = body.TaskManagers
	return err
}

func sameDetails(a, b details) bool {
	return fmt.Sprint(a.State, a.Timestamps, a.Vertices) == fmt.Sprint(b.State, b.Timestamps, b.Vertices)
}

// changed reads what changes only together with the job's details.
func (o *observer) changed(ctx context.Context, id string, now *details) error {
	now.attempts = make([]int, len(o.job.Vertices))
	for _, v := range now.Vertices {
		var body struct{ Subtasks []struct{ Attempt int } }
		if err := o.client.get(ctx, "/jobs/"+id+"/vertices/"+v.ID, &body); err != nil {
			return err
		}
		i := vertexIndex(o.job, v.Name)
		for _, s := range body.Subtasks {
			now.attempts[i] = max(now.attempts[i], s.Attempt)
		}
	}
	var body exceptions
	err := o.client.get(ctx, "/jobs/"+id+"/exceptions?maxExceptions=20", &body)
	now.exceptions = len(body.History.Entries)
	return err
}

func (o *observer) put(seen *script.Observation, now details) {
	n := len(o.job.Vertices)
	seen.Status = now.State
	seen.Parallelism, seen.MaxParallelism, seen.Attempts = make([]int, n), make([]int, n), now.attempts
	running := 0
	for _, v := range now.Vertices {
		i := vertexIndex(o.job, v.Name)
		seen.Parallelism[i], seen.MaxParallelism[i] = v.Parallelism, v.MaxParallelism
		running += v.Tasks["RUNNING"]
	}
	seen.Groups = groupSlots(o.job, seen.Parallelism)
	seen.Counts[script.Running], seen.Counts[script.Exceptions] = running, now.exceptions
}

// requirements are refused by other schedulers, and of a job that has ended.
func (o *observer) requirements(ctx context.Context, id string, seen *script.Observation) error {
	var body map[string]struct {
		Parallelism struct{ LowerBound, UpperBound int }
	}
	if err := o.client.get(ctx, "/jobs/"+id+"/resource-requirements", &body); err != nil {
		return unlessRefused(err)
	}
	for _, v := range o.job.Vertices {
		b := body[o.ids[v.Name]].Parallelism
		seen.Bounds = append(seen.Bounds, script.Bound{Vertex: v.Name, Lower: b.LowerBound, Upper: b.UpperBound})
	}
	return nil
}

func (o *observer) metrics(ctx context.Context, id string, seen *script.Observation) error {
	names := "numRestarts"
	if o.version == slots.V2_3 {
		names += ",numRescales"
	}
	var body []struct{ ID, Value string }
	if err := o.client.get(ctx, "/jobs/"+id+"/metrics?get="+names, &body); err != nil {
		return unlessRefused(err)
	}
	for _, m := range body {
		n, err := strconv.Atoi(m.Value)
		if err != nil {
			return fmt.Errorf("read %s: %w", m.ID, err)
		}
		switch m.ID {
		case "numRestarts":
			seen.Counts[script.Restarts] = n
		case "numRescales":
			seen.Counts[script.Rescales] = n
		}
	}
	return nil
}

func (o *observer) rescales(ctx context.Context, id string, seen *script.Observation) error {
	if o.version != slots.V2_3 {
		return nil
	}
	var body struct {
		Counts struct{ Ignored, InProgress, Completed, Failed int } `json:"rescalesCounts"`
	}
	if err := o.client.get(ctx, "/jobs/"+id+"/rescales/overview", &body); err != nil {
		return unlessRefused(err)
	}
	seen.Counts[script.Ignored], seen.Counts[script.Open] = body.Counts.Ignored, body.Counts.InProgress
	seen.Counts[script.Completed], seen.Counts[script.FailedCount] = body.Counts.Completed, body.Counts.Failed
	return nil
}

func (o *observer) savepoint(ctx context.Context, id, trigger string, seen *script.Observation) error {
	if trigger == "" {
		return nil
	}
	var body struct {
		Status    struct{ ID string }
		Operation struct {
			Location string
			Failure  struct {
				Stack string `json:"stack-trace"`
			} `json:"failure-cause"`
		}
	}
	if err := o.client.get(ctx, "/jobs/"+id+"/savepoints/"+trigger, &body); err != nil {
		return unlessRefused(err)
	}
	switch {
	case body.Status.ID != "COMPLETED":
		seen.Operation = "in-progress"
	case body.Operation.Location != "":
		seen.Operation, seen.OperationText = "completed", "savepoint"
	default:
		seen.Operation, seen.OperationText = "failed", causes(body.Operation.Failure.Stack)
	}
	return nil
}

// causes are the lines of a stack trace that are not frames.
func causes(stack string) string {
	var lines []string
	for line := range strings.SplitSeq(stack, "\n") {
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "at ") && !strings.HasPrefix(t, "... ") {
			lines = append(lines, t)
		}
	}
	return strings.Join(lines, "\n")
}

func unlessRefused(err error) error {
	if errors.Is(err, errAnswer) {
		return nil
	}
	return err
}

// millis is a time of Flink's clock, in the script's.
func (o *observer) millis(ms int64) time.Duration {
	if ms <= 0 {
		return 0
	}
	return round(time.UnixMilli(ms).Sub(o.began))
}
