package twin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
)

var update = flag.Bool("update", false, "write golden files anew")

// treatment is what is done with a recording of a real cluster.
type treatment struct {
	compare func(t *testing.T, exchanges []recording.Exchange, topic string, seen coverage)
	topic   string // that the source of the job reads
	exempt  string // why it is not compared
}

const sameCalls = "calls of an autoscaler to the clusters of 2.3.0 and 2.3.0-kafka"

// recordings are all that there are.
var recordings = map[string]treatment{
	"1.20.5":            {compare: compareRecording, topic: "load"},
	"2.3.0":             {compare: compareRecording, topic: "load"},
	"2.3.0-sine":        {compare: compareRecording, topic: "load"},
	"2.3.0-reactive":    {compare: compareRecording, topic: "load"},
	"2.3.0-kafka":       {compare: compareRecording, topic: "events"},
	"operations-1.20.5": {compare: compareReplay},
	"operations-2.3.0":  {compare: compareReplay},
	"2.3.0-batch":       {exempt: "a batch job: twins run streams"},
	"2.3.0-sql":         {exempt: "a SQL job, with a source of the old kind and operators of its own: twins have neither"},

	"autoscaler-1-first-cycle":         {exempt: sameCalls},
	"autoscaler-2-steady-cycle":        {exempt: sameCalls},
	"autoscaler-3-scaling-cycle":       {exempt: sameCalls},
	"autoscaler-4-cycle-after-scaling": {exempt: sameCalls},
	"autoscaler-5-two-jobs":            {exempt: sameCalls},
}

// exemptions are single requests that are not compared, with the reason.
var exemptions = map[string]string{
	`POST /jars/:id/run {"entryClass": "sluice.load.LoadJob", "savepointPath": "file:/none/at/all"}`: "a twin refuses a job at once " +
		"whose savepoint is not there; Flink takes it and lets it fail",
}

// coverage counts the requests that were compared, by endpoint.
type coverage map[string]int

// Whatever a real cluster was asked, a twin is asked too, and answers with the same
// status, fields and types, or with the same error. testdata/endpoints.txt says how
// often each endpoint was compared: a recorded one that is not fails the test.
func TestBodiesHaveTheFieldsOfRecordedOnes(t *testing.T) {
	seen, exempt := coverage{}, coverage{}
	for _, file := range append(glob(t, "testdata/operations-*.jsonl.gz"), glob(t, "../flink/testdata/*.jsonl.gz")...) {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")
		exchanges := readRecording(t, file)
		switch how, known := recordings[name]; {
		case !known:
			t.Errorf("nothing is said of recording %s", name)
		case how.exempt != "":
			for _, e := range exchanges {
				exempt.compared(e)
			}
		default:
			t.Run(name, func(t *testing.T) { how.compare(t, exchanges, how.topic, seen) })
		}
	}
	for _, what := range sorted(exempt) {
		if seen[what] == 0 {
			t.Errorf("%s is asked in recordings that are not compared, and nowhere else", what)
		}
	}
	seen.golden(t, "testdata/endpoints.txt")
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	return files
}

var placeholders = []struct {
	of *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`^/v1`), ""},
	{regexp.MustCompile(`\?.*`), ""},
	{regexp.MustCompile(`[0-9a-f]{32}`), ":id"},
	{regexp.MustCompile(`/(jobs|applications|vertices)/x`), "/$1/:id"},
	{regexp.MustCompile(`/jars/[^/]+\.jar`), "/jars/:id"},
	{regexp.MustCompile(`/taskmanagers/(tm\d+|none)`), "/taskmanagers/:id"},
	{regexp.MustCompile(`/details/\d+`), "/details/:id"},
	{regexp.MustCompile(`/subtasks/[\dx]+`), "/subtasks/:n"},
	{regexp.MustCompile(`/attempts/\d+`), "/attempts/:n"},
}

// endpoint is a request without the names in it.
func endpoint(e recording.Exchange) string {
	path := e.Path
	for _, p := range placeholders {
		path = p.of.ReplaceAllString(path, p.by)
	}
	return e.Method + " " + path
}

func (c coverage) compared(e recording.Exchange) { c[endpoint(e)]++ }

// exempts says that a request is not compared.
func (c coverage) exempts(e recording.Exchange) bool {
	return exemptions[endpoint(e)+" "+string(e.Sent)] != ""
}

func (c coverage) golden(t *testing.T, file string) {
	t.Helper()
	var text strings.Builder
	for _, what := range sorted(c) {
		fmt.Fprintf(&text, "%4d  %s\n", c[what], what)
	}
	if *update {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("other endpoints were compared than before (-update takes them over):\n%s", diff)
	}
}

func detailsOf(k *flink.Checkpoint) string { return fmt.Sprintf("/details/%d", k.ID) }
