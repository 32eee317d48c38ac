package requirements

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// What real clusters answered to requests, right and wrong ones, is what we
// answer: status, class and message, up to the frames of the stack.
func TestRealClustersAnswerTheSame(t *testing.T) {
	for name, kind := range map[string]Kind{"1.20.5": Adaptive, "2.3.0": Adaptive, "2.3.0-reactive": Reactive} {
		t.Run(name, func(t *testing.T) {
			var job Subject
			puts := 0
			for _, e := range exchanges(t, name) {
				id, ours := strings.CutSuffix(strings.TrimPrefix(strings.TrimPrefix(e.Path, "/v1"), "/jobs/"), "/resource-requirements")
				switch {
				case !ours:
				case e.Method == "GET":
					job = subject(t, slots.JobID(id), kind, e.Body)
				case e.Method == "PUT":
					puts++
					asked := job
					if asked.Job != slots.JobID(id) {
						asked.Job, asked.Phase = slots.JobID(id), Gone
					}
					got := Put(e.Sent, asked)
					if got.Status() != e.Status || head(t, got.Body()) != head(t, e.Body) {
						t.Errorf("to %s\nwe answer %d %s\nFlink     %d %s", e.Sent, got.Status(), got.Body(), e.Status, head(t, e.Body))
					}
				}
			}
			if puts < 8 {
				t.Fatalf("the recording holds %d requests, want 8", puts)
			}
		})
	}
}

func exchanges(t *testing.T, name string) []recording.Exchange {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "flink", "testdata", name+".jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := recording.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// subject makes the job of what Flink shows of its bounds. All of the recorded
// jobs have 128 as their largest parallelism.
func subject(t *testing.T, id slots.JobID, kind Kind, body []byte) Subject {
	t.Helper()
	entries, refusal := read(body)
	if refusal != nil {
		t.Fatal(refusal)
	}
	job := Subject{Job: id, Kind: kind}
	for _, e := range entries {
		job.Vertices = append(job.Vertices, slots.Vertex{ID: e.vertex, Group: "default", Bounds: e.bounds, MaxParallelism: 128})
	}
	return job
}

// head is a body up to the first frame of each stack trace.
func head(t *testing.T, body []byte) string {
	t.Helper()
	var parsed struct{ Errors []string }
	if err := json.Unmarshal(body, &parsed); err != nil {
		t.Fatal(err)
	}
	for i, text := range parsed.Errors {
		for _, end := range []string{"\n\tat ", "\n\nEnd of"} {
			text, _, _ = strings.Cut(text, end)
		}
		parsed.Errors[i] = text
	}
	return strings.Join(parsed.Errors, "|")
}
