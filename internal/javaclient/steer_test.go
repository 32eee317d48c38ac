package javaclient

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// call asks Java for a method of RestClusterClient.
type call struct {
	Call   string                    `json:"call"`
	Job    flink.JobID               `json:"job,omitempty"`
	ID     string                    `json:"id,omitempty"`
	Path   string                    `json:"path,omitempty"`
	Target string                    `json:"target,omitempty"`
	Drain  bool                      `json:"drain,omitempty"`
	Until  int64                     `json:"until,omitempty"`
	Bounds map[flink.VertexID][2]int `json:"bounds,omitempty"`
}

// result is a JobResult as Java tells it.
type result struct {
	Job        string
	Successful bool
	Runtime    int64
	Failure    string
}

// steering does to a twin what RestClusterClient can do, and looks whether it is
// done. Operations are followed as that client follows them: meanwhile the clock
// moves with each request, a minute of the twin in a second.
type steering struct {
	*world
	java  *Client
	asked map[string]bool // the classes of the requests that were sent
}

func steer(w *world, c *Client, asked map[string]bool) {
	w.t.Helper()
	s := steering{w, c, asked}
	w.clock(`{"speed": 60}`)
	first, second := w.job(0), w.job(1)
	s.reads(first)
	s.rescales(first)
	s.checkpoints(first)
	saved := s.stops(first)
	s.jars(saved)
	s.cancels(second)
	s.faults()
	s.ends()
}

// sent notes the requests that a method of the client sends.
func (s steering) sent(classes ...string) {
	for _, c := range classes {
		s.asked[c] = true
	}
}

// one is the answer to a call that has to succeed.
func one[T any](s steering, c call) T {
	s.t.Helper()
	var answer T
	s.asks(s.java, c, &answer)
	return answer
}

// fails expects a failure of a status, 0 for one that is no answer's, that says
// something.
func (s steering) fails(c any, status int, says string) {
	s.t.Helper()
	var failure *Failure
	if err := s.java.Ask(c, nil); !errors.As(err, &failure) || failure.Status != status || !strings.Contains(failure.Error(), says) {
		s.t.Errorf("%+v: %v, want status %d and %q", c, err, status, says)
	}
}

func (s steering) reads(job flink.JobDetails) {
	s.t.Helper()
	type listed struct {
		ID, Name, State string
		Start           int64
	}
	list := one[[]listed](s, call{Call: "listJobs"})
	overview := get[flink.JobsOverview](s.world, "/jobs/overview").Jobs
	if len(list) != len(overview) {
		s.t.Fatalf("Java lists %+v, Go %+v", list, overview)
	}
	for i, j := range overview {
		if want := (listed{string(j.ID), j.Name, string(j.State), int64(j.StartTime)}); list[i] != want {
			s.t.Errorf("Java lists %+v, Go %+v", list[i], want)
		}
	}
	if state := one[string](s, call{Call: "getJobStatus", Job: job.ID}); state != "RUNNING" {
		s.t.Errorf("the job is %s", state)
	}
	if d := one[flink.JobDetails](s, call{Call: "getJobDetails", Job: job.ID}); d.Name != job.Name || len(d.Vertices) != len(job.Vertices) {
		s.t.Errorf("the job is %+v", d)
	}
	for _, none := range []call{{Call: "getAccumulators", Job: job.ID}, {Call: "listCompletedClusterDatasetIds"}} {
		if n := one[int](s, none); n != 0 {
			s.t.Errorf("%s: %d", none.Call, n)
		}
	}
	if address := one[string](s, call{Call: "getWebInterfaceURL"}); address != s.url {
		s.t.Errorf("the page is at %s", address)
	}
	s.asks(s.java, call{Call: "invalidateClusterDataset", ID: nowhere}, nil)
	s.asks(s.java, call{Call: "reportHeartbeat", Job: job.ID, Until: 1}, nil)
	s.sent("ClusterDataSetDeleteTrigger", "JobClientHeartbeat")
}

func (s steering) rescales(job flink.JobDetails) {
	s.t.Helper()
	path := "/jobs/" + string(job.ID) + "/resource-requirements"
	bounds := map[flink.VertexID][2]int{}
	for _, v := range job.Vertices {
		bounds[v.ID] = [2]int{1, v.Parallelism}
	}
	vertex := job.Vertices[2].ID
	bounds[vertex] = [2]int{2, 4}
	s.asks(s.java, call{Call: "updateJobResourceRequirements", Job: job.ID, Bounds: bounds}, nil)
	s.sent("JobResourcesRequirementsUpdate")
	if r := get[flink.ResourceRequirements](s.world, path)[vertex].Parallelism; r.Upper != 4 || r.Lower != 2 {
		s.t.Errorf("the bounds are %+v", r)
	}
	s.advance("1 min")
	if p := s.job(0).Vertices[2].Parallelism; p != 4 {
		s.t.Errorf("the vertex runs at %d, want 4", p)
	}
	bounds[vertex] = [2]int{1, 100_000}
	s.fails(call{Call: "updateJobResourceRequirements", Job: job.ID, Bounds: bounds}, 400, "exceeds its maximum parallelism 128")
}

