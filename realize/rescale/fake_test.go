package rescale

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	source scaling.VertexID = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	work   scaling.VertexID = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	sink   scaling.VertexID = "cccccccccccccccccccccccccccccccc"
	jobID  flink.JobID      = "0123456789abcdef0123456789abcdef"
	trace                   = "\n\tat org.apache.flink.runtime.dispatcher.Dispatcher.updateJobResourceRequirements(Dispatcher.java:2084)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"
)

// now is the time of the tests.
var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// cluster is a JobManager with one job, over HTTP. It checks requirements as
// Flink does and answers as Flink does, stack traces and all.
type cluster struct {
	*httptest.Server
	t testing.TB

	mu           sync.Mutex
	requirements flink.ResourceRequirements
	most         int // the maximum parallelism of every vertex
	// scheduler is what refuses other requirements by name; empty for adaptive.
	scheduler      string
	checkpoints    string // the body, empty for a job without checkpointing
	config         string
	slotsTotal     int
	slotsAvailable int
	rescales       string // the body of the rescale overview, empty for a 404
	// puts are the bodies of the PUTs that came, calls all requests.
	puts  []flink.ResourceRequirements
	calls []string
	// faults tell how to go wrong, by method and last element of the path; each
	// serves until it is taken out.
	faults map[string]func(http.ResponseWriter)
	// forgets lets a PUT succeed and change nothing.
	forgets bool
}

func newCluster(t testing.TB) *cluster {
	c := &cluster{
		t: t, most: 128, slotsTotal: 8, slotsAvailable: 8, faults: map[string]func(http.ResponseWriter){},
		requirements: flink.ResourceRequirements{
			flink.VertexID(source): flink.Require(1, 1), flink.VertexID(work): flink.Require(1, 1), flink.VertexID(sink): flink.Require(1, 1),
		},
		config:      `{"mode":"exactly_once","interval":10000}`,
		checkpoints: body(flink.Checkpoints{Latest: flink.LatestCheckpoints{Completed: completed(7, now.Add(-3*time.Second))}}),
	}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /jobs/{job}/resource-requirements": c.getRequirements,
		"PUT /jobs/{job}/resource-requirements": c.putRequirements,
		"GET /jobs/{job}/checkpoints": func(w http.ResponseWriter, _ *http.Request) {
			orMissing(w, c.checkpoints, "Checkpointing has not been enabled.")
		},
		"GET /jobs/{job}/checkpoints/config": func(w http.ResponseWriter, _ *http.Request) {
			orMissing(w, c.config, "Checkpointing is not enabled for this job.")
		},
		"GET /jobs/{job}/rescales/overview": func(w http.ResponseWriter, _ *http.Request) {
			orMissing(w, c.rescales, "Unable to load requested file.")
		},
		"GET /overview": c.overview,
	} {
		mux.HandleFunc(pattern, c.serve(handle))
	}
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

// serve notes the call and lets a fault answer in place of the cluster.
func (c *cluster) serve(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		call := r.Method + " " + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/jobs/"+string(jobID)), "/")
		c.calls = append(c.calls, call)
		if fault := c.faults[call]; fault != nil {
			fault(w)
			return
		}
		handle(w, r)
	}
}

func (c *cluster) getRequirements(w http.ResponseWriter, _ *http.Request) {
	if c.scheduler != "" && c.scheduler != "reactive" {
		internal(w, "java.lang.UnsupportedOperationException", c.scheduler)
		return
	}
	answer(w, http.StatusOK, c.requirements)
}

func (c *cluster) putRequirements(w http.ResponseWriter, r *http.Request) {
	var wanted flink.ResourceRequirements
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		refuse(w, http.StatusBadRequest, "Request did not match expected format JobResourceRequirementsBody.")
		return
	}
	c.puts = append(c.puts, wanted)
	if problems := c.problems(wanted); len(problems) > 0 {
		refuse(w, http.StatusBadRequest, strings.Join(problems, "\n"))
		return
	}
	if c.scheduler == "reactive" {
		internal(w, "java.lang.UnsupportedOperationException", "Cannot change the parallelism of a job running in reactive mode.")
		return
	}
	if !c.forgets {
		c.requirements = wanted
	}
	answer(w, http.StatusOK, flink.Empty{})
}

