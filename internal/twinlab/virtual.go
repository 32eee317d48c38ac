package twinlab

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin"
)

// Mode is who decides on sizes in a twin.
type Mode int

// The modes.
const (
	// Decide lets an autoscaler look at the twin when the real one looked at the real cluster.
	Decide Mode = iota
	// Follow asks for the sizes that were asked for on the real cluster, when they were.
	Follow
)

// Simulate carries a scenario out in a twin: at the times at which the real one went, under the loads that it had, with
// what records cost there. What is left to chance, such as when a checkpoint begins, follows from the seed.
func Simulate(ctx context.Context, s Scenario, real *Session, mode Mode, seed uint64) (*Session, error) {
	if mode == Follow {
		s.Settings = nil
	}
	late, err := lateness(ctx, s, real, seed)
	if err != nil {
		return nil, fmt.Errorf("simulate %s on %s: %w", s.Name, s.Version, err)
	}
	v, err := newVirtual(ctx, s, real, late, seed)
	if err == nil {
		err = v.run()
	}
	if err != nil {
		return nil, fmt.Errorf("simulate %s on %s: %w", s.Name, s.Version, err)
	}
	v.session.complete()
	return &v.session, nil
}

// lateness is by how much the first checkpoint of each real job began later than that of the twin's would. A JVM that has
// just been started deploys its first job more slowly, and the checkpoints of the whole run, for which rescales wait,
// follow the first one.
func lateness(ctx context.Context, s Scenario, real *Session, seed uint64) ([]time.Duration, error) {
	late := make([]time.Duration, len(s.Jobs))
	s.Settings = nil
	v, err := newVirtual(ctx, s, real, late, seed)
	if err != nil {
		return nil, err
	}
	if err := v.submit(); err != nil {
		return nil, err
	}
	if err := v.twin.Advance(v.now().Add(15 * time.Second)); err != nil {
		return nil, err
	}
	for i := range v.session.Jobs {
		if err := v.ask(recording.Exchange{Method: http.MethodGet, Path: "/jobs/" + string(real.Jobs[i]) + "/checkpoints"}); err != nil {
			return nil, err
		}
		series, err := real.Series(i)
		if err != nil {
			return nil, err
		}
		twins, err := v.session.Series(i)
		if err != nil {
			return nil, err
		}
		here, there := series.Checkpoints[1], twins.Checkpoints[1]
		if here.Triggered.IsZero() || there.Triggered.IsZero() {
			continue
		}
		late[i] = here.Triggered.Sub(there.Triggered)
	}
	return late, nil
}

// virtual is a run in a twin.
type virtual struct {
	ctx      context.Context
	scenario Scenario
	real     *Session
	twin     *twin.Twin
	session  Session
	fetcher  autoscaler.JobListFetcher
	scaler   *autoscaler.Autoscaler
	side     http.Client
	waiting  []submission // in order

	answering sync.Mutex // jobs are read side by side
}

type submission struct {
	at   time.Time
	spec twin.JobSpec
}

func newVirtual(ctx context.Context, s Scenario, real *Session, late []time.Duration, seed uint64) (*virtual, error) {
	v := &virtual{ctx: ctx, scenario: s, real: real, session: Session{Facts: real.Facts}}
	v.session.Jobs = nil
	version := slots.V2_3
	if s.Version == realflink.Flink120 {
		version = slots.V1_20
	}
	start := real.Submitted[0].Add(-5 * time.Second).UTC()
	for _, l := range real.Loads {
		if l[0].At.Before(start) {
			start = l[0].At.UTC()
		}
	}
	config := twin.Config{Version: version, Options: clusterOptions(s), Start: start, Seed: seed}
	for range s.TaskManagers {
		config.TaskManagers = append(config.TaskManagers, twin.TaskManager{Slots: s.Slots})
	}
	var err error
	if v.twin, err = twin.New(config); err != nil {
		return nil, err
	}
	for i, job := range s.Jobs {
		spec, err := jobSpec(job.Spec, real.Loads[i], start)
		if err != nil {
			return nil, err
		}
		if err := v.likeReal(&spec, i); err != nil {
			return nil, err
		}
		spec.Graph.Vertices[0].Source.Backlog, spec.Graph.Vertices[0].Source.BacklogSpan = before(real.Loads[i], real.Submitted[i].Add(late[i]))
		v.waiting = append(v.waiting, submission{real.Submitted[i].Add(late[i]), spec})
	}
	return v, v.assemble()
}

// likeReal gives a job the ids of the real one's vertices and the costs that were measured there. Whether a source counts
// what it reads as received differs between the versions.
func (v *virtual) likeReal(spec *twin.JobSpec, job int) error {
	series, err := v.real.Series(job)
	if err != nil {
		return err
	}
	for i, id := range series.IDs {
		spec.Vertices[i].ID = string(id)
	}
	spec.Vertices[0].CountsInput = series.counts(0)
	costs, err := v.real.Costs(job)
	if err != nil {
		return err
	}
	for i, cost := range costs {
		if cost > 0 {
			spec.Graph.Vertices[i].Cost.Seconds = cost
		}
	}
	return nil
}

func (v *virtual) now() time.Time { return v.twin.Now() }

// submit brings the jobs to the twin, each when it was submitted.
func (v *virtual) submit() error {
	for _, s := range v.waiting {
		if err := v.twin.Advance(s.at); err != nil {
			return err
		}
		id, err := v.twin.Submit(s.spec)
		if err != nil {
			return err
		}
		v.session.Jobs = append(v.session.Jobs, flink.JobID(id))
	}
	return nil
}

// run goes through the times at which the real cluster was asked.
func (v *virtual) run() error {
	if err := v.submit(); err != nil {
		return err
	}
	for _, look := range v.looks() {
		if err := v.twin.Advance(look.at); err != nil {
			return err
		}
		if err := look.do(); err != nil {
			return err
		}
	}
	return nil
}

// look is one question, or one pass of the autoscaler.
type look struct {
	at time.Time
	do func() error
}

// looks are the passes of the autoscaler, or whatever the real cluster was asked. A pass is where its first question about
// a job was, which is the one that may let Flink fetch metrics.
func (v *virtual) looks() []look {
	var all []look
	begun := false
	for _, e := range v.real.Exchanges {
		_, rest := jobOf(e.Path)
		switch {
		case v.scenario.Settings == nil:
			all = append(all, look{e.At, func() error { return v.ask(e) }})
		case e.Path == "/jobs/overview":
			begun = true
		case begun && rest == "":
			begun = false
			all = append(all, look{e.At, v.pass})
		}
	}
	return all
}

// pass is one pass over each job. It fails while a job restarts, as beside a real cluster.
func (v *virtual) pass() error {
	list, err := v.fetcher.Fetch(v.ctx)
	if err != nil {
		return err
	}
	for _, job := range list.Jobs {
		_, _ = v.scaler.Scale(v.ctx, job)
	}
	return nil
}

// ask asks the twin what the real cluster was asked.
func (v *virtual) ask(e recording.Exchange) error {
	path := e.Path
	for i, id := range v.real.Jobs {
		path = string(bytes.ReplaceAll([]byte(path), []byte(id), []byte(v.session.Jobs[i])))
	}
	request, err := http.NewRequestWithContext(v.ctx, e.Method, "http://twin:8081"+path, bytes.NewReader(e.Sent))
	if err != nil {
		return err
	}
	response, err := v.side.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
