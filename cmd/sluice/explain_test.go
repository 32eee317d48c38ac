package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/decisions"
)

// recordedDecisions is the decisions file of the recorded run, and its lines.
func recordedDecisions(t *testing.T) (path string, lines []string) {
	t.Helper()
	got := runCommand(t, "advise", "--replay", "../../testdata/step-2.3.0.jsonl.gz", "--config", "../../testdata/step.yaml", "-o", "json")
	var documents []json.RawMessage
	if err := json.Unmarshal([]byte(got.stdout), &documents); err != nil || got.code != exitDone {
		t.Fatalf("exit code %d, %v: %s", got.code, err, got.stderr)
	}
	for _, d := range documents {
		var line bytes.Buffer
		if err := json.Compact(&line, d); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line.String()+"\n")
	}
	return file(t, "decisions.jsonl", strings.Join(lines, "")), lines
}

func TestExplainARecordedRun(t *testing.T) {
	path, _ := recordedDecisions(t)
	for name, args := range map[string][]string{
		"newest":     {"step"},
		"scale-up":   {"2e81", "--at", "05:43:31"},
		"waiting":    {"step", "--at", "05:44:20 UTC"},
		"scale-down": {"2e819aacfdcc9139a300d9b5be3b608c", "--at", "2026-11-21T05:44:36Z"},
		"last-two":   {"step", "--last", "2"},
		"all":        {"step", "--all"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runCommand(t, append([]string{"explain", "--decisions", path}, args...)...)
			if got.code != exitDone || got.stderr != "" {
				t.Errorf("exit code %d: %s", got.code, got.stderr)
			}
			golden(t, filepath.Join("testdata", "explain", name+".txt"), got.stdout)
		})
	}
}

// The JSON is what stands in the file, whole: an object, or with --last an array.
func TestExplainAsJSON(t *testing.T) {
	path, lines := recordedDecisions(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"step"}, strings.TrimSuffix(lines[len(lines)-1], "}\n") + `,"lastRescale":` + lastScale(lines) + "}"},
		{[]string{"step", "--at", "05:43:31"}, lines[3]},
		{[]string{"step", "--last", "1"}, "[" + lines[len(lines)-1] + "]"},
		{[]string{"step", "--last", "99"}, "[" + strings.Join(lines, ",") + "]"},
	} {
		got := runCommand(t, append([]string{"explain", "--decisions", path, "-o", "json"}, c.args...)...)
		if got.code != exitDone || compact(t, got.stdout) != compact(t, c.want) {
			t.Errorf("%q: exit code %d, %s\n%s\nwant\n%s", c.args, got.code, got.stderr, got.stdout, c.want)
		}
		if strings.Contains(got.stdout, `\u003e`) {
			t.Errorf("%q: the arrows cannot be read: %s", c.args, got.stdout)
		}
	}
}

// lastScale is the last line that rescales.
func lastScale(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if strings.Contains(line, `"action":"scale"`) {
			return line
		}
	}
	return "none"
}

