// Package byhand sets the parallelism bounds of a job as a person asks for it: it
// finds the job and its vertices by what people call them, works out what to send,
// sends it, and says what a refusal of Flink means.
//
// What must not live here: who may ask, and what Sluice does meanwhile.
package byhand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// Look looks at a job, by its id or name, and works out what to set. Nothing is
// changed.
func Look(ctx context.Context, client *flink.Client, name string, wishes []Wish) (*Plan, error) {
	jobs, err := client.JobsOverview(ctx)
	if err != nil {
		return nil, err
	}
	job, err := FindJob(jobs, name)
	if err != nil {
		return nil, err
	}
	before, err := client.ResourceRequirements(ctx, job.ID)
	if err != nil {
		return nil, explained(job, err)
	}
	details, err := client.Job(ctx, job.ID)
	if err != nil {
		return nil, explained(job, err)
	}
	if err := notReactive(ctx, client, job); err != nil {
		return nil, err
	}
	return newPlan(client.Address(), &details, before, wishes)
}

// notReactive refuses what Flink itself would refuse only after it has kept it.
func notReactive(ctx context.Context, client *flink.Client, job flink.JobSummary) error {
	config, err := client.JobManagerJobConfig(ctx, job.ID)
	if errors.Is(err, flink.KindUnsupported) || errors.Is(err, flink.KindNotFound) {
		return nil // an old Flink; it refuses for itself
	}
	if err != nil {
		return err
	}
	for _, kv := range config {
		if kv.Key == options.SchedulerMode.Key && strings.EqualFold(kv.Value, string(options.ModeReactive)) {
			return fmt.Errorf("%s runs in Reactive Mode: %s", jobText(job), reactiveAdvice)
		}
	}
	return nil
}

const reactiveAdvice = "Flink uses all slots that there are, and takes no bounds; add or remove TaskManagers instead"

// explained says of a refusal what it means for the one who asked.
func explained(job flink.JobSummary, err error) error {
	text := err.Error()
	advice := ""
	var refused *flink.Error
	switch {
	case strings.Contains(text, "reactive mode"):
		advice = "it runs in Reactive Mode: " + reactiveAdvice
	case strings.Contains(text, "AdaptiveBatchScheduler"):
		advice = "a batch job's parallelism follows from its data: set the bounds in its configuration (execution.batch.adaptive.auto-parallelism.*)"
	case strings.Contains(text, "does not support changing the parallelism"):
		advice = "only the Adaptive Scheduler rescales a running job: start the cluster with jobmanager.scheduler: adaptive, or stop the job with a savepoint and start it with another parallelism"
	case errors.Is(err, flink.KindUnsupported):
		advice = "Flink takes such bounds from 1.18 on"
	case errors.Is(err, flink.KindNotFound):
		advice = "it has ended meanwhile, or the JobManager has just changed"
	case errors.As(err, &refused) && refused.Status == http.StatusConflict:
		advice = "someone else is changing it just now: try again"
	default:
		return fmt.Errorf("%s: %w", jobText(job), err)
	}
	return fmt.Errorf("%s: %s: %w", jobText(job), advice, err)
}

// Apply sends the bounds and looks whether they stand.
func Apply(ctx context.Context, client *flink.Client, p *Plan) error {
	job := flink.JobSummary{ID: p.Job, Name: p.Name}
	if err := client.PutResourceRequirements(ctx, p.Job, p.wanted); err != nil {
		return explained(job, err)
	}
	now, err := client.ResourceRequirements(ctx, p.Job)
	if err != nil {
		return fmt.Errorf("the bounds were set, but not read again: %w", explained(job, err))
	}
	if !maps.Equal(now, p.wanted) {
		return fmt.Errorf("%s: Flink took the bounds and then shows others; someone else changes them too", jobText(job))
	}
	p.Applied = true
	return nil
}

// Stands tells whether these are the bounds that the plan has set.
func (p *Plan) Stands(now flink.ResourceRequirements) bool { return maps.Equal(now, p.wanted) }

// Behind names the vertices that do not run at the upper bound asked for.
func (p *Plan) Behind(running map[flink.VertexID]int) []string {
	var behind []string
	for _, v := range p.Vertices {
		if v.named && !v.finished && running[v.ID] != v.After.Upper {
			behind = append(behind, fmt.Sprintf("%s runs at %d, not %d", v.Name, running[v.ID], v.After.Upper))
		}
	}
	return behind
}
