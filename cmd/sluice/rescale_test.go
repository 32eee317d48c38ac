package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
)

// twoJobs is a cluster with the jobs orders-00000 and orders-00001, whose
// vertices all run at 4 within 1:4, and rescale 50 ms after they are asked to.
func twoJobs(t *testing.T) (*flink.Client, string, []flink.JobID) {
	t.Helper()
	manager, err := fakeflink.New(fakeflink.Config{Jobs: 2, RescaleAfter: 50 * time.Millisecond, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakeflink.Serve(manager, 0)
	if err != nil {
		t.Fatal(err)
	}
	client, err := flink.New(flink.Config{Addresses: []string{server.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); _ = server.Close() })
	return client, server.URL(), manager.JobIDs()
}

// boundsOf are the bounds of a job by the names of its vertices.
func boundsOf(t *testing.T, client *flink.Client, job flink.JobID) map[string]string {
	t.Helper()
	r, err := client.ResourceRequirements(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	d, err := client.Job(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, v := range d.Vertices {
		if b := r[v.ID].Parallelism; b.Lower != 1 || b.Upper != 4 {
			named[v.Name] = fmt.Sprintf("%d:%d", b.Lower, b.Upper)
		}
	}
	return named
}

func TestRescaleShowsBeforeAndAfter(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"set":       {"join=8", "Source: orders=2"},
		"dry-run":   {"all=2:6", "--dry-run"},
		"unchanged": {"join=4"},
		"wait":      {"join=8", "--wait"},
		"json":      {"join=8", "--wait", "-o", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, url, _ := twoJobs(t)
			got := runCommand(t, append([]string{"rescale", "orders-00000", "--flink", url}, args...)...)
			if got.code != exitDone {
				t.Fatalf("%+v", got)
			}
			text := strings.ReplaceAll(got.stdout, url, "http://jobmanager:8081")
			if name == "json" {
				text = withoutSeconds(t, text)
			} else if before, after, found := strings.Cut(text, "so after "); found {
				text = before + "so after N" + after[strings.IndexByte(after, ' '):]
			}
			golden(t, filepath.Join("testdata", "rescale", name+".txt"), text)
		})
	}
}

// withoutSeconds takes out how long it took.
func withoutSeconds(t *testing.T, text string) string {
	t.Helper()
	var p rescalePlan
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Waited == nil || p.Waited.Seconds < 0 {
		t.Fatalf("%v, %+v in %s", err, p.Waited, text)
	}
	p.Waited.Seconds = 0
	encoded, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(encoded), `\u003e`, ">") + "\n"
}

func TestRescaleSetsTheNamedVerticesAlone(t *testing.T) {
	client, url, jobs := twoJobs(t)
	details, err := client.Job(t.Context(), jobs[1])
	if err != nil {
		t.Fatal(err)
	}
	join := details.Vertices[4]
	for _, c := range []struct {
		name string
		job  string
		args []string
		want map[string]string
	}{
		{"by name", "orders-00001", []string{"join=3"}, map[string]string{"join": "1:3"}},
		{"by id", string(jobs[1]), []string{string(join.ID) + "=3"}, map[string]string{"join": "1:3"}},
		{"by the beginning of an id", string(jobs[1][:6]), []string{strings.ToUpper(string(join.ID[:8])) + "=3"}, map[string]string{"join": "1:3"}},
		{"by a part of a name", "orders-00001", []string{"writer=3"}, map[string]string{"sink: Writer": "1:3"}},
		{"several", "orders-00001", []string{"join=3", "enrich=5"}, map[string]string{"join": "1:3", "enrich": "1:5"}},
		{"both bounds", "orders-00001", []string{"join=2:3"}, map[string]string{"join": "2:3"}},
		{"all but one", "orders-00001", []string{"join=2:8", "*=1:4"}, map[string]string{"join": "2:8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runCommand(t, append([]string{"rescale", c.job, "--flink", url}, c.args...)...); got.code != exitDone {
				t.Fatalf("%+v", got)
			}
			if diff := cmp.Diff(c.want, boundsOf(t, client, jobs[1])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if others := boundsOf(t, client, jobs[0]); len(others) > 0 {
				t.Errorf("the other job now has %v", others)
			}
			if got := runCommand(t, "rescale", string(jobs[1]), "all=1:4", "--flink", url); got.code != exitDone {
				t.Fatalf("%+v", got)
			}
		})
	}
}

func TestRescaleKeepsALowerBoundThatIsNotGiven(t *testing.T) {
	client, url, jobs := twoJobs(t)
	for _, arg := range []string{"join=3:5", "join=7"} {
		if got := runCommand(t, "rescale", "orders-00000", arg, "--flink", url); got.code != exitDone {
			t.Fatalf("%+v", got)
		}
	}
	if diff := cmp.Diff(map[string]string{"join": "3:7"}, boundsOf(t, client, jobs[0])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	onLine(t, exitFailed, runCommand(t, "rescale", "orders-00000", "join=2", "--flink", url), `"join" has the lower bound 3, above 2`, "join=2:2")
}

func TestADryRunOfRescaleChangesNothing(t *testing.T) {
	cluster := startFlink(t, 50)
	if got := runCommand(t, "rescale", "orders", "work=4", "--dry-run", "--flink", cluster.URL); got.code != exitDone || !strings.Contains(got.stdout, "1:1 -> 1:4") {
		t.Errorf("%+v", got)
	}
	if got := runCommand(t, "rescale", "orders", "work=1", "--flink", cluster.URL); got.code != exitDone {
		t.Errorf("%+v", got)
	}
	if puts := cluster.puts(); len(puts) > 0 {
		t.Errorf("sent: %v", puts)
	}
}

func TestRescaleSaysWhatDoesNotFitTheJob(t *testing.T) {
	client, url, jobs := twoJobs(t)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"payments", "join=3"}, []string{`no job has the id or name "payments"`, `"orders-00000" (` + string(jobs[0]), `"orders-00001"`}},
		{[]string{"orders-00000", "sort=3"}, []string{`job "orders-00000"`, `no vertex has the id or name "sort"`, `"Source: orders" (`, `"sink: Writer" (`}},
		{[]string{"orders-00000", "parse=3"}, []string{`"parse" is more than one vertex: "parse orders" (`, `"parse payments" (`}},
		{[]string{"orders-00000", "join=129"}, []string{"129 is above the maximum parallelism 128", `"join"`}},
		{[]string{"orders-00000", "all=200"}, []string{`200 is above the maximum parallelism 128 of vertex "Source: orders"`, `"join"`}},
		{[]string{"orders-00000", "join=3", "Join=4"}, []string{`"join=3" and "Join=4" are the same vertex "join"`}},
	} {
		onLine(t, exitFailed, runCommand(t, append([]string{"rescale", "--flink", url}, c.args...)...), c.want...)
	}
	for _, job := range jobs {
		if changed := boundsOf(t, client, job); len(changed) > 0 {
			t.Errorf("job %s now has %v", job, changed)
		}
	}
}

