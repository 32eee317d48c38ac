package batch

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/batchlab"
)

// bodies answer as the cluster did when a job of internal/batchlab had ended.
type bodies map[string]batchlab.Body

func answer[T any](b bodies, path string) (T, error) {
	var value T
	body, there := b[path]
	if !there || body.Status != 200 {
		return value, &flink.Error{Kind: flink.KindNotFound, Op: path}
	}
	return value, json.Unmarshal(body.JSON, &value)
}

// JobsOverview lists the jobs whose details are there.
func (b bodies) JobsOverview(ctx context.Context) ([]flink.JobSummary, error) {
	var all []flink.JobSummary
	for path := range b {
		id, ok := strings.CutPrefix(path, "/jobs/")
		if !ok || strings.Contains(id, "/") || id == "overview" {
			continue
		}
		job, err := b.Job(ctx, flink.JobID(id))
		if err != nil {
			return nil, err
		}
		all = append(all, flink.JobSummary{ID: job.ID, Name: job.Name, State: job.State, StartTime: job.StartTime})
	}
	return all, nil
}

func (b bodies) Job(_ context.Context, job flink.JobID) (flink.JobDetails, error) {
	return answer[flink.JobDetails](b, "/jobs/"+string(job))
}

func (b bodies) VertexDetails(_ context.Context, job flink.JobID, vertex flink.VertexID) (flink.VertexDetails, error) {
	return answer[flink.VertexDetails](b, "/jobs/"+string(job)+"/vertices/"+string(vertex))
}

func (b bodies) JobConfig(_ context.Context, job flink.JobID) (flink.JobConfig, error) {
	return answer[flink.JobConfig](b, "/jobs/"+string(job)+"/config")
}

func (b bodies) JobManagerJobConfig(_ context.Context, job flink.JobID) ([]flink.KeyValue, error) {
	return answer[[]flink.KeyValue](b, "/jobs/"+string(job)+"/jobmanager/config")
}

// What REST shows is less than what the scheduler knew: the bytes of a task, not
// of a subpartition. The parallelism that is derived from it must be Flink's all
// the same; and a source that knows its work must be told from one that does not.
func TestWhatRESTShowsIsEnoughToDeriveWhatFlinkChose(t *testing.T) {
	files, err := filepath.Glob("../../internal/batchlab/testdata/*.json.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	vertices := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json.gz")
		shape := recordedShape(t, file)
		if !shape.decided {
			if !strings.Contains(name, "-adaptive-") {
				t.Errorf("%s: taken as not decided from the volume", name)
			}
			continue
		}
		d, err := shape.derive(shape.present)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, v := range shape.run.Vertices {
			vertices++
			if v.Parallelism != d.parallelism[i] {
				t.Errorf("%s: vertex %q had %d, derived %d", name, v.Name, v.Parallelism, d.parallelism[i])
			}
			// Only ORDER BY LIMIT has a vertex whose parallelism the program sets.
			if shape.pinned[i] > 0 && v.Parallelism != 1 {
				t.Errorf("%s: vertex %q is taken as pinned at %d", name, v.Name, v.Parallelism)
			}
		}
	}
	if len(files) != 86 || vertices != 302 { // as docs/batch.md says
		t.Errorf("there are %d vertices in %d runs", vertices, len(files))
	}
}

func recordedShape(t *testing.T, file string) *shape {
	t.Helper()
	recording, err := batchlab.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Collect(t.Context(), bodies(recording.Bodies), Wanted{Jobs: []string{recording.Job}})
	if err != nil || len(found.Runs) != 1 {
		t.Fatalf("%s: %v, %+v", file, err, found)
	}
	s, err := shapeOf(&found.Runs[0])
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}
