package autoscaler

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

var update = flag.Bool("update", false, "write the traces of the scripts anew")

// TestScripts runs the scripts of testdata: commands, then ---- and what came of
// them. testdata/README.md says which commands there are.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(t)
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(string(text), "\n"), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		out.WriteString(commands + "\n")
		if s.run(commands); len(s.trace) > 0 {
			out.WriteString("----\n" + strings.Join(s.trace, "\n") + "\n")
		}
		s.trace = nil
		out.WriteString("\n")
	}
	got := strings.TrimRight(out.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// script is a platform, the autoscaler on it, and the job as the fetcher would
// show it.
type script struct {
	*platform
	t      *testing.T
	scaler *Autoscaler
	config map[string]string
	job    JobContext
}

func newScript(t *testing.T) *script {
	return &script{
		platform: newPlatform(), t: t,
		config: map[string]string{
			"job.autoscaler.metrics.window":         "30 s",
			"job.autoscaler.stabilization.interval": "5 s",
			"job.autoscaler.utilization.max":        "0.8",
			"job.autoscaler.utilization.min":        "0.4",
			"job.autoscaler.scale-down.interval":    "0 s",
			"job.autoscaler.catch-up.duration":      "0 s",
		},
		job: JobContext{Key: JobKey{Cluster: "test", Job: "j1"}, Name: "clicks", Status: flink.JobRunning, Metrics: &SelfMetrics{}},
	}
}

// autoscaler is the running one, or a new one after a crash.
func (s *script) autoscaler() *Autoscaler {
	if s.scaler != nil {
		return s.scaler
	}
	cfg := Config{Collector: s.platform, OpenStore: s.open, Events: s.platform, Realizer: s.platform, Recorder: s.platform, Now: func() time.Time { return s.now }}
	if s.refines {
		cfg.Collector = refining{s.platform}
	}
	scaler, err := New(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.scaler = scaler
	return scaler
}

func (s *script) run(commands string) {
	for line := range strings.SplitSeq(commands, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		command, known := scriptCommands[name]
		if !known {
			s.t.Fatalf("unknown command %q", name)
		}
		command(s, rest)
	}
}

var scriptCommands map[string]func(*script, string)

func init() {
	scriptCommands = map[string]func(*script, string){
		"config":  func(s *script, a string) { k, v, _ := strings.Cut(a, " "); s.config["job.autoscaler."+k] = v },
		"set":     func(s *script, a string) { k, v, _ := strings.Cut(a, " "); s.config[k] = v },
		"rate":    func(s *script, a string) { s.rate = number(a) },
		"status":  func(s *script, a string) { s.job.Status = flink.JobStatus(a) },
		"scope":   (*script).scope,
		"pass":    (*script).passes,
		"fill":    (*script).fill,
		"runs":    func(s *script, a string) { s.restart(parallelisms(a)) },
		"bound":   (*script).bound,
		"hold":    func(s *script, a string) { s.job.Held = obstacle(a) },
		"block":   func(s *script, a string) { s.obstacle = obstacle(a) },
		"outcome": func(s *script, a string) { s.outcome = obstacle(a) },
		"fail":    (*script).fail,
		"mend":    func(s *script, a string) { delete(s.faults, a) },
		"crash":   func(s *script, a string) { s.crashBefore, s.crashAfter = a == "before", a == "after" },
		"refines": func(s *script, _ string) { s.refines, s.scaler = true, nil },
		"unusable": func(s *script, a string) {
			s.unusable = nil
			if a != "" {
				s.unusable = []scaling.VertexID{scaling.VertexID(a)}
			}
		},
		"cleanup": (*script).cleanup,
		"counts": func(s *script, _ string) {
			m := s.job.Metrics
			s.note("scalings %d, errors %d, balanced %d", m.Scalings.Load(), m.Errors.Load(), m.Balanced.Load())
		},
	}
}

// passes runs passes, five seconds apart.
func (s *script) passes(n string) {
	count := 1
	if n != "" {
		count = int(number(n))
	}
	for range count {
		s.advance(5 * time.Second)
		s.note("%s", s.now.Sub(start))
		s.pass()
	}
}

// fill runs passes until one decides on a full window, and shows only that one.
func (s *script) fill(string) {
	for range 100 {
		kept := len(s.trace)
		s.advance(5 * time.Second)
		s.note("%s", s.now.Sub(start))
		if s.pass().Window.Full {
			return
		}
		s.trace = s.trace[:kept]
	}
	s.t.Fatal("the window never fills")
}

// pass runs one pass. One that dies has had a full window.
func (s *script) pass() (report Report) {
	job := s.job
	job.Config = options.FromMap(maps.Clone(s.config))
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errCrash) {
				panic(r)
			}
			s.note("the process dies")
			s.scaler, s.pending, report.Window.Full = nil, map[JobKey]State{}, true
		}
	}()
	report, err := s.autoscaler().Scale(s.t.Context(), &job)
	line := fmt.Sprintf("⇒ %s", report.Decision.Reason)
	if report.Decision.Detail != "" {
		line += " (" + report.Decision.Detail + ")"
	}
	if changes := report.Decision.Vertices; len(changes) > 0 {
		line += " " + text(report.Decision.Target())
	}
	if report.Scaled {
		line += ", scaled"
	}
	if err != nil {
		line += ", error: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	s.note("%s", line)
	return report
}

