package javaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/internal/recording"
)

var record = flag.Bool("record", false, "record what real clusters answer to operations, for the twin's conformance test")

// TestRecordOperations asks real clusters for what no collector asks: operations and
// their results, jars, applications, and faults. It writes twin/testdata.
func TestRecordOperations(t *testing.T) {
	if !*record {
		t.Skip("records only with -record")
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			c := realflink.New(t, realflink.ClusterConfig{Version: version})
			cache, err := realflink.CacheDir()
			if err != nil {
				t.Fatal(err)
			}
			r := &recorder{t: t, cluster: c, dir: c.Dir(), cache: cache}
			r.everything(version)
			var file bytes.Buffer
			if err := recording.Write(&file, r.exchanges); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join("..", "..", "twin", "testdata", "operations-"+version+".jsonl.gz"), file.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// recorder asks and keeps what was answered.
type recorder struct {
	t         *testing.T
	cluster   *realflink.Cluster
	dir       string // of the cluster
	cache     string // of Flink's jars
	exchanges []recording.Exchange
}

// shortened are parts of bodies that nobody compares: serialized exceptions, all
// but the first frames of stacks, and all but the first threads of a dump.
var shortened = map[*regexp.Regexp]string{
	regexp.MustCompile(`"serialized-throwable":"[^"]*"`):                                      `"serialized-throwable":""`,
	regexp.MustCompile(`((?:\\n\\tat [^"\\]*){2})(?:\\n\\tat [^"\\]*)+`):                      `$1`,
	regexp.MustCompile(`("threadInfos":\[\{[^{}]*\},\{"threadName":"[^"]*")(?s:.*)("\}\]\})`): `$1,"stringifiedThreadInfo":"$2`,
}

// ask sends a request with a JSON body, and keeps it with its answer.
func (r *recorder) ask(method, path, body string) []byte {
	r.t.Helper()
	return r.send(method, path, "application/json", []byte(body), []byte(body))
}

func (r *recorder) send(method, path, kind string, body, kept []byte) []byte {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.cluster.URL()+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	hide := func(text []byte) []byte {
		for long, short := range shortened {
			text = long.ReplaceAll(text, []byte(short))
		}
		text = bytes.ReplaceAll(text, []byte(r.cache), []byte("/flink/lib"))
		return bytes.ReplaceAll(text, []byte(r.dir), []byte("/flink"))
	}
	r.exchanges = append(r.exchanges, recording.Exchange{
		At: time.Now().UTC().Truncate(time.Millisecond), Method: method, Path: path, Status: answer.StatusCode, Sent: hide(kept), Body: hide(text),
	})
	r.t.Logf("%s %s %s: %d %.300s", method, path, kept, answer.StatusCode, text)
	return text
}

// until asks for the state of an operation until it is over, and keeps the first and
// the last answer.
func (r *recorder) until(path string) []byte {
	r.t.Helper()
	r.ask("GET", path, "")
	kept := len(r.exchanges)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		r.exchanges = r.exchanges[:kept]
		text := r.ask("GET", path, "")
		if !strings.Contains(string(text), "IN_PROGRESS") {
			return text
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s goes on", path)
		}
	}
}

// operation triggers one and waits for its end.
func (r *recorder) operation(method, path, below, body string) []byte {
	r.t.Helper()
	var trigger flink.Trigger
	if err := json.Unmarshal(r.ask(method, path, body), &trigger); err != nil || trigger.ID == "" {
		return nil // it is refused
	}
	return r.until(below + "/" + string(trigger.ID))
}

func (r *recorder) submit(spec realflink.JobSpec) (*realflink.Job, flink.JobDetails) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	j, err := r.cluster.Submit(ctx, spec)
	if err == nil {
		err = j.WaitRunning(ctx)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	var d flink.JobDetails
	if err := r.cluster.Call(ctx, "GET", "/jobs/"+j.ID, nil, &d); err != nil {
		r.t.Fatal(err)
	}
	return j, d
}

const nowhere = "00000000000000000000000000000000"

func (r *recorder) everything(version string) {
	j, d := r.submit(realflink.JobSpec{Name: "load <&> more", Parallelism: 2})
	r.ask("GET", "/taskmanagers", "")
	r.ask("GET", "/jobmanager/config", "")
	r.ask("GET", "/overview", "")
	r.ask("GET", "/jobs/"+j.ID, "")
	r.reads(j.ID, string(d.Vertices[1].ID))
	r.checkpoints(j.ID, string(d.Vertices[1].ID))
	r.savepoints(j.ID)
	r.others(j.ID)
	r.jars(version)
	if version == realflink.Flink23 {
		r.applications(d.ApplicationID)
	}
	r.ends(j)
}

func (r *recorder) reads(job, vertex string) {
	of := "/jobs/" + job + "/vertices/" + vertex
	for _, path := range []string{
		"/jobs/" + job + "/execution-result", "/jobs/" + nowhere + "/execution-result", "/jobs/" + nowhere + "/status",
		"/jobs/" + nowhere + "/accumulators", "/jobs/" + job + "/accumulators?includeSerializedValue=true",
		of + "/accumulators", of + "/subtasks/accumulators", of + "/subtasks/0", of + "/subtasks/9", of + "/subtasks/x",
		of + "/subtasks/0/attempts/0", of + "/subtasks/0/attempts/5", of + "/subtasks/0/attempts/0/accumulators",
		of + "/flamegraph", of + "/flamegraph?type=ON_CPU", of + "/jm-operator-metrics", of + "/subtasks/0/metrics?get=numRecordsIn",
		"/jobs/" + job + "/vertices/" + nowhere, "/jobs/" + job + "/vertices/x", "/jobs/x", "/jobs/" + job + "/nothing",
		"/jobmanager/logs", "/jobmanager/profiler", "/taskmanagers/tm1/logs", "/taskmanagers/tm1/profiler", "/taskmanagers/none", "/taskmanagers/none/logs",
		"/jobmanager/environment", "/jobs/" + job + "/jobmanager/log-url", "/jobs/" + job + "/taskmanagers/tm1/log-url",
		"/jobmanager/thread-dump", "/taskmanagers/tm1/thread-dump", "/jobmanager/log", "/nothing",
		of + "/subtasks/metrics?get=numRecordsIn&agg=most", of + "/subtasks/metrics?get=numRecordsIn&subtasks=x",
	} {
		r.ask("GET", path, "")
	}
	none := "/jobs/" + job + "/vertices/" + nowhere
	for _, below := range []string{
		"/accumulators", "/subtasks/accumulators", "/subtasktimes", "/taskmanagers", "/backpressure",
		"/watermarks", "/metrics", "/subtasks/metrics", "/subtasks/0", "/subtasks/0/metrics", "/subtasks/0/attempts/0",
		"/subtasks/0/attempts/0/accumulators", "/flamegraph", "/jm-operator-metrics", "/nothing",
	} {
		r.ask("GET", none+below, "")
	}
	for _, below := range []string{
		"", "/plan", "/config", "/exceptions", "/metrics", "/checkpoints", "/checkpoints/config",
		"/resource-requirements", "/jobmanager/config", "/vertices/" + vertex, "/vertices/" + vertex + "/subtasks/metrics", "/rescales/config",
	} {
		r.ask("GET", "/jobs/"+nowhere+below, "")
	}
}

func (r *recorder) checkpoints(job, vertex string) {
	of := "/jobs/" + job + "/checkpoints"
	for i, kind := range []string{"", `"checkpointType": "FULL"`, `"checkpointType": "INCREMENTAL"`} {
		body := strings.TrimSuffix(fmt.Sprintf(`{"triggerId": "%032d", %s`, i+1, kind), ", ") + "}"
		r.operation("POST", of, of, body)
	}
	r.ask("POST", of, `{"checkpointType": "SOME"}`)
	r.ask("POST", of, `{"what": 1}`)
	r.ask("POST", of, `no json`)
	r.operation("POST", "/jobs/"+nowhere+"/checkpoints", "/jobs/"+nowhere+"/checkpoints", `{}`)
	r.ask("GET", of+"/"+nowhere, "")
	var all flink.Checkpoints
	if err := json.Unmarshal(r.ask("GET", of, ""), &all); err != nil {
		r.t.Fatal(err)
	}
	details := fmt.Sprintf("%s/details/%d", of, all.Latest.Completed.ID)
	r.ask("GET", details, "")
	r.ask("GET", details+"/subtasks/"+vertex, "")
	r.ask("GET", details+"/subtasks/"+nowhere, "")
	r.ask("GET", of+"/details/99999", "")
	r.ask("GET", of+"/details/99999/subtasks/"+vertex, "")
}

func (r *recorder) savepoints(job string) {
	of := "/jobs/" + job + "/savepoints"
	r.operation("POST", of, of, `{"triggerId": "00000000000000000000000000000011", "cancel-job": false}`)
	text := r.operation("POST", of, of, `{"formatType": "NATIVE"}`)
	r.ask("POST", of, `{"triggerId": "00000000000000000000000000000011", "cancel-job": false}`) // it is known
	r.ask("POST", of, `{"formatType": "SOME"}`)
	r.operation("POST", "/jobs/"+nowhere+"/savepoints", "/jobs/"+nowhere+"/savepoints", `{}`)
	r.operation("POST", "/jobs/"+nowhere+"/stop", "/jobs/"+nowhere+"/savepoints", `{}`)
	r.ask("GET", of+"/"+nowhere, "")
	r.ask("GET", "/jobs/"+job+"/checkpoints", "")
	var done struct {
		Operation struct{ Location string }
	}
	if err := json.Unmarshal(text, &done); err != nil {
		r.t.Fatal(err)
	}
	dispose := fmt.Sprintf(`{"savepoint-path": %q}`, done.Operation.Location)
	r.operation("POST", "/savepoint-disposal", "/savepoint-disposal", dispose)
	r.operation("POST", "/savepoint-disposal", "/savepoint-disposal", dispose)
	r.ask("POST", "/savepoint-disposal", `{}`)
	r.ask("GET", "/savepoint-disposal/"+nowhere, "")
}

func (r *recorder) others(job string) {
	r.operation("DELETE", "/datasets/"+nowhere, "/datasets/delete", "")
	r.ask("GET", "/datasets/delete/"+nowhere, "")
	r.ask("PATCH", "/jobs/"+job+"/clientHeartbeat", fmt.Sprintf(`{"expiredTimestamp": %d}`, time.Now().Add(time.Hour).UnixMilli()))
	r.ask("PATCH", "/jobs/"+nowhere+"/clientHeartbeat", `{"expiredTimestamp": 1}`)
	r.ask("POST", "/jobs/"+job+"/coordinators/"+nowhere, `{"serializedCoordinationRequest": []}`)
	r.ask("PATCH", "/jobs/"+job+"/rescaling?parallelism=2", "")
	r.ask("GET", "/jobs/"+job+"/rescaling/"+nowhere, "")
	r.ask("PATCH", "/jobs/"+job+"?mode=stop", "")
	r.ask("PATCH", "/jobs/"+job+"?mode=softly", "")
	r.ask("PATCH", "/jobs/"+nowhere, "")
	r.ask("POST", "/jobs", "{}")
	r.ask("DELETE", "/jobs/"+job, "")
	r.ask("POST", "/overview", "{}")
	r.ask("GET", "/jobs/"+job+"/stop", "")
	r.ask("PUT", "/jobs/"+job+"/resource-requirements", "no json")
}
