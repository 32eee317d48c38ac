package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/realize/byhand"
)

// direct tells whether a flag names the cluster itself.
func (f *rescaleFlags) direct() bool { return len(f.clusters) > 0 || f.host != "" || f.port != "" }

// asks tells whether a running Sluice is to set the bounds.
func (f *rescaleFlags) asks() bool {
	return f.server != "" || f.named() && !f.direct() && f.file == ""
}

// ask has a running Sluice set the bounds.
func (f *rescaleFlags) ask(cmd *cobra.Command, name string, wishes []byhand.Wish) error {
	if f.direct() {
		return &usageError{errors.New("--server asks a running Sluice, and --flink, --flinkClusterHost or --flinkClusterPort the cluster itself: give one of them")}
	}
	client, err := f.askFlags.client()
	if err != nil {
		return err
	}
	var w askedWatch
	var p *rescalePlan
	var hold *apiclient.Hold
	err = working(cmd, "asking "+client.Server(), func(ctx context.Context) error {
		job, err := client.Find(ctx, name)
		if err != nil {
			return err
		}
		before, err := client.Requirements(ctx, &job)
		if err != nil {
			return err
		}
		done, err := client.Rescale(ctx, &job, wishesOf(wishes), f.hold, f.dryRun)
		p, hold = planOf(&job, before, &done), done.Hold
		w = askedWatch{client, job, wished(done.Vertices, wishes)}
		return err
	})
	if err != nil {
		return err
	}
	if p.Applied || !f.dryRun && !p.Changed {
		p.Hold = f.hold
		p.inForce(hold)
	}
	return f.report(cmd, &w, p)
}

// inForce takes the hold that the server says is in force; an older one says none.
func (p *rescalePlan) inForce(hold *apiclient.Hold) {
	if hold != nil {
		p.Until, p.held = hold.Until, hold.Text
	}
}

func wishesOf(wishes []byhand.Wish) []apiclient.Wish {
	asked := make([]apiclient.Wish, len(wishes))
	for i, w := range wishes {
		asked[i] = apiclient.Wish{Vertex: w.Vertex, Lower: w.Lower, Upper: w.Upper}
	}
	return asked
}

// planOf is what became of it, as if the cluster had been asked.
func planOf(job *apiclient.Job, before []apiclient.Bounds, done *apiclient.Rescaled) *rescalePlan {
	p := &byhand.Plan{Cluster: job.Cluster, Job: flink.JobID(job.Job), Name: job.Name, Changed: done.Changed, Applied: done.Applied}
	was := map[string]apiclient.Bounds{}
	for _, v := range before {
		was[v.Vertex] = v
	}
	for _, v := range done.Vertices {
		b, known := was[v.Vertex]
		if !known {
			b = v
		}
		p.Vertices = append(p.Vertices, byhand.Vertex{
			ID: flink.VertexID(v.Vertex), Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism,
			Before: byhand.Bounds{Lower: b.Lower, Upper: b.Upper}, After: byhand.Bounds{Lower: v.Lower, Upper: v.Upper},
		})
	}
	return &rescalePlan{Plan: p}
}

// wished are the vertices that wishes name, as they are to be.
func wished(vertices []apiclient.Bounds, wishes []byhand.Wish) []apiclient.Bounds {
	named := map[string]bool{}
	for _, w := range wishes {
		for _, fits := range []func(apiclient.Bounds) bool{
			func(v apiclient.Bounds) bool { return w.Vertex == "all" || w.Vertex == "*" },
			func(v apiclient.Bounds) bool { return strings.EqualFold(v.Vertex, w.Vertex) },
			func(v apiclient.Bounds) bool { return v.Name == w.Vertex },
			func(v apiclient.Bounds) bool {
				part := strings.ToLower(w.Vertex)
				return strings.HasPrefix(v.Vertex, part) || strings.Contains(strings.ToLower(v.Name), part)
			},
		} {
			found := false
			for _, v := range vertices {
				if fits(v) {
					named[v.Vertex], found = true, true
				}
			}
			if found {
				break
			}
		}
	}
	var meant []apiclient.Bounds
	for _, v := range vertices {
		if named[v.Vertex] {
			meant = append(meant, v)
		}
	}
	return meant
}

// askedWatch looks at a job by way of a running Sluice.
type askedWatch struct {
	client *apiclient.Client
	job    apiclient.Job
	// want are the vertices that were named, with the bounds that were set.
	want []apiclient.Bounds
}

func (a *askedWatch) look(ctx context.Context, w *waited) (string, error) {
	now, err := a.client.Requirements(ctx, &a.job)
	var refused *apiclient.Error
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
		return "", fmt.Errorf("%w: it is there no more", errEnough)
	case err != nil && !apiclient.MayPass(err):
		return "", fmt.Errorf("%w: %w", errEnough, err)
	case err != nil:
		return "", err
	}
	w.Parallelism = map[flink.VertexID]int{}
	is := map[string]apiclient.Bounds{}
	for _, v := range now {
		w.Parallelism[flink.VertexID(v.Vertex)], is[v.Vertex] = v.Parallelism, v
	}
	var behind []string
	for _, want := range a.want {
		v, there := is[want.Vertex]
		switch {
		case there && (v.Lower != want.Lower || v.Upper != want.Upper):
			return "", fmt.Errorf("%w: someone else has set other bounds meanwhile", errEnough)
		case v.Parallelism != want.Upper:
			behind = append(behind, fmt.Sprintf("%s runs at %d, not %d", plainText(want.Name, 60), v.Parallelism, want.Upper))
		}
	}
	w.Done = len(behind) == 0
	return strings.Join(behind, ", "), nil
}

func (a *askedWatch) room(ctx context.Context) string { return "" }

func (a *askedWatch) who() string { return a.client.Server() }
