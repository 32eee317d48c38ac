package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/decisions"
)

func TestAnOverloadedJobIsRescaledInPlace(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--decisions", file)
	eventually(t, "work runs at 4", func() bool { return cluster.parallelism() == 4 })
	eventually(t, "sluice says that it does", func() bool { return len(sluice.events("Rescaled")) == 1 })
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	if puts := cluster.puts(); len(puts) != 1 {
		t.Errorf("%d PUTs, want 1: %v", len(puts), puts)
	}
	scaled := scales(recorded(t, file))
	if len(scaled) != 1 || scaled[0].Act.Want[string(work)] != 4 {
		t.Errorf("recorded %+v, want one rescale of work to 4", scaled)
	}
}

func scales(entries []decisions.Entry) []decisions.Entry {
	var found []decisions.Entry
	for _, e := range entries {
		if e.Action == decisions.ActionScale {
			found = append(found, e)
		}
	}
	return found
}

// The reference's own flags name the cluster, and need no word about being old.
func TestTheFlagsOfTheReferenceWork(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 50)
	host, port, _ := strings.Cut(strings.TrimPrefix(cluster.URL, "http://"), ":")
	sluice := runSluice(t, "--flinkClusterHost", host, "--flinkClusterPort", port, "--job.autoscaler.metrics.window", "3 s")
	eventually(t, "the job is found", func() bool { return strings.Contains(sluice.text(), "job found") })
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	if text := sluice.text(); !strings.Contains(text, "job.autoscaler.metrics.window=3 s") || strings.Contains(text, "deprecated") {
		t.Error("the window is not as set, or something is called deprecated")
	}
}

// Nothing is scaled on options that the reference would refuse.
func TestAJobWithWrongOptionsIsLeftAloneInProfileReference(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	sluice := runSluice(t, "--flink", cluster.URL, "-D", "sluice.profile=reference", "-D", "job.autoscaler.enabled=true", "-D", "job.autoscaler.utilization.target=7")
	eventually(t, "the event comes", func() bool { return len(sluice.events("AutoScaler Options Validation")) > 0 })
	sluice.terminate()
	if events := sluice.events("AutoscalerError"); len(cluster.puts()) != 0 || len(events) != 0 {
		t.Errorf("PUTs %v, errors %v", cluster.puts(), events)
	}
	if text := sluice.text(); !strings.Contains(text, `"The AutoScalerOption job.autoscaler.utilization.target is invalid, it should be a value within the range [0.0, 1.0]"`) {
		t.Errorf("not in the reference's words:\n%s", text)
	}
}

// SIGTERM in the middle of a rescale: the pass comes to its end and is recorded.
func TestSIGTERMLetsThePassFinish(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	asked, goOn := make(chan struct{}), make(chan struct{})
	cluster.suffer(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				close(asked)
				<-goOn
			}
			next.ServeHTTP(w, r)
		})
	})
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--decisions", file)
	<-asked
	sluice.signal()
	eventually(t, "sluice waits for the pass", func() bool { return strings.Contains(sluice.text(), "waiting for passes") })
	// One look may have been on its way; the loop would begin five in this second.
	before := looks(cluster)
	began := time.Now()
	eventually(t, "a second passes", func() bool { return time.Since(began) > time.Second })
	close(goOn)
	if code := sluice.exitCode(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	if scaled := scales(recorded(t, file)); len(scaled) != 1 || scaled[0].Act == nil || scaled[0].Act.Phase != "requested" {
		t.Errorf("recorded %+v, want the rescale that was under way", scaled)
	}
	if len(sluice.events("Scaling")) != 1 {
		t.Error("the rescale is not told")
	}
	if n := looks(cluster) - before; n > 1 {
		t.Errorf("%d new looks at the cluster after SIGTERM", n)
	}
}

func TestClustersAreWatchedSideBySide(t *testing.T) {
	t.Parallel()
	one, other := startFlink(t, 250), startFlink(t, 250)
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", one.URL, "--flink", away.URL, "--flink", other.URL, "--decisions", file, "--log-level", "debug")
	for _, cluster := range []*fakeFlink{one, other} {
		eventually(t, "the job of "+cluster.URL+" is rescaled", func() bool { return cluster.parallelism() == 4 })
	}
	about := func(level string) []logLine {
		return sluice.log(func(l logLine) bool { return l.Cluster == away.URL && l.Level == level })
	}
	eventually(t, "the one that is away is tried again and again", func() bool { return len(about("DEBUG")) >= 3 })
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	if said := about("WARN"); len(said) != 1 || !strings.Contains(said[0].Error, "not reachable") {
		t.Errorf("%d lines about the cluster that is away, want one: %v", len(said), said)
	}
	// The two jobs have the same id: they are told apart by their cluster.
	clusters := map[string]int{}
	for _, e := range scales(recorded(t, file)) {
		clusters[e.Cluster]++
	}
	if len(clusters) != 2 || clusters[one.URL] != 1 || clusters[other.URL] != 1 {
		t.Errorf("rescales recorded by cluster: %v", clusters)
	}
}

