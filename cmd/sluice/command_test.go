package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ran is what one command line came to.
type ran struct {
	code           int
	stdout, stderr string
}

func runCommand(t *testing.T, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), args, &stdout, &stderr)
	return ran{code, stdout.String(), stderr.String()}
}

func TestHelpPages(t *testing.T) {
	for name, args := range map[string][]string{
		"sluice":  {},
		"run":     {"run", "--help"},
		"advise":  {"help", "advise"},
		"explain": {"help", "explain"},
		"history": {"help", "history"},
		"events":  {"events", "--help"},
		"rescale": {"help", "rescale"},
		"demo":    {"demo", "--help"},
		"twin":    {"help", "twin"},
		"options": {"options", "-h"},
		"check":   {"help", "check"},
		"version": {"version", "--help"},
		"state":   {"state"},

		"state-show":    {"state", "show", "--help"},
		"state-export":  {"help", "state", "export"},
		"state-import":  {"state", "import", "-h"},
		"state-migrate": {"help", "state", "migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runCommand(t, args...)
			if got.code != exitDone || got.stderr != "" {
				t.Errorf("exit code %d, on stderr: %s", got.code, got.stderr)
			}
			golden(t, filepath.Join("testdata", "help", name+".txt"), got.stdout)
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(content(t, file), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

func TestHelpIsWhatNoCommandGives(t *testing.T) {
	want := runCommand(t)
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		if got := runCommand(t, args...); got != want {
			t.Errorf("%q gives %+v", args, got)
		}
	}
}

func TestVersion(t *testing.T) {
	short, long := runCommand(t, "--version"), runCommand(t, "version")
	if short != long || long.code != exitDone || !strings.HasPrefix(long.stdout, "sluice ") || strings.Count(long.stdout, "\n") != 1 {
		t.Errorf("--version gives %+v, version %+v", short, long)
	}
	var facts map[string]any
	if err := json.Unmarshal([]byte(runCommand(t, "version", "-o", "json").stdout), &facts); err != nil || facts["version"] == "" {
		t.Errorf("%v, %v", facts, err)
	}
}

func TestOptionsAreListedInEveryForm(t *testing.T) {
	const key = "job.autoscaler.metrics.window"
	for _, form := range []string{"text", "json", "markdown"} {
		got := runCommand(t, "options", "-o", form)
		if got.code != exitDone || !strings.Contains(got.stdout, key) {
			t.Errorf("%s: exit code %d, %d bytes, without %s", form, got.code, len(got.stdout), key)
		}
		if form == "json" && !json.Valid([]byte(got.stdout)) {
			t.Error("no JSON")
		}
	}
}

func TestCheckSaysWhatIsWrongWithAFile(t *testing.T) {
	right := file(t, "right.yaml", "job.autoscaler.metrics.window: 3m\n")
	if got := runCommand(t, "check", right); got != (ran{exitDone, right + ": fine\n", ""}) {
		t.Errorf("%+v", got)
	}
	odd := file(t, "odd.yaml", "scalingInterval: 5s\n")
	if got := runCommand(t, "check", odd); got.code != exitDone || !strings.HasPrefix(got.stderr, "warning: "+odd+":1: scalingInterval is deprecated") {
		t.Errorf("%+v", got)
	}
	wrong := file(t, "wrong.yaml", "job.autoscaler.metrics.windo: 3m\njob.autoscaler.restart.time: soon\n")
	if got := runCommand(t, "check", wrong); got.code != exitFailed || !strings.Contains(got.stderr, wrong+":1") || !strings.Contains(got.stderr, "job.autoscaler.metrics.window?") {
		t.Errorf("%+v", got)
	}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every wrong use ends in one line that names what is wrong, and exit code 2.
func TestWrongUse(t *testing.T) {
	folder := t.TempDir()
	nowhere := filepath.Join(folder, "nowhere", "file")
	secret := file(t, "secret.yaml", "clusters:\n- address: http://a:1\n  auth: {username: u, passwordFile: "+nowhere+"}\n")
	plain := file(t, "plain.yaml", "clusters:\n- address: http://a:1\n  auth: {username: u, password: hunter2}\n")
	short, token := file(t, "short", "abcde\n"), file(t, "token", "0123456789abcdef0123\n")
	cases := []struct {
		name string
		args []string
		want []string // in the line
	}{
		{"an unknown command", []string{"rnu"}, []string{`"rnu"`, `did you mean "run"?`}},
		{"a command with letters swapped", []string{"statsu"}, []string{`"statsu"`, `did you mean "status"?`}},
		{"a command like no other", []string{"frobnicate"}, []string{`"frobnicate"`, "sluice --help"}},
		{"help of an unknown command", []string{"help", "advice"}, []string{`"advice"`, `did you mean "advise"?`}},
		{"an unknown flag", []string{"run", "--flik", "x"}, []string{"--flik", "sluice run --help"}},
		{"a flag without its value", []string{"run", "--flink"}, []string{"--flink", "needs an argument"}},
		{"an argument", []string{"run", "http://a:8081"}, []string{`"http://a:8081"`, "no argument"}},
		{"an unknown option", []string{"run", "-D", "job.autoscaler.metric.window=3m"}, []string{"job.autoscaler.metric.window", "did you mean job.autoscaler.metrics.window?"}},
		{"an unknown option, joined on", []string{"run", "-Djob.autoscaler.metric.window=3m"}, []string{"did you mean job.autoscaler.metrics.window?"}},
		{"an unknown option as a flag", []string{"run", "--job.autoscaler.metric.window", "3m"}, []string{"did you mean job.autoscaler.metrics.window?"}},
		{"an option without a value", []string{"run", "-D", "job.autoscaler.metrics.window"}, []string{"want key=value"}},
		{"no duration", []string{"run", "-D", "job.autoscaler.metrics.window=soon"}, []string{"'soon'", "job.autoscaler.metrics.window", `"3 min"`}},
		{"an option as a flag without a value", []string{"run", "--job.autoscaler.metrics.window"}, []string{"job.autoscaler.metrics.window"}},
		{"a negative value", []string{"run", "--job.autoscaler.utilization.target", "-0.5"}, []string{"job.autoscaler.utilization.target", "[0.0, 1.0]"}},
		{"options that do not fit together", []string{"run", "-D", "job.autoscaler.metrics.window=1s"}, []string{"job.autoscaler.metrics.window is 1 s", "control-loop.interval"}},
		{"another scheme", []string{"run", "--flink", "ftp://a:1"}, []string{`"ftp"`, "want http or https"}},
		{"no host", []string{"run", "--flink", "http://"}, []string{`"http://"`, "want http://host:port"}},
		{"no URL", []string{"run", "--flink", "http://a b"}, []string{`"http://a b"`, "want http://host:port"}},
		{"no such port", []string{"run", "--flink", "http://a:99999"}, []string{"99999", "65535"}},
		{"an empty URL", []string{"run", "--flink", ""}, []string{"--flink", "http://jobmanager:8081"}},
		{"an empty one of two", []string{"run", "--flink", "http://a:1,"}, []string{"--flink", "http://jobmanager:8081"}},
		{"a password in a URL", []string{"run", "--flink", "http://u:hunter2@a:1"}, []string{"--flink", "auth.passwordFile"}},
		{"a password in a file", []string{"run", "--config", plain}, []string{plain + ":3", "auth.passwordFile"}},
		{"a cluster twice", []string{"run", "--flink", "http://a:1", "--flink", "a:1/"}, []string{"a:1/", "the same"}},
		{"a cluster by two kinds of flags", []string{"run", "--flink", "http://a:1", "--flinkClusterHost", "b"}, []string{"twice", "one of them"}},
		{"a cluster by a flag and an option", []string{"run", "--flink", "http://a:1", "-D", "flinkClusterPort=2"}, []string{"twice", "one of them"}},
		{"no number for a port", []string{"run", "--flinkClusterPort", "x"}, []string{"'x'", "whole number"}},
		{"too large a port", []string{"advise", "--flinkClusterPort=99999"}, []string{"99999", "1 to 65535"}},
		{"a missing file", []string{"run", "--config", nowhere}, []string{"--config", nowhere}},
		{"a folder for a file", []string{"run", "-c", folder}, []string{"--config", folder, "directory"}},
		{"a missing password file", []string{"run", "-c", secret}, []string{secret + ":2", nowhere}},
		{"a pause of no length", []string{"pause", "orders", "--for", "xyz", "--server", "http://127.0.0.1:1"}, []string{"--for", `"xyz"`, "30min or 2h"}},
		{"a pause of nothing", []string{"pause", "orders", "--for", "0", "--server", "http://127.0.0.1:1"}, []string{"--for", `"0"`}},
		{"a pause that has ended", []string{"pause", "orders", "--for", "-1h", "--server", "http://127.0.0.1:1"}, []string{"--for", `"-1h"`}},
		{"a hold of no length", []string{"rescale", "orders", "work=1", "--hold", "xyz", "--server", "http://127.0.0.1:1"}, []string{"--hold", `"xyz"`, "30min or 2h"}},
		{"a hold that nobody keeps", []string{"rescale", "orders", "work=1", "--hold", "2h", "--flink", "http://127.0.0.1:1"}, []string{"--hold", "--server"}},
		{"a limit without what it limits", []string{"rescale", "orders", "work=1", "--timeout", "2s", "--flink", "http://127.0.0.1:1"}, []string{"--timeout", "--wait"}},
		{"a time between looks without a second", []string{"status", "--every", "2s", "--server", "http://127.0.0.1:1"}, []string{"--every", "--watch"}},
		{"looks one upon the other", []string{"status", "--watch", "--every", "1ms", "--server", "http://127.0.0.1:1"}, []string{"--every 1ms", "100ms"}},
		{"a short token", []string{"run", "--flink", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--operator-token-file", short}, []string{"sluice.server.operator-token-file", short, "5 characters", "at least 16"}},
		{"a token for two", []string{"run", "--flink", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--operator-token-file", token, "--viewer-token-file", token}, []string{"sluice.server.operator-token-file and sluice.server.viewer-token-file", "the same token"}},
		{"a token for a database", []string{"status", "--data", folder, "--token-file", token}, []string{"--token-file", "--server"}},
		{"a file to check that is missing", []string{"check", nowhere}, []string{nowhere}},
		{"nothing to check", []string{"check"}, []string{"one file"}},
		{"a log level", []string{"run", "--log-level", "loud"}, []string{`--log-level "loud"`, "debug, info, warn or error"}},
		{"a log format", []string{"run", "--log-format", "xml"}, []string{`--log-format "xml"`, "text or json"}},
		{"decisions into nowhere", []string{"run", "--decisions", nowhere}, []string{"decisions", nowhere}},
		{"a negative size of decisions", []string{"run", "--decisions-max-bytes", "-1"}, []string{"--decisions-max-bytes", "at least 0"}},
		{"no number of decisions", []string{"run", "--decisions-keep", "two"}, []string{"--decisions-keep", `"two"`, "whole number"}},
		{"a recording into nowhere", []string{"run", "--record", nowhere}, []string{"--record", nowhere}},
		{"a recording of two clusters", []string{"run", "--record", filepath.Join(folder, "r"), "--flink", "http://a:1", "--flink", "http://b:1"}, []string{"--record", "one cluster"}},
		{"nothing to explain", []string{"explain", "--decisions", plain}, []string{"one job", "sluice explain --help"}},
		{"two jobs to explain", []string{"explain", "a", "b", "--decisions", plain}, []string{"one job", "2 arguments"}},
		{"a job without a name", []string{"explain", "", "--decisions", plain}, []string{"one job", "empty"}},
		{"no decisions to explain", []string{"explain", "a"}, []string{"--decisions", "sluice run --decisions"}},
		{"decisions that are missing", []string{"explain", "a", "--decisions", nowhere}, []string{"--decisions", nowhere}},
		{"a folder of decisions", []string{"explain", "a", "--decisions", folder}, []string{"--decisions", folder, "directory"}},
		{"no history", []string{"history", "a"}, []string{"--decisions", "--data"}},
		{"a past without end", []string{"history", "a", "--decisions", plain, "--since", "ever"}, []string{"--since", `"ever"`, "7d"}},
		{"no store of events", []string{"events"}, []string{"--data", "--store"}},
		{"a webhook without an address", []string{"run", "-D", "sluice.webhook.ops.preset=slack"}, []string{"sluice.webhook.ops", "url"}},
		{"a webhook's option that is none", []string{"run", "-D", "sluice.webhook.ops.uri=http://x"}, []string{"sluice.webhook.ops.uri", "unknown"}},
		{"a webhook's secret that is missing", []string{"run", "-D", "sluice.webhook.ops.url=http://x", "-D", "sluice.webhook.ops.secret-file=" + nowhere}, []string{"sluice.webhook.ops", nowhere}},
		{"the last none", []string{"explain", "a", "--decisions", plain, "--last", "0"}, []string{"--last 0", "at least 1"}},
		{"no number of last ones", []string{"explain", "a", "--decisions", plain, "--last", "two"}, []string{"--last", `"two"`, "whole number"}},
		{"no time", []string{"explain", "a", "--decisions", plain, "--at", "soon"}, []string{"--at", `"soon"`, "2026-07-01T12:00:00Z"}},
		{"an empty time", []string{"explain", "a", "--decisions", plain, "--at", ""}, []string{"--at", "is no time"}},
		{"a time and a number", []string{"explain", "a", "--decisions", plain, "--at", "12:00", "--last", "2"}, []string{"--at and --last", "one of them"}},
		{"a replay that is missing", []string{"advise", "--replay", nowhere}, []string{"--replay", nowhere}},
		{"a replay beside a cluster", []string{"advise", "--replay", "x", "--flinkClusterHost", "a"}, []string{"--replay", "no cluster"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { onLine(t, exitUsage, runCommand(t, c.args...), c.want...) })
	}
}

// onLine expects one line on stderr that holds all of want, and nothing else.
func onLine(t *testing.T, code int, got ran, want ...string) {
	t.Helper()
	if got.code != code || got.stdout != "" {
		t.Errorf("exit code %d, want %d; on stdout: %s", got.code, code, got.stdout)
	}
	if strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "sluice: ") {
		t.Errorf("want one line, got: %s", got.stderr)
	}
	for _, w := range want {
		if !strings.Contains(got.stderr, w) {
			t.Errorf("the line does not hold %q: %s", w, got.stderr)
		}
	}
	if strings.Contains(got.stderr, "hunter2") {
		t.Errorf("a password is shown: %s", got.stderr)
	}
}

func TestReplayOfWhatIsNoRecording(t *testing.T) {
	for name, text := range map[string]string{
		"of something else": "hello",
		"cut off":           `{"at":"2026-01-02T03:04:05Z","method":"GET","path":"/jobs/over`,
		"empty":             "",
		"without a list":    `{"at":"2026-01-02T03:04:05Z","method":"GET","path":"/config","status":200,"body":"{}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			recording := file(t, "recording", text)
			onLine(t, exitFailed, runCommand(t, "advise", "--replay", recording), "--replay "+recording)
		})
	}
}

// A port that something else listens on is told from a Flink that is away.
func TestAPortThatSpeaksSomethingElse(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><title>Grafana</title></html>"))
	}))
	defer page.Close()
	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	for name, c := range map[string]struct{ url, want string }{
		"a server that greets":           {garbage(t, "SSH-2.0-OpenSSH_9.6\r\n", false), "this does not look like Flink"},
		"a server that answers nonsense": {garbage(t, "\x00\x01\x02 what?\r\n", true), "this does not look like Flink"},
		"a web page":                     {page.URL, "this does not look like Flink: <!DOCTYPE html>"},
		"a server without such a page":   {broken.URL, "this does not look like Flink: 404"},
		"https in place of http":         {"http" + strings.TrimPrefix(secure.URL, "https"), "HTTPS"},
		"http in place of https":         {"https" + strings.TrimPrefix(page.URL, "http"), "it speaks http, not https"},
		"nothing":                        {away.URL, "not reachable"},
	} {
		t.Run(name, func(t *testing.T) {
			onLine(t, exitUsage, runCommand(t, "advise", "--now", "--flink", c.url), c.url, c.want, "such as --flink http://")
		})
	}
}

// garbage listens on loopback and sends a text to whoever comes, or answers with
// it.
func garbage(t *testing.T, text string, answers bool) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if answers {
				_, _ = c.Read(make([]byte, 4096))
			}
			_, _ = c.Write([]byte(text))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

func TestOptionsAreTakenAsFlags(t *testing.T) {
	const window = "job.autoscaler.metrics.window"
	for _, c := range []struct{ args, want []string }{
		{[]string{"run", "--" + window, "3m"}, []string{"run", "-D", window + "=3m"}},
		{[]string{"run", "--" + window + "=3 m"}, []string{"run", "-D", window + "=3 m"}},
		{[]string{"run", "-" + window, "3m"}, []string{"run", "-D", window + "=3m"}},
		{[]string{"run", "--" + window, "--flink", "a"}, []string{"run", "-D", window + "=", "--flink", "a"}},
		{[]string{"run", "--scalingInterval", "5s"}, []string{"run", "-D", "scalingInterval=5s"}},
		{[]string{"run", "--job.autoscaler.utilization.min", "-1"}, []string{"run", "-D", "job.autoscaler.utilization.min=-1"}},
		{[]string{"run", "-D", "--odd.key=1"}, []string{"run", "-D", "--odd.key=1"}},
		{[]string{"run", "-D" + window + "=3m"}, []string{"run", "-D" + window + "=3m"}},
		{[]string{"run", "--define", window + "=3m"}, []string{"run", "--define", window + "=3m"}},
		{[]string{"run", "-cconf.yaml", "--config=a.yaml"}, []string{"run", "-cconf.yaml", "--config=a.yaml"}},
		{[]string{"run", "--flink", "http://a.b:1"}, []string{"run", "--flink", "http://a.b:1"}},
		{[]string{"run", "-flinkClusterHost", "h", "--flinkClusterPort=1"}, []string{"run", "--flinkClusterHost", "h", "--flinkClusterPort=1"}},
		{[]string{"run", "--", "--" + window}, []string{"run", "--", "--" + window}},
	} {
		if got := optionArgs(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q becomes %q, want %q", c.args, got, c.want)
		}
	}
}

func TestAnEndedCommandSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cluster := startFlink(t, 50)
	var stdout, stderr bytes.Buffer
	code := execute(ctx, []string{"advise", "--flink", cluster.URL}, &stdout, &stderr)
	onLine(t, exitFailed, ran{code, stdout.String(), stderr.String()}, "interrupted")
}
