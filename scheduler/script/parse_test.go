package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

const whole = `# a comment
flink 2.3 1.20
set heartbeat.interval 5s    # as told
job source=4 work=4/8@g2 count=2
job-option execution.checkpointing.interval 5s
cost work=10ms
rate 500
sample 1s

at 0s add-taskmanager tm1 slots=2
submit
expect RUNNING 2,2,2|1,3,1 groups=default:2,g2:3 attempts=0,0,0 free=1 after 10s..12s
at +5s put work=2:3 *=1:2
expect status=200 text="a b # c" text="d" within 1s
[2.3] stay bounds=1:2 operation=failed for 20s
[1.20] wait 1m30s
put-body {"$source": "# {}"}
kill tm1
slow-checkpoints 3s
fail-checkpoints on
fail-task work 3
stop-with-savepoint target=unwritable
expect bounds=source:1:2,work:2:3,count:1:2
`

func TestParse(t *testing.T) {
	s, err := Parse("whole.txt", whole)
	if err != nil {
		t.Fatal(err)
	}
	relative := Offset{Relative: true}
	ones := []Bound{{"source", 1, 2}, {"work", 1, 2}, {"count", 1, 2}}
	mixed := []Bound{{"source", 1, 2}, {"work", 2, 3}, {"count", 1, 2}}
	want := &Script{
		Name:     "whole.txt",
		Versions: []slots.Version{slots.V1_20, slots.V2_3},
		Options:  []Option{{3, "heartbeat.interval", "5s"}},
		Job: Job{
			Vertices: []Vertex{
				{"source", 4, 0, "default", 0}, {"work", 4, 8, "g2", 10 * time.Millisecond}, {"count", 2, 0, "default", 0},
			},
			Options: []Option{{5, "execution.checkpointing.interval", "5s"}},
			Rate:    500,
		},
		Sample: time.Second,
		Lines: []Line{
			{Number: 10, Action: AddTaskManager{"tm1", 2}},
			{Number: 11, At: relative, Action: Submit{}},
			{Number: 12, At: relative, Expect: &Expectation{Kind: After, From: 10 * time.Second, To: 12 * time.Second, Want: Want{
				Status: "RUNNING", Parallelism: [][]int{{2, 2, 2}, {1, 3, 1}}, Groups: [][]int{{2, 3}}, Attempts: []int{0, 0, 0},
				Counts: []CountIs{{Free, 1}},
			}}},
			{Number: 13, At: Offset{5 * time.Second, true}, Action: Put{mixed}},
			{Number: 14, At: relative, Expect: &Expectation{Kind: After, To: time.Second, Want: Want{Answer: 200, Texts: []string{"a b # c", "d"}}}},
			{Number: 15, At: relative, Only: slots.V2_3, Expect: &Expectation{Kind: Stay, For: 20 * time.Second, Want: Want{Bounds: ones, Operation: "failed"}}},
			{Number: 16, At: relative, Only: slots.V1_20, Wait: 90 * time.Second},
			{Number: 17, At: relative, Action: PutBody{`{"$source": "# {}"}`}},
			{Number: 18, At: relative, Action: KillTaskManager{"tm1"}},
			{Number: 19, At: relative, Action: SlowCheckpoints{3 * time.Second}},
			{Number: 20, At: relative, Action: FailCheckpoints{true}},
			{Number: 21, At: relative, Action: FailTask{"work", 3}},
			{Number: 22, At: relative, Action: StopWithSavepoint{true}},
			{Number: 23, At: relative, Expect: &Expectation{Want: Want{Bounds: mixed}}},
		},
	}
	for i := range s.Lines {
		if s.Lines[i].Text == "" {
			t.Errorf("line %d has no text", s.Lines[i].Number)
		}
		s.Lines[i].Text = ""
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestLinesForAVersionLeaveThoseOfTheOtherOut(t *testing.T) {
	s, err := Parse("whole.txt", whole)
	if err != nil {
		t.Fatal(err)
	}
	for v, left := range map[slots.Version]int{slots.V1_20: 15, slots.V2_3: 16} {
		for _, l := range s.LinesFor(v) {
			if l.Number == left {
				t.Errorf("%s has line %d of the other version", v, left)
			}
		}
		if n := len(s.LinesFor(v)); n != len(s.Lines)-1 {
			t.Errorf("%s has %d lines of %d", v, n, len(s.Lines))
		}
	}
}

// A head for the scripts below; what they add stands on line 3.
const head = "flink 1.20\njob source=4 work=4@g2 count=4\n"

func TestParseSaysWhereAndWhatWouldBeRight(t *testing.T) {
	cases := []struct{ text, want string }{
		{"", "x.txt: the versions are missing"},
		{"submit", "x.txt:1: the versions are missing: want \"flink 1.20 2.3\" first"},
		{"flink 1.20\nsubmit", "x.txt:2: the job is missing: want \"job source=4 work=4 count=4\""},
		{"flink 1.19", "x.txt:1: \"1.19\" is not a version: want 1.20 or 2.3"},
		{"flink", "which version?"},
		{"flink 1.20 1.20", "1.20 stands there twice"},
		{"flink 1.20\njob source=0 work=4", "vertex \"source=0\": 0 is too few: want 1 or more"},
		{"flink 1.20\njob source=4", "at least one vertex behind it"},
		{"flink 1.20\njob source=4/2 work=4", "the max parallelism is below the parallelism"},
		{"flink 1.20\njob source=4 source=4", "vertex \"source\" stands there twice"},
		{"flink 1.20\njob source=4@ work=4", "is not the name of a sharing group"},
		{"flink 1.20\njob 4=4 work=4", "\"4\" is not a name"},
		{"flink 1.20\nset heartbeat.interval", "want an option and its value"},
		{"flink 1.20\ncost source=1ms", "there is no vertex \"source\": the job stands below"},
		{head, "x.txt: nothing happens in it"},
		{head + "job source=4 work=4", "a script has one job"},
		{head + "sample 0s", "want how often"},
		{head + "submit\nset a b", "x.txt:4: \"set\" belongs before the first action"},
		{head + "jump", "x.txt:3: \"jump\" is nothing that can happen: want expect, stay, wait, add-taskmanager,"},
		{head + "submit now", "submit: \"now\" is too much"},
		{head + "at", "\"at\" what time?"},
		{head + "at noon submit", "\"noon\" is not a time: want something like 12s"},
		{head + "at -1s submit", "\"-1s\" is not a time"},
		{head + "at 9999999h submit", "is not a time"},
		{head + "at 1s expect RUNNING", "\"expect\" has no time of its own"},
		{head + "[2.3] submit", "[2.3]: the script is not for that version"},
		{head + "[3] submit", "\"[3]\" is not a version: want [1.20] or [2.3]"},
		{head + "add-taskmanager tm1", "want \"add-taskmanager tm1 slots=2\""},
		{head + "add-taskmanager tm1 slots=0", "0 is too few"},
		{head + "add-taskmanager tm1 slots=1\nadd-taskmanager tm1 slots=1", "x.txt:4: add-taskmanager: tm1 is the name of an earlier one"},
		{head + "kill tm1", "there is no TaskManager \"tm1\""},
		{head + "put work=1:2", "the bounds of \"source\" are missing"},
		{head + "put sink=1:2", "there is no vertex \"sink\": want one of source, work, count"},
		{head + "put *=1", "\"*=1\" are no bounds: want name=lower:upper"},
		{head + "put *=-1:2", "(what Flink refuses goes into a put-body)"},
		{head + "put *=1:2 *=1:2", "\"*\" stands there twice"},
		{head + "fail-task sink 0", "there is no vertex \"sink\""},
		{head + "fail-task work x", "\"x\" is not a number"},
		{head + "fail-checkpoints maybe", "neither on nor off"},
		{head + "wait", "is not a time"},
		{head + "expect", "expect what?"},
		{head + "expect running", "want a status in capitals, or numbers"},
		{head + "expect 1,2", "has 2 numbers and the job has 3 vertices"},
		{head + "expect RUNNING after 10s", "\"10s\" is no span"},
		{head + "expect RUNNING after 12s..10s", "is no span"},
		{head + "expect colour=1", "\"colour\" cannot be seen"},
		{head + "expect groups=g2:1", "want the slots of each of the sharing groups [default g2]"},
		{head + "expect groups=g3:1", "want the slots of each sharing group"},
		{head + "expect bounds=source:1:2", "want the bounds of every vertex"},
		{head + "expect bounds=work:1:2,source:1:2,count:1:2", "in the order of the job"},
		{head + "expect text=\"a\"", "text of what?"},
		{head + "expect status=400 text=\"a", "is open"},
		{head + "expect operation=done", "want in-progress, completed or failed"},
		{head + "stay RUNNING", "for how long?"},
	}
	for _, c := range cases {
		_, err := Parse("x.txt", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.txt:") {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestOffsets(t *testing.T) {
	const s = time.Second
	cases := []struct {
		offset    Offset
		now, want time.Duration
	}{
		{Offset{5 * s, false}, 2 * s, 5 * s},
		{Offset{5 * s, false}, 7 * s, 7 * s}, // too late to be on time
		{Offset{5 * s, true}, 2 * s, 7 * s},
		{Offset{0, true}, 2 * s, 2 * s},
	}
	for _, c := range cases {
		if got := c.offset.From(c.now); got != c.want {
			t.Errorf("%v from %s: %s, want %s", c.offset, c.now, got, c.want)
		}
	}
}

func TestVertexNamesInBodies(t *testing.T) {
	ids := map[string]string{"work": "aaaa", "work-2": "bbbb"}
	const named, plain = `{"$work-2":1,"$work":2,"$other":3}`, `{"bbbb":1,"aaaa":2,"$other":3}`
	if got := Expand(named, ids); got != plain {
		t.Errorf("expanded: %s, want %s", got, plain)
	}
	if got := Contract(plain, ids); got != named {
		t.Errorf("contracted: %s, want %s", got, named)
	}
	const body = `{"$a":{"parallelism":{"lowerBound":1,"upperBound":2}},"$b":{"parallelism":{"lowerBound":3,"upperBound":4}}}`
	if got := Body([]Bound{{"a", 1, 2}, {"b", 3, 4}}); got != body {
		t.Errorf("body: %s, want %s", got, body)
	}
}

// everyScript are the scripts of testdata by file.
func everyScript(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	scripts := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts[f] = string(b)
	}
	return scripts
}

func TestEveryScriptIsWellFormed(t *testing.T) {
	for file, text := range everyScript(t) {
		if _, err := Parse(file, text); err != nil {
			t.Error(err)
		}
	}
}

// Whatever stands in a script, Parse says what it is or where it is wrong; and what it takes is whole.
func FuzzParse(f *testing.F) {
	f.Add(whole)
	for _, text := range everyScript(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("no place in %v", err)
			}
			return
		}
		if len(s.Versions) == 0 || len(s.Job.Vertices) < 2 || len(s.Lines) == 0 {
			t.Fatalf("half a script: %+v", s)
		}
		for _, l := range s.Lines {
			checkLine(t, s, l)
		}
	})
}

func checkLine(t *testing.T, s *Script, l Line) {
	t.Helper()
	if (l.Action == nil) == (l.Expect == nil) && l.Action != nil {
		t.Errorf("line %d both acts and expects", l.Number)
	}
	if l.Only != 0 && !s.AppliesTo(l.Only) {
		t.Errorf("line %d is for a version that the script is not for", l.Number)
	}
	if put, ok := l.Action.(Put); ok && len(put.Bounds) != len(s.Job.Vertices) {
		t.Errorf("line %d puts %d bounds for %d vertices", l.Number, len(put.Bounds), len(s.Job.Vertices))
	}
	if l.Expect == nil {
		return
	}
	for _, p := range l.Expect.Want.Parallelism {
		if len(p) != len(s.Job.Vertices) {
			t.Errorf("line %d expects %v of %d vertices", l.Number, p, len(s.Job.Vertices))
		}
	}
	if l.Expect.To < l.Expect.From {
		t.Errorf("line %d expects between %s and %s", l.Number, l.Expect.From, l.Expect.To)
	}
}
