package script

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// twoRuns are a real run and one of ours that agrees with it.
func twoRuns(t *testing.T) (s *Script, real, ours *Run) {
	t.Helper()
	s, err := Parse("x", toCheck+"expect RUNNING 1,1,1 within 6s")
	if err != nil {
		t.Fatal(err)
	}
	make := func() *Run {
		r := aRun()
		r.Transitions = []Transition{
			{At: second(1), From: "Created", To: "WaitingForResources"},
			{At: second(1), From: "Cooldown", To: "Idling", Phase: true},
			{At: second(10), From: "WaitingForResources", To: "Executing"},
			{At: second(25), From: "Executing", To: "Restarting"},
		}
		r.Exceptions = []Exception{{At: second(30), Name: "a.b.C", Text: "a.b.C: x"}}
		r.Records = []RescaleRecord{{Attempt: 1, Cause: "UPDATE_REQUIREMENT", Start: second(20), End: second(25), Desired: []int{1, 1, 1}}}
		return r
	}
	return s, make(), make()
}

func second(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func disagreeing(rows []Row) []Row {
	var list []Row
	for _, r := range rows {
		if !r.Agrees {
			list = append(list, r)
		}
	}
	return list
}

func TestCompareFindsEqualRunsToAgree(t *testing.T) {
	s, real, ours := twoRuns(t)
	rows := Compare(s, real, ours, DefaultTolerances)
	if bad := disagreeing(rows); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
	var observables []string
	for _, r := range rows {
		observables = append(observables, r.After+": "+r.Observable)
	}
	for _, want := range []string{
		"submit: states", "submit: phases", "put *=1:1: answer", "put *=1:1: states", "put *=1:1: seen in the end",
		"the whole run: slots of the cluster, and free ones", "the whole run: exceptions", "the whole run: rescale record 1",
	} {
		if !strings.Contains(strings.Join(observables, "\n"), want) {
			t.Errorf("no row %q in\n%s", want, strings.Join(observables, "\n"))
		}
	}
}

func TestCompareFindsEachDifference(t *testing.T) {
	cases := []struct {
		name   string
		change func(ours *Run)
		want   string // observable of the one row that disagrees
	}{
		{"a transition that is late", func(r *Run) { r.Transitions[3].At += second(0.6) }, "states"},
		{"a transition that is missing", func(r *Run) { r.Transitions = r.Transitions[:3] }, "states"},
		{"one too many", func(r *Run) {
			r.Transitions = append(r.Transitions, Transition{At: second(26), From: "Restarting", To: "Failing"})
		}, "states"},
		{"another state", func(r *Run) { r.Transitions[3].To = "Failing" }, "states"},
		{"another phase", func(r *Run) { r.Transitions[1].To = "Stabilizing" }, "phases"},
		{"another answer", func(r *Run) { r.Actions[2].Answer = &Answer{Status: 409} }, "answer"},
		{"another parallelism", func(r *Run) {
			r.Observations[3].Parallelism, r.Observations[4].Parallelism = []int{2, 1, 1}, []int{2, 1, 1}
		}, "seen in the end"},
		{"other attempts", func(r *Run) { r.Observations[4].Attempts = []int{1, 1, 1} }, "seen in the end"},
		{"a slot given back earlier", func(r *Run) { r.Observations[4].At = second(48) }, "slots of the cluster, and free ones"},
		{"another exception", func(r *Run) { r.Exceptions[0].Name = "a.b.D" }, "exceptions"},
		{"no exception", func(r *Run) { r.Exceptions = nil }, "exceptions"},
		{"another record", func(r *Run) { r.Records[0].Desired = []int{2, 1, 1} }, "rescale record 1"},
		{"one that ends later", func(r *Run) { r.Records[0].End += second(1) }, "rescale record 1"},
		{"none", func(r *Run) { r.Records = nil }, "rescale record 1"},
	}
	for _, c := range cases {
		s, real, ours := twoRuns(t)
		c.change(ours)
		bad := disagreeing(Compare(s, real, ours, DefaultTolerances))
		if len(bad) != 1 || bad[0].Observable != c.want {
			t.Errorf("%s: %+v, want one row of %s", c.name, bad, c.want)
		}
	}
}

func TestCompareForgivesWhatIsNearOrPassing(t *testing.T) {
	s, real, ours := twoRuns(t)
	for i := range ours.Transitions {
		ours.Transitions[i].At += second(0.4)
	}
	ours.Observations[4].At += second(0.9)
	// For half a second the slots of a TaskManager are nobody's.
	passing := real.Observations[2]
	passing.At, passing.Counts = second(12), map[Count]int{Free: 2}
	back := real.Observations[2]
	back.At = second(12.5)
	real.Observations = append(real.Observations[:3:3], append([]Observation{passing, back}, real.Observations[3:]...)...)
	if bad := disagreeing(Compare(s, real, ours, DefaultTolerances)); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
}

func TestCompareReadsRefusalsWithoutWhatJavaAdds(t *testing.T) {
	real := &Answer{Status: 400, Body: `{"errors":["org.apache.flink.RestHandlerException: b.\na.\nCaused by: x.Y: z"]}`}
	ours := &Answer{Status: 400, Body: `{"errors":["org.apache.flink.RestHandlerException: b.\na."]}`}
	if said(real) != said(ours) {
		t.Errorf("%s\n%s", said(real), said(ours))
	}
	const id = "0123456789abcdef0123456789abcdef"
	internal := &Answer{Status: 500, Body: `{"errors":["Internal server error.","<Exception on server side:\na.b.CException: job (` + id + `)\n\nEnd of exception on server side>"]}`}
	if got, want := said(internal), "500 <Exception on server side: / Internal server error. / a.b.CException / job (…)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	two := func(first, second string) *Answer {
		return &Answer{Status: 400, Body: `{"errors":["org.apache.flink.RestHandlerException: ` + first + `\n` + second + `"]}`}
	}
	if said(two("a", "b")) != said(two("b", "a")) || said(two("a", "b")) == said(two("a", "c")) {
		t.Error("lines are compared in another way than as a set")
	}
	if got, want := said(&Answer{200, `{"b":1, "a":2}`}), `200 {"a":2,"b":1}`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCompareLeavesTheOrderOfTiedGroupsToFlink(t *testing.T) {
	s, err := Parse("x", "flink 2.3\njob source=4 work=4@g2 count=2\nsubmit")
	if err != nil {
		t.Fatal(err)
	}
	run := func(groups, parallelism []int, upper int) *Run {
		return &Run{
			Version: slots.V2_3, End: second(60), Actions: []Done{{Line: 3, At: second(1)}},
			Observations: []Observation{{
				At: second(10), Status: "RUNNING", Parallelism: parallelism, Groups: groups, Counts: map[Count]int{},
				Bounds: []Bound{{"source", 1, 4}, {"work", 1, upper}, {"count", 1, 2}},
			}},
			Records: []RescaleRecord{{
				Desired: []int{4, upper, 2}, Sufficient: []int{1, 1, 1}, After: parallelism,
				Slots: []RescaleSlots{{After: groups[0]}, {After: groups[1]}},
			}},
		}
	}
	tied := Compare(s, run([]int{2, 3}, []int{2, 3, 2}, 4), run([]int{3, 2}, []int{3, 2, 2}, 4), DefaultTolerances)
	if bad := disagreeing(tied); len(bad) > 0 {
		t.Errorf("tied: %+v", bad)
	}
	for name, ours := range map[string]*Run{
		"other slots":         run([]int{4, 1}, []int{4, 1, 2}, 4),
		"another parallelism": run([]int{2, 3}, []int{2, 3, 1}, 4),
	} {
		if bad := disagreeing(Compare(s, run([]int{2, 3}, []int{2, 3, 2}, 4), ours, DefaultTolerances)); len(bad) != 2 {
			t.Errorf("%s: %+v, want both rows", name, bad)
		}
	}
	apart := Compare(s, run([]int{2, 3}, []int{2, 3, 2}, 3), run([]int{3, 2}, []int{3, 2, 2}, 3), DefaultTolerances)
	if bad := disagreeing(apart); len(bad) != 2 {
		t.Errorf("not tied: %+v, want both rows", bad)
	}
}
