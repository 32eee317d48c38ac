package twin

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestTextsStandAsTheyAre(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}}})
	spec := stepJob(1)
	spec.Name = "orders <&> more"
	id := r.submit(spec)
	for target, want := range map[string]string{
		"/jobs/overview": `"name":"orders <&> more"`, "/taskmanagers/none": `"<Exception on server side:`, "/jobs/" + id + "/plan": "<br/>",
	} {
		if got := string(r.ask("GET", target).Body()); !strings.Contains(got, want) || strings.HasSuffix(got, "\n") {
			t.Errorf("GET %s answers %s, want %s in it and no end of line", target, got, want)
		}
	}
}

// operations are those of the client, followed by what they came to.
func TestOperationsAreFollowedByTheirRequests(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		r, id := stepRig(t, version, 500, nil)
		r.pass(30 * time.Second)
		c, ctx, job := r.client(), context.Background(), flink.JobID(id)
		trigger, err := c.TriggerCheckpoint(ctx, job, flink.CheckpointRequest{})
		r.do(err)
		again, err := c.TriggerCheckpoint(ctx, job, flink.CheckpointRequest{TriggerID: trigger})
		r.do(err)
		r.pass(5 * time.Second)
		o, err := c.CheckpointStatus(ctx, job, trigger)
		r.do(err)
		if again != trigger || !o.Done() || o.Result == nil || o.Result.CheckpointID == 0 {
			t.Errorf("%v: the checkpoint of request %s comes to %+v", version, again, o)
		}
		if _, err := c.SavepointStatus(ctx, job, trigger); !flink.IsNotFound(err) {
			t.Errorf("%v: a checkpoint's request is one of a savepoint: %v", version, err)
		}
		failing, err := c.TriggerCheckpoint(ctx, flink.JobID(strings.Repeat("0", 32)), flink.CheckpointRequest{})
		r.do(err)
		o, err = c.CheckpointStatus(ctx, flink.JobID(strings.Repeat("0", 32)), failing)
		r.do(err)
		if !o.Done() || o.Result.Failure == nil || !strings.Contains(o.Result.Failure.StackTrace, "Could not find Flink job") {
			t.Errorf("%v: the checkpoint of no job comes to %+v", version, o)
		}
	}
}

func TestADisposedSavepointIsGone(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(30 * time.Second)
	c, ctx := r.client(), context.Background()
	trigger, err := c.TriggerSavepoint(ctx, flink.JobID(id), flink.SavepointRequest{TargetDirectory: "file:/here"})
	r.do(err)
	r.pass(5 * time.Second)
	o, err := c.SavepointStatus(ctx, flink.JobID(id), trigger)
	r.do(err)
	spec := stepJob(1)
	spec.Savepoint = o.Result.Location
	r.submit(spec)
	body := fmt.Sprintf(`{"savepoint-path": %q}`, o.Result.Location)
	for _, fails := range []bool{false, true} {
		var begun flink.Trigger
		if answer := r.ask("POST", "/savepoint-disposal", body); answer.Status != 200 {
			t.Fatalf("to dispose answers %d", answer.Status)
		} else {
			begun = *answer.Value.(*flink.Trigger)
		}
		done := get[flink.Operation[flink.SavepointResult]](r, "/savepoint-disposal/"+string(begun.ID))
		if !done.Done() || (done.Result.Failure != nil) != fails {
			t.Errorf("to dispose comes to %+v, want a failure: %v", done, fails)
		}
	}
	if _, err := r.Submit(spec); err == nil {
		t.Error("a job starts from a savepoint that was disposed of")
	}
	r.pass(20 * time.Second) // who started from it before goes on
}

// A jar that is uploaded stands for the program that is called like the class that
// it begins with, or like the file.
func TestAnUploadedJarStandsForAProgram(t *testing.T) {
	for name, c := range map[string]struct{ jar, manifest, entry, want string }{
		"class in the manifest": {"a.jar", "Main-Class: com.example.step\r\n", "", ""},
		"program class":         {"a.jar", "Main-Class: x\nprogram-class: step\n", "", ""},
		"class that is named":   {"a.jar", "Main-Class: x\n", "com.example.Outer$step", ""},
		"name of the file":      {"step.jar", "", "", ""},
		"another class":         {"a.jar", "Main-Class: com.example.other\n", "", "'com.example.other' was not found in the jar file"},
		"no class":              {"a.jar", "", "", "Neither a 'Main-Class', nor a 'program-class' entry"},
	} {
		r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}}})
		spec := stepJob(100)
		r.do(r.Do(Action{Do: RegisterJar, Jar: "step.jar", Spec: &spec}))
		if answer := r.ask("POST", "/jars/upload", jarUpload(t, c.jar, c.manifest)); answer.Status != 200 {
			t.Fatalf("%s: the upload answers %d %s", name, answer.Status, answer.Body())
		}
		files := get[jarList](r, "/jars").Files
		_, err := r.client().RunJar(context.Background(), files[0].ID, flink.RunJarRequest{EntryClass: c.entry})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: to run it gives %v, want %q", name, err, c.want)
		}
		restored, err := Restore(r.Snapshot())
		r.do(err)
		if again := get[jarList](&rig{restored, t}, "/jars").Files; len(again) != 2 || again[0].ID != files[0].ID {
			t.Errorf("%s: after it was restored the jars are %+v, not %+v", name, again, files)
		}
		if answer := r.ask("DELETE", "/jars/"+files[0].ID); answer.Status != 200 || len(get[jarList](r, "/jars").Files) != 1 {
			t.Errorf("%s: to delete it answers %d", name, answer.Status)
		}
	}
}

// jarUpload is the body of the upload of a jar with a manifest.
func jarUpload(t *testing.T, name, manifest string) string {
	t.Helper()
	var body, jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	file, err := archive.Create("META-INF/MANIFEST.MF")
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write([]byte("Manifest-Version: 1.0\r\n" + manifest))
	form := multipart.NewWriter(&body)
	part, failed := form.CreateFormFile("jarfile", name)
	if err = errors.Join(err, archive.Close(), failed); err != nil {
		t.Fatal(err)
	}
	_, err = part.Write(jar.Bytes())
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	return body.String()
}
