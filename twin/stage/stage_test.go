package stage

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/workload"
)

const small = `
options: {execution.checkpointing.interval: 10 s}
taskmanagers: [{count: 2, slots: 2}]
jobs: [{name: a, vertices: [{name: s, source: {}, cost: 1 ms, load: 5}]}]
`

func open(t *testing.T, scenario string) (*Stage, *[]string) {
	t.Helper()
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := workload.ParseScenario("day.yaml", []byte(scenario), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Follow(s); err != nil {
		t.Fatal(err)
	}
	stage, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	stage.Happened = func(at time.Time, e Event, err error) {
		told = append(told, fmt.Sprintf("%s %s %v", at.Sub(stage.Twin().Start()), e, err != nil))
	}
	return stage, &told
}

func TestAScenarioHappens(t *testing.T) {
	s, told := open(t, `
duration: 1 h
start: 2026-07-04
seed: 5
loads: {s: 20}
events:
- {at: 10 min, kill: tm-1, for: 5 min}
- {at: 12 min, freeze: tm-2, for: 10 s}
- {at: 15 min, add: 3}
- {at: 20 min, kill: tm-9}
- {at: 22 min, fail: a}
- {at: 25 min, cancel: a}
- {at: 30 min, kill-jobmanager: true, for: 1 min}
`)
	start := s.Twin().Start()
	if !start.Equal(time.Date(2026, 7, 4, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("it begins at %s", start)
	}
	if seed := s.Twin().Config().Seed; seed != 5 {
		t.Errorf("its seed is %d", seed)
	}
	// In strides that meet no event.
	for at := time.Duration(0); at <= time.Hour; at += 7 * time.Minute {
		if err := s.Advance(start.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"10m0s TaskManager tm-1 is lost false",
		"12m0s TaskManager tm-2 stands still false",
		"12m10s TaskManager tm-2 goes on false",
		"15m0s TaskManagers are added: 3 false",
		"15m0s another TaskManager comes for tm-1 false",
		"20m0s TaskManager tm-9 is lost true",
		"22m0s job a fails false",
		"25m0s job a is cancelled false",
		"30m0s the JobManager is lost false",
		"31m0s the JobManager is back false",
	}
	if diff := cmp.Diff(want, *told); diff != "" {
		t.Error(diff)
	}
	if got := s.Twin().State().Slots; got != 2+2+3*1 {
		t.Errorf("%d slots; want two of tm-2, as many of the one in place of tm-1, and one of each that was added", got)
	}
}

func TestTheScenariosLoadCounts(t *testing.T) {
	s, _ := open(t, "duration: 1 h\nloads: {s: 20}\n")
	if err := s.Advance(s.Twin().Start().Add(10 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := s.Twin().State().Jobs[0].Flow.Vertices[0].Source.Arrived; got != 20*600 {
		t.Errorf("%v records arrived in ten minutes", got)
	}
}

func TestALoadForNobodyIsAFault(t *testing.T) {
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := workload.ParseScenario("day.yaml", []byte("duration: 1 h\nloads: {clicks: 20}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Follow(s); err == nil || !strings.Contains(err.Error(), "clicks") {
		t.Errorf("%v", err)
	}
}

// From what was restored on the scenario happens again.
func TestRestoreGoesBackInTheScenario(t *testing.T) {
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	p.Events = []workload.Event{ // with the plan's own load, which can be written down
		{At: time.Minute, Action: workload.AddTaskManagers, Count: 1},
		{At: 4 * time.Minute, Action: workload.FreezeTaskManager, Target: "tm-1", For: 2 * time.Minute},
		{At: 10 * time.Minute, Action: workload.AddTaskManagers, Count: 1},
	}
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	s.Happened = func(at time.Time, e Event, err error) {
		told = append(told, fmt.Sprintf("%s %s %v", at.Sub(s.Twin().Start()), e, err != nil))
	}
	to := func(minutes int) {
		t.Helper()
		if err := s.Advance(s.Twin().Start().Add(time.Duration(minutes) * time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	to(5)
	snapshot, err := json.Marshal(s.Twin().Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	to(20)
	before := len(told)
	if err := s.Restore([]byte("{")); err == nil {
		t.Error("half a snapshot is taken")
	}
	if err := s.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	to(20)
	want := []string{"6m0s TaskManager tm-1 goes on false", "10m0s TaskManagers are added: 1 false"}
	if diff := cmp.Diff(want, told[before:]); diff != "" {
		t.Error(diff)
	}
}

const noisy = `
seed: %d
taskmanagers: [{slots: 1}]
jobs:
  - name: a
    vertices:
      - {name: one, source: {}, cost: 1 us, load: {noise: {of: 500, share: 0.5}}}
      - {name: two, source: {}, cost: 1 us, load: {noise: {of: 500, share: 0.5}}}
`

// minutes are the loads of an hour, minute by minute.
func minutes(l twin.Load) []float64 {
	all := make([]float64, 60)
	for i := range all {
		all[i] = l.Curve.Mean(time.Duration(i)*time.Minute, time.Duration(i+1)*time.Minute)
	}
	return all
}

// Noise without a seed is each source's own, and another with another seed of the
// plan.
func TestNoiseIsEachSourcesOwn(t *testing.T) {
	plan := func(seed int) *Plan {
		p, err := Read(File{Name: "f", Contents: fmt.Appendf(nil, noisy, seed)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, again, other := plan(1).Jobs[0].Loads, plan(1).Jobs[0].Loads, plan(2).Jobs[0].Loads
	if !slices.Equal(minutes(first["one"]), minutes(again["one"])) {
		t.Error("the same plan gives other noise")
	}
	if slices.Equal(minutes(first["one"]), minutes(first["two"])) {
		t.Error("two sources have the same noise")
	}
	if slices.Equal(minutes(first["one"]), minutes(other["one"])) {
		t.Error("another seed gives the same noise")
	}
}

// What a scenario says of the loads, tables included, is in a snapshot, and the twin
// goes on with it as it would have.
func TestTheLoadsOfAScenarioAreInASnapshot(t *testing.T) {
	p, err := Read(File{Name: "f", Contents: fmt.Appendf(nil, noisy, 7)})
	if err != nil {
		t.Fatal(err)
	}
	table := func(string) ([]byte, error) { return []byte("0,100\n600,900\n"), nil }
	s, err := workload.ParseScenario("s", []byte(`
duration: 1 h
loads:
  one: {noise: {of: {day: {low: 200, high: 900}}, share: 0.3}}
  two: {trace: {file: two.csv}}
`), table)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Follow(s); err != nil {
		t.Fatal(err)
	}
	opened, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	until := func(s *Stage, after time.Duration) twin.JobState {
		if err := s.Advance(s.Twin().Start().Add(after)); err != nil {
			t.Fatal(err)
		}
		return s.Twin().State().Jobs[0]
	}
	until(opened, 5*time.Minute)
	written, err := json.Marshal(opened.Twin().Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	restored, err := p.Open()
	if err == nil {
		err = restored.Restore(written)
	}
	if err != nil {
		t.Fatal(err)
	}
	want, got := until(opened, 20*time.Minute), until(restored, 20*time.Minute)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the restored twin goes another way:\n%s", diff)
	}
	if arrived := got.Flow.Vertices[1].Source.Arrived; arrived < 300_000 {
		t.Errorf("%v records of the table have arrived", arrived)
	}
}
