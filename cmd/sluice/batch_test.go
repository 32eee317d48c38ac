package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/advise/batch"
)

// archived is the archive of a real batch job whose tasks were far too small.
func archived(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open("../../flink/testdata/archive-2.3.0.json.gz")
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

// archiveFolder is a folder as a 2.3 writes it.
func archiveFolder(t *testing.T, more map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("00/applications/1c90/jobs/1c90", string(archived(t)))
	write("00/applications/1c90/application-summary", `{"archive":[{"path":"/applications/overview","json":"{}"}]}`)
	write("00/applications/1c90/jobs/.1c90.crc", "crc")
	for name, text := range more {
		write(name, text)
	}
	return folder
}

// zippedArchive is an archive that was packed later.
func zippedArchive(t *testing.T) string {
	t.Helper()
	packed, err := os.ReadFile("../../flink/testdata/archive-2.3.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "1c90.gz")
	if err := os.WriteFile(file, packed, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// historyServer serves the archive, and says of everything else that it is not there.
func historyServer(t *testing.T, more map[string]string) string {
	t.Helper()
	var file struct{ Archive []struct{ Path, JSON string } }
	if err := json.Unmarshal(archived(t), &file); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for _, e := range file.Archive {
		bodies[e.Path] = e.JSON
	}
	for path, body := range more {
		bodies[path] = body
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, there := bodies[strings.TrimPrefix(r.URL.Path, "/v1")]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			body = `{"errors":["Unable to load requested file."]}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestBatchAdviceIsTheSameFromAFolderAndAServer(t *testing.T) {
	folder := archiveFolder(t, nil)
	var advice []batch.Advice
	for _, place := range [][]string{
		{"--history", folder},
		{"--history", filepath.Join(folder, "00/applications/1c90/jobs/1c90")},
		{"--history", historyServer(t, nil)},
		{"--history", strings.TrimPrefix(historyServer(t, nil), "http://")},
		{"--history", "file://" + folder},
		{"--history", "file:" + folder},
		{"--history", zippedArchive(t)},
		{"--flink", historyServer(t, nil), "nightly"},
		{"--flink", historyServer(t, nil), "1c906768"},
	} {
		r := runCommand(t, append([]string{"batch", "advise", "-o", "json"}, place...)...)
		var report batch.Report
		if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != exitDone {
			t.Fatalf("%v: code %d, %v: %s", place, r.code, err, r.stderr)
		}
		if len(report.Jobs) != 1 || len(report.Left) != 0 {
			t.Fatalf("%v: %s", place, r.stdout)
		}
		advice = append(advice, report.Jobs[0])
	}
	for i, a := range advice {
		if a.Verdict != batch.Change || len(a.Proposed) == 0 || len(a.Vertices) != 3 || a.Vertices[1].Had != 64 || a.Vertices[1].Derived != 64 {
			t.Errorf("place %d: %+v", i, a)
		}
		if a.Predicted == nil || *a.Predicted != *advice[0].Predicted {
			t.Errorf("place %d predicts %+v, place 0 %+v", i, a.Predicted, advice[0].Predicted)
		}
	}
}

func TestBatchAdviceInItsForms(t *testing.T) {
	folder := archiveFolder(t, map[string]string{"broken": `{"archive":[`})
	for form, want := range map[string][]string{
		"table": {"nightly: change 1 setting", "VERTEX", "enrich -> sink: Writer", "certainty", "left out: " + folder + "/broken: it cannot be read: the body is cut off"},
		"html":  {"<!doctype html>", "nightly", "<svg", "broken"},
		"json":  {`"verdict": "change"`, `"why": "it cannot be read`},
		"yaml":  {"verdict: change"},
	} {
		r := runCommand(t, "batch", "advise", "--history", folder, "-o", form)
		for _, w := range want {
			if r.code != exitDone || !strings.Contains(r.stdout, w) {
				t.Errorf("-o %s: code %d, without %q:\n%s%s", form, r.code, w, r.stdout, r.stderr)
			}
		}
		if r.stderr != "" {
			t.Errorf("-o %s: stderr %q", form, r.stderr)
		}
	}
}

func TestBatchAdviceSaysWhatIsWrongInOneLine(t *testing.T) {
	folder := archiveFolder(t, nil)
	only := func(name, text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	streaming := `{"jobs":[{"jid":"00000000000000000000000000000007","name":"orders","jobType":"STREAMING","state":"RUNNING","start-time":1,"tasks":{}}]}`
	twins := `{"jobs":[` + strings.TrimSuffix(strings.TrimPrefix(streaming, `{"jobs":[`), `]}`) + `,{"jid":"00000000000000000000000000000008","name":"clicks","jobType":"STREAMING","state":"RUNNING","start-time":1,"tasks":{}}]}`
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"an unknown preference":   {[]string{"--prefer", "fast"}, exitUsage, []string{`--prefer "fast"`, "balanced, time or slots"}},
		"negative slots":          {[]string{"--slots", "-1"}, exitUsage, []string{"--slots -1"}},
		"negative runs":           {[]string{"--runs", "-3"}, exitUsage, []string{"--runs -3"}},
		"two places":              {[]string{"--flink", "http://a:1", "--history", folder}, exitUsage, []string{"--history needs no cluster"}},
		"an unknown form":         {[]string{"-o", "pdf"}, exitUsage, []string{"pdf", "html"}},
		"no folder":               {[]string{"--history", filepath.Join(folder, "nowhere")}, exitUsage, []string{"nowhere", "no such file"}},
		"a store":                 {[]string{"--history", "s3://bucket/archive"}, exitUsage, []string{"s3://bucket/archive", "copy them", "History Server"}},
		"a file elsewhere":        {[]string{"--history", "file://nas/archive"}, exitUsage, []string{"file://nas/archive", "file:///folder"}},
		"an empty place":          {[]string{"--history", ""}, exitUsage, []string{`--history ""`, "URL"}},
		"a password":              {[]string{"--history", "http://me:secret@h:1"}, exitUsage, []string{"--history: no user and password"}},
		"a port that is none":     {[]string{"--history", "h:99999999"}, exitUsage, []string{"sluice: --history: "}},
		"a broken packed file":    {[]string{"--history", only("torn.gz", "\x1f\x8b\x08")}, exitFailed, []string{"torn.gz", "cannot be read: unexpected EOF"}},
		"half an id of nothing":   {[]string{"--flink", historyServer(t, nil), "1c91"}, exitFailed, []string{`"1c91"`}},
		"half an id of two":       {[]string{"--flink", historyServer(t, map[string]string{"/jobs/overview": twins}), "00"}, exitFailed, []string{`2 jobs`, `"00"`}},
		"an empty folder":         {[]string{"--history", t.TempDir()}, exitUsage, []string{"there is no archive in it", "jobmanager.archive.fs.dir"}},
		"nothing but a torn file": {[]string{"--history", only("torn", `{"archive":[{"path":"/jobs`)}, exitFailed, []string{"torn", "cut off after 26 bytes"}},
		"another file":            {[]string{"--history", only("notes.txt", "hello")}, exitFailed, []string{"notes.txt", "cannot be read"}},
		"no such job":             {[]string{"--history", folder, "daily"}, exitFailed, []string{`"daily"`, folder}},
		"a cluster that is away":  {[]string{"--flink", "http://127.0.0.1:1"}, exitUsage, []string{"127.0.0.1:1", "--flink http://localhost:8081"}},
		"a server that is away":   {[]string{"--history", "http://127.0.0.1:1"}, exitUsage, []string{"127.0.0.1:1", "--history http://localhost:8082"}},
		"a streaming job named":   {[]string{"--flink", historyServer(t, map[string]string{"/jobs/overview": streaming}), "orders"}, exitFailed, []string{`"orders"`, "sluice advise"}},
		"a streaming job alone":   {[]string{"--flink", historyServer(t, map[string]string{"/jobs/overview": streaming})}, exitFailed, []string{"no batch job", "; there is orders: a streaming job", "sluice advise"}},
		"streaming jobs alone":    {[]string{"--flink", historyServer(t, map[string]string{"/jobs/overview": twins})}, exitFailed, []string{"no batch job", "; of 2 others, the first is "}},
		"no job at all":           {[]string{"--flink", historyServer(t, map[string]string{"/jobs/overview": `{"jobs":[]}`})}, exitFailed, []string{"there is no batch job at http"}},
	} {
		r := runCommand(t, append([]string{"batch", "advise"}, c.args...)...)
		if r.code != c.code || strings.Count(strings.TrimSpace(r.stderr), "\n") != 0 || r.stdout != "" {
			t.Errorf("%s: code %d, want %d, and one line: %q %q", name, r.code, c.code, r.stderr, r.stdout)
		}
		for _, w := range c.want {
			if !strings.Contains(r.stderr, w) {
				t.Errorf("%s: %q without %q", name, r.stderr, w)
			}
		}
	}
}

// The settings of one job are the cluster's: what else runs there is named.
func TestBatchAdviceNamesWhatElseRunsThere(t *testing.T) {
	var overview struct {
		Jobs []json.RawMessage `json:"jobs"`
	}
	var file struct{ Archive []struct{ Path, JSON string } }
	if err := json.Unmarshal(archived(t), &file); err != nil {
		t.Fatal(err)
	}
	for _, e := range file.Archive {
		if e.Path == "/jobs/overview" {
			if err := json.Unmarshal([]byte(e.JSON), &overview); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, rest := range []string{`"name":"orders","jobType":"STREAMING","state":"RUNNING"`, `"name":"weekly","jobType":"BATCH","state":"FINISHED"`} {
		overview.Jobs = append(overview.Jobs, json.RawMessage(fmt.Sprintf(`{"jid":"0000000000000000000000000000000%d",%s,"start-time":1,"tasks":{}}`, i, rest)))
	}
	text, err := json.Marshal(overview)
	if err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, "batch", "advise", "nightly", "--flink", historyServer(t, map[string]string{"/jobs/overview": string(text)}))
	for _, want := range []string{"from the next start of its JobManager on: for weekly too", "interrupts its streaming jobs", "no high availability: orders"} {
		if r.code != exitDone || !strings.Contains(r.stdout, want) {
			t.Errorf("code %d, without %q:\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
}

func TestBatchAdviceIsInterrupted(t *testing.T) {
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	var out, complaint strings.Builder
	if code := execute(ctx, []string{"batch", "advise", "--flink", server.URL}, &out, &complaint); code != exitFailed || out.String() != "" || complaint.Len() == 0 {
		t.Errorf("code %d, %q, %q", code, out.String(), complaint.String())
	}
}

func TestBatchHelpHasExamples(t *testing.T) {
	for _, args := range [][]string{{"batch"}, {"batch", "--help"}, {"batch", "advise", "--help"}, {"help", "batch", "advise"}} {
		if r := runCommand(t, args...); r.code != exitDone || !strings.Contains(r.stdout, "sluice batch") {
			t.Errorf("%v: code %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	for _, want := range []string{"--history /var/flink/archive -o html", "the job can have; 0 takes as many as"} {
		if r := runCommand(t, "batch", "advise", "--help"); !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), want) {
			t.Errorf("without %q:\n%s", want, r.stdout)
		}
	}
	if r := runCommand(t, "batch", "adivse"); r.code != exitUsage || !strings.Contains(r.stderr, "adivse") {
		t.Errorf("code %d: %s", r.code, r.stderr)
	}
}
