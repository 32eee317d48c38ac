package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/dashboard/apiclient"
)

// A place is named once; a flag goes before the environment.
func TestWhichPlaceIsLookedAt(t *testing.T) {
	stub := startStub(t)
	decisions, _ := recordedDecisions(t)
	empty := t.TempDir()
	did(t, "state", "migrate", "--data", empty)
	inConfig := file(t, "config.yaml", "autoscaler.standalone.state-store.type: JDBC\nautoscaler.standalone.jdbc.url: sqlite:"+filepath.Join(empty, "sluice.db")+"\n")
	const running, inFile, inDatabase = "orders", "step", "No job is watched."
	for name, c := range map[string]struct {
		environ string
		args    []string
		want    string
	}{
		"the flag --server":                 {"", []string{"--server", stub.URL}, running},
		"the environment":                   {stub.URL, nil, running},
		"a file":                            {"", []string{"--decisions", decisions}, inFile},
		"a file before the environment":     {stub.URL, []string{"--decisions", decisions}, inFile},
		"a directory":                       {stub.URL, []string{"--data", empty}, inDatabase},
		"a database":                        {stub.URL, []string{"--store", "sqlite:" + filepath.Join(empty, "sluice.db")}, inDatabase},
		"a configuration":                   {"", []string{"-c", inConfig}, inDatabase},
		"a configuration that a flag names": {stub.URL, []string{"-c", inConfig}, inDatabase},
		"an option that names no place":     {stub.URL, []string{"-D", "job.autoscaler.metrics.window=3m"}, running},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(serverVariable, c.environ)
			got := runCommand(t, append([]string{"status"}, c.args...)...)
			if got.code != exitDone || !strings.Contains(got.stdout, c.want) {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
}

func TestPlacesThatAreNamedWrongly(t *testing.T) {
	stub := startStub(t)
	folder := t.TempDir()
	nowhere := filepath.Join(folder, "nowhere")
	for _, command := range []string{"status", "history orders", "explain orders", "events"} {
		for name, c := range map[string]struct {
			args []string
			code int
			want []string
		}{
			"none":               {nil, exitUsage, []string{"--server URL", serverVariable, "--data DIRECTORY", "--store URL", "--decisions FILE"}},
			"two":                {[]string{"--decisions", "f", "--server", stub.URL}, exitUsage, []string{"--server and --decisions each name a place", "--server goes first", "leave out --decisions"}},
			"three":              {[]string{"--decisions", "f", "--data", folder, "--server", stub.URL}, exitUsage, []string{"--server, --data and --decisions", "leave out --data and --decisions"}},
			"a file that is not": {[]string{"--decisions", nowhere}, exitUsage, []string{"--decisions", nowhere}},
			"a folder as a file": {[]string{"--decisions", folder}, exitUsage, []string{"--decisions", folder, "directory"}},
			"no decisions":       {[]string{"--decisions", file(t, "f", "hello\n")}, exitFailed, []string{"line 1", "no decision"}},
			"no database":        {[]string{"--data", folder}, exitFailed, []string{"there is no state", folder}},
			"no address":         {[]string{"--server", "here"}, exitUsage, []string{"--server", `"here"`}},
			"nobody there":       {[]string{"--server", "http://127.0.0.1:1"}, exitFailed, []string{"127.0.0.1:1"}},
		} {
			t.Run(command+" "+name, func(t *testing.T) {
				onLine(t, c.code, runCommand(t, append(strings.Fields(command), c.args...)...), c.want...)
			})
		}
	}
	onLine(t, exitUsage, runCommand(t, "events", "--follow", "--decisions", nowhere), "--follow", "--server")
	onLine(t, exitUsage, runCommand(t, "status", "--watch", "--decisions", "-"), "--watch")
}

// threePlaces are those of a Sluice that has rescaled a job and was asked to pause it.
type threePlaces struct {
	t     *testing.T
	flags map[string][]string
	flink string
}

func startThreePlaces(t *testing.T) *threePlaces {
	t.Helper()
	cluster, data := startFlink(t, 250), t.TempDir()
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--data", data, "--decisions", path, "--listen", "127.0.0.1:0")
	var address string
	eventually(t, "it says where its page is", func() bool {
		for _, line := range sluice.log(func(l logLine) bool { return l.Msg == "the page is served" }) {
			address = atAddress.FindString(line.text)
		}
		return address != "" && len(sluice.events("Rescaled")) == 1
	})
	if got := runCommand(t, "pause", "orders", "--why", "a test", "--server", address); got.code != exitDone {
		t.Fatalf("%+v", got)
	}
	return &threePlaces{t, map[string][]string{"server": {"--server", address}, "database": {"--data", data}, "file": {"--decisions", path}}, cluster.URL}
}

// unnamedCluster is a line with the name by which a server calls it.
var unnamedCluster = regexp.MustCompile(`^ *"?cluster"?: "?-"?,?$`)

// ask asks one of them, and leaves out the name by which each calls the cluster that has
// none: a server "-", what is kept its address.
func (p *threePlaces) ask(place, line string) string {
	p.t.Helper()
	got := runCommand(p.t, append(strings.Fields(line), p.flags[place]...)...)
	if got.code != exitDone {
		p.t.Fatalf("%s in the %s: %+v", line, place, got)
	}
	var kept []string
	for _, line := range strings.Split(got.stdout, "\n") {
		if !strings.Contains(line, p.flink) && !unnamedCluster.MatchString(line) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// What one place says the others say too.
func TestTheSameOutputWhateverThePlace(t *testing.T) {
	t.Parallel()
	p := startThreePlaces(t)
	for _, line := range []string{"history orders --rescales -o json", "explain orders --at " + rescaledAt(t, p.ask("file", "history orders --rescales -o json")) + " -o yaml"} {
		eventually(t, line+" is the same", func() bool {
			want := p.ask("server", line)
			return cmp.Equal(want, p.ask("database", line)) && cmp.Equal(want, p.ask("file", line))
		})
	}
	for place := range p.flags {
		eventually(t, "the job stands in the "+place, func() bool { return p.stands(place) })
		if text := p.ask(place, "events --job orders"); strings.Count(text, "  Scaling  ") != 1 || strings.Count(text, "  Rescaled  ") != 1 {
			t.Errorf("events of the %s:\n%s", place, text)
		}
	}
}

func (p *threePlaces) stands(place string) bool {
	p.t.Helper()
	var jobs []apiclient.Job
	got := runCommand(p.t, append([]string{"status", "-o", "json"}, p.flags[place]...)...)
	if json.Unmarshal([]byte(got.stdout), &jobs) != nil || len(jobs) != 1 {
		return false
	}
	j := jobs[0]
	if place != "file" && (j.Hold == nil || j.State != "paused") { // a file knows nothing of holds
		return false
	}
	return j.Name == "orders" && j.Parallelism > 3 && j.Scaled != nil && j.Cluster == apiclient.Unnamed
}

// rescaledAt is the time of the first decision of a history.
func rescaledAt(t *testing.T, history string) string {
	t.Helper()
	var entries []struct{ Time string }
	if err := json.Unmarshal([]byte(history), &entries); err != nil || len(entries) == 0 {
		t.Fatalf("%v in %s", err, history)
	}
	return entries[0].Time
}

func TestAServerWithManyJobsIsReadPageByPage(t *testing.T) {
	stub := startStub(t)
	pages := map[string]string{"": `{"jobs": [{"cluster": "a", "job": "1", "name": "one"}], "next": "x y"}`, "x y": `{"jobs": [{"cluster": "b", "job": "2", "name": "two"}], "next": null}`}
	stub.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Sluice-Now", "1782907200000")
		_, _ = io.WriteString(w, pages[r.URL.Query().Get("after")])
	})
	if got := runCommand(t, "status", "--server", stub.URL); !strings.Contains(got.stdout, "a/one") || !strings.Contains(got.stdout, "b/two") {
		t.Errorf("%+v", got)
	}
}

// followed starts a command that goes on until the test ends it.
func followed(t *testing.T, args ...string) (stdout, stderr func() string, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &server{t: t, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.code = execute(ctx, args, s.writer(&s.stdout), s.writer(&s.stderr))
	}()
	t.Cleanup(func() { s.end() })
	text := func(b *bytes.Buffer) func() string {
		return func() string {
			s.mu.Lock()
			defer s.mu.Unlock()
			return b.String()
		}
	}
	return text(&s.stdout), text(&s.stderr), func() int { return s.end().code }
}

// A page's process may be started anew; who follows its events sees each once.
func TestEventsOfAServerAreFollowedThroughAnOutage(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	stdout, stderr, end := followed(t, "events", "--follow", "--server", stub.URL, "--job", "orders")
	eventually(t, "the first events", func() bool { return strings.Contains(stdout(), "the second") })
	stub.set(func(s *stubbed) { s.status = http.StatusServiceUnavailable })
	eventually(t, "it says that it waits", func() bool { return strings.Contains(stderr(), "waiting: not now") })
	stub.set(func(s *stubbed) { s.status, s.events = 0, nil })
	stub.tell("Scaling", "after the restart", time.Minute) // with number 1 again
	eventually(t, "the next event", func() bool { return strings.Contains(stdout(), "after the restart") })
	if code := end(); code != exitDone || strings.Count(stdout(), "\n") != 3 || stderr() != "waiting: not now\nit answers again\n" {
		t.Errorf("exit code %d\n%s%s", code, stdout(), stderr())
	}
}

func TestStatusIsWatchedThroughAnOutage(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	stdout, stderr, end := followed(t, "status", "--watch", "--every", "100ms", "--server", stub.URL)
	eventually(t, "it is shown twice", func() bool { return strings.Count(stdout(), "orders") > 1 })
	stub.set(func(s *stubbed) { s.status = http.StatusServiceUnavailable })
	eventually(t, "it says that it waits", func() bool { return strings.Contains(stderr(), "waiting: not now") })
	shown := stdout()
	stub.set(func(s *stubbed) { s.status = 0 })
	eventually(t, "it is shown again", func() bool { return len(stdout()) > len(shown) })
	if code := end(); code != exitDone || strings.Contains(stdout(), "\x1b") || stderr() != "waiting: not now\nit answers again\n" {
		t.Errorf("exit code %d\n%q%s", code, stdout(), stderr())
	}
}