func (s steering) checkpoints(job flink.JobDetails) {
	s.t.Helper()
	of := "/jobs/" + string(job.ID) + "/checkpoints"
	s.advance("20 s")
	number := one[int64](s, call{Call: "triggerCheckpoint", Job: job.ID})
	s.advance("10 s") // the statistics are some seconds old
	if k := get[flink.Checkpoints](s.world, of); k.Latest.Completed == nil || k.Latest.Completed.ID < number {
		s.t.Errorf("checkpoint %d was taken, the last is %+v", number, k.Latest.Completed)
	}
	path := one[string](s, call{Call: "triggerSavepoint", Job: job.ID, Target: "file:/here"})
	s.advance("10 s")
	if k := get[flink.Checkpoints](s.world, of); !strings.HasPrefix(path, "file:/here/") || k.Latest.Savepoint == nil ||
		k.Latest.Savepoint.ExternalPath.Value != path {
		s.t.Errorf("a savepoint was taken at %s, the last is %+v", path, k.Latest.Savepoint)
	}
	if id := one[string](s, call{Call: "triggerDetachedSavepoint", Job: job.ID}); len(id) != 32 {
		s.t.Errorf("a savepoint was begun by request %q", id)
	}
	s.asks(s.java, call{Call: "disposeSavepoint", Path: path}, nil)
	s.fails(call{Call: "disposeSavepoint", Path: path}, 0, "Could not dispose savepoint "+path)
	s.sent("CheckpointTrigger", "SavepointTrigger", "SavepointDisposalTrigger")
}

// stops ends a job with a savepoint, which it returns.
func (s steering) stops(job flink.JobDetails) string {
	s.t.Helper()
	s.advance("20 s")
	path := one[string](s, call{Call: "stopWithSavepoint", Job: job.ID})
	r := one[result](s, call{Call: "requestJobResult", Job: job.ID})
	if state := one[string](s, call{Call: "getJobStatus", Job: job.ID}); state != "FINISHED" || !r.Successful || r.Job != string(job.ID) || r.Runtime < 1000 {
		s.t.Errorf("the job is %s with %+v", state, r)
	}
	s.fails(call{Call: "triggerSavepoint", Job: job.ID}, 0, "Could not find Flink job")
	s.fails(call{Call: "stopWithSavepoint", Job: job.ID}, 0, "Could not find Flink job")
	s.fails(call{Call: "cancel", Job: job.ID}, 409, "already reached another terminal state (FINISHED)")
	s.sent("StopWithSavepointTrigger")
	return path
}

// jars uploads a jar, whose program the twin knows by its name, and runs it from a
// savepoint.
func (s steering) jars(saved string) {
	s.t.Helper()
	jar := filepath.Join(s.t.TempDir(), "some.jar")
	s.writeJar(jar, "com.example.Orders")
	var up struct{ Filename, Status string }
	s.asks(s.java, question{Headers: "JarUploadHeaders", Files: []string{jar}}, &up)
	path := map[string]string{"jarid": up.Filename[strings.LastIndex(up.Filename, "/")+1:]}
	if list := get[jars](s.world, "/jars"); len(list.Files) != 2 || list.Files[0].Name != "some.jar" || list.Files[0].Entry[0].Name != "com.example.Orders" {
		s.t.Errorf("the jars are %+v", list)
	}
	var plan flink.PlanBody
	s.asks(s.java, question{Headers: "JarPlanPostHeaders", Path: path, Body: map[string]any{}}, &plan)
	s.fails(question{Headers: "JarRunHeaders", Path: path, Body: map[string]any{"entryClass": "no.such.Class"}}, 500, "'no.such.Class' was not found")
	var run flink.RunJarResponse
	s.asks(s.java, question{Headers: "JarRunHeaders", Path: path, Body: map[string]any{"savepointPath": saved, "parallelism": 2}}, &run)
	s.advance("1 min")
	d := get[flink.JobDetails](s.world, "/jobs/"+string(run.JobID))
	restored := get[flink.Checkpoints](s.world, "/jobs/"+string(run.JobID)+"/checkpoints").Latest.Restored
	if len(plan.Plan.Nodes) != 4 || d.State != flink.JobRunning || d.Vertices[2].Parallelism != 2 || restored == nil || restored.ExternalPath.Value != saved {
		s.t.Errorf("the job is %s at %d, restored from %+v; its plan is %+v", d.State, d.Vertices[2].Parallelism, restored, plan)
	}
	if plan.Plan.Name != "Orders" {
		s.t.Errorf("the plan is %+v", plan)
	}
	if d.ApplicationID != "" {
		var begun struct{ ApplicationID flink.JobID }
		s.asks(s.java, question{Headers: "JarRunApplicationHeaders", Path: path, Body: map[string]any{}}, &begun)
		s.sent("JarRunApplication")
		s.asks(s.java, call{Call: "cancel", Job: begun.ApplicationID}, nil)
	}
	s.asks(s.java, question{Headers: "JarDeleteHeaders", Path: path}, nil)
	s.fails(question{Headers: "JarDeleteHeaders", Path: path}, 400, "does not exist")
	s.sent("JarUpload", "JarPlanPost", "JarRun", "JarDelete")
	s.failsAlone(run.JobID)
}

