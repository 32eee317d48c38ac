package script

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

var update = flag.Bool("update", false, "write the golden traces anew")

// tolerance is how far a time of ours may be from those of a script: half a
// second, which Flink itself takes for this and that.
const tolerance = 500 * time.Millisecond

// Each script of a folder does what it expects, on the versions that it is for,
// and its trace is the one that was looked at and kept.
func TestScriptsDoWhatTheyExpect(t *testing.T) {
	for _, folder := range []string{"experiments", "behaviour"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s: %v", folder, err)
		}
		for _, file := range files {
			base := strings.TrimSuffix(file, ".txt")
			t.Run(filepath.Base(base), func(t *testing.T) {
				s := load(t, file)
				for _, v := range s.Versions {
					t.Run(v.String(), func(t *testing.T) {
						golden(t, base+"."+v.String()+".trace", execute(t, s, v))
					})
				}
			})
		}
	}
}

func load(t testing.TB, file string) *Script {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// execute carries a script out, and reports what it expects and does not get.
func execute(t *testing.T, s *Script, v slots.Version) string {
	t.Helper()
	run, trace, err := Execute(s, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Check(s, run, tolerance) {
		t.Error(m)
	}
	return trace.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test -run Scripts -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the trace is another one (-want +got):\n%s", diff)
	}
}
