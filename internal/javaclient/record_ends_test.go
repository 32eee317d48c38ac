package javaclient

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"os"
	"path/filepath"

	"github.com/sluice-project/sluice/internal/realflink"
)

// multipartOf is the body of an upload of a file.
func (r *recorder) multipartOf(name string, content []byte) (string, []byte) {
	r.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("jarfile", name)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		r.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		r.t.Fatal(err)
	}
	return m.FormDataContentType(), body.Bytes()
}

func (r *recorder) jars(version string) {
	lib, err := realflink.Install(r.t.Context(), version)
	if err != nil {
		r.t.Fatal(err)
	}
	path, err := realflink.BuildJobs(r.t.Context(), lib, version)
	if err != nil {
		r.t.Fatal(err)
	}
	jar, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	kind, body := r.multipartOf("notes.txt", []byte("no jar"))
	r.send("POST", "/jars/upload", kind, body, []byte("notes.txt"))
	r.ask("POST", "/jars/upload", "{}")
	kind, body = r.multipartOf("empty.jar", []byte("no jar"))
	r.send("POST", "/jars/upload", kind, body, []byte("empty.jar"))
	kind, body = r.multipartOf("jobs.jar", jar)
	var up struct{ Filename string }
	if err := json.Unmarshal(r.send("POST", "/jars/upload", kind, body, []byte("jobs.jar")), &up); err != nil {
		r.t.Fatal(err)
	}
	id := filepath.Base(up.Filename)
	r.ask("GET", "/jars", "")
	r.ask("POST", "/jars/"+id+"/run", `{}`)
	r.ask("POST", "/jars/"+id+"/run", `{"entryClass": "no.such.Class"}`)
	r.ask("POST", "/jars/"+id+"/run", `{"what": 1}`)
	r.ask("POST", "/jars/"+id+"/run", `{"entryClass": "sluice.load.LoadJob", "savepointPath": "file:/none/at/all"}`)
	r.ask("GET", "/jars/"+id+"/plan?entry-class=sluice.load.LoadJob", "")
	r.ask("POST", "/jars/"+id+"/plan", `{"entryClass": "sluice.load.LoadJob"}`)
	r.ask("POST", "/jars/none.jar/run", `{}`)
	r.ask("GET", "/jars/none.jar/plan", ``)
	r.ask("DELETE", "/jars/none.jar", "")
	r.ask("DELETE", "/jars/"+id, "")
	r.ask("GET", "/jars", "")
}

func (r *recorder) applications(id string) {
	for _, path := range []string{
		"/applications/overview", "/applications/" + id, "/applications/" + id + "/exceptions",
		"/applications/" + id + "/jobmanager/config", "/applications/" + nowhere, "/applications/" + nowhere + "/exceptions",
		"/applications/" + nowhere + "/jobmanager/config", "/applications/x",
	} {
		r.ask("GET", path, "")
	}
	r.ask("POST", "/applications/"+nowhere+"/cancel", "")
}

// ends brings jobs to each end.
func (r *recorder) ends(first *realflink.Job) {
	of := "/jobs/" + first.ID
	r.operation("POST", of+"/stop", of+"/savepoints", `{"drain": false, "triggerId": "00000000000000000000000000000021"}`)
	r.over(first, "FINISHED")
	r.operation("POST", of+"/savepoints", of+"/savepoints", `{}`)
	r.operation("POST", of+"/checkpoints", of+"/checkpoints", `{}`)
	r.operation("POST", of+"/stop", of+"/savepoints", `{}`)
	r.ask("PATCH", of, "")
	second, d := r.submit(realflink.JobSpec{Name: "second"})
	r.ask("PATCH", "/jobs/"+second.ID+"?mode=cancel", "")
	r.over(second, "CANCELED")
	r.ask("PATCH", "/jobs/"+second.ID, "")
	third, _ := r.submit(realflink.JobSpec{Name: "third"})
	r.ask("GET", "/jobs/"+third.ID+"/yarn-cancel", "")
	r.over(third, "CANCELED")
	fourth, _ := r.submit(realflink.JobSpec{Name: "fourth", Config: map[string]string{"restart-strategy.type": "none"}})
	if err := fourth.SetFailCheckpoints(true); err != nil {
		r.t.Fatal(err)
	}
	of = "/jobs/" + fourth.ID
	r.operation("POST", of+"/savepoints", of+"/savepoints", `{}`)
	if r.t.Failed() {
		return
	}
	r.over(fourth, "FAILED")
	if d.ApplicationID != "" {
		fifth, d := r.submit(realflink.JobSpec{Name: "fifth"})
		r.ask("POST", "/applications/"+d.ApplicationID+"/cancel", "")
		r.over(fifth, "CANCELED")
		r.ask("GET", "/applications/"+d.ApplicationID, "")
		r.ask("POST", "/applications/"+d.ApplicationID+"/cancel", "")
		r.ask("GET", "/applications/overview", "")
	}
}

// over waits for the end of a job and asks what became of it.
func (r *recorder) over(j *realflink.Job, state string) {
	r.t.Helper()
	if err := j.WaitState(r.t.Context(), state); err != nil {
		r.t.Fatal(err)
	}
	for _, below := range []string{"", "/status", "/execution-result", "/accumulators", "/exceptions", "/resource-requirements"} {
		r.ask("GET", "/jobs/"+j.ID+below, "")
	}
}
