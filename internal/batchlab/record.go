package batchlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

// Lab is a real session cluster whose JobManager tells what its batch scheduler does.
type Lab struct {
	Cluster *realflink.Cluster
	// Tables are there for SQL jobs to read.
	Tables Tables

	setting Setting
	watch   string
	dir     string
}

// jobTimeout is how long a job may take.
const jobTimeout = 3 * time.Minute

// Open starts a cluster of one TaskManager with four slots. The options of the setting come on top of what package
// realflink sets.
func Open(ctx context.Context, version string, s Setting) (*Lab, error) {
	dir, err := os.MkdirTemp("", "sluice-batchlab-")
	if err != nil {
		return nil, err
	}
	l := &Lab{setting: s, watch: filepath.Join(dir, "watch.jsonl"), dir: dir}
	if err := l.open(ctx, version); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open(ctx context.Context, version string) (err error) {
	_, classes, err := compile(ctx, version)
	if err != nil {
		return err
	}
	agent := filepath.Join(l.dir, "agent.jar")
	if err := agentJar(classes, agent); err != nil {
		return err
	}
	if l.Tables, err = WriteTables(filepath.Join(l.dir, "tables")); err != nil {
		return err
	}
	all := map[string]string{
		"jobmanager.scheduler":                         "", // for batch jobs Flink's default is the adaptive one
		"taskmanager.network.sort-shuffle.min-buffers": "64",
	}
	maps.Copy(all, l.setting.Options)
	l.Cluster, err = realflink.Start(ctx, realflink.ClusterConfig{
		Version: version, Options: all, JobManagerFlags: []string{"-javaagent:" + agent + "=" + l.watch},
	})
	return err
}

// Close ends the cluster and removes its files.
func (l *Lab) Close() error {
	var err error
	if l.Cluster != nil {
		err = l.Cluster.Stop()
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

// Record runs a job to its end. No other job may run meanwhile.
func (l *Lab) Record(ctx context.Context, name string, spec realflink.JobSpec) (*Recording, error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	r := &Recording{
		Name: name, Setting: l.setting.Name, Flink: l.Cluster.Version(), Options: map[string]string{}, Bodies: map[string]Body{},
	}
	maps.Copy(r.Options, l.setting.Options)
	for _, statement := range spec.SQL {
		if key, value, ok := strings.Cut(strings.TrimPrefix(statement, "SET "), "="); ok && strings.HasPrefix(statement, "SET ") {
			r.Options[key] = value
		}
	}
	spec.Name = name
	job, err := l.Cluster.Submit(ctx, spec)
	if err != nil {
		return nil, err
	}
	r.Job = job.ID
	if err := l.follow(ctx, r); err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	if err := l.bodies(ctx, r); err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	return r, r.watched(l.watch)
}

// follow looks at the job until it has ended.
func (l *Lab) follow(ctx context.Context, r *Recording) error {
	began, last := time.Now(), ""
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		overview, err := l.get(ctx, "/jobs/overview")
		if err != nil {
			return err
		}
		job, err := l.get(ctx, "/jobs/"+r.Job)
		if err != nil {
			return err
		}
		state, shape, err := outline(overview.JSON, job.JSON, r.Job)
		if err != nil {
			return err
		}
		if shape != last {
			last = shape
			r.Seen = append(r.Seen, Sight{time.Since(began).Seconds(), overview.JSON, job.JSON})
		}
		switch state {
		case "FINISHED":
			return nil
		case "FAILED", "CANCELED":
			return fmt.Errorf("the job is %s: %s", state, l.why(ctx, r.Job))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the job's end: %w: %s", context.Cause(ctx), shape)
		case <-tick.C:
		}
	}
}

// outline is a job's state, and what makes a look at it another one than the last.
func outline(overview, job json.RawMessage, id string) (state, shape string, err error) {
	var all struct {
		Jobs []struct {
			ID      string `json:"jid"`
			Pending int    `json:"pending-operators"`
		}
	}
	var one struct {
		State    string
		Vertices []struct {
			Name, Status string
			Parallelism  int
		}
	}
	if err := errors.Join(json.Unmarshal(overview, &all), json.Unmarshal(job, &one)); err != nil {
		return "", "", err
	}
	pending := 0
	for _, j := range all.Jobs {
		if j.ID == id {
			pending = j.Pending
		}
	}
	return one.State, fmt.Sprint(one, pending), nil
}

func (l *Lab) why(ctx context.Context, job string) string {
	body, err := l.get(ctx, "/jobs/"+job+"/exceptions")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.2000s", body.JSON)
}

// bodies asks for all that a finished job has.
func (l *Lab) bodies(ctx context.Context, r *Recording) error {
	paths := []string{"/config", "/overview", "/jobs/overview", "/taskmanagers", "/jobmanager/config"}
	for _, of := range []string{"", "/config", "/plan", "/exceptions", "/accumulators", "/jobmanager/config", "/resource-requirements"} {
		paths = append(paths, "/jobs/"+r.Job+of)
	}
	job, err := l.get(ctx, "/jobs/"+r.Job)
	if err != nil {
		return err
	}
	var details struct{ Vertices []struct{ ID string } }
	if err := json.Unmarshal(job.JSON, &details); err != nil {
		return err
	}
	for _, v := range details.Vertices {
		for _, of := range []string{"", "/subtasktimes", "/taskmanagers"} {
			paths = append(paths, "/jobs/"+r.Job+"/vertices/"+v.ID+of)
		}
	}
	for _, path := range paths {
		if r.Bodies[path], err = l.get(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) get(ctx context.Context, path string) (Body, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Cluster.URL()+path, http.NoBody)
	if err != nil {
		return Body{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return Body{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return Body{}, fmt.Errorf("GET %s: %w", path, err)
	}
	if !json.Valid(text) {
		return Body{}, fmt.Errorf("GET %s: the answer is no JSON: %.200s", path, text)
	}
	return Body{answer.StatusCode, l.clean(text)}, nil
}

// clean takes the folders of this machine out of an answer.
func (l *Lab) clean(text []byte) []byte {
	s := strings.ReplaceAll(string(text), l.dir, "/lab")
	return []byte(strings.ReplaceAll(s, l.Cluster.Dir(), "/flink"))
}

// Paths are those of the bodies, in order.
func (r *Recording) Paths() []string { return slices.Sorted(maps.Keys(r.Bodies)) }
