package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/decisions"
)

// runningPlace is a Sluice that runs.
type runningPlace struct{ client *apiclient.Client }

func (p *runningPlace) close() error { return nil }

func (p *runningPlace) jobs(ctx context.Context) ([]apiclient.Job, time.Time, error) {
	return p.client.Jobs(ctx)
}

// away says in a sentence which clusters do not answer; empty where all do, and of an
// older server, which does not tell.
func (p *runningPlace) away(ctx context.Context) string {
	clusters, err := p.client.Clusters(ctx)
	if err != nil {
		return ""
	}
	var texts []string
	for _, c := range clusters {
		if c.Up || c.Error == "" {
			continue
		}
		name := "the cluster"
		if c.Name != apiclient.Unnamed {
			name = "cluster " + plainText(c.Name, 60)
		}
		since := "has not answered yet"
		if c.LastAnswer != nil {
			since = "has not answered since " + c.LastAnswer.UTC().Format(time.RFC3339)
		}
		texts = append(texts, fmt.Sprintf("%s %s: %s", name, since, plainText(c.Error, 200)))
	}
	return strings.Join(texts, "; ")
}

// mostAsked is how many decisions or events a server is asked for: more than it keeps
// of a job, or tells at once.
const mostAsked = 1000

func (p *runningPlace) search(ctx context.Context, name string, search *decisions.Search) error {
	job, err := p.client.Find(ctx, name)
	if err != nil {
		return err
	}
	newest, err := p.client.Decisions(ctx, &job, mostAsked)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, text := range slices.Backward(newest) {
		line, err := unnumbered(text, job.Cluster)
		if err != nil {
			return fmt.Errorf("a decision of %s: %w", p.client.Server(), err)
		}
		lines.Write(append(line, '\n'))
	}
	return search.Read(p.client.Server(), &lines)
}

// unnumbered is a decision as a file has it, on one line: without the number that the
// server gave it, and with the name of its cluster, which the server leaves out of each
// where it has none.
func unnumbered(text json.RawMessage, cluster string) ([]byte, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return nil, err
	}
	var numbered struct {
		ID      uint64 `json:"id"`
		Cluster string `json:"cluster"`
	}
	if err := json.Unmarshal(line.Bytes(), &numbered); err != nil {
		return nil, err
	}
	number := []byte(`{"id":` + strconv.FormatUint(numbered.ID, 10) + `,`)
	plain := line.Bytes()
	if rest, found := bytes.CutPrefix(plain, number); found {
		plain = append([]byte("{"), rest...)
	}
	if numbered.Cluster == "" {
		name, err := json.Marshal(cluster)
		if err != nil {
			return nil, err
		}
		plain = bytes.Replace(plain, []byte(`,"job":`), slices.Concat([]byte(`,"cluster":`), name, []byte(`,"job":`)), 1)
	}
	return plain, nil
}

func (p *runningPlace) events(wanted eventsWanted) (eventFeed, error) {
	return &runningFeed{client: p.client, wanted: wanted, told: map[eventName]int{}}, nil
}

// runningFeed asks for the newest events again and again. Those of a server that was
// started anew have other numbers: an event is known by what it says.
type runningFeed struct {
	client *apiclient.Client
	wanted eventsWanted
	job    *apiclient.Job
	// told counts what was given already, and asked whether anything was.
	told  map[eventName]int
	asked bool
}

type eventName struct {
	cluster, job, reason string
	at                   int64
}

const (
	// mostNew is how many events are asked for while they are followed; if all of them
	// are new there may be more.
	mostNew = 100
	// mostTold bounds what is remembered of events that were given.
	mostTold = 20 * mostAsked
)

func (f *runningFeed) next(ctx context.Context) ([]eventLine, error) {
	if there, err := f.find(ctx); !there {
		return nil, err
	}
	most := mostNew
	if !f.asked || len(f.told) > mostTold {
		most = mostAsked
	}
	events, fresh, err := f.look(ctx, most)
	if err == nil && most == mostNew && len(fresh) == mostNew {
		events, fresh, err = f.look(ctx, mostAsked)
	}
	if err != nil {
		return nil, err
	}
	f.remember(events)
	if !f.asked {
		f.asked = true
		fresh = f.wanted.of(fresh)
	}
	return fresh, nil
}

// find finds the job that is meant. That it is not there is no error where it may
// still come.
func (f *runningFeed) find(ctx context.Context) (there bool, err error) {
	if f.wanted.job == "" || f.job != nil {
		return true, nil
	}
	job, err := f.client.Find(ctx, f.wanted.job)
	var unknown *apiclient.UnknownJobError
	switch {
	case errors.As(err, &unknown) && f.wanted.follow:
		return false, nil
	case err != nil:
		return false, err
	}
	f.job = &job
	return true, nil
}

// of are those that are wanted to begin with.
func (w *eventsWanted) of(lines []eventLine) []eventLine {
	lines = slices.DeleteFunc(lines, func(l eventLine) bool { return l.Time.Before(w.since) })
	if w.newest > 0 && len(lines) > w.newest {
		lines = lines[len(lines)-w.newest:]
	}
	return lines
}

// look asks for the newest events, and tells which of them were not given yet.
func (f *runningFeed) look(ctx context.Context, most int) (events []apiclient.Event, fresh []eventLine, err error) {
	if events, err = f.client.Events(ctx, f.job, most); err != nil {
		return nil, nil, err
	}
	seen := map[eventName]int{}
	for i := range events {
		name := nameOf(&events[i])
		if seen[name]++; seen[name] > f.told[name] {
			fresh = append(fresh, lineOf(&events[i]))
		}
	}
	return events, fresh, nil
}

// remember keeps what was given. When that is too much it is what may come again.
func (f *runningFeed) remember(events []apiclient.Event) {
	if len(f.told) > mostTold {
		clear(f.told)
	}
	now := map[eventName]int{}
	for i := range events {
		name := nameOf(&events[i])
		now[name]++
		f.told[name] = max(f.told[name], now[name])
	}
}

func nameOf(e *apiclient.Event) eventName {
	return eventName{e.Cluster, e.Job, e.Reason, e.At.UnixNano()}
}

func lineOf(e *apiclient.Event) eventLine {
	cluster := e.Cluster
	if cluster == apiclient.Unnamed {
		cluster = ""
	}
	return eventLine{ID: int64(e.Seq), Time: e.At, Count: e.Times, Type: e.Type, Reason: e.Reason, Message: e.Message, Cluster: cluster, Job: e.Job, Name: e.Name} //nolint:gosec // it counts from 1
}
