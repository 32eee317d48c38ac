package realflink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each promise of the harness, on each version that the tests use. Long: SLUICE_REAL=full.

func eachVersion(t *testing.T, test func(t *testing.T, version string)) {
	t.Helper()
	RequireFull(t)
	for _, version := range []string{Flink120, Flink23} {
		t.Run(version, func(t *testing.T) { test(t, version) })
	}
}

func TestASessionClusterShowsWhatTheSpecsSay(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version, TaskManagers: 2})
		t.Run("hot key", func(t *testing.T) { hotKey(t, c) })
		t.Run("even keys", func(t *testing.T) { evenKeys(t, c) })
		t.Run("failing checkpoints", func(t *testing.T) { failingCheckpoints(t, c) })
		t.Run("slow savepoint", func(t *testing.T) { slowSavepoint(t, c) })
		t.Run("backlog and cost", func(t *testing.T) { backlogAndCost(t, c) })
		t.Run("no pending records", func(t *testing.T) { noPending(t, c) })
		t.Run("join", func(t *testing.T) { join(t, c) })
		t.Run("bounded", func(t *testing.T) { bounded(t, c, false) })
		t.Run("batch", func(t *testing.T) { bounded(t, c, true) })
		t.Run("job configuration", func(t *testing.T) { jobConfiguration(t, c) })
		t.Run("lost TaskManager", func(t *testing.T) { lostTaskManager(t, c) })
	})
}

func submitFor(t *testing.T, c *Cluster, spec JobSpec) *Job {
	t.Helper()
	job := mustSubmit(t, c, spec)
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(job.Cancel(ctx), job.WaitState(ctx, "CANCELED")); err != nil {
			t.Error(err)
		}
	})
	return job
}

func hotKey(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Parallelism: 4, HotShare: 0.6, Rate: 1000, Cost: 100 * time.Microsecond})
	if hot := hottestShare(t, job, "work"); hot < 0.65 || hot > 0.75 { // 0.6 and a quarter of the rest
		t.Errorf("the hottest of 4 subtasks reads %.2f of the records, want 0.7", hot)
	}
	if err := job.SetHotShare(0); err != nil {
		t.Fatal(err)
	}
	readRate(t, job, "work") // lets the change arrive
	before := subtaskReads(t, job, "work")
	readRate(t, job, "work")
	after := subtaskReads(t, job, "work")
	for i := range after {
		after[i] -= before[i]
	}
	if hot := shareOfMax(after); hot > 0.3 {
		t.Errorf("without the hot key the hottest reads %.2f, want 0.25", hot)
	}
}

func evenKeys(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Parallelism: 4, EvenKeys: true, Rate: 2000, Cost: 100 * time.Microsecond})
	readRate(t, job, "work")
	reads := subtaskReads(t, job, "work")
	if hot := shareOfMax(reads); hot > 0.255 {
		t.Errorf("subtasks read %v, want the same", reads)
	}
}

func hottestShare(t *testing.T, job *Job, vertex string) float64 {
	t.Helper()
	readRate(t, job, vertex)
	return shareOfMax(subtaskReads(t, job, vertex))
}

func shareOfMax(reads []int64) float64 {
	var sum, most int64
	for _, r := range reads {
		sum += r
		most = max(most, r)
	}
	return float64(most) / float64(sum)
}

func subtaskReads(t *testing.T, job *Job, vertex string) []int64 {
	t.Helper()
	v, err := job.Vertex(t.Context(), vertex)
	if err != nil {
		t.Fatal(err)
	}
	var details struct{ Subtasks []Vertex }
	get(t, job, "/vertices/"+v.ID, &details)
	var reads []int64
	for _, s := range details.Subtasks {
		reads = append(reads, s.Metrics.ReadRecords)
	}
	return reads
}

func get(t *testing.T, job *Job, path string, out any) {
	t.Helper()
	if err := job.cluster.Call(t.Context(), http.MethodGet, "/jobs/"+job.ID+path, nil, out); err != nil {
		t.Fatal(err)
	}
}

// until polls a condition for a minute.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll(ctx, pollEvery, func() (bool, error) { return ask(), nil }); err != nil {
		t.Fatalf("%s: not within a minute", what)
	}
}

