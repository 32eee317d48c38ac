package batch

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
)

var update = flag.Bool("update", false, "write the golden files anew")

// realReport is the report on the real job of the archive, with another that has
// no run to compare and some that are left out.
func realReport(t *testing.T) Report {
	t.Helper()
	found, err := Collect(t.Context(), nightly(t), Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	r := Report{Source: "http://history:8082", Jobs: []Advice{advise(t, Config{}, found.Runs...)}, Left: []Left{
		{ID: "4fb1", Name: "orders", Why: leftStreaming},
		{ID: "77aa", Name: "clicks", Why: leftStreaming},
		{Name: "/archive/9c", Why: "it cannot be read: an empty body"},
	}}
	running := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}.run(map[string]string{KeyScheduler: "adaptive"}, 3, 3)
	running.State, running.Name, running.Parallelism = flink.JobRunning, "hourly <b>&", 3
	running.Start = time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	r.Jobs = append(r.Jobs, advise(t, Config{ClusterSlots: 8}, running))
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test ./advise/batch -update writes it anew):\n%s", name, diff)
	}
}

func TestAReportLooksAsRecorded(t *testing.T) {
	r := realReport(t)
	var table, page, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", table.Bytes())
	golden(t, "report.html", page.Bytes())
	golden(t, "report.json", text.Bytes())
}

// The example of docs/batch.md is the report on the real job.
func TestTheExampleOfTheDocumentIsTheReport(t *testing.T) {
	page, err := os.ReadFile("../../docs/batch.md")
	if err != nil {
		t.Fatal(err)
	}
	r := realReport(t)
	var table bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	example, _, _ := strings.Cut(table.String(), "\n\n")
	if !strings.Contains(string(page), "```\n"+example+"\n```\n") {
		t.Errorf("docs/batch.md does not show:\n%s", example)
	}
}

// What others named must neither steer a terminal nor become a part of the page.
func TestNamesAreShownAndNotObeyed(t *testing.T) {
	const evil = "<script>alert(1)</script>\x1b[2J\u0085"
	r := realReport(t)
	a := &r.Jobs[0]
	r.Source, a.Name, a.SlotsFrom, a.Notes = evil, evil, evil, []string{evil}
	a.Vertices[0].Name, a.Vertices[0].Rule, a.Vertices[0].Why = evil, evil, []string{evil}
	a.Tuning = []Setting{{Key: evil, Value: evil, Was: evil, Why: evil}}
	a.Proposed = []Setting{{Key: evil, Value: evil, Was: evil}}
	r.Left = []Left{{Name: evil, Why: evil}}
	var table, page bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(table.String(), "\x1b\u0085") {
		t.Errorf("the table has control characters:\n%q", table.String())
	}
	if strings.Contains(strings.ToLower(page.String()), "<script") {
		t.Error("the page has a script")
	}
	for _, outside := range []string{"http-equiv", "src=", "href=", "url(", "@import"} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page needs more than itself: %s", outside)
		}
	}
}

func TestFiguresCanBeRead(t *testing.T) {
	for got, want := range map[string]string{
		amount(0): "0 B", amount(999): "999 B", amount(2048): "2.0 KiB", amount(300 << 20): "300 MiB", amount(5 << 40): "5.0 TiB",
		seconds(0.123): "0.12 s", seconds(59.5): "59.5 s", seconds(119): "119 s", seconds(600): "10.0 min", seconds(9000): "2.5 h",
		memory(16 << 20): "16 mb", memory(1 << 30): "1 gb", memory(1536): "1536 bytes", memory(3 << 10): "3 kb",
		memory(round(1000)): "1 kb", memory(round(5<<20 + 1)): "5184 kb", memory(round(101 << 20)): "102 mb",
		skew(0): "-", skew(1.25): "1.2", count(-1): "-", plural(1, "run"): "1 run", plural(2, "run"): "2 runs",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
