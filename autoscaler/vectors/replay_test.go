package vectors

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
	"github.com/sluice-project/sluice/state/memory"
)

// replay runs one scenario. It stands where the platform does, and writes down
// what it is handed in a step.
type replay struct {
	t          testing.TB
	scenario   *scenario
	now        time.Time
	config     map[string]string
	cluster    *cluster
	client     *flink.Client
	store      *memory.Store
	metrics    *autoscaler.SelfMetrics
	collector  *collect.Reference
	autoscaler *autoscaler.Autoscaler
	// timed, where it is set, is called around each pass.
	timed func(pass func())

	// what one step brings
	events         []autoscaler.Event
	checks         []any
	realized       scaling.Parallelism
	realizedConfig *tuning.Changes
	seen           *autoscaler.Observation

	// what is compared with later steps
	before   autoscaler.State
	expected remembered
}

func newReplay(t testing.TB, s *scenario) *replay {
	t.Helper()
	r := &replay{
		t: t, scenario: s, config: maps.Clone(s.Config), store: memory.New(), metrics: &autoscaler.SelfMetrics{},
		cluster: &cluster{t: t, plans: s.Plans, rest: map[string]any{}, texts: map[string][]byte{}},
	}
	r.config[options.ProfileOption.Key] = string(options.ProfileReference)
	var err error
	r.client, err = flink.New(flink.Config{Addresses: []string{"http://jobmanager:8081"}, Transport: r.cluster})
	r.must(err)
	r.startProcess()
	return r
}

// startProcess is a new process beside the store of the last one.
func (r *replay) startProcess() {
	shared, err := collect.NewClusterMetrics(0, r.clock)
	r.must(err)
	r.collector, err = collect.NewReference(collect.Config{Now: r.clock, Cluster: shared})
	r.must(err)
	r.metrics = &autoscaler.SelfMetrics{}
	cfg := autoscaler.Config{
		Collector: r, OpenStore: r.store.Open, Events: r, Realizer: r, Now: r.clock, Zone: time.UTC, Extensions: extensions,
	}
	cfg.Resources = r
	r.autoscaler, err = autoscaler.New(r.t.Context(), cfg)
	r.must(err)
}

func (r *replay) clock() time.Time { return r.now }

func (r *replay) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *replay) run() {
	for i := range r.scenario.Steps {
		s := &r.scenario.Steps[i]
		r.now = time.UnixMilli(s.At).UTC()
		for key, value := range s.Config {
			delete(r.config, key)
			if value != nil {
				r.config[key] = *value
			}
		}
		r.cluster.change(s.Rest)
		r.step(i, s)
		if r.t.Failed() {
			return // what follows rests on this step
		}
	}
}

func (r *replay) step(i int, s *step) {
	r.events, r.checks, r.realized, r.realizedConfig, r.seen = nil, nil, nil, nil, nil
	job := r.job(s)
	if s.Action == "newProcess" {
		r.startProcess()
		job.Metrics = r.metrics
	}
	var err error
	r.before, err = r.store.Get(r.t.Context(), job.Key)
	r.must(err)
	o := observed{step: i, replay: r, want: &s.Expected}
	if s.Action == "cleanup" {
		r.must(r.autoscaler.Cleanup(r.t.Context(), job.Key))
		r.metrics = &autoscaler.SelfMetrics{}
		o.outcome = "CLEANUP"
	} else {
		var report autoscaler.Report
		pass := func() { report, o.err = r.autoscaler.Scale(r.t.Context(), job) }
		if r.timed == nil {
			pass()
		} else {
			r.timed(pass)
		}
		o.report, o.outcome = &report, outcomeOf(job, &report, o.err)
	}
	o.state, err = r.store.Get(r.t.Context(), job.Key)
	r.must(err)
	o.compare()
}

func (r *replay) job(s *step) *autoscaler.JobContext {
	job := &autoscaler.JobContext{
		Key: autoscaler.JobKey{Job: flink.JobID(r.scenario.Job.JobID)}, Name: r.scenario.Job.Name,
		Status: flink.JobStatus(s.JobStatus), Config: options.FromMap(maps.Clone(r.config)), Client: r.client, Metrics: r.metrics,
		Unvalidated: true, // the reference validated outside of what was recorded
	}
	if cpu := r.scenario.Context.TaskManagerCPU; cpu != nil {
		job.TaskManagerCPU = *cpu
	}
	enabled, err := options.Enabled(job.Config)
	r.must(err)
	if !enabled.Enabled {
		job.Scope = autoscaler.ScopeDisabled
	}
	return job
}

