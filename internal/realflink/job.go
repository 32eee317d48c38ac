package realflink

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Job is a job that was submitted.
type Job struct {
	// ID is Flink's job id.
	ID string

	cluster *Cluster
	spec    JobSpec
	args    []string
	rate    *rateFile
	control *controlFile
}

// Vertex is the state of a vertex as /jobs/:id tells it.
type Vertex struct {
	ID             string
	Name           string
	Parallelism    int
	MaxParallelism int
	Status         string
	Tasks          map[string]int // subtasks by state
	Metrics        VertexMetrics
}

// VertexMetrics are sums over the subtasks since they started. Flink fetches them in intervals and may tell them late.
type VertexMetrics struct {
	ReadRecords   int64  `json:"read-records"`
	WriteRecords  int64  `json:"write-records"`
	Busy          Millis `json:"accumulated-busy-time"`
	Idle          Millis `json:"accumulated-idle-time"`
	BackPressured Millis `json:"accumulated-backpressured-time"`
}

// Millis is a time in ms; NaN where Flink says "NaN", as some sources do of their busy time.
type Millis float64

// UnmarshalJSON reads a number, or a string with one.
func (m *Millis) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil {
		return fmt.Errorf("decode a time: %w", err)
	}
	*m = Millis(f)
	return nil
}

// Submit gives a job to a session cluster and returns when Flink has taken it; see WaitRunning.
func (c *Cluster) Submit(ctx context.Context, spec JobSpec) (*Job, error) {
	j, err := c.newJob(spec)
	if err != nil {
		return nil, err
	}
	if err := j.submit(ctx); err != nil {
		return nil, fmt.Errorf("submit %s: %w", spec.name(), err)
	}
	return j, nil
}

// newJob lays the files out by which the job is steered.
func (c *Cluster) newJob(spec JobSpec) (*Job, error) {
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("lay out job %s: %w", spec.name(), err)
	}
	c.mu.Lock()
	c.jobs++
	dir := filepath.Join(c.dir, "jobs", strconv.Itoa(c.jobs))
	c.mu.Unlock()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	rate := spec.Rate
	if rate == 0 {
		rate = 500
	}
	var id [16]byte
	rand.Read(id[:])
	j := &Job{ID: hex.EncodeToString(id[:]), cluster: c, spec: spec}
	j.rate = &rateFile{path: filepath.Join(dir, "rate")}
	j.control = &controlFile{path: filepath.Join(dir, "control"), values: map[string]string{}}
	j.args = spec.arguments(j.rate.path, j.control.path)
	return j, errors.Join(j.rate.add(max(0, rate)), j.control.write())
}

func (j *Job) submit(ctx context.Context) error {
	c := j.cluster
	jar := c.jobsJar
	if j.spec.Topic != nil {
		lib, err := Install(ctx, c.cfg.Version)
		if err != nil {
			return err
		}
		if jar, err = BuildKafkaJobs(ctx, lib, c.cfg.Version); err != nil {
			return err
		}
	}
	c.mu.Lock()
	id, err := c.upload(ctx, jar)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	run := map[string]any{
		"entryClass":      j.spec.mainClass(),
		"programArgsList": j.args,
	}
	if p := j.spec.parallelism(); p > 0 {
		run["parallelism"] = p
	}
	if len(j.spec.Config) > 0 {
		run["flinkConfiguration"] = j.spec.Config
	}
	var answer struct{ JobID string }
	if err := c.Call(ctx, http.MethodPost, "/jars/"+id+"/run", run, &answer); err != nil {
		return err
	}
	j.ID = answer.JobID
	return nil
}

// State is the job's state in Flink's words: RUNNING, FINISHED, ….
func (j *Job) State(ctx context.Context) (string, error) {
	state, _, err := j.details(ctx)
	return state, err
}

// Vertices are the job's vertices in topological order.
func (j *Job) Vertices(ctx context.Context) ([]Vertex, error) {
	_, v, err := j.details(ctx)
	return v, err
}

// Vertex is the one whose name begins with prefix ("work", "Source: source").
func (j *Job) Vertex(ctx context.Context, prefix string) (Vertex, error) {
	all, err := j.Vertices(ctx)
	if err != nil {
		return Vertex{}, err
	}
	for _, v := range all {
		if strings.HasPrefix(v.Name, prefix) {
			return v, nil
		}
	}
	return Vertex{}, fmt.Errorf("job %s has no vertex %q", j.ID, prefix)
}

func (j *Job) details(ctx context.Context) (string, []Vertex, error) {
	var d struct {
		State    string
		Vertices []Vertex
	}
	err := j.cluster.Call(ctx, http.MethodGet, "/jobs/"+j.ID, nil, &d)
	return d.State, d.Vertices, err
}

// WaitRunning waits until every subtask of every vertex runs.
func (j *Job) WaitRunning(ctx context.Context) error {
	return j.waitVertices(ctx, "to run", func(Vertex) bool { return true })
}

// WaitParallelism waits until the vertices run with the parallelism given by the beginning of their name.
func (j *Job) WaitParallelism(ctx context.Context, want map[string]int) error {
	return j.waitVertices(ctx, fmt.Sprintf("to run at %v", want), func(v Vertex) bool {
		for prefix, p := range want {
			if strings.HasPrefix(v.Name, prefix) && v.Parallelism != p {
				return false
			}
		}
		return true
	})
}

