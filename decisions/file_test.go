package decisions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

func TestDecisionsAreAppendedOneALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	for range 2 { // the second time it is there already
		f := open(t, path, DefaultMaxBytes, DefaultKeep)
		record(t, f, scene("filling"), scene("steady"), scene("scale"))
		closeFile(t, f)
	}
	entries := readEntries(t, path)
	var reasons []string
	for _, e := range entries {
		reasons = append(reasons, e.Reason)
	}
	if got := strings.Join(reasons, " "); got != "window-not-full within-bounds scale window-not-full within-bounds scale" {
		t.Errorf("got %s", got)
	}
	if e := entries[2]; e.Job != "86b9b8fc1535b602fef0e4105a5025fa" || e.Cluster != "prod" || e.Vertices[1].To != 8 || len(e.Vertices[1].Guards) != 7 {
		t.Errorf("got %+v", e)
	}
}

func TestRepeatedHoldIsLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	f := open(t, path, DefaultMaxBytes, DefaultKeep)
	defer closeFile(t, f)

	steady, other := scene("steady"), scene("steady")
	other.Evaluation.Vertices[0].TargetRate = 1300 // other figures, the same decision
	record(t, f, steady, other, steady)
	lines(t, path, 1)

	wish := scene("steady")
	wish.Decision.Vertices[1].Recommended = 3
	record(t, f, wish, wish)
	lines(t, path, 2)

	record(t, f, scene("blocked"), scene("blocked"))
	lines(t, path, 3)

	done := scene("blocked")
	done.Act.Phase = autoscaler.PhaseDone
	record(t, f, done)
	lines(t, path, 4)

	record(t, f, scene("scale"), scene("scale")) // what changes something is always said
	lines(t, path, 6)

	elsewhere := scene("steady")
	elsewhere.Job.Cluster = "test"
	record(t, f, steady, elsewhere, elsewhere) // the same job id on another cluster
	lines(t, path, 8)
}

// A cluster without a name is called by its address, so that two files can be told
// apart.
func TestAnUnnamedClusterHasItsAddressInTheFile(t *testing.T) {
	var both string
	for _, address := range []string{"http://jm-1:8081", "http://jm-2:8081"} {
		path := filepath.Join(t.TempDir(), "d")
		f := open(t, path, DefaultMaxBytes, DefaultKeep)
		f.CallUnnamed(address)
		r := scene("steady")
		r.Job.Cluster = ""
		record(t, f, scene("scale"), r, r)
		closeFile(t, f)
		if e := readEntries(t, path); len(e) != 2 || e[0].Cluster != "prod" || e[1].Cluster != address {
			t.Errorf("got %+v", e)
		}
		both += readText(t, path)
	}
	if _, err := search(t, Query{Job: "http://jm-2:8081/clickstream"}, both); err != nil {
		t.Error(err)
	}
	if found, err := search(t, Query{Job: "clickstream"}, both); err == nil {
		t.Errorf("two jobs are taken for one: %s", said(found))
	}
}

func TestFileIsRotatedBySize(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "d")
	f := open(t, path, 3000, 2)
	defer closeFile(t, f)
	size := len(encode(t, scene("scale")))
	perFile := 3000 / size
	if perFile < 1 {
		t.Fatalf("a line has %d bytes: choose a larger file", size)
	}
	const count = 20
	for i := range count {
		r := scene("scale")
		r.Name = fmt.Sprintf("job-%06d", i)
		record(t, f, r)
	}
	var names []string
	for _, suffix := range []string{".2", ".1", ""} {
		entries := readEntries(t, path+suffix)
		if len(entries) == 0 {
			t.Errorf("%s is empty", suffix)
		}
		for _, e := range entries {
			names = append(names, e.Name)
		}
		if info, err := os.Stat(path + suffix); err != nil || info.Size() > 3000 {
			t.Errorf("%s: %v", suffix, err)
		}
	}
	for i, name := range names { // the newest, in order, with no gap
		if want := fmt.Sprintf("job-%06d", count-len(names)+i); name != want {
			t.Fatalf("%d is %s, want %s", i, name, want)
		}
	}
	if found, _ := filepath.Glob(path + "*"); len(found) != 3 {
		t.Errorf("files: %v", found)
	}
}

func TestRotationThatKeepsNothingStartsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	f := open(t, path, 1, 0)
	defer closeFile(t, f)
	record(t, f, scene("scale"), scene("scale"), scene("scale"))
	lines(t, path, 1)
	if found, _ := filepath.Glob(path + "*"); len(found) != 1 {
		t.Errorf("files: %v", found)
	}
}

func TestJobsAreRecordedAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	f := open(t, path, 50_000, 100)
	var wg sync.WaitGroup
	for job := range 8 {
		wg.Go(func() {
			for range 20 {
				r := scene("scale")
				r.Job.Job = flink.JobID(fmt.Sprint(job))
				if err := f.Record(t.Context(), &autoscaler.JobContext{Key: r.Job}, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	closeFile(t, f)
	files, _ := filepath.Glob(path + "*")
	total := 0
	for _, file := range files {
		total += len(readEntries(t, file))
	}
	if total != 160 || len(files) < 2 {
		t.Errorf("%d lines in %d files", total, len(files))
	}
}

func TestLineLeftUnfinishedByACrashSpoilsNoOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	if err := os.WriteFile(path, []byte(`{"time":"2026-07-01T12:0`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, DefaultMaxBytes, DefaultKeep)
	record(t, f, scene("steady"))
	closeFile(t, f)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Split(strings.TrimSpace(string(text)), "\n")
	var e Entry
	if len(whole) != 2 || json.Unmarshal([]byte(whole[1]), &e) != nil {
		t.Errorf("got %q", text)
	}
}

func TestPathThatCannotBeWrittenIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such", "folder", "d")
	if _, err := OpenFile(missing, 1, 1); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
	folder := t.TempDir()
	if _, err := OpenFile(folder, 1, 1); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("got %v", err)
	}
}

// A rotation that fails loses that line and no other.
func TestRotationThatFailedIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	f := open(t, path, 1, 1)
	defer closeFile(t, f)
	record(t, f, scene("scale"))
	if err := os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := scene("scale")
	if err := f.Record(t.Context(), &autoscaler.JobContext{Key: r.Job}, r); err == nil || !strings.Contains(err.Error(), "rotate decisions file") {
		t.Fatalf("got %v", err)
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	record(t, f, scene("scale"))
	lines(t, path, 1)
	lines(t, path+".1", 1)
}

func TestNothingIsRecordedAfterClose(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "d"), 1, 1)
	closeFile(t, f)
	r := scene("steady")
	if err := f.Record(t.Context(), &autoscaler.JobContext{Key: r.Job}, r); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestMemoryOfJobsIsBounded(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "d"), DefaultMaxBytes, 1)
	defer closeFile(t, f)
	for i := range rememberedJobs {
		f.last[autoscaler.JobKey{Job: flink.JobID(fmt.Sprint(i))}] = "x"
	}
	record(t, f, scene("steady"))
	if len(f.last) != 1 {
		t.Errorf("%d jobs are remembered", len(f.last))
	}
}

func open(t *testing.T, path string, maxBytes int64, keep int) *File {
	t.Helper()
	f, err := OpenFile(path, maxBytes, keep)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func closeFile(t *testing.T, f *File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func record(t *testing.T, f *File, reports ...*autoscaler.Report) {
	t.Helper()
	for _, r := range reports {
		if err := f.Record(t.Context(), &autoscaler.JobContext{Key: r.Job}, r); err != nil {
			t.Fatal(err)
		}
	}
}

func encode(t *testing.T, r *autoscaler.Report) []byte {
	t.Helper()
	line, err := encodeLine(New(r))
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func readEntries(t *testing.T, path string) []Entry {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	for line := range bytes.Lines(text) {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		entries = append(entries, e)
	}
	return entries
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func lines(t *testing.T, path string, want int) {
	t.Helper()
	if got := len(readEntries(t, path)); got != want {
		t.Fatalf("%d lines in %s, want %d", got, filepath.Base(path), want)
	}
}
