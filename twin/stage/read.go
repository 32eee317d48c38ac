package stage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin"
)

// planReader reads a plan. Curves depend on what the plan says of its cluster.
type planReader struct {
	reader
	readFile func(name string) ([]byte, error)
	start    time.Time
	cluster  twin.Config
}

// maxTaskManagers bounds how many stand in one line.
const maxTaskManagers = 10_000

func (r *planReader) plan(root ast.Node) *Plan {
	before := len(r.Problems)
	f := r.fields(root, root, "a twin", "flink", "start", "seed", "honest", "active", "options", "taskmanagers", "times", "latencies", "jobs")
	r.cluster = twin.Config{
		Version: plain(f, "flink", slots.V2_3, parseVersion),
		Start:   plain(f, "start", r.start, parseTime),
		Seed:    plain(f, "seed", 0, func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }),
		Honest:  f.yes("honest"), Active: f.yes("active"), Options: f.Texts("options"),
		Times: f.times(), Latencies: f.latencies(),
	}
	for _, n := range f.Items("taskmanagers") {
		r.cluster.TaskManagers = append(r.cluster.TaskManagers, r.taskManagers(n)...)
	}
	plan := &Plan{Cluster: r.cluster}
	if len(r.Problems) > before {
		return plan // the rest would be measured by what is wrong
	}
	t, err := twin.New(r.cluster)
	if err != nil {
		r.Fail(f.Place("options"), "%s", err)
		return plan
	}
	for _, n := range f.Items("jobs") {
		before := len(r.Problems)
		job := r.job(n)
		if len(r.Problems) == before {
			if _, err := t.Submit(job); err != nil {
				r.Fail(n, "%s", strings.TrimPrefix(err.Error(), "do submit: "))
			}
		}
		plan.Jobs = append(plan.Jobs, job)
	}
	return plan
}

func parseVersion(text string) (slots.Version, error) {
	for _, v := range []slots.Version{slots.V1_20, slots.V2_3} {
		if v.String() == text {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%q: want 1.20 or 2.3", text)
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range [...]string{time.DateOnly, time.RFC3339, time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: want a date such as 2026-07-01, or 2026-07-01T12:00:00Z", text)
}

func (f fields) times() twin.Times {
	t := f.within("times", "build", "deploy", "task", "spread", "cancel", "finish", "download")
	return twin.Times{
		Build: t.duration("build"), Deploy: t.duration("deploy"), Task: t.duration("task"), Spread: t.amount("spread"),
		Cancel: t.duration("cancel"), Finish: t.duration("finish"), Download: t.bytes("download"),
	}
}

func (f fields) latencies() cluster.Latencies {
	all := cluster.DefaultLatencies()
	byKey := map[string]*time.Duration{
		"start": &all.Start, "register": &all.Register, "reregister": &all.Reregister, "request": &all.Request,
		"connect": &all.Connect, "offer": &all.Offer, "stop": &all.Stop, "refused": &all.Refused,
		"peer": &all.Peer, "close": &all.Close, "provide": &all.Provide,
	}
	var keys []string
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	l := f.within("latencies", keys...)
	for key, into := range byKey {
		if l.Has(key) {
			*into = l.duration(key)
		}
	}
	return all
}

// taskManagers reads one element of the list, which may stand for several.
func (r *planReader) taskManagers(n ast.Node) []twin.TaskManager {
	f := r.fields(n, n, "taskmanagers", "id", "count", "slots", "cores")
	one := twin.TaskManager{ID: f.Text("id"), Slots: f.count("slots", 0), Cores: f.amount("cores")}
	count := f.count("count", 1)
	switch {
	case count > maxTaskManagers:
		r.Fail(f.Place("count"), "taskmanagers: count: %d: want at most %d", count, maxTaskManagers)
		return nil
	case one.ID != "" && f.Has("count"):
		r.Fail(f.Place("id"), "taskmanagers: id and count: want one of the two")
		return nil
	}
	return slices.Repeat([]twin.TaskManager{one}, count)
}
