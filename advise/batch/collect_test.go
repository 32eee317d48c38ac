package batch

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
)

// nightly is the archive of a real job whose tasks were far too small.
func nightly(t testing.TB) *flink.Archive {
	t.Helper()
	f, err := os.Open("../../flink/testdata/archive-2.3.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	a, err := flink.ReadArchive(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// several lists jobs of other kinds besides the archive's one.
type several struct {
	Source
	jobs   []flink.JobSummary
	failed map[flink.JobID]error
}

func (s several) JobsOverview(context.Context) ([]flink.JobSummary, error) { return s.jobs, nil }

func (s several) Job(ctx context.Context, job flink.JobID) (flink.JobDetails, error) {
	if err := s.failed[job]; err != nil {
		return flink.JobDetails{}, err
	}
	return s.Source.Job(ctx, job)
}

const archivedJob = "1c906768255d78b1392eef569f8a22b9"

func TestARunIsReadWithItsTasks(t *testing.T) {
	found, err := Collect(t.Context(), nightly(t), Wanted{})
	if err != nil || len(found.Runs) != 1 || len(found.Left) != 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	r := found.Runs[0]
	head := []any{r.Whole(), r.Name, r.Parallelism, r.Release.String(), r.Duration, r.Settings[KeyMax]}
	if diff := cmp.Diff([]any{true, "nightly", 1, "2.3", 4052 * time.Millisecond, "64"}, head); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	var got []any
	for _, v := range r.Vertices {
		got = append(got, v.Name, len(v.Tasks), v.ReadBytes(), v.WriteBytes(), v.MaxParallelism)
	}
	want := []any{
		"Source: source", 4, int64(0), int64(510656), 64,
		"work", 64, int64(510268), int64(610496), 64,
		"enrich -> sink: Writer", 64, int64(574766), int64(0), 64,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("vertices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Edge{{From: 0, Ship: "HASH", Exchange: "blocking"}}, r.Vertices[1].Inputs); diff != "" {
		t.Errorf("what work reads (-want +got):\n%s", diff)
	}
	if got := r.most(); got != 4 {
		t.Errorf("%d tasks at a time, want 4", got)
	}
}

func TestWhatIsNoFinishedBatchJobIsLeftOutWithTheReason(t *testing.T) {
	summary := func(id, name, kind string, state flink.JobStatus, start flink.Millis) flink.JobSummary {
		return flink.JobSummary{ID: flink.JobID(id), Name: name, JobType: kind, State: state, StartTime: start}
	}
	s := several{Source: nightly(t), failed: map[flink.JobID]error{
		"gone": &flink.Error{Kind: flink.KindNotFound, Op: "GET /jobs/gone"},
	}, jobs: []flink.JobSummary{
		summary("s", "orders", "STREAMING", flink.JobRunning, 1),
		summary("f", "nightly", "BATCH", flink.JobFailed, 2),
		summary("c", "nightly", "BATCH", flink.JobCanceled, 3),
		summary("gone", "nightly", "BATCH", flink.JobFinished, 4),
		summary(archivedJob, "nightly", "BATCH", flink.JobFinished, 5),
	}}
	found, err := Collect(t.Context(), s, Wanted{})
	if err != nil || len(found.Runs) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	want := []Left{
		{"c", "nightly", "it did not finish (canceled)"},
		{"f", "nightly", "it did not finish (failed)"},
		{"s", "orders", leftStreaming},
		{"gone", "nightly", "GET /jobs/gone: not found"},
	}
	if diff := cmp.Diff(want, found.Left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

func TestTheNewestRunsOfTheJobsAskedForAreRead(t *testing.T) {
	s := several{Source: nightly(t), failed: map[flink.JobID]error{}}
	for i, name := range []string{"a", "a", "b", "a", "b"} {
		id := flink.JobID(string(rune('1' + i)))
		s.jobs = append(s.jobs, flink.JobSummary{ID: id, Name: name, JobType: "BATCH", State: flink.JobFinished, StartTime: flink.Millis(i + 1)})
		s.failed[id] = errors.New("read")
	}
	for name, c := range map[string]struct {
		wanted Wanted
		want   string
	}{
		"all, oldest first":     {Wanted{}, "12345"},
		"the newest two a name": {Wanted{Runs: 2}, "2345"},
		"one name":              {Wanted{Jobs: []string{"b"}}, "35"},
		"one id":                {Wanted{Jobs: []string{"2"}}, "2"},
		"neither":               {Wanted{Jobs: []string{"x"}}, ""},
	} {
		found, err := Collect(t.Context(), s, c.wanted)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, l := range found.Left {
			got += string(l.ID)
		}
		if got != c.want {
			t.Errorf("%s: read %s, want %s", name, got, c.want)
		}
	}
}

// A word is a name or an id before it is the beginning of one.
func TestAJobCanBeNamedByTheBeginningOfItsID(t *testing.T) {
	s := several{Source: nightly(t), failed: map[flink.JobID]error{}}
	for _, job := range [][2]string{{"12ab", "x"}, {"12cd", "y"}, {"34ef", "12c"}, {"5", "z"}, {"56", "z"}} {
		id := flink.JobID(job[0])
		s.jobs = append(s.jobs, flink.JobSummary{ID: id, Name: job[1], JobType: "BATCH", State: flink.JobFinished})
		s.failed[id] = errors.New("read")
	}
	for word, want := range map[string]string{"12a": "12ab", "34": "34ef", "12c": "34ef", "5": "5", "7": "", "12": "2 jobs"} {
		found, err := Collect(t.Context(), s, Wanted{Jobs: []string{word}})
		got := ""
		for _, l := range found.Left {
			got += string(l.ID)
		}
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: read %q, want %q", word, got, want)
		}
	}
}

func TestWhatElseRunsIsNamed(t *testing.T) {
	s := several{Source: nightly(t), failed: map[flink.JobID]error{}}
	for i, job := range []flink.JobSummary{
		{Name: "a", JobType: "BATCH", State: flink.JobFinished},
		{Name: "b", JobType: "BATCH", State: flink.JobFinished},
		{Name: "b", JobType: "BATCH", State: flink.JobFailed},
		{Name: "old"},
		{Name: "s", JobType: "STREAMING", State: flink.JobRunning},
		{Name: "t", JobType: "STREAMING", State: flink.JobCanceled},
	} {
		job.ID = flink.JobID(string(rune('1' + i)))
		s.failed[job.ID] = errors.New("read")
		s.jobs = append(s.jobs, job)
	}
	found, err := Collect(t.Context(), s, Wanted{Jobs: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"b", "old"}, {"s"}}, [][]string{found.Others, found.Streams}); diff != "" {
		t.Errorf("others and streams (-want +got):\n%s", diff)
	}
	if found, err = Collect(t.Context(), s, Wanted{}); err != nil || len(found.Others) > 0 || len(found.Streams) != 1 {
		t.Errorf("all asked for: %q, %q, %v", found.Others, found.Streams, err)
	}
}

func TestReadingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Collect(ctx, nightly(t), Wanted{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAPlanThatIsNoGraphIsRefused(t *testing.T) {
	node := func(id string, from ...string) flink.PlanNode {
		n := flink.PlanNode{ID: flink.VertexID(id)}
		for _, f := range from {
			n.Inputs = append(n.Inputs, flink.PlanInput{ID: flink.VertexID(f)})
		}
		return n
	}
	for name, c := range map[string]struct {
		nodes []flink.PlanNode
		want  string
	}{
		"a circle":         {[]flink.PlanNode{node("a", "b"), node("b", "a")}, "circle"},
		"an unknown input": {[]flink.PlanNode{node("a", "x")}, "vertex x"},
	} {
		if _, err := topological(c.nodes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	order, err := topological([]flink.PlanNode{node("c", "b"), node("b", "a"), node("a")})
	if err != nil || len(order) != 3 || order[0].ID != "a" || order[2].ID != "c" {
		t.Errorf("the order is %+v, %v", order, err)
	}
}

// FuzzRead takes any archive through reading and advice: what cannot be used is an
// error, never a panic, a figure that is not finite or advice that makes worse.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"archive":[]}`), 4)
	var small bytes.Buffer
	_ = json.NewEncoder(&small).Encode(map[string]any{"archive": []map[string]string{
		{"path": "/jobs/overview", "json": `{"jobs":[{"jid":"a","name":"n","jobType":"BATCH","state":"FINISHED","start-time":1,"duration":9}]}`},
		{"path": "/jobs/a/jobmanager/config", "json": `[{"key":"` + KeyMax + `","value":"8"}]`},
		{"path": "/jobs/a", "json": `{"jid":"a","name":"n","state":"FINISHED","job-type":"BATCH","start-time":1,"duration":900,
			"vertices":[{"id":"v","name":"s","parallelism":2,"maxParallelism":8,"metrics":{}},{"id":"w","name":"t","parallelism":1,"maxParallelism":8,"metrics":{}}],
			"plan":{"type":"BATCH","nodes":[{"id":"v"},{"id":"w","inputs":[{"id":"v","ship_strategy":"HASH","exchange":"blocking"}]}]}}`},
		{"path": "/jobs/a/vertices/v", "json": `{"id":"v","subtasks":[{"status":"FINISHED","start-time":2,"duration":100,"metrics":{"read-bytes":0,"write-bytes":900,"read-bytes-complete":true,"write-bytes-complete":true}}]}`},
		{"path": "/jobs/a/vertices/w", "json": `{"id":"w","subtasks":[{"status":"FINISHED","start-time":200,"duration":300,"metrics":{"read-bytes":900,"write-bytes":0,"read-bytes-complete":true,"write-bytes-complete":true}}]}`},
	}})
	f.Add(small.Bytes(), 0)
	f.Fuzz(func(t *testing.T, text []byte, slots int) {
		a, err := flink.ReadArchive(bytes.NewReader(text))
		if err != nil {
			return
		}
		found, err := Collect(context.Background(), a, Wanted{})
		if err != nil || len(found.Runs) == 0 || slots > 100 {
			return
		}
		for _, r := range found.Runs { // not those that only take long
			if o, err := optionsOf(&r); err == nil && o.MaxParallelism > 200 {
				return
			}
			for _, v := range r.Vertices {
				if v.Parallelism > 200 || v.MaxParallelism > 200 {
					return
				}
			}
		}
		advice, err := Advise(context.Background(), found.Runs, Config{Slots: max(0, slots)})
		if err != nil {
			return
		}
		holds(t, advice)
		report := Report{Jobs: []Advice{advice}}
		if err := errors.Join(report.WriteTable(io.Discard), report.WriteHTML(io.Discard)); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(report); err != nil {
			t.Fatal(err)
		}
	})
}