// What sluice advise prints is explained as it stands.
func TestExplainReadsWhatAdvisePrints(t *testing.T) {
	path, _ := recordedDecisions(t)
	printed := runCommand(t, "advise", "--replay", "../../testdata/step-2.3.0.jsonl.gz", "--config", "../../testdata/step.yaml", "-o", "json")
	if strings.Contains(printed.stdout, `\u003e`) {
		t.Error("the arrows cannot be read")
	}
	want := runCommand(t, "explain", "step", "--decisions", path)
	if got := runCommand(t, "explain", "step", "--decisions", file(t, "advice", printed.stdout)); got != want || got.code != exitDone {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// What explain prints itself is read again.
	single := runCommand(t, "explain", "step", "--decisions", path, "-o", "json")
	if got := runCommand(t, "explain", "step", "--decisions", file(t, "again", single.stdout)); got.code != exitDone || !strings.Contains(got.stdout, "no decision yet") {
		t.Errorf("got %+v", got)
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return b.String()
}

func TestExplainReadsStandardInput(t *testing.T) {
	path, lines := recordedDecisions(t)
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs([]string{"explain", "step", "--decisions", "-"})
	root.SetIn(strings.NewReader(strings.Join(lines, "")))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	if err := root.ExecuteContext(t.Context()); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v, %s", err, &stderr)
	}
	if want := runCommand(t, "explain", "step", "--decisions", path); stdout.String() != want.stdout {
		t.Errorf("got\n%swant\n%s", &stdout, want.stdout)
	}
}

// A job that has been quiet since a rotation stands in an older file.
func TestExplainReadsRotatedFiles(t *testing.T) {
	_, lines := recordedDecisions(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "d")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("d.2", strings.Join(lines[:5], ""))
	write("d.1", strings.Join(lines[5:9], ""))
	write("d", "")
	explain := func(args ...string) ran {
		return runCommand(t, append([]string{"explain", "step", "--decisions", path, "-o", "json"}, args...)...)
	}
	if got := explain("--at", "23:59"); got.code != exitDone || !strings.HasPrefix(compact(t, got.stdout), strings.TrimSuffix(lines[8], "}\n")) {
		t.Errorf("exit code %d, %s: %s", got.code, got.stderr, got.stdout)
	}
	if got := explain("--last", "9"); got.code != exitDone || compact(t, got.stdout) != compact(t, "["+strings.Join(lines[:9], ",")+"]") {
		t.Errorf("exit code %d, %s: %s", got.code, got.stderr, got.stdout)
	}
	// What is not needed is not read: of the newest file alone it is a rescale.
	write("d", lines[3])
	write("d.1", "hello\n")
	if got := explain(); got.code != exitDone || compact(t, got.stdout) != compact(t, lines[3]) {
		t.Errorf("exit code %d, %s: %s", got.code, got.stderr, got.stdout)
	}
	onLine(t, exitFailed, explain("--last", "2"), path+".1: line 1")
}

func TestExplainLeavesALineOutThatACrashCutShort(t *testing.T) {
	_, lines := recordedDecisions(t)
	path := file(t, "d", lines[1]+lines[2]+lines[3][:100])
	got := runCommand(t, "explain", "step", "--decisions", path, "-o", "json")
	if got.code != exitDone || compact(t, got.stdout) != compact(t, lines[2]) {
		t.Errorf("exit code %d: %s", got.code, got.stdout)
	}
	if want := "warning: " + path + ": line 3 was cut short, and is left out\n"; got.stderr != want {
		t.Errorf("said %q, want %q", got.stderr, want)
	}
}

func TestWhatExplainCannotAnswer(t *testing.T) {
	_, lines := recordedDecisions(t)
	other := strings.Replace(lines[0], `"job":"2e8`, `"job":"aaa`, 1)
	one, two := file(t, "one", lines[0]), file(t, "two", lines[0]+other)
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"an unknown job", []string{"orders", "--decisions", one}, []string{one, `"orders"`, `"step" (2e81`}},
		{"two jobs of a name", []string{"step", "--decisions", two}, []string{`"step" is not one job but 2`, "2e81", "aaa1"}},
		{"a time before all", []string{"step", "--decisions", one, "--at", "00:00"}, []string{"nothing is known", "05:41:56"}},
		{"an empty file", []string{"step", "--decisions", file(t, "empty", "")}, []string{"no decision has been recorded"}},
		{"no decisions file", []string{"step", "--decisions", "../../testdata/step.yaml"}, []string{"step.yaml: line 1 is no decision"}},
		{"a recording", []string{"step", "--decisions", "../../testdata/step-2.3.0.jsonl.gz"}, []string{"line 1 is no decision: it names no job"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onLine(t, exitFailed, runCommand(t, append([]string{"explain"}, c.args...)...), c.want...)
		})
	}
}

// What sluice run wrote and said of a rescale is explained alike.
func TestRunLogsWhatExplainExplains(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--decisions", path)
	eventually(t, "the job is rescaled", func() bool { return len(sluice.events("Rescaled")) == 1 })
	told := sluice.log(func(l logLine) bool { return l.Msg == "decision" && l.Reason == "scale" })
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	got := runCommand(t, "explain", "orders", "--decisions", path, "-o", "json", "--last", "99")
	rescales := scales(entries(t, got))
	if len(told) != 1 || len(rescales) != 1 {
		t.Fatalf("%d rescales logged, %d recorded; want one", len(told), len(rescales))
	}
	var line struct {
		Action string
		Why    []string
	}
	if err := json.Unmarshal([]byte(told[0].text), &line); err != nil || line.Action != decisions.ActionScale || len(line.Why) != 3 {
		t.Fatalf("%v in %s", err, told[0].text)
	}
	var explained strings.Builder
	if err := decisions.WriteText(&explained, rescales[0]); err != nil {
		t.Fatal(err)
	}
	for _, why := range line.Why[1:] {
		_, able, told := strings.Cut(why, ": can do ")
		able, _, _ = strings.Cut(able, " and needs ")
		if !told || !strings.Contains(explained.String(), "can do "+able) {
			t.Errorf("%q is logged, and not explained:\n%s", why, &explained)
		}
	}
	// The log names the cluster, which has no name, as explain knows it.
	if got := runCommand(t, "explain", cluster.URL+"/orders", "--decisions", path); got.code != exitDone || !strings.Contains(told[0].text, cluster.URL) {
		t.Errorf("%+v, of %s", got, told[0].text)
	}
}