type checkpointCounts struct {
	Counts struct {
		Completed  int
		Failed     int
		InProgress int `json:"in_progress"`
		Restored   int
	}
	History []struct {
		Status      string
		IsSavepoint bool `json:"is_savepoint"`
	}
}

func checkpoints(t *testing.T, job *Job) (c checkpointCounts) {
	t.Helper()
	get(t, job, "/checkpoints", &c)
	return c
}

func failingCheckpoints(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Config: map[string]string{
		"execution.checkpointing.interval":                     "1s",
		"execution.checkpointing.tolerable-failed-checkpoints": "1000",
	}})
	until(t, "a completed checkpoint", func() bool { return checkpoints(t, job).Counts.Completed >= 1 })
	if err := job.SetFailCheckpoints(true); err != nil {
		t.Fatal(err)
	}
	until(t, "three failed checkpoints", func() bool { return checkpoints(t, job).Counts.Failed >= 3 })
	got := checkpoints(t, job).Counts
	if state, err := job.State(t.Context()); state != "RUNNING" || got.Restored != 0 || err != nil {
		t.Errorf("failing checkpoints end the job: %s %+v %v", state, got, err)
	}
	if err := job.SetFailCheckpoints(false); err != nil {
		t.Fatal(err)
	}
	until(t, "another completed checkpoint", func() bool { return checkpoints(t, job).Counts.Completed > got.Completed })
}

func slowSavepoint(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Rate: 500, Config: map[string]string{"execution.checkpointing.interval": "1h"}})
	if err := job.SetSlowSnapshot(time.Minute); err != nil {
		t.Fatal(err)
	}
	readRate(t, job, "work") // lets the change arrive
	if _, err := job.Savepoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "a savepoint under way", func() bool { return savepointIs(t, job, "IN_PROGRESS") })
	if rate := readRate(t, job, "work"); rate < 400 {
		t.Errorf("during the savepoint work reads %.0f/s, want 500", rate)
	}
	if !savepointIs(t, job, "IN_PROGRESS") {
		t.Error("the savepoint did not last")
	}
	if err := job.SetSlowSnapshot(0); err != nil {
		t.Fatal(err)
	}
	until(t, "the savepoint's end", func() bool { return savepointIs(t, job, "COMPLETED") })
}

func savepointIs(t *testing.T, job *Job, status string) bool {
	t.Helper()
	for _, h := range checkpoints(t, job).History {
		if h.IsSavepoint && h.Status == status {
			return true
		}
	}
	return false
}

// pending is the source's backlog, and whether it reports one.
func pending(t *testing.T, job *Job) (float64, bool) {
	t.Helper()
	v, err := job.Vertex(t.Context(), "Source: source")
	if err != nil {
		t.Fatal(err)
	}
	var metrics []struct{ Sum float64 }
	get(t, job, "/vertices/"+v.ID+"/subtasks/metrics?get=Source__source.pendingRecords", &metrics)
	if len(metrics) == 0 {
		return 0, false
	}
	return metrics[0].Sum, true
}

func backlogAndCost(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Rate: 1000, Cost: 2 * time.Millisecond})
	if rate := readRate(t, job, "work"); rate < 450 || rate > 550 {
		t.Errorf("work at 2 ms a record reads %.0f/s, want 500", rate)
	}
	until(t, "a backlog of 3000", func() bool { n, _ := pending(t, job); return n > 3000 })
	if err := errors.Join(job.SetRate(0), job.SetCost(-1), job.SetCPU(200*time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	until(t, "no backlog", func() bool { n, ok := pending(t, job); return ok && n == 0 })
}

// offsets is the sum of the source's positions.
func offsets(t *testing.T, job *Job) (sum float64) {
	t.Helper()
	v, err := job.Vertex(t.Context(), "Source: source")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 12)
	for i := range names {
		names[i] = fmt.Sprintf("Source__source.KafkaSourceReader.topic.load.partition.%d.currentOffset", i)
	}
	var metrics []struct{ Sum float64 }
	get(t, job, "/vertices/"+v.ID+"/subtasks/metrics?get="+strings.Join(names, ","), &metrics)
	for _, m := range metrics {
		sum += m.Sum
	}
	return sum
}

