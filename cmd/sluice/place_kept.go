package main

import (
	"bytes"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/steer"
	"github.com/sluice-project/sluice/steer/sqlholds"
)

// keptPlace is the database of sluice run.
type keptPlace struct{ db *sqldb.DB }

// place opens the database as a place to look at.
func (f *keptFlags) place(cmd *cobra.Command, cfg options.Config) (place, error) {
	db, err := f.existing(cmd.Context(), cfg)
	if err != nil {
		return nil, err
	}
	return &keptPlace{db}, nil
}

func (p *keptPlace) close() error { return p.db.Close() }

func (p *keptPlace) search(ctx context.Context, job string, search *decisions.Search) error {
	return sqldecisions.Search(ctx, p.db, job, search)
}

func (p *keptPlace) events(wanted eventsWanted) (eventFeed, error) {
	return &keptFeed{db: p.db, wanted: wanted, seen: map[int64]bool{}}, nil
}

// jobs is where the jobs stood at their newest decisions, with the holds of now.
func (p *keptPlace) jobs(ctx context.Context) ([]apiclient.Job, time.Time, error) {
	now := time.Now()
	var lines bytes.Buffer
	if err := sqldecisions.Newest(ctx, p.db, &lines); err != nil {
		return nil, now, err
	}
	newest := newestOf{}
	if _, err := newest.read(p.db.Place(), &lines); err != nil {
		return nil, now, err
	}
	jobs, err := newest.jobs()
	if err != nil {
		return nil, now, err
	}
	held, err := sqlholds.New(p.db).Load(ctx)
	if err != nil {
		return nil, now, err
	}
	hold(jobs, held, now)
	return jobs, now, nil
}

// hold marks the jobs that people hold, as a running Sluice does.
func hold(jobs []apiclient.Job, held []control.HeldJob, now time.Time) {
	of := map[autoscaler.JobKey]control.Hold{}
	for _, h := range held {
		if h.Until.IsZero() || now.Before(h.Until) {
			of[h.Key] = h.Hold
		}
	}
	for i := range jobs {
		j := &jobs[i]
		cluster := j.Cluster
		if cluster == apiclient.Unnamed {
			cluster = ""
		}
		h, is := of[autoscaler.JobKey{Cluster: cluster, Job: flink.JobID(j.Job)}]
		text := h.Text()
		if !is {
			h, is = of[control.Everything]
			text = steer.AllHeld + h.Text()
		}
		if !is {
			continue
		}
		j.Hold = &apiclient.Hold{By: h.By, Why: h.Why, Since: h.Since, Text: text}
		if !h.Until.IsZero() {
			j.Hold.Until = &h.Until
		}
		if j.State != string(fleet.Scaling) && j.State != string(fleet.NotScalable) {
			j.State, j.Why = string(fleet.Paused), j.Hold.Text
		}
	}
}