// problems are those that Flink finds, in its words.
func (c *cluster) problems(wanted flink.ResourceRequirements) []string {
	if len(wanted) == 0 {
		return []string{"Request body does not specify resource requirements."}
	}
	var found []string
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		b := wanted[id].Parallelism
		_, known := c.requirements[id]
		switch {
		case b.Lower < 1 || b.Upper < 1:
			found = append(found, fmt.Sprintf("Both, the requested lower bound [%d] and upper bound [%d] for job vertex [%s] must be greater than zero.", b.Lower, b.Upper, id))
		case b.Lower > b.Upper:
			found = append(found, fmt.Sprintf("The requested lower bound [%d] for job vertex [%s] is higher than the upper bound [%d].", b.Lower, id, b.Upper))
		case b.Upper > c.most:
			found = append(found, fmt.Sprintf("The newly requested parallelism %d for the job vertex %s exceeds its maximum parallelism %d.", b.Upper, id, c.most))
		case !known:
			found = append(found, fmt.Sprintf("Job vertex [%s] was not found in the JobGraph.", id))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.requirements)) {
		if _, named := wanted[id]; !named {
			found = append(found, fmt.Sprintf("The request is incomplete, missing job vertex [%s] resource requirements.", id))
		}
	}
	return found
}

func (c *cluster) overview(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, flink.Overview{TaskManagers: 2, SlotsTotal: c.slotsTotal, SlotsAvailable: c.slotsAvailable, FlinkVersion: "2.3.0"})
}

func answer(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what)
}

// refuse answers as a handler that says no.
func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, flink.ErrorBody{Errors: []string{"org.apache.flink.runtime.rest.handler.RestHandlerException: " + message + trace}})
}

// internal answers as a scheduler that throws.
func internal(w http.ResponseWriter, class, message string) {
	answer(w, http.StatusInternalServerError, flink.ErrorBody{Errors: []string{
		"Internal server error.", "<Exception on server side:\n" + class + ": " + message + trace + "\n\nEnd of exception on server side>",
	}})
}

func orMissing(w http.ResponseWriter, text, message string) {
	if text == "" {
		answer(w, http.StatusNotFound, flink.ErrorBody{Errors: []string{"org.apache.flink.runtime.rest.handler.RestHandlerException: " + message + trace}})
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write([]byte(text))
}

// hangUp breaks the connection off before an answer.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func body(what any) string {
	text, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(text), `"history":null`, `"history":[]`)
}

func recordedBody(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func completed(id int64, at time.Time) *flink.Checkpoint {
	return &flink.Checkpoint{ID: id, Status: flink.CheckpointCompleted, TriggerTime: flink.MillisOf(at)}
}

func failedCheckpoint(id int64, at time.Time) *flink.Checkpoint {
	return &flink.Checkpoint{ID: id, Status: flink.CheckpointFailed, TriggerTime: flink.MillisOf(at), FailureMessage: flink.Some("Checkpoint expired before completing.")}
}

// job is the job as a fetcher would present it.
func (c *cluster) job(t testing.TB) *autoscaler.JobContext {
	t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{c.URL}, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &autoscaler.JobContext{
		Key: autoscaler.JobKey{Job: jobID}, Status: flink.JobRunning, Client: client,
		Settings: &autoscaler.Settings{RescaleTimeout: 10 * time.Minute},
	}
}

// running is the topology of the job at a parallelism of each vertex.
func running(t testing.TB, p scaling.Parallelism, groups ...string) *scaling.Topology {
	t.Helper()
	vertices := []scaling.Vertex{
		{ID: source}, {ID: work, Inputs: []scaling.Edge{{From: source}}}, {ID: sink, Inputs: []scaling.Edge{{From: work}}},
	}
	for i := range vertices {
		vertices[i].Parallelism, vertices[i].MaxParallelism = p[vertices[i].ID], 128
		if len(groups) > 0 {
			vertices[i].SlotSharingGroup = groups[i]
		}
	}
	topology, err := scaling.NewTopology(vertices)
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

func at(p, q, r int) scaling.Parallelism {
	return scaling.Parallelism{source: p, work: q, sink: r}
}

func bound(floor, lower, upper int) autoscaler.Bound {
	return autoscaler.Bound{Floor: floor, Lower: lower, Upper: upper}
}

func ours(floor, lower, upper int) autoscaler.Bound {
	return autoscaler.Bound{Floor: floor, Lower: lower, Upper: upper, Ours: true}
}

type bounds = map[scaling.VertexID]autoscaler.Bound