func noPending(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{NoPending: true, NoRecordsIn: true, OwnSlots: true})
	readRate(t, job, "work")
	if _, ok := pending(t, job); ok {
		t.Error("the source reports pendingRecords")
	}
	v, err := job.Vertex(t.Context(), "Source: source")
	if err != nil || v.Metrics.ReadRecords != 0 {
		t.Errorf("the source counts %d records in: %v", v.Metrics.ReadRecords, err)
	}
}

func join(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Join: true, Rate: 200, WorkParallelism: 2})
	if rate := readRate(t, job, "join"); rate < 350 || rate > 450 {
		t.Errorf("the join reads %.0f/s, want 200 from each source", rate)
	}
	if v, err := job.Vertices(t.Context()); err != nil || len(v) != 4 {
		t.Errorf("vertices %v %v, want 4", v, err)
	}
}

func bounded(t *testing.T, c *Cluster, batch bool) {
	job, err := c.Submit(t.Context(), JobSpec{Records: 1200, Rate: 5000, Batch: batch, Parallelism: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.WaitState(t.Context(), "FINISHED"); err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	get(t, job, "", &d)
	kind := "STREAMING"
	if batch {
		kind = "BATCH"
	}
	if d["job-type"] != kind {
		t.Errorf("job-type %v, want %s", d["job-type"], kind)
	}
	v, err := job.Vertex(t.Context(), "enrich")
	if err != nil || v.Metrics.ReadRecords != 1200 {
		t.Errorf("enrich read %d records (%v), want 1200", v.Metrics.ReadRecords, err)
	}
}

func jobConfiguration(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Config: map[string]string{
		"pipeline.global-job-parameters": "job.autoscaler.metrics.window:77s",
	}})
	var config struct {
		Execution struct {
			User map[string]string `json:"user-config"`
		} `json:"execution-config"`
	}
	get(t, job, "/config", &config)
	if got := config.Execution.User["job.autoscaler.metrics.window"]; got != "77s" {
		t.Errorf("the job's own option is %q", got)
	}
}

func lostTaskManager(t *testing.T, c *Cluster) {
	job := submitFor(t, c, JobSpec{Parallelism: 8})
	until(t, "a checkpoint", func() bool { return checkpoints(t, job).Counts.Completed > 0 })
	id, err := c.AddTaskManager(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.KillTaskManager("tm1"); err != nil {
		t.Fatal(err)
	}
	until(t, "a restored job", func() bool { return checkpoints(t, job).Counts.Restored > 0 })
	if err := job.WaitParallelism(t.Context(), map[string]int{"work": 8}); err != nil {
		t.Error(err)
	}
	if c.Processes()[id] == 0 || c.Processes()["tm1"] != 0 {
		t.Errorf("processes are %v", c.Processes())
	}
}

func TestWithZooKeeperAJobOutlivesItsJobManager(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version, HA: true})
		submitted := time.Now()
		job := mustSubmit(t, c, JobSpec{})
		until(t, "a checkpoint", func() bool { return checkpoints(t, job).Counts.Completed > 0 })
		c.KillJobManager()
		if _, err := job.State(t.Context()); err == nil {
			t.Error("a killed JobManager answers")
		}
		from := time.Now()
		if err := errors.Join(c.RestartJobManager(t.Context()), job.WaitRunning(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Logf("runs again after %.1fs", time.Since(from).Seconds())
		if n := checkpoints(t, job).Counts.Restored; n != 1 {
			t.Errorf("restored %d times, want once", n)
		}
		// The schedule went on while the job was away: were it begun anew, the source would stay 5 s and more behind.
		until(t, "the source at the schedule's end", func() bool {
			due := 500 * time.Since(submitted).Seconds()
			at := offsets(t, job)
			return at > due-2000 && at < due+500
		})
	})
}

