package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/dashboard/standing"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
)

// newestOf has of each job the newest decision, and the time of the newest rescale.
type newestOf map[autoscaler.JobKey]*newestDecision

type newestDecision struct {
	at, scaled time.Time
	text       []byte
}

// read takes in the decisions that r holds. torn are the lines that were cut short.
func (n newestOf) read(name string, r io.Reader) (torn []string, err error) {
	for line, err := range decisions.Lines(r) {
		var cut *decisions.TornLineError
		switch {
		case errors.As(err, &cut):
			torn = append(torn, name+": "+cut.Error())
		case err != nil:
			return torn, inFile(name, err)
		default:
			n.take(&line)
		}
	}
	return torn, nil
}

func (n newestOf) take(line *decisions.Line) {
	key := autoscaler.JobKey{Cluster: line.Cluster, Job: flink.JobID(line.Job)}
	d := n[key]
	if d == nil {
		d = &newestDecision{}
		n[key] = d
	}
	if line.Action == decisions.ActionScale && line.Time.After(d.scaled) {
		d.scaled = line.Time
	}
	if line.Reason == decisions.ReasonByHand { // which says nothing of where the job stands
		if len(d.text) == 0 {
			d.text = append(d.text, line.Text...)
		}
		return
	}
	if !line.Time.Before(d.at) {
		d.at, d.text = line.Time, append(d.text[:0], line.Text...)
	}
}

// jobs is where the jobs stood then, by cluster, name and id.
func (n newestOf) jobs() ([]apiclient.Job, error) {
	jobs := make([]apiclient.Job, 0, len(n))
	for _, d := range n {
		var e decisions.Entry
		if err := json.Unmarshal(d.text, &e); err != nil {
			return nil, err
		}
		j := standing.Of(&e)
		if e.ByHand != nil {
			j.State, j.Why = string(fleet.Unknown), e.Detail
		}
		if !d.scaled.IsZero() {
			j.Scaled = &d.scaled
		}
		jobs = append(jobs, j)
	}
	if only, is := onlyAddress(n); is {
		for i := range jobs {
			if jobs[i].Cluster == only {
				jobs[i].Cluster = apiclient.Unnamed
			}
		}
	}
	slices.SortFunc(jobs, func(a, b apiclient.Job) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Job, b.Job))
	})
	return jobs, nil
}

// onlyAddress is the address by which decisions call the cluster that has no name: a
// name is none.
func onlyAddress(n newestOf) (string, bool) {
	clusters := map[string]bool{}
	for key := range n {
		clusters[key.Cluster] = true
	}
	addresses := slices.DeleteFunc(slices.Collect(maps.Keys(clusters)), func(c string) bool { return !strings.Contains(c, "://") })
	if len(addresses) != 1 {
		return "", false
	}
	return addresses[0], true
}
