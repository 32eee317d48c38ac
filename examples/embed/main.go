// Command embed shows how to put Sluice's autoscaler into a platform of one's
// own. The platform here is a toy: a cluster in memory with one job, in virtual
// time. What a real one does in its place stands in platform.go (it lists jobs,
// takes samples and carries decisions out), store.go (it remembers) and in the
// event handler below.
//
// The program imports the algorithm, the pass around it and the options, and
// none of Sluice's adapters. See docs/embed.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// interval is the time from one pass to the next.
const interval = 10 * time.Second

// run watches the toy platform from the start of its job to the end.
func run(ctx context.Context, out io.Writer) error {
	p := newPlatform(options.FromMap(map[string]string{
		"job.autoscaler.metrics.window":         "1 min",
		"job.autoscaler.stabilization.interval": "20 s",
		"job.autoscaler.utilization.max":        "0.85",
		"job.autoscaler.utilization.min":        "0.5",
		"job.autoscaler.scale-down.interval":    "1 min",
		"job.autoscaler.restart.time":           "10 s",
		"job.autoscaler.catch-up.duration":      "5 min",
	}))
	store := newStore()
	scaler, err := autoscaler.New(ctx, autoscaler.Config{
		Collector: p, Realizer: p, Events: printer{out, p.started}, OpenStore: store.open, Now: p.Now,
	})
	if err != nil {
		return err
	}
	for {
		p.advance(interval)
		list, err := p.Fetch(ctx)
		if err != nil {
			return err
		}
		for _, job := range list.Jobs {
			// An error has been told as an event; the next pass tries again.
			report, err := scaler.Scale(ctx, job)
			if err == nil && report.Scaled {
				fmt.Fprintf(out, "%6s  asked for %v\n", p.age(), report.Act.Want)
			}
		}
		for _, job := range list.Ended {
			fmt.Fprintf(out, "%6s  %s is %s\n", p.age(), job.Name, job.Status)
			return scaler.Cleanup(ctx, job.Key)
		}
	}
}

// printer tells events to a person.
type printer struct {
	out   io.Writer
	start time.Time
}

// Handle implements [autoscaler.EventHandler].
func (p printer) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	switch e.Reason {
	case autoscaler.EventScalingReport:
		for _, c := range e.Changes {
			fmt.Fprintf(p.out, "%6s  %s: %s can do %.0f/s and has to do %.0f/s: %d → %d\n", e.At.Sub(p.start), job.Name, c.Name, c.Capacity, c.TargetRate, c.From, c.To)
		}
	case autoscaler.EventScaling: // the report said it
	default:
		fmt.Fprintf(p.out, "%6s  %s: %s\n", e.At.Sub(p.start), job.Name, e.Message)
	}
	return nil
}
