package schedulerlab

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

var (
	update = flag.Bool("update", false, "keep the runs on real Flink as recordings, and write the page of the comparison anew")
	atOnce = flag.Int("at-once", 3, "how many clusters run at a time")
)

// patience is how long a run may take at the most.
const patience = 15 * time.Minute

const scripts = "../../scheduler/script/testdata"

// TestExperiments runs every experiment on real clusters of both versions.
func TestExperiments(t *testing.T) {
	realflink.RequireFull(t)
	room := make(chan struct{}, *atOnce)
	for _, s := range experiments(t) {
		for _, v := range s.Versions {
			t.Run(s.Name+"/"+v.String(), func(t *testing.T) {
				t.Parallel()
				room <- struct{}{}
				defer func() { <-room }()
				run := runReal(t, s, v)
				if *update {
					keep(t, run)
				}
			})
		}
	}
}

// TestCoreOnRealFlink is what every run of the tests does: the experiment that has the most in it, on one version. The full
// run has it among the others.
func TestCoreOnRealFlink(t *testing.T) {
	realflink.RequireReal(t)
	if os.Getenv("SLUICE_REAL") == "full" {
		t.Skip("the full run has it among the experiments")
	}
	runReal(t, experiment(t, "00-core"), slots.V2_3)
}

// experiment is the one of a name.
func experiment(t testing.TB, name string) *script.Script {
	t.Helper()
	for _, s := range experiments(t) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no experiment %s", name)
	return nil
}

// runReal runs a script and holds the run against it and against ours. Where a checkpoint completes in the same
// millisecond as an action, or the machine is too busy to be polled in time, two runs of real Flink differ as well: what
// disagrees is run once more, and has to disagree again to count.
func runReal(t *testing.T, s *script.Script, v slots.Version) *script.Run {
	t.Helper()
	run, wrong := runOnce(t, s, v)
	if len(wrong) > 0 {
		t.Logf("once more, since these disagree:\n%s", strings.Join(wrong, "\n"))
		run, wrong = runOnce(t, s, v)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	return run
}

// runOnce returns what disagrees beside the run.
func runOnce(t *testing.T, s *script.Script, v slots.Version) (run *script.Run, wrong []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run, err := Run(ctx, s, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range script.Check(s, run, Tolerance) {
		wrong = append(wrong, m.String())
	}
	for _, row := range compared(t, s, run).Rows {
		t.Logf("%s, after %q, %s: real %s; ours %s; agrees: %v", s.Name, row.After, row.Observable, row.Real, row.Ours, row.Agrees)
		if !row.Agrees {
			wrong = append(wrong, fmt.Sprintf("after %q, %s:\nreal %s\nours %s", row.After, row.Observable, row.Real, row.Ours))
		}
	}
	return run, wrong
}

// experiments are the scripts of the experiments, in order.
func experiments(t testing.TB) []*script.Script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(scripts, "experiments", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments: %v", err)
	}
	var list []*script.Script
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := script.Parse(strings.TrimSuffix(filepath.Base(f), ".txt"), string(text))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func recording(name string, v slots.Version) string {
	return filepath.Join(scripts, "recorded", name+"."+v.String()+".jsonl.gz")
}

func keep(t *testing.T, run *script.Run) {
	t.Helper()
	plain, err := run.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recording(run.Script, run.Version), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
