package script

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// aRun is one in which a job of three vertices starts at 10 s, is told at 20 s and rescaled at 25 s.
func aRun() *Run {
	at := func(sec float64, status string, p, free int) Observation {
		return Observation{
			At: time.Duration(sec * float64(time.Second)), Status: status, Parallelism: []int{p, p, p},
			Attempts: []int{0, 0, 0}, Groups: []int{p}, Counts: map[Count]int{Free: free},
		}
	}
	return &Run{
		Script: "x.txt", Version: slots.V2_3, End: time.Minute,
		Actions: []Done{
			{Line: 3, At: 0},
			{Line: 4, At: time.Second},
			{Line: 5, At: 20 * time.Second, Answer: &Answer{Status: 200, Body: "{}"}},
		},
		Observations: []Observation{
			{Counts: map[Count]int{Free: 2}}, at(1, "CREATED", 4, 0), at(10, "RUNNING", 2, 0), at(25, "RUNNING", 1, 0), at(50, "RUNNING", 1, 1),
		},
	}
}

const toCheck = "flink 2.3\njob source=4 work=4 count=4\nadd-taskmanager tm1 slots=2\nsubmit\nat 20s put *=1:1\n"

func TestCheck(t *testing.T) {
	cases := []struct {
		line string
		want string // part of the mismatch, "" for none
	}{
		{"expect status=200 text=\"{}\"", ""},
		{"expect status=200 text=\"bad\"", `"bad" does not stand in "{}"`},
		{"expect status=400", "the answer is 200: {}"},
		{"expect RUNNING 2,2,2", ""},
		{"expect RUNNING 1,1,1", "at 20.000s the parallelism is [2 2 2] (RUNNING)"},
		{"expect FAILED", "the status is RUNNING [2 2 2]"},
		{"expect RUNNING 1,1,1 after 5s..6s", ""},
		{"expect 1,1,1|3,3,3 after 4.5s..6s", ""},
		{"expect RUNNING 1,1,1 within 4.9s", ""},
		{"expect RUNNING 1,1,1 within 4s", "by 24.000s the parallelism is [2 2 2]"},
		{"expect RUNNING 1,1,1 after 6s..9s", "it was so 5.000s after the last action already"},
		{"expect RUNNING 2,2,2 after 1s..9s", "it was so 0.000s after the last action already"},
		{"stay RUNNING 2,2,2 for 4s", ""},
		{"stay RUNNING 2,2,2 for 9s", "at 25.000s the parallelism is [1 1 1]"},
		{"stay RUNNING 3,3,3 for 9s", "at 20.000s the parallelism is [2 2 2]"},
		{"expect free=1", "free is 0"},
		{"expect restarts=0", "restarts is not known"},
		{"expect attempts=1,0,0", "the attempts are [0 0 0]"},
		{"expect groups=default:1", "the slots of the groups are [2]"},
		{"expect bounds=1:1", "the bounds are []"},
		{"expect operation=failed", "the operation is none yet"},
		{"wait 5s\nexpect RUNNING 1,1,1", ""},
		{"expect RUNNING 1,1,1 within 6s\nexpect free=1 after 30s..31s", ""},
		{"expect RUNNING 1,1,1 within 6s\nstay RUNNING 1,1,1 free=0 for 24s\nexpect free=1 within 30s", ""},
		{"cancel", "it was not carried out"},
	}
	for _, c := range cases {
		s, err := Parse("x.txt", toCheck+c.line)
		if err != nil {
			t.Fatal(err)
		}
		found := Check(s, aRun(), 200*time.Millisecond)
		switch {
		case c.want == "" && len(found) > 0:
			t.Errorf("%q: %v", c.line, found)
		case c.want != "" && (len(found) != 1 || !strings.Contains(found[0].String(), c.want)):
			t.Errorf("%q: %v, want one with %q", c.line, found, c.want)
		}
	}
}

func TestCheckLooksNoFurtherThanTheTolerance(t *testing.T) {
	s, err := Parse("x.txt", toCheck+"expect RUNNING 1,1,1 within 4s")
	if err != nil {
		t.Fatal(err)
	}
	for tolerance, want := range map[time.Duration]int{0: 1, 900 * time.Millisecond: 1, time.Second: 0} {
		if found := Check(s, aRun(), tolerance); len(found) != want {
			t.Errorf("with %s: %v, want %d", tolerance, found, want)
		}
	}
}

func TestARunOutlivesItsFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.Custom(drawRun).Draw(t, "run")
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRun(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Error(diff)
		}
	})
}

func drawRun(t *rapid.T) *Run {
	text := rapid.StringMatching(`[a-z<>&"\\é ]{0,9}`)
	time := rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "ns")) })
	n := rapid.IntRange(-1, 9)
	r := &Run{Script: text.Draw(t, "script"), Version: slots.V1_20, Flink: text.Draw(t, "flink"), End: time.Draw(t, "end")}
	for range rapid.IntRange(0, 2).Draw(t, "length") {
		r.Actions = append(r.Actions, Done{Line: n.Draw(t, "line"), At: time.Draw(t, "at"), Answer: &Answer{200, text.Draw(t, "body")}})
		r.Observations = append(r.Observations, Observation{
			At: time.Draw(t, "at"), Parallelism: []int{n.Draw(t, "p")}, Bounds: []Bound{{text.Draw(t, "v"), 1, 2}},
			Counts: map[Count]int{Free: n.Draw(t, "free")},
		})
		r.Transitions = append(r.Transitions, Transition{At: time.Draw(t, "at"), From: "a", To: "b", Phase: rapid.Bool().Draw(t, "phase")})
		r.Checkpoints = append(r.Checkpoints, Checkpoint{ID: n.Draw(t, "id"), Ended: time.Draw(t, "ended")})
		r.Exceptions = append(r.Exceptions, Exception{Text: text.Draw(t, "text")})
		r.Records = append(r.Records, RescaleRecord{Desired: []int{n.Draw(t, "p")}, Slots: []RescaleSlots{{1, 2, 3, 4}}, States: []RescaleState{{State: "a"}}})
		r.Samples = append(r.Samples, Sample{Vertex: text.Draw(t, "vertex"), Busy: 1.5})
	}
	return r
}

func TestDecodeRunSaysWhatIsWrong(t *testing.T) {
	cases := map[string]string{
		"":                                "it has no head",
		"{":                               "line 1 of a run",
		"{\"run\":{\"Version\":\"9.9\"}}": "line 1 of a run: \"9.9\" is not a version",
	}
	for text, want := range cases {
		if _, err := DecodeRun([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
