package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/events/webhook"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

// receiver takes events of a webhook, or does not.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	away  bool
	taken []webhook.Message
	// forged counts requests whose signature is wrong.
	forged int
}

const hookSecret = "the-secret-of-the-hook"

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.away {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		signature := request.Header.Get(webhook.SignatureHeader)
		seconds, _, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
		n, _ := json.Number(seconds).Int64()
		at := time.Unix(n, 0)
		if signature != webhook.Sign(hookSecret, at, body) || time.Since(at).Abs() > time.Minute {
			r.forged++
		}
		var m webhook.Message
		_ = json.Unmarshal(body, &m)
		r.taken = append(r.taken, m)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) goAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// reasons are those of the events that were taken, in order.
func (r *receiver) reasons() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var reasons []string
	for _, m := range r.taken {
		reasons = append(reasons, m.Reason)
	}
	return reasons
}

// has checks how many events were taken, and that each was signed.
func (r *receiver) has(t *testing.T, n int) {
	t.Helper()
	if got := r.reasons(); len(got) != n || r.forged > 0 {
		t.Errorf("the webhook has %v (%d forged), the table %d events", got, r.forged, n)
	}
}

func TestWhatRunKeepsIsShownByEventsHistoryAndExplain(t *testing.T) {
	t.Parallel()
	cluster, hook := startFlink(t, 250), startReceiver(t)
	data, secret := t.TempDir(), file(t, "secret", hookSecret+"\n")
	sluice := runSluice(t, "--flink", cluster.URL, "--data", data,
		"-D", "sluice.webhook.ops.url="+hook.URL+"/SLACK-TOKEN", "-D", "sluice.webhook.ops.secret-file="+secret, "-D", "sluice.webhook.ops.header.X-Token=HEADER-TOKEN")
	eventually(t, "the job is rescaled", func() bool { return slices.Contains(hook.reasons(), "Rescaled") })
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, shown := range []string{"TOKEN", hookSecret} {
		if strings.Contains(sluice.text(), shown) {
			t.Errorf("the log shows %s", shown)
		}
	}

	lines := eventsIn(t, data)
	told := map[string]int{}
	for _, l := range lines {
		told[l.Reason]++
		if l.Name != "orders" || l.Count < 1 || l.Time.IsZero() {
			t.Errorf("%+v", l)
		}
	}
	if told["ScalingReport"] != 1 || told["Scaling"] != 1 || told["Rescaled"] != 1 {
		t.Errorf("%v", told)
	}
	hook.has(t, len(lines))
	for _, c := range []struct {
		command string
		code    int
		holds   string
	}{
		{"events --last 1 --job orders", exitDone, "  orders  "},
		{"events --job clicks", exitFailed, `"orders" (`},
		{"history orders --rescales", exitDone, "rescale: "},
		{"explain orders", exitDone, "last rescaled"},
		{"explain " + cluster.URL + "/orders", exitDone, "last rescaled"},
		{"explain clicks", exitFailed, `"orders" (`},
	} {
		got := runCommand(t, append(strings.Fields(c.command), "--data", data)...)
		if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.holds) {
			t.Errorf("%s: %+v", c.command, got)
		}
	}
}

