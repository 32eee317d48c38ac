package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/realize/byhand"
)

// waited is what became of a rescale.
type waited struct {
	Done    bool    `json:"done"`
	Seconds float64 `json:"seconds"`
	// Parallelism is what runs at the end, by vertex id.
	Parallelism map[flink.VertexID]int `json:"parallelism"`
}

// lookEvery is how often Flink is asked; its answer is renewed every 3 s.
const lookEvery = 500 * time.Millisecond

// watch looks at a job whose bounds were set.
type watch interface {
	// look fills in how the job runs, and says in a line what is missing.
	look(ctx context.Context, w *waited) (string, error)
	// room says which room there is for more, where that is known.
	room(ctx context.Context) string
	// who is asked.
	who() string
}

// flinkWatch looks at it itself.
type flinkWatch struct {
	client *flink.Client
	plan   *byhand.Plan
}

// follow waits until the job runs with the upper bounds that were set, at most so
// long.
func follow(ctx context.Context, job watch, timeout time.Duration, tell func(string)) (*waited, error) {
	began := time.Now()
	w := &waited{}
	last := ""
	var trouble error
	for {
		state, err := job.look(ctx, w)
		w.Seconds = time.Since(began).Seconds()
		switch {
		case w.Done:
			return w, nil
		case errors.Is(err, errEnough):
			return w, err
		case ctx.Err() != nil:
			return w, ctx.Err()
		}
		trouble = err // a JobManager may be away for a while
		if err == nil && state != last {
			tell(state)
			last = state
		}
		if time.Since(began) >= timeout {
			return w, late(ctx, job, timeout, last, trouble)
		}
		if err := wait(ctx, min(lookEvery, timeout-time.Since(began))); err != nil {
			return w, err
		}
	}
}

// errEnough marks what waiting does not help against.
var errEnough = errors.New("the job will not run so")

// look compares the job with the plan.
func (f *flinkWatch) look(ctx context.Context, w *waited) (string, error) {
	client, p := f.client, f.plan
	bounds, err := client.ResourceRequirements(ctx, p.Job)
	if err != nil && !errors.Is(err, flink.KindNotFound) {
		return "", err
	}
	if err == nil && !p.Stands(bounds) {
		return "", fmt.Errorf("%w: someone else has set other bounds meanwhile", errEnough)
	}
	details, err := client.Job(ctx, p.Job)
	if err != nil {
		return "", err
	}
	if details.State.Terminal() {
		return "", fmt.Errorf("%w: it has ended (%s)", errEnough, details.State)
	}
	w.Parallelism = map[flink.VertexID]int{}
	for _, v := range details.Vertices {
		w.Parallelism[v.ID] = v.Parallelism
	}
	behind := p.Behind(w.Parallelism)
	w.Done = details.State == flink.JobRunning && len(behind) == 0
	return fmt.Sprintf("%s: %s", details.State, strings.Join(behind, ", ")), nil
}

// late says what is known of why it takes so long.
func late(ctx context.Context, job watch, timeout time.Duration, last string, trouble error) error {
	text := fmt.Sprintf("the bounds are set, but the job does not run so after %s (--timeout): %s", timeout, last)
	if trouble != nil {
		return fmt.Errorf("%s; %s does not answer: %w", text, job.who(), trouble)
	}
	return errors.New(text + job.room(ctx))
}

func (f *flinkWatch) room(ctx context.Context) string {
	overview, err := f.client.Overview(ctx)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; %d of %d slots are free", overview.SlotsAvailable, overview.SlotsTotal)
}

func (f *flinkWatch) who() string { return "Flink" }