func TestWithoutHAAJobIsLostWithItsJobManager(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version})
		lost := mustSubmit(t, c, JobSpec{})
		c.KillJobManager()
		if err := c.RestartJobManager(t.Context()); err != nil {
			t.Fatal(err)
		}
		var jobs struct{ Jobs []any }
		if err := c.Call(t.Context(), http.MethodGet, "/jobs/overview", nil, &jobs); err != nil || len(jobs.Jobs) != 0 {
			t.Errorf("jobs %v %v, want none", jobs, err)
		}
		if again := mustSubmit(t, c, JobSpec{}); again.ID == lost.ID {
			t.Error("the new job has the id of the lost one")
		}
	})
}

func TestReactiveModeFollowsTheTaskManagers(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version, Slots: 2, Application: &JobSpec{Rate: 1500}, Reactive: true})
		if err := c.Job.WaitParallelism(t.Context(), map[string]int{"work": 2}); err != nil {
			t.Fatal(err)
		}
		id, err := c.AddTaskManager(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Job.WaitParallelism(t.Context(), map[string]int{"work": 4}); err != nil {
			t.Fatal(err)
		}
		if err := c.KillTaskManager(id); err != nil {
			t.Fatal(err)
		}
		if err := c.Job.WaitParallelism(t.Context(), map[string]int{"work": 2}); err != nil {
			t.Fatal(err)
		}
		err = c.Call(t.Context(), http.MethodPut, "/jobs/"+c.Job.ID+"/resource-requirements", requirementsOf(t, c.Job, 1), nil)
		if err == nil || !strings.Contains(err.Error(), "reactive") {
			t.Errorf("Flink lets a reactive job be rescaled: %v", err)
		}
	})
}

func TestTheDefaultSchedulerRefusesToRescale(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version, Scheduler: "default"})
		job := mustSubmit(t, c, JobSpec{Parallelism: 2})
		err := c.Call(t.Context(), http.MethodPut, "/jobs/"+job.ID+"/resource-requirements", requirementsOf(t, job, 1), nil)
		if err == nil || !strings.Contains(err.Error(), "does not support") {
			t.Errorf("the default scheduler takes it: %v", err)
		}
	})
}

func requirementsOf(t *testing.T, job *Job, upper int) map[string]any {
	t.Helper()
	vertices, err := job.Vertices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	for _, v := range vertices {
		m[v.ID] = map[string]any{"parallelism": map[string]int{"lowerBound": 1, "upperBound": upper}}
	}
	return m
}

func TestAKafkaJobReadsWhatIsProduced(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		c := New(t, ClusterConfig{Version: version})
		k := NewKafka(t)
		topic := Topic{Brokers: k.Brokers, Name: "events"}
		producer, err := k.Produce(t.Context(), topic, 400, 0)
		if err != nil {
			t.Fatal(err)
		}
		job := mustSubmit(t, c, JobSpec{Topic: &topic, Parallelism: 2, Cost: time.Millisecond})
		if err := producer.SetRate(800); err != nil {
			t.Fatal(err)
		}
		readRate(t, job, "work")
		if rate := readRate(t, job, "work"); rate < 700 || rate > 900 {
			t.Errorf("work reads %.0f/s, want 800", rate)
		}
		source, err := job.Vertex(t.Context(), "Source: kafka-source")
		if err != nil {
			t.Fatal(err)
		}
		var names []struct{ ID string }
		get(t, job, "/vertices/"+source.ID+"/subtasks/metrics", &names)
		offsets := 0
		for _, n := range names {
			if strings.HasSuffix(n.ID, ".currentOffset") && strings.Contains(n.ID, "partition") {
				offsets++
			}
		}
		if !strings.Contains(fmt.Sprint(names), "kafka-source.pendingRecords") || offsets < 12 {
			t.Errorf("%d partitions and no pendingRecords among %d metrics", offsets, len(names))
		}
	})
}

func TestFlink117RunsAndCannotBeRescaled(t *testing.T) {
	RequireFull(t)
	c := New(t, ClusterConfig{Version: Flink117})
	job := mustSubmit(t, c, JobSpec{})
	if rate := readRate(t, job, "work"); rate < 400 || rate > 600 {
		t.Errorf("work reads %.0f/s, want 500", rate)
	}
	err := c.Call(t.Context(), http.MethodGet, "/jobs/"+job.ID+"/resource-requirements", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("Flink 1.17 knows resource requirements: %v", err)
	}
}
