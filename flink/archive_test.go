package flink

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

	"github.com/google/go-cmp/cmp"
)

const archivedJob JobID = "1c906768255d78b1392eef569f8a22b9"

func archiveText(t testing.TB) []byte {
	t.Helper()
	f, err := os.Open("testdata/archive-2.3.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnArchiveAnswersAsTheClusterDid(t *testing.T) {
	a, err := ReadArchive(bytes.NewReader(archiveText(t)))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	jobs, err := a.JobsOverview(ctx)
	if err != nil || len(jobs) != 1 || jobs[0].ID != archivedJob || jobs[0].JobType != TypeBatch {
		t.Fatalf("the list of jobs is %+v, %v", jobs, err)
	}
	job, err := a.Job(ctx, archivedJob)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, v := range job.Vertices {
		d, err := a.VertexDetails(ctx, archivedJob, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, len(d.Subtasks))
	}
	if diff := cmp.Diff([]int{4, 64, 64}, got); diff != "" {
		t.Errorf("subtasks (-want +got):\n%s", diff)
	}
	config, err := a.JobConfig(ctx, archivedJob)
	if err != nil || config.ExecutionConfig == nil || config.ExecutionConfig.JobParallelism != 1 {
		t.Errorf("the job's configuration is %+v, %v", config, err)
	}
	settings, err := a.JobManagerJobConfig(ctx, archivedJob)
	if want := "1kb"; err != nil || Settings(settings)["execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task"] != want {
		t.Errorf("the JobManager's configuration is %v, %v", settings, err)
	}
}

func TestWhatAnArchiveDoesNotHaveIsNotFound(t *testing.T) {
	a, err := ReadArchive(strings.NewReader(`{"archive":[
		{"path":"/jobs/a","json":"{\"errors\":[\"no such thing\"]}"},
		{"path":"/jobs/b","json":"{\"jid\":5}"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for job, want := range map[JobID]Kind{"a": KindUnsupported, "b": KindMalformed, "c": KindNotFound} {
		if _, err := a.Job(t.Context(), job); KindOf(err) != want {
			t.Errorf("job %s: %v, want %v", job, err, want)
		}
	}
}

func TestAnArchiveOfAnApplicationHasNoJobs(t *testing.T) {
	a, err := ReadArchive(strings.NewReader(`{"archive":[{"path":"/applications/overview","json":"{}"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if jobs, err := a.JobsOverview(t.Context()); err != nil || len(jobs) != 0 {
		t.Errorf("got %v, %v", jobs, err)
	}
}

func TestWhatIsNoArchiveIsRefusedInOneLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "an empty body"},
		"cut off":        {`{"archive":[{"path":"/jobs`, "cut off"},
		"another JSON":   {`{"jobs":[]}`, "not an archive of a job"},
		"without json":   {`{"archive":[{"path":"/jobs/overview"}]}`, "entry 0: not an archive of a job"},
		"another shape":  {`{"archive":[{"path":5,"json":"{}"}]}`, "archive.path"},
		"broken answer":  {`{"archive":[{"path":"/jobs/overview","json":"{\"jobs\":[{\"jid\":7}]}"}]}`, "/jobs/overview"},
		"a page of HTML": {"<html>", "html"},
	} {
		_, err := ReadArchive(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", name, err, c.want)
		}
	}
	if _, err := ReadArchive(strings.NewReader(`{}`)); !errors.Is(err, ErrNotArchive) {
		t.Errorf("got %v, want ErrNotArchive", err)
	}
}

// FuzzReadArchive gives any text to the reader: what it takes must answer without
// a panic, and the same when it is read again.
func FuzzReadArchive(f *testing.F) {
	f.Add([]byte(`{"archive":[{"path":"/jobs/overview","json":"{\"jobs\":[{\"jid\":\"a\",\"name\":\"b\"}]}"},{"path":"/jobs/a","json":"{\"jid\":\"a\"}"}]}`))
	f.Add([]byte(`{"archive":[{"path":"/jobs/a","json":"{\"errors\":[\"x\"]}"}]}`))
	f.Add([]byte(`{"archive":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ReadArchive(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := ReadArchive(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("read again: %v", err)
		}
		ctx := context.Background()
		jobs, _ := a.JobsOverview(ctx)
		for _, job := range append(jobs, JobSummary{ID: "a"}) {
			one, err := a.Job(ctx, job.ID)
			two, errAgain := again.Job(ctx, job.ID)
			x, _ := json.Marshal(one)
			y, _ := json.Marshal(two)
			if (err == nil) != (errAgain == nil) || !bytes.Equal(x, y) {
				t.Fatalf("job %s: %s, %v and %s, %v", job.ID, x, err, y, errAgain)
			}
			for _, v := range one.Vertices {
				_, _ = a.VertexDetails(ctx, job.ID, v.ID)
			}
		}
	})
}