// outcomeOf gives a pass the name that scenarios have for it.
func outcomeOf(job *autoscaler.JobContext, report *autoscaler.Report, err error) string {
	switch {
	case err != nil:
		return "ERROR"
	case job.Scope == autoscaler.ScopeDisabled:
		return "DISABLED"
	case report.Decision.Reason == autoscaler.ReasonNotRunning:
		return "NOT_RUNNING"
	case report.Samples == 0:
		return "NOT_READY"
	case report.Samples == 1:
		return "COLLECTED_ONLY"
	case !report.Window.Full:
		return "WINDOW_NOT_FULL"
	case report.Scaled:
		return "SCALED"
	}
	return "NO_SCALING"
}

// Collect implements [autoscaler.MetricCollector] with the real one.
func (r *replay) Collect(ctx context.Context, job *autoscaler.JobContext, w scaling.Window) (*autoscaler.Observation, error) {
	o, err := r.collector.Collect(ctx, job, w)
	r.seen = o
	return o, err
}

// Forget implements [autoscaler.MetricCollector].
func (r *replay) Forget(key autoscaler.JobKey) { r.collector.Forget(key) }

// Handle implements [autoscaler.EventHandler].
func (r *replay) Handle(_ context.Context, _ *autoscaler.JobContext, e autoscaler.Event) error {
	r.events = append(r.events, e)
	return nil
}

// Allows implements [autoscaler.ResourceCheck].
func (r *replay) Allows(_ context.Context, _ *autoscaler.JobContext, q tuning.CapacityRequest) (bool, error) {
	most := r.scenario.Context.ResourceCheckMaxInstances
	result := most == nil || q.TaskManagersAfter <= *most
	r.checks = append(r.checks, map[string]any{
		"currentInstances": float64(q.TaskManagersNow), "newInstances": float64(q.TaskManagersAfter),
		"cpuPerInstance": q.CPU, "memoryPerInstance": float64(q.Memory), "result": result,
	})
	return result, nil
}

// HandOver implements [autoscaler.Handover].
func (r *replay) HandOver(_ context.Context, _ *autoscaler.JobContext, overrides scaling.Parallelism) (autoscaler.Handed, error) {
	r.realized = overrides
	return autoscaler.Handed{}, nil
}

// HandOverConfig implements [autoscaler.Handover].
func (r *replay) HandOverConfig(_ context.Context, _ *autoscaler.JobContext, changes tuning.Changes) error {
	r.realizedConfig = &changes
	return nil
}

// Prepare implements [autoscaler.Realizer]; the reference does nothing like it.
func (r *replay) Prepare(context.Context, *autoscaler.JobContext, *autoscaler.State) (autoscaler.Readiness, error) {
	r.t.Error("a rescale is prepared, which the reference does not")
	return autoscaler.Readiness{}, nil
}

// Realize implements [autoscaler.Realizer].
func (r *replay) Realize(context.Context, *autoscaler.JobContext, *autoscaler.State, *autoscaler.Act) error {
	r.t.Error("a rescale is guarded, which the reference's are not")
	return nil
}

// Follow implements [autoscaler.Realizer].
func (r *replay) Follow(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, act autoscaler.Act, _ *scaling.Topology, _ time.Time) (autoscaler.Act, error) {
	r.t.Error("a rescale is followed, which the reference does not")
	return act, nil
}

// excluded are the vertices that were excluded for this pass only.
func (r *replay) excluded() []string {
	var ids []string
	if r.seen == nil {
		return nil
	}
	configured, err := options.Get(options.FromMap(maps.Clone(r.config)), options.VertexExcludeIDs)
	r.must(err)
	add := func(id scaling.VertexID) {
		if !slices.Contains(configured, string(id)) {
			ids = append(ids, string(id))
		}
	}
	if t := r.seen.Topology; t != nil {
		for i := range t.Vertices {
			if t.Vertices[i].Finished {
				add(t.Vertices[i].ID)
			}
		}
	}
	for _, id := range r.seen.Unusable {
		add(id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
