package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sluice-project/sluice/dashboard/apiclient"
)

// What people do on the page they can do on the command line.
func TestARunningSluiceIsAsked(t *testing.T) {
	t.Parallel()
	page := startServer(t, "demo", "--speed", "60", "--listen", ":0")
	ask := func(args ...string) ran { return runCommand(t, append(args, "--server", page.address)...) }
	eventually(t, "the job is watched", func() bool { return strings.Contains(ask("status").stdout, "shop") })

	onLine := func(got ran, code int, want ...string) {
		t.Helper()
		for _, w := range want {
			if got.code != code || !strings.Contains(got.stdout+got.stderr, w) {
				t.Errorf("exit code %d, it says %s%s; want %d and %q", got.code, got.stdout, got.stderr, code, w)
			}
		}
	}
	onLine(ask("status"), exitDone, "STATE", "READS", "CAN DO", "PARALLELISM")
	onLine(ask("status", "nothing-like-it"), exitDone, `"nothing-like-it" is in none of the names`)
	onLine(ask("pause", "shop", "--for", "2d", "--why", "a release"), exitDone, "shop: held by local (a release) until ")
	eventually(t, "the job is paused", func() bool { return strings.HasPrefix(lastLine(ask("status").stdout), "paused") })
	onLine(ask("rescale", "shop", "all=1:1", "--dry-run"), exitDone, "Dry run: nothing was changed.")
	onLine(ask("rescale", "shop", "no-such-vertex=1"), exitFailed, `no vertex has the id or name "no-such-vertex"`)
	onLine(ask("resume", "shop"), exitDone, "shop: resumed")
	onLine(ask("pause", "--all", "-o", "json"), exitDone, `"by": "local"`)
	onLine(ask("resume", "--all"), exitDone, "all jobs: resumed")
	onLine(ask("pause", "nobody"), exitFailed, `no job has the id or name "nobody"; there are "shop"`)
	onLine(ask("pause", "shop", "--for", "soon"), exitUsage, `--for "soon": want a duration`)
	onLine(ask("resume", "shop"), exitDone, "shop: was not paused")
	onLine(ask("pause", "--all"), exitDone, "all jobs: held by local until")
	onLine(ask("resume", "shop"), exitDone, "shop stays paused: all jobs are held by local until it is resumed; sluice resume --all ends that")
	eventually(t, "status says that all are paused", func() bool { return strings.Contains(ask("status").stdout, "all jobs are held by local") })
	onLine(ask("resume", "--all"), exitDone, "all jobs: resumed")
	onLine(ask("pause", "shop", "--for", "2h"), exitDone, "shop: held by local until ")
	onLine(ask("rescale", "shop", "all=2", "--hold", "10m"), exitDone, "Sluice keeps its hand off: held by local until ")
	onLine(ask("rescale", "shop", "all=2", "--hold", "10m", "-o", "json"), exitDone, `"until": "`)
	onLine(ask("history", "shop", "--rescales"), exitDone, "rescale: by hand of local: bounds ")
	onLine(ask("history", "shop", "-o", "json"), exitDone, `"cluster": "-"`)
	checkMetrics(t, page.address)

	var jobs []apiclient.Job
	if text := ask("status", "-o", "json").stdout; json.Unmarshal([]byte(text), &jobs) != nil || len(jobs) != 1 || jobs[0].Name != "shop" {
		t.Errorf("as JSON: %s", text)
	}
	var again []map[string]any
	if text := ask("status", "-o", "yaml").stdout; yaml.Unmarshal([]byte(text), &again) != nil || len(again) != 1 || again[0]["name"] != "shop" {
		t.Errorf("as YAML: %s", text)
	}
}

func checkMetrics(t *testing.T, address string) {
	t.Helper()
	answer, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "sluice_job_parallelism") {
		t.Errorf("the metrics of a demo: %s, %v, %s", answer.Status, err, text)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestAskingWrongly(t *testing.T) {
	silent := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(silent.Close)
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"no server":             {[]string{"pause", "a"}, exitUsage, []string{"--server is missing"}},
		"no address":            {[]string{"status", "--server", "here"}, exitUsage, []string{"--server", `"here"`}},
		"a password in it":      {[]string{"status", "--server", "http://anna:secret@host"}, exitUsage, []string{"no address"}},
		"not a Sluice":          {[]string{"status", "--server", silent.URL}, exitFailed, []string{"sluice run --listen"}},
		"nobody there":          {[]string{"status", "--server", "http://127.0.0.1:1"}, exitFailed, []string{"127.0.0.1:1"}},
		"no job":                {[]string{"pause", "--server", silent.URL}, exitUsage, []string{"takes one job"}},
		"a job and all":         {[]string{"pause", "a", "--all", "--server", silent.URL}, exitUsage, []string{"--all"}},
		"a token file missing":  {[]string{"resume", "a", "--server", silent.URL, "--token-file", "nowhere"}, exitUsage, []string{"--token-file", "nowhere"}},
		"a server and a Flink":  {[]string{"rescale", "a", "b=1", "--server", silent.URL, "--flink", "http://a:1"}, exitUsage, []string{"--server", "--flink"}},
		"looking without pause": {[]string{"status", "--watch", "--every", "0s", "--server", silent.URL}, exitUsage, []string{"--every"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(serverVariable, "")
			onLine(t, c.code, runCommand(t, c.args...), c.want...)
		})
	}
}

func TestTheTokenIsShownAndNotTold(t *testing.T) {
	var shown string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret-of-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t, "status", "--server", server.URL, "--token-file", file)
	if shown != "Bearer secret-of-the-file" || strings.Contains(got.stdout+got.stderr, "secret") {
		t.Errorf("shown %q, told %q", shown, got.stdout+got.stderr)
	}
	t.Setenv(tokenVariable, "secret-of-the-environment")
	t.Setenv(serverVariable, server.URL)
	if got := runCommand(t, "status"); shown != "Bearer secret-of-the-environment" || strings.Contains(got.stdout+got.stderr, "secret") {
		t.Errorf("shown %q, told %q", shown, got.stdout+got.stderr)
	}
}

func TestTheStatusOfJobsOnALine(t *testing.T) {
	figure := func(x float64) *float64 { return &x }
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	before := now.Add(-90 * time.Second)
	var text strings.Builder
	err := writeStatus(&text, []apiclient.Job{
		{Cluster: "prod", Job: "1", Name: "orders", State: "steady", Parallelism: 4, Wanted: 4, Source: figure(1250.25), Capacity: figure(2012), Busy: figure(0.62), Lag: figure(0), Scaled: &before},
		{Cluster: "-", Job: "2", Name: "evil\x1b[2Jname\n<b>", State: "blocked", Parallelism: 1, Wanted: 3, Why: "the newest checkpoint is 12m old"},
		{Cluster: "-", Job: "3", State: "steady", Failure: &apiclient.Failure{Text: "a 500"}},
	}, now, true)
	if err != nil {
		t.Fatal(err)
	}
	want := "STATE    JOB               READS   CAN DO  BUSY  LAG  PARALLELISM  RESCALED   WHY\n" +
		"\x1b[32msteady\x1b[0m   prod/orders       1250/s  2012/s  62 %  0    4            1m30s ago\n" +
		"\x1b[33mblocked\x1b[0m  evil [2Jname <b>  -       -       -     -    1 -> 3       -          the newest checkpoint is 12m old\n" +
		"\x1b[31mfailed\x1b[0m   3                 -       -       -     -    -            -          a 500\n"
	if text.String() != want {
		t.Errorf("got:\n%q\nwant:\n%q", text.String(), want)
	}
}
