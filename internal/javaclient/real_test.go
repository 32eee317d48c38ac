package javaclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
)

// Flink's clients understand a cluster of another release in part only. Of a twin they
// understand what they understand of a real cluster, and nothing else.
func TestTwinsAreUnderstoodWhereRealClustersAre(t *testing.T) {
	realflink.RequireFull(t)
	for cluster, version := range versions {
		t.Run(cluster, func(t *testing.T) {
			flinkItself := newReal(t, version)
			realValues := flinkItself.lived()
			twin := newWorld(t, cluster)
			twinValues := twin.live(twin.flinkClient(cluster))
			for client := range versions {
				want := reader{flinkItself.world, flinkItself.flinkClient(client), realValues}.outcomes()
				got := reader{twin, twin.flinkClient(client), twinValues}.outcomes()
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the client of %s understands real clusters (-) and twins (+) otherwise:\n%s", client, diff)
				}
				t.Logf("the client of %s: %v", client, want)
			}
		})
	}
}

// realWorld is a real cluster with a job.
type realWorld struct {
	*world
	job flink.JobID
}

func newReal(t *testing.T, version string) realWorld {
	t.Helper()
	// The checkpoint that is asked for must not be forgotten meanwhile.
	cluster := realflink.New(t, realflink.ClusterConfig{Version: version, Options: map[string]string{"web.checkpoints.history": "1000"}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	j, err := cluster.Submit(ctx, realflink.JobSpec{Parallelism: 2})
	if err == nil {
		err = j.WaitRunning(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return realWorld{&world{t, cluster.URL(), client}, flink.JobID(j.ID)}
}

// lived lets the job be rescaled and takes a checkpoint and a savepoint of it, and
// returns what stands for the parameters of paths.
func (w realWorld) lived() map[string]string {
	w.t.Helper()
	of := "/jobs/" + string(w.job)
	job := get[flink.JobDetails](w.world, of)
	w.rescale(job, map[string]int{"work": 1})
	w.until("the job is rescaled", func() bool {
		d := get[flink.JobDetails](w.world, of)
		return d.Vertices[1].Parallelism == 1 && d.State == flink.JobRunning
	})
	values := map[string]string{
		"jobid": string(job.ID), "vertexid": string(job.Vertices[2].ID), "taskmanagerid": "tm1",
		"applicationid": string(job.ID), "triggerid": "0123456789abcdef0123456789abcdee", "datasetid": nowhere,
		"operatorid": string(job.Vertices[0].ID), "operatorUid": "source", "subtaskindex": "1", "attempt": "1",
		"jarid": get[jars](w.world, "/jars").Files[0].ID,
	}
	for name, request := range map[string][2]string{
		"Savepoint":            {"POST " + of + "/savepoints", `{"triggerId": "` + values["triggerid"] + `"}`},
		"Checkpoint":           {"POST " + of + "/checkpoints", `{"triggerId": "` + values["triggerid"] + `"}`},
		"ClusterDataSetDelete": {"DELETE /datasets/" + nowhere, ""},
		"SavepointDisposal":    {"POST /savepoint-disposal", `{"savepoint-path": "file:/none"}`},
	} {
		method, path, _ := strings.Cut(request[0], " ")
		var began flink.Trigger
		if err := json.Unmarshal(w.do(method, path, request[1]), &began); err != nil {
			w.t.Fatal(err)
		}
		values["triggerid of "+name+"StatusHeaders"] = string(began.ID)
	}
	w.until("there is a checkpoint", func() bool { return get[flink.Checkpoints](w.world, of+"/checkpoints").Latest.Completed != nil })
	values["checkpointid"] = fmt.Sprint(get[flink.Checkpoints](w.world, of+"/checkpoints").Latest.Completed.ID)
	if history, is := w.rescales(string(job.ID)); is {
		values["rescaleuuid"] = history[0].UUID
	}
	return values
}

func (w realWorld) until(what string, is func() bool) {
	w.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !is(); <-tick.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("in vain: %s", what)
		}
	}
}

// outcomes are what comes of each GET that the client has a class for: understood,
// not understood, or the status of what it was refused.
func (r reader) outcomes() map[string]string {
	r.t.Helper()
	var all []request
	r.asks(r.java, question{Headers: "?"}, &all)
	outcomes := map[string]string{}
	for _, one := range all {
		if one.Method != "GET" || one.Name == "JarPlanGetHeaders" { // the jar has no main class
			continue
		}
		name, said := strings.TrimSuffix(one.Name, "Headers"), "understood"
		var failure *Failure
		err := r.java.Ask(question{Headers: one.Name, Path: maps.Clone(r.of(one)), Body: map[string]any{}}, nil)
		switch {
		case errors.As(err, &failure) && strings.Contains(failure.Error(), "neither of the expected type"):
			said = "not understood"
		case errors.As(err, &failure):
			said = fmt.Sprintf("status %d", failure.Status)
		case err != nil:
			r.t.Fatal(err)
		}
		outcomes[name] = said
	}
	return outcomes
}