// Flink's own refusals, with what they mean.
func TestRescaleExplainsFlinksRefusals(t *testing.T) {
	unsupported := func(text string) string {
		return fmt.Sprintf(`{"errors":["Internal server error.","<Exception on server side:\njava.lang.UnsupportedOperationException: %s\n\tat a.B.c(B.java:1)\n\nEnd of exception on server side>"]}`, text)
	}
	const notHere = "The %s does not support changing the parallelism without a job restart. This feature is currently only expected to work with the AdaptiveScheduler."
	const gone = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (0)\n\tat a.B.c(B.java:1)"]}`
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
		want         []string
	}{
		"Reactive Mode, by its configuration": {"GET", "/jobmanager/config", 200, `[{"key":"scheduler-mode","value":"REACTIVE"}]`, []string{"Reactive Mode", "add or remove TaskManagers"}},
		"Reactive Mode, by its refusal":       {"PUT", "/resource-requirements", 500, unsupported("Cannot change the parallelism of a job running in reactive mode."), []string{"Reactive Mode", "add or remove TaskManagers"}},
		"the default scheduler":               {"GET", "/resource-requirements", 500, unsupported(fmt.Sprintf(notHere, "DefaultScheduler")), []string{"jobmanager.scheduler: adaptive", "savepoint"}},
		"a batch job":                         {"GET", "/resource-requirements", 500, unsupported(fmt.Sprintf(notHere, "AdaptiveBatchScheduler")), []string{"follows from its data"}},
		"an old Flink":                        {"GET", "/resource-requirements", 404, `{"errors":["Not found: /jobs/0/resource-requirements"]}`, []string{"from 1.18 on"}},
		"a job that ended meanwhile":          {"PUT", "/resource-requirements", 500, gone, []string{"ended meanwhile", "Could not find Flink job"}},
		"another update":                      {"PUT", "/resource-requirements", 409, `{"errors":["org.apache.flink.runtime.rest.handler.RestHandlerException: Another update to the job [%s] resource requirements is in progress."]}`, []string{"try again", "in progress"}},
		"anything else":                       {"PUT", "/resource-requirements", 400, `{"errors":["a.B: The request is incomplete."]}`, []string{"Flink refused", "The request is incomplete."}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := startFlink(t, 50)
			cluster.suffer(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == c.method && strings.HasSuffix(r.URL.Path, c.path) {
						w.WriteHeader(c.status)
						_, _ = w.Write([]byte(c.body))
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			onLine(t, exitFailed, runCommand(t, "rescale", "orders", "work=4", "--flink", cluster.URL), append(c.want, `job "orders" (0123456789abcdef0123456789abcdef)`)...)
		})
	}
}