func (s *script) scope(args string) {
	name, why, _ := strings.Cut(args, " ")
	for _, scope := range []Scope{ScopeScale, ScopeReport, ScopeIgnore, ScopeDisabled} {
		if scope.String() == name {
			s.job.Scope, s.job.Why = scope, why
			return
		}
	}
	s.t.Fatalf("unknown scope %q", name)
}

// bound lets someone else change the bounds of a vertex.
func (s *script) bound(args string) {
	f := strings.Fields(args)
	lower, upper := int(number(f[1])), int(number(f[2]))
	s.bounds = maps.Clone(s.bounds)
	s.bounds[scaling.VertexID(f[0])] = Bound{Floor: lower, Lower: lower, Upper: upper}
}

func (s *script) fail(args string) {
	op, text, _ := strings.Cut(args, " ")
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case "refused":
		s.faults[op] = &RefusedError{errors.New(rest)}
	case "not-ready":
		s.faults[op] = &NotReadyError{errors.New(rest)}
	case "unreachable":
		s.faults[op] = &flink.Error{Kind: flink.KindUnreachable, Op: rest}
	case "not-ours":
		s.faults[op] = fmt.Errorf("%s: %w", rest, ErrNotOurs)
	case "conflict":
		s.faults[op] = fmt.Errorf("%s: %w", rest, ErrStateConflict)
	case "away":
		s.faults[op] = fmt.Errorf("%s: %w", rest, ErrStoreAway)
	case "invalid":
		s.faults[op] = fmt.Errorf("%s: %w", rest, ErrStoreInvalid)
	default:
		s.faults[op] = errors.New(text)
	}
}

func (s *script) cleanup(string) {
	if err := s.autoscaler().Cleanup(s.t.Context(), s.job.Key); err != nil {
		s.note("error: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.note("%d jobs in the store", len(s.saved))
}

func obstacle(args string) Obstacle {
	reason, text, _ := strings.Cut(args, " ")
	return Obstacle{scaling.Reason(reason), text}
}

func parallelisms(args string) scaling.Parallelism {
	p := scaling.Parallelism{}
	for _, f := range strings.Fields(args) {
		id, n, _ := strings.Cut(f, ":")
		p[scaling.VertexID(id)] = int(number(n))
	}
	return p
}

func number(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return f
}

// Every command that the page names is there, and the other way round.
func TestScriptCommandsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(scriptCommands)) {
		if !strings.Contains(string(page), "\n| `"+name) {
			t.Errorf("testdata/README.md does not say what %s does", name)
		}
	}
}
