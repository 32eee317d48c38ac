package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
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

// follow waits until the job runs with the upper bounds that were set, at most so
// long.
func follow(ctx context.Context, client *flink.Client, p *rescalePlan, timeout time.Duration, tell func(string)) (*waited, error) {
	began := time.Now()
	w := &waited{}
	last := ""
	var trouble error
	for {
		state, err := look(ctx, client, p, w)
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
			return w, late(ctx, client, timeout, last, trouble)
		}
		if err := wait(ctx, min(lookEvery, timeout-time.Since(began))); err != nil {
			return w, err
		}
	}
}

// errEnough marks what waiting does not help against.
var errEnough = errors.New("the job will not run so")

// look compares the job with the plan, and says in a line how it stands.
func look(ctx context.Context, client *flink.Client, p *rescalePlan, w *waited) (string, error) {
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
func late(ctx context.Context, client *flink.Client, timeout time.Duration, last string, trouble error) error {
	text := fmt.Sprintf("the bounds are set, but the job does not run so after %s (--timeout): %s", timeout, last)
	if trouble != nil {
		return fmt.Errorf("%s; Flink does not answer: %w", text, trouble)
	}
	if overview, err := client.Overview(ctx); err == nil {
		text += fmt.Sprintf("; %d of %d slots are free", overview.SlotsAvailable, overview.SlotsTotal)
	}
	return errors.New(text)
}