func TestRescaleVerifiesWhatFlinkTook(t *testing.T) {
	cluster := startFlink(t, 50) // it forgets lower bounds
	onLine(t, exitFailed, runCommand(t, "rescale", "orders", "work=2:4", "--flink", cluster.URL), "then shows others")
}

func TestWaitingEndsWithTheReason(t *testing.T) {
	const requirements, details = "/resource-requirements", "/0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		path, old, new string
		// after is how many answers stay right first.
		after int64
		want  []string
	}{
		"the time is over":        {details, `"parallelism":4`, `"parallelism":2`, 1, []string{"after 1.5s (--timeout): RUNNING: work runs at 2, not 4", "of 8 slots are free"}},
		"someone else changes it": {requirements, `"upperBound":4`, `"upperBound":3`, 3, []string{"someone else has set other bounds"}},
		"the job ends":            {details, `"state":"RUNNING"`, `"state":"CANCELED"`, 1, []string{"it has ended (CANCELED)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startFlink(t, 50)
			var asked atomic.Int64
			cluster.suffer(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					wrong := replaced(c.old, c.new)(next)
					if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, c.path) || asked.Add(1) <= c.after {
						wrong = next
					}
					wrong.ServeHTTP(w, r)
				})
			})
			got := runCommand(t, "rescale", "orders", "work=4", "--wait", "--timeout", "1500ms", "--flink", cluster.URL)
			if got.code != exitFailed {
				t.Errorf("exit code %d", got.code)
			}
			for _, w := range c.want {
				if !strings.Contains(got.stderr, w) {
					t.Errorf("%q is not said: %s", w, got.stderr)
				}
			}
		})
	}
}

func TestWrongUseOfRescale(t *testing.T) {
	for name, c := range map[string]struct{ args, want []string }{
		"no vertex":           {[]string{"orders"}, []string{"a job and at least one VERTEX=PARALLELISM", "rescale --help"}},
		"no job":              {[]string{"", "a=1"}, []string{"a job and at least one"}},
		"no number":           {[]string{"orders", "work"}, []string{`"work"`, "want VERTEX=UPPER or VERTEX=LOWER:UPPER"}},
		"no name":             {[]string{"orders", "=4"}, []string{`"=4"`, "VERTEX=UPPER"}},
		"a word for a number": {[]string{"orders", "work=many"}, []string{`"work=many": a bound is "many"`, "from 1 to 32768"}},
		"zero":                {[]string{"orders", "work=0"}, []string{`"0"`}},
		"no lower bound":      {[]string{"orders", "work=:4"}, []string{`a bound is ""`}},
		"above any maximum":   {[]string{"orders", "work=40000"}, []string{`"40000"`, "32768"}},
		"turned around":       {[]string{"orders", "work=4:2"}, []string{"the lower bound 4 is above the upper bound 2", "want work=2:4"}},
		"nothing to wait for": {[]string{"orders", "work=4", "--wait", "--dry-run"}, []string{"--dry-run", "one of them"}},
		"no time to wait":     {[]string{"orders", "work=4", "--wait", "--timeout", "0s"}, []string{"--timeout 0s", "more than 0"}},
		"two clusters":        {[]string{"orders", "work=4", "--flink", "http://a:1", "--flink", "http://b:1"}, []string{"2 clusters", "--flink"}},
		"nothing listens":     {[]string{"orders", "work=4", "--flink", "http://127.0.0.1:1"}, []string{"not reachable", "--flink http://localhost:8081"}},
	} {
		t.Run(name, func(t *testing.T) {
			onLine(t, exitUsage, runCommand(t, append([]string{"rescale"}, c.args...)...), c.want...)
		})
	}
}
