package sqlstate_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/state/sqlstate"
	"github.com/sluice-project/sluice/twin/stage"
	"github.com/sluice-project/sluice/twin/workload"
)

const shop = `
flink: 2.3
options:
  execution.checkpointing.interval: 30 s
taskmanagers:
  - {count: 4, slots: 4, cores: 8}
jobs:
  - name: shop
    vertices:
      - name: clicks
        source: {topic: clicks, partitions: 12, retention: 7 d}
        cost: 100 us
        parallelism: 2
      - name: enrich
        cost: 700 us
        parallelism: 2
        inputs: {clicks: {exchange: rebalance}}
      - name: count
        cost: 250 us
        parallelism: 2
        state: {keys: 1M, bytes-per-key: 100, incremental: true}
        inputs: {enrich: {exchange: hash}}
`

// load goes up in a step, further up, and down to where a scale-down waits for its
// interval.
const load = `
name: up and down
duration: 75 min
seed: 7
start: 2026-07-04
loads:
  clicks:
    noise:
      share: 0.02
      every: 30 s
      of:
        day: {points: %s}
`

const process = `
autoscaler.standalone.control-loop.interval: 10 s
job.autoscaler:
  metrics.window: 3 min
  stabilization.interval: 30 s
  restart.time: 15 s
  catch-up.duration: 5 min
  scale-down.interval: 10 min
  restart.time-tracking.enabled: true
  observed-scalability.enabled: true
  observed-scalability.min-observations: 1
  observed-scalability.coefficient-min: 0.1
# One vertex needs its slots to the end, and the others are to be shrunk too.
sluice.scale-down.slotwise: false
`

// play is a twin with an autoscaler beside it.
type play struct {
	t      testing.TB
	stage  *stage.Stage
	config options.Config

	jobs   *jobs.Cluster
	scaler *autoscaler.Autoscaler
	log    []string
	// scaled is how many jobs were rescaled in the last pass.
	scaled int
}

func newPlay(t testing.TB, shop, load, process string) *play {
	t.Helper()
	plan, err := stage.Read(stage.File{Name: "shop.yaml", Contents: []byte(shop)})
	if err != nil {
		t.Fatal(err)
	}
	day, err := workload.ParseScenario("load.yaml", []byte(load), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Follow(day); err != nil {
		t.Fatal(err)
	}
	p := &play{t: t}
	if p.stage, err = plan.Open(); err != nil {
		t.Fatal(err)
	}
	if p.config, _, err = options.Load(options.LoadInput{File: "process.yaml", FileContents: []byte(process)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *play) now() time.Time { return p.stage.Twin().Now() }

// begin starts a process: nothing is left of one before but what is in the store.
func (p *play) begin(store autoscaler.StateStoreFactory) {
	p.t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{"http://twin"}, WrapTransport: func(http.RoundTripper) http.RoundTripper { return p.stage.Twin().Transport() }})
	p.do(err)
	p.jobs, err = jobs.NewCluster(jobs.Config{Client: client, Process: p.config, Now: p.now})
	p.do(err)
	shared, err := collect.NewClusterMetrics(9*time.Second, p.now)
	p.do(err)
	collector, err := collect.New(collect.Config{Now: p.now, Cluster: shared})
	p.do(err)
	p.scaler, err = autoscaler.New(p.t.Context(), autoscaler.Config{
		Collector: collector, OpenStore: store, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: &rescale.Realizer{Now: p.now}, Now: p.now,
	})
	p.do(err)
}

// pass lets ten seconds go by and runs one pass.
func (p *play) pass() {
	p.t.Helper()
	p.do(p.stage.Advance(p.now().Add(10 * time.Second)))
	list, err := p.jobs.Fetch(p.t.Context())
	p.do(err)
	p.scaled = 0
	for _, job := range list.Jobs {
		r, _ := p.scaler.Scale(p.t.Context(), job) // fails while the job restarts, as beside a real cluster
		if r.Scaled {
			p.scaled++
		}
		line := fmt.Sprintf("%s %s %d samples", r.At.Format(time.TimeOnly), r.Decision.Reason, r.Samples)
		if r.Act != nil {
			line += " " + string(r.Act.Phase)
		}
		for _, v := range r.Decision.Vertices {
			if v.From != v.To || v.Recommended != v.From {
				line += fmt.Sprintf("; %s %d→%d (%d wanted, %s, since %v)", v.Name, v.From, v.To, v.Recommended, v.Reason, v.Guards)
			}
		}
		if r.Evaluation != nil { // what it took to restart counts here
			line += fmt.Sprintf("; thresholds %v to %v", r.Evaluation.Vertices[1].ScaleUpThreshold, r.Evaluation.Vertices[1].ScaleDownThreshold)
		}
		p.log = append(p.log, line)
	}
}

func (p *play) do(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// A process that ends after every single pass, also while a rescale is on its
// way or a scale-down waits, decides all that one does which goes on. (With -short
// after every fourth.)
func TestRestartsChangeNoDecision(t *testing.T) {
	upAndDown := fmt.Sprintf(load, `{"00:00": 1k, "00:10": 1k, "00:11": 4k, "00:25": 4k, "00:26": 7k, "00:40": 7k, "00:41": 1500, "01:15": 1500}`)
	const passes = 75 * 6
	each := 1
	if testing.Short() {
		each = 4
	}
	steady := newPlay(t, shop, upAndDown, process)
	steady.begin(memory.New().Open)
	restarted := newPlay(t, shop, upAndDown, process)
	target := connect.Directory(filepath.Join(t.TempDir(), "data"))
	for range passes / each {
		end := restarted.process(target)
		for range each {
			steady.pass()
			restarted.pass()
		}
		end()
	}
	if diff := cmp.Diff(steady.log, restarted.log); diff != "" {
		t.Errorf("without and with restarts (-without +with):\n%s", diff)
	}
	// Or nothing was shown.
	for _, want := range []string{"requested", "scale-down-delayed", "→1", "→5"} {
		if !slices.ContainsFunc(steady.log, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("nothing in the log is %s:\n%s", want, strings.Join(steady.log, "\n"))
		}
	}
}

// process begins one over a database that is opened anew.
func (p *play) process(target connect.Target) (end func()) {
	p.t.Helper()
	db, err := connect.Open(p.t.Context(), target)
	p.do(err)
	store, err := sqlstate.New(sqlstate.Config{DB: db, Now: p.now})
	p.do(err)
	p.begin(store.Open)
	return func() { p.do(db.Close()) }
}
