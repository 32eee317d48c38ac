package schedulerlab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestTransitionsAreReadFromTheLog(t *testing.T) {
	began := time.Date(2026, 1, 2, 23, 59, 50, 0, time.UTC)
	log := filepath.Join(t.TempDir(), "jobmanager.log")
	const text = `23:59:52,250 DEBUG o.a.f.r.s.a.AdaptiveScheduler            Transition from state Created to WaitingForResources.
23:59:52,260 DEBUG o.a.f.r.s.a.DefaultStateTransitionManager Transitioning from Cooldown to Idling, job 00ff.
23:59:53,000 INFO  o.a.f.r.s.a.AdaptiveScheduler            Something else from state A to B.
00:00:01,500 DEBUG o.a.f.r.s.a.AdaptiveScheduler            Transition from state WaitingForResources to CreatingExecutionGraph.
`
	if err := os.WriteFile(log, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := transitions(log, began)
	if err != nil {
		t.Fatal(err)
	}
	want := []script.Transition{
		{At: 2250 * time.Millisecond, From: "Created", To: "WaitingForResources"},
		{At: 2260 * time.Millisecond, From: "Cooldown", To: "Idling", Phase: true},
		{At: 11500 * time.Millisecond, From: "WaitingForResources", To: "CreatingExecutionGraph"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := transitions(log+"x", began); err == nil {
		t.Error("a log that is not there was read")
	}
}

func TestFramesOfJavaAreTakenOutOfErrors(t *testing.T) {
	cases := []struct{ body, want string }{
		{"{}", "{}"},
		{"plain", "plain"},
		{
			`{"errors":["a.B: c <d>\n\tat e.f(G.java:1)\n at [Source: \"x\"] (through h)\n\t... 12 more\nCaused by: i"]}`,
			`{"errors":["a.B: c <d>\nCaused by: i"]}`,
		},
	}
	for _, c := range cases {
		if got := withoutFrames(c.body); got != c.want {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
}

func TestVerticesAreKnownByFlinksNames(t *testing.T) {
	job := script.Job{Vertices: []script.Vertex{{Name: "source", Group: "default"}, {Name: "work", Group: "g2"}, {Name: "count", Group: "default"}}}
	for name, want := range map[string]int{"Source: source -> source-link": 0, "work": 1, "count": 2, "worker": -1} {
		if got := vertexIndex(job, name); got != want {
			t.Errorf("%q is vertex %d, want %d", name, got, want)
		}
	}
	if diff := cmp.Diff([]int{3, 2}, groupSlots(job, []int{3, 2, 1})); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsOfAScriptComeOnTopOfFlinksDefaults(t *testing.T) {
	s, err := script.Parse("x", "flink 2.3\nset heartbeat.interval 5s\nset scheduler-mode reactive\njob source=2 work=4/8@g count=1\ncost source=1ms\nrate 0\njob-option a b\nsubmit")
	if err != nil {
		t.Fatal(err)
	}
	c := clusterConfig(s, slots.V2_3)
	for key, want := range map[string]string{"heartbeat.interval": "5s", "heartbeat.timeout": "", "restart-strategy.type": "", "web.refresh-interval": "100"} {
		if got, ok := c.Options[key]; got != want || !ok {
			t.Errorf("%s is %q, %v; want %q", key, got, ok, want)
		}
	}
	if !c.Reactive || c.Application == nil || c.HA || c.TaskManagers >= 0 {
		t.Errorf("%+v is no application in Reactive Mode without TaskManagers", c)
	}
	if c.Options["a"] != "b" {
		t.Error("the job's options are not those of its cluster")
	}
	if a := c.Application; a.Parallelism != 4 || a.Rate >= 0 || a.Config["a"] != "b" || a.Chain[0].Cost != time.Millisecond {
		t.Errorf("the job is %+v", a)
	}
}

func TestThePageSaysWhatDisagrees(t *testing.T) {
	s, err := script.Parse("01-x", "flink 2.3\njob source=2 work=2\nsubmit")
	if err != nil {
		t.Fatal(err)
	}
	rows := []script.Row{
		{After: "put *=1:2", Observable: "answer", Real: "a|b", Ours: "a|b", Agrees: true},
		{After: "put *=1:2", Observable: "states", Real: "Executing +1.00 s", Ours: "—"},
	}
	page := Page([]Comparison{{Script: s, Real: &script.Run{Flink: "2.3.0"}, Rows: rows}})
	for _, want := range []string{
		"| [01-x](#01-x-230) | 2.3.0 | 2 | **all but 1** |", "## 01-x 2.3.0",
		`| put \*=1:2 | answer | a\|b | the same | yes |`, `| put \*=1:2 | states | Executing +1.00 s | — | **no** |`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}