// failsAlone lets a job fail that is not restarted, and looks for the reason.
func (s steering) failsAlone(job flink.JobID) {
	s.t.Helper()
	s.do("POST", "/twin/v1/jobs/"+string(job)+"/fail", `{"message": "out of luck <é>"}`)
	r := one[result](s, call{Call: "requestJobResult", Job: job})
	if r.Successful || !strings.Contains(r.Failure, "org.apache.flink.runtime.JobException: Recovery is suppressed") {
		s.t.Errorf("the job ends with %+v", r)
	}
}

// writeJar writes a jar that has nothing but a manifest.
func (s steering) writeJar(name, class string) {
	s.t.Helper()
	file, err := os.Create(name)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	manifest, err := archive.Create("META-INF/MANIFEST.MF")
	if err == nil {
		_, err = manifest.Write([]byte("Manifest-Version: 1.0\r\nMain-Class: " + class + "\r\n\r\n"))
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		s.t.Fatal(err)
	}
}

func (s steering) cancels(job flink.JobDetails) {
	s.t.Helper()
	s.asks(s.java, call{Call: "cancel", Job: job.ID}, nil)
	r := one[result](s, call{Call: "requestJobResult", Job: job.ID})
	if state := one[string](s, call{Call: "getJobStatus", Job: job.ID}); state != "CANCELED" || r.Successful || r.Failure != "" {
		s.t.Errorf("the job is %s with %+v", state, r)
	}
	s.asks(s.java, call{Call: "cancel", Job: job.ID}, nil) // once more does no harm
	s.sent("JobCancellation")
	another := s.submit()
	if path := one[string](s, call{Call: "cancelWithSavepoint", Job: another}); path == "" {
		s.t.Error("there is no savepoint")
	}
	another = s.submit()
	if id := one[string](s, call{Call: "stopWithDetachedSavepoint", Job: another, Drain: true}); len(id) != 32 {
		s.t.Errorf("a stop was begun by request %q", id)
	}
	if one[result](s, call{Call: "requestJobResult", Job: another}); s.job(0).ApplicationID != "" {
		another = s.submit()
		s.asks(s.java, question{Headers: "ApplicationCancellationHeaders", Path: map[string]string{"applicationid": string(another)}}, nil)
		s.sent("ApplicationCancellation")
		if one[result](s, call{Call: "requestJobResult", Job: another}); one[string](s, call{Call: "getJobStatus", Job: another}) != "CANCELED" {
			s.t.Error("the application goes on")
		}
	}
}

// submit hands in a job and lets it start.
func (s steering) submit() flink.JobID {
	s.t.Helper()
	var handed struct{ JobID flink.JobID }
	if err := json.Unmarshal(s.do("POST", "/twin/v1/jobs", program), &handed); err != nil {
		s.t.Fatal(err)
	}
	s.advance("30 s")
	return handed.JobID
}

func (s steering) faults() {
	s.t.Helper()
	const noJob = "Could not find Flink job (" + nowhere + ")"
	s.fails(call{Call: "getJobStatus", Job: nowhere}, 500, noJob)
	s.fails(call{Call: "getJobDetails", Job: nowhere}, 404, "Job "+nowhere+" not found")
	s.fails(call{Call: "requestJobResult", Job: nowhere}, 404, noJob)
	s.fails(call{Call: "cancel", Job: nowhere}, 404, "Job could not be found")
	s.fails(call{Call: "triggerSavepoint", Job: nowhere}, 0, noJob)
	s.fails(call{Call: "triggerCheckpoint", Job: nowhere}, 0, noJob)
	s.fails(call{Call: "updateJobResourceRequirements", Job: nowhere, Bounds: map[flink.VertexID][2]int{nowhere: {1, 1}}}, 500, noJob)
}

// ends shuts the cluster down: nobody answers any more.
func (s steering) ends() {
	s.t.Helper()
	s.asks(s.java, call{Call: "shutDownCluster"}, nil)
	s.sent("Shutdown")
	s.fails(call{Call: "listJobs"}, 0, "Connection")
}
