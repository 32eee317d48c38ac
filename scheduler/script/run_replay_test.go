package script

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Our schedulers do what real Flink did, under the same actions at the same
// times: state by state, and within the tolerances of time.
func TestRecordedRunsAreReplayed(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		real := recordedRun(t, file)
		t.Run(real.Script+"/"+real.Version.String(), func(t *testing.T) {
			s := load(t, filepath.Join("testdata", "experiments", real.Script+".txt"))
			ours, trace, err := Replay(s, real)
			if err != nil {
				t.Fatal(err)
			}
			var differ strings.Builder
			for _, row := range Compare(s, real, ours, DefaultTolerances) {
				if !row.Agrees {
					fmt.Fprintf(&differ, "%s, %s:\n  real %s\n  ours %s\n", row.After, row.Observable, row.Real, row.Ours)
				}
			}
			if differ.Len() > 0 {
				t.Errorf("%s", differ.String())
				if testing.Verbose() {
					t.Log(trace)
				}
			}
		})
	}
}

func recordedRun(t testing.TB, file string) *Run {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	run, err := DecodeRun(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return run
}