func TestCredentialsAreSentAndNeverShown(t *testing.T) {
	t.Parallel()
	const password, token = "hunter2-secret", "tok-en-secret"
	basic, bearer := startFlink(t, 250), startFlink(t, 250)
	folder := t.TempDir()
	decided, exchanged := filepath.Join(folder, "decisions.jsonl"), filepath.Join(folder, "recording.gz")
	secret := file(t, "password", password+"\n")
	both := file(t, "both.yaml", fmt.Sprintf("clusters:\n- {name: basic, address: %q, auth: {username: ann, passwordFile: %q}}\n- {name: bearer, address: %q, auth: {tokenEnv: THE_TOKEN}}\n",
		basic.URL, secret, bearer.URL))
	one := file(t, "one.yaml", fmt.Sprintf("clusters:\n- {address: %q, auth: {tokenEnv: THE_TOKEN}}\n", bearer.URL))
	start := func(args ...string) *child {
		args = append([]string{"run", "--log-format", "json", "--log-level", "debug"}, args...)
		return startCommand(t, []string{"THE_TOKEN=" + token}, append(args, fast...)...)
	}
	sluice, recorder := start("--config", both, "--decisions", decided), start("--config", one, "--record", exchanged)
	eventually(t, "both jobs are rescaled", func() bool { return basic.parallelism() == 4 && bearer.parallelism() == 4 })
	// What is refused must not be shown either.
	bearer.suffer(instead(http.StatusUnauthorized, `{"errors":["who are you?"]}`))
	for _, process := range []*child{sluice, recorder} {
		eventually(t, "the refusal is told", func() bool { return strings.Contains(process.text(), "not authorized") })
		if code := process.terminate(); code != exitDone {
			t.Errorf("exit code %d, want 0", code)
		}
	}
	const annWithHerPassword = "Basic YW5uOmh1bnRlcjItc2VjcmV0"
	for _, c := range []struct {
		cluster *fakeFlink
		want    string
	}{{basic, annWithHerPassword}, {bearer, "Bearer " + token}} {
		for _, r := range c.cluster.asked() {
			if r.authorization != c.want {
				t.Fatalf("%s %s with %q, want %q", r.method, r.path, r.authorization, c.want)
			}
		}
	}
	shown := sluice.text() + recorder.text() + content(t, decided) + unpacked(t, exchanged)
	for _, s := range []string{password, token, strings.TrimPrefix(annWithHerPassword, "Basic ")} {
		if strings.Contains(shown, s) {
			t.Errorf("%q is shown", s)
		}
	}
}

func TestDecisionsAreRotated(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--decisions", file, "--decisions-max-bytes", "1", "--decisions-keep", "2")
	eventually(t, "the job is rescaled and judged again", func() bool {
		return len(sluice.events("Rescaled")) == 1 && strings.Contains(content(t, file), "within-bounds")
	})
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("exit code %d, want 0", code)
	}
	var newest []decisions.Entry
	for _, name := range []string{file + ".2", file + ".1", file} {
		entries := recorded(t, name)
		if len(entries) != 1 {
			t.Errorf("%s holds %d decisions, want 1", name, len(entries))
		}
		newest = append(newest, entries...)
	}
	for i := 1; i < len(newest); i++ {
		if newest[i].Time.Before(newest[i-1].Time) {
			t.Error("the decisions are not in the order of their time")
		}
	}
	if _, err := os.Stat(file + ".3"); !os.IsNotExist(err) {
		t.Errorf("a third old file is kept: %v", err)
	}
}

// Nothing of a process listens, since nothing was asked to.
func TestNothingListens(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	t.Parallel()
	cluster := startFlink(t, 50)
	sluice := runSluice(t, "--flink", cluster.URL)
	eventually(t, "the job is found", func() bool { return strings.Contains(sluice.text(), "job found") })
	if own := listening(t, os.Getpid()); len(own) == 0 {
		t.Error("not even the test's own servers are seen to listen")
	}
	if found := listening(t, sluice.cmd.Process.Pid); len(found) > 0 {
		t.Errorf("it listens on %v", found)
	}
}

// listening returns the addresses, as the kernel writes them, on which a process
// listens for TCP.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	sockets := map[string]bool{}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(links) == 0 {
		t.Fatalf("the files of process %d: %v, %v", pid, links, err)
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			sockets[strings.TrimSuffix(inode, "]")] = true
		}
	}
	const stateListen = "0A"
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		for line := range strings.Lines(content(t, fmt.Sprintf("/proc/%d/net/%s", pid, table))) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == stateListen && sockets[fields[9]] {
				found = append(found, fields[1])
			}
		}
	}
	return found
}