// eventsIn is what sluice events shows as JSON.
func eventsIn(t *testing.T, data string) []eventLine {
	t.Helper()
	got := runCommand(t, "events", "--data", data, "-o", "json")
	if got.code != exitDone {
		t.Fatalf("%+v", got)
	}
	var lines []eventLine
	for text := range strings.Lines(got.stdout) {
		var line eventLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestEventsOfAWebhookOutliveKill9(t *testing.T) {
	t.Parallel()
	cluster, hook := startFlink(t, 250), startReceiver(t)
	hook.goAway(true)
	args := []string{"--flink", cluster.URL, "--data", t.TempDir(), "-D", "sluice.webhook.ops.url=" + hook.URL, "-D", "sluice.webhook.ops.secret-env=HOOK_SECRET"}
	start := func() *child {
		return startCommand(t, []string{"HOOK_SECRET=" + hookSecret}, append(append([]string{"run", "--log-format", "json"}, fast...), args...)...)
	}
	first := start()
	eventually(t, "the job is rescaled", func() bool { return len(first.events("Rescaled")) == 1 })
	_ = first.cmd.Process.Kill()
	<-first.read
	_ = first.cmd.Wait()
	var want []string
	for _, l := range first.log(func(l logLine) bool { return l.Msg == "event" }) {
		want = append(want, l.Reason)
	}
	hook.goAway(false)
	start()
	eventually(t, "what was queued is delivered", func() bool { return len(hook.reasons()) >= len(want) })
	if got := strings.Join(hook.reasons()[:len(want)], " "); got != strings.Join(want, " ") || hook.forged > 0 {
		t.Errorf("delivered %s (%d forged), told %v", got, hook.forged, want)
	}
}

func TestFollowingEventsOutlivesAnOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	server := realdb.NewPostgres(t, realdb.Config{})
	url := server.NewDatabase(t)
	target, _, err := connect.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	name := url[strings.LastIndexByte(url, '/')+1:]
	tell := func(message string) {
		server.Exec(t, name, "INSERT INTO t_flink_autoscaler_event_handler (create_time, update_time, job_key, reason, event_type, message, event_count, event_key) VALUES (now(), now(), 'ab12', 'Scaling', 'Normal', '"+message+"', 1, '1')")
	}
	tell("before")
	cmd := exec.Command(os.Args[0], "events", "--store", url, "--follow", "--job", "ab")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	out, complaints := printed(t, cmd)
	eventually(t, "the first event", func() bool { return strings.Contains(out(), "before") })
	server.Kill(t)
	eventually(t, "it says that it waits", func() bool { return strings.Contains(complaints(), "waiting: ") })
	server.Start(t)
	tell("after")
	eventually(t, "the next event", func() bool { return strings.Contains(out(), "after") })
	if strings.Count(out(), "before") != 1 || strings.Count(complaints(), "\n") != 2 || strings.Contains(complaints(), realdb.Password) {
		t.Errorf("%s\n%s", out(), complaints())
	}
}

// printed starts a command, and returns what it prints so far; the test's end ends
// it.
func printed(t *testing.T, cmd *exec.Cmd) (stdout, stderr func() string) {
	t.Helper()
	collect := func(r io.Reader, err error) func() string {
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var b strings.Builder
		go func() {
			for lines := bufio.NewScanner(r); lines.Scan(); {
				mu.Lock()
				b.WriteString(lines.Text() + "\n")
				mu.Unlock()
			}
		}()
		return func() string { mu.Lock(); defer mu.Unlock(); return b.String() }
	}
	stdout = collect(cmd.StdoutPipe())
	stderr = collect(cmd.StderrPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return stdout, stderr
}

func TestHistoryOfARecordedRun(t *testing.T) {
	path, _ := recordedDecisions(t)
	for name, args := range map[string][]string{
		"newest":   {"step"},
		"rescales": {"step", "--rescales"},
		"since":    {"step", "--since", "2026-11-21T05:44:00Z", "--last", "2"},
	} {
		got := runCommand(t, append([]string{"history", "--decisions", path}, args...)...)
		if got.code != exitDone || got.stderr != "" {
			t.Errorf("exit code %d: %s", got.code, got.stderr)
		}
		golden(t, filepath.Join("testdata", "history", name+".txt"), got.stdout)
	}
	var documents []json.RawMessage
	got := runCommand(t, "history", "step", "--decisions", path, "--last", "0", "-o", "json")
	if err := json.Unmarshal([]byte(got.stdout), &documents); err != nil || len(documents) < 5 {
		t.Errorf("%d documents, %v", len(documents), err)
	}
}

func TestHowFarBackToLook(t *testing.T) {
	now := time.Date(2026, 7, 8, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90m": now.Add(-90 * time.Minute), "7d": now.Add(-7 * 24 * time.Hour), "1.5d": now.Add(-36 * time.Hour), "2026-07-01T12:00:00Z": now.Add(-7 * 24 * time.Hour),
		"": {}, "60": {}, "-1h": {}, "0d": {}, "yesterday": {}, "d": {},
	} {
		got, err := parseSince(text, now)
		if !got.Equal(want) || (err == nil) != !want.IsZero() {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