func (j *Job) waitVertices(ctx context.Context, what string, right func(Vertex) bool) error {
	return j.wait(ctx, what, func(state string, vertices []Vertex) bool {
		for _, v := range vertices {
			if v.Tasks["RUNNING"] != v.Parallelism || !right(v) {
				return false
			}
		}
		return state == "RUNNING" && len(vertices) > 0
	})
}

// WaitState waits until the job's state is the one named.
func (j *Job) WaitState(ctx context.Context, want string) error {
	return j.wait(ctx, "to be "+want, func(state string, _ []Vertex) bool { return state == want })
}

func (j *Job) wait(ctx context.Context, what string, right func(string, []Vertex) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return waitFor(ctx, "job "+j.spec.name()+" "+what, j.cluster.processes(), func() (bool, error) {
		state, vertices, err := j.details(ctx)
		if err != nil || right(state, vertices) {
			return err == nil, err
		}
		return false, fmt.Errorf("it is %s: %s", state, describe(vertices))
	})
}

func describe(vertices []Vertex) string {
	var b strings.Builder
	for _, v := range vertices {
		tasks := maps.Clone(v.Tasks)
		maps.DeleteFunc(tasks, func(_ string, n int) bool { return n == 0 })
		fmt.Fprintf(&b, "%s %d %v; ", v.Name, v.Parallelism, tasks)
	}
	return b.String()
}

// Cancel asks Flink to cancel the job.
func (j *Job) Cancel(ctx context.Context) error {
	return j.cluster.Call(ctx, http.MethodPatch, "/jobs/"+j.ID+"?mode=cancel", nil, nil)
}

// Savepoint triggers a savepoint, which goes on by itself; its id is that of the request.
func (j *Job) Savepoint(ctx context.Context) (triggerID string, err error) {
	var answer struct {
		RequestID string `json:"request-id"`
	}
	in := map[string]any{"cancel-job": false}
	err = j.cluster.Call(ctx, http.MethodPost, "/jobs/"+j.ID+"/savepoints", in, &answer)
	return answer.RequestID, err
}

// SetRate changes the rate, in records/s, from this moment on. Sources see it within 100 ms; what was due before stays
// due, over any restart.
func (j *Job) SetRate(perSecond float64) error {
	if j.spec.Schedule != "" || j.spec.Topic != nil || j.spec.scheduledByData() {
		return fmt.Errorf("set the rate of %s: it follows a schedule, a topic or the data", j.spec.name())
	}
	return j.rate.add(perSecond)
}

// RateFile is the file that SetRate appends to; see AppendRate.
func (j *Job) RateFile() string { return j.rate.path }

// AppendRate does for the rate file of a job of another process what SetRate does for ours.
func AppendRate(file string, perSecond float64) error { return (&rateFile{path: file}).add(perSecond) }

// SetCost changes the sleeping cost of a record, within 200 ms.
func (j *Job) SetCost(d time.Duration) error { return j.control.set("cost-us", micros(d)) }

// SetCPU changes the spinning cost of a record, within 200 ms.
func (j *Job) SetCPU(d time.Duration) error { return j.control.set("cpu-us", micros(d)) }

// SetHotShare changes the share of the hot key, 0 to 1, within 200 ms. A job that reads a topic takes its keys from there.
func (j *Job) SetHotShare(share float64) error { return j.control.set("hot-share", decimal(share)) }

// SetFailCheckpoints lets every checkpoint and savepoint fail from now on, or no more.
func (j *Job) SetFailCheckpoints(fail bool) error {
	return j.control.set("fail-checkpoints", strconv.FormatBool(fail))
}

// SetSlowSnapshot makes every checkpoint and savepoint take that long; shorter or 0 also lets those go that wait already.
func (j *Job) SetSlowSnapshot(d time.Duration) error {
	return j.control.set("slow-snapshot-ms", strconv.FormatInt(d.Milliseconds(), 10))
}

// FailTask lets one subtask of a vertex of a chain fail, once, as soon as it sees a record.
func (j *Job) FailTask(vertex string, subtask int) error {
	return j.control.set("fail-"+vertex, fmt.Sprintf("%d@%d", subtask, time.Now().UnixMilli()))
}

// rateFile is a schedule of "epochMillis=rate" lines that only grows.
type rateFile struct{ path string }

func (r *rateFile) add(perSecond float64) error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("set the rate: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d=%s\n", time.Now().UnixMilli(), decimal(perSecond))
	return errors.Join(err, f.Close())
}

// controlFile holds "name=value" lines, replaced as a whole.
type controlFile struct {
	path   string
	mu     sync.Mutex
	values map[string]string
}

func (c *controlFile) set(name, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[name] = value
	return c.write()
}

func (c *controlFile) write() error {
	var b strings.Builder
	for _, k := range sortedKeys(c.values) {
		fmt.Fprintf(&b, "%s=%s\n", k, c.values[k])
	}
	if err := os.WriteFile(c.path+".tmp", []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("steer the job: %w", err)
	}
	return os.Rename(c.path+".tmp", c.path)
}
