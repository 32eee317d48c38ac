package rest

import (
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
)

const batchJob = `
name: report
batch: %
parallelism: 128
options: {jobmanager.scheduler: AdaptiveBatch, restart-strategy.type: fixed-delay}
vertices:
- {name: sales, bytes: 512 mb, cost: 500 ms}
- {name: sum, cost: 50 ms, inputs: {sales: {exchange: hash, share: 0.5}}}
`

func TestABatchJobIsSubmittedAndSeen(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	must[clockBody](s, "POST", "/twin/v1/taskmanagers", `{"slots": 8}`)
	id := must[map[string]string](s, "POST", "/twin/v1/jobs", strings.Replace(batchJob, "%", "true", 1))["jobid"]
	s.advance("1 s")
	j := s.state().Jobs[1]
	if j.ID != id || j.Status != "RUNNING" || len(j.Vertices) != 0 || len(j.Batch) != 2 || *j.Batch[0].Parallelism != 128 || j.Batch[1].Parallelism != nil {
		t.Fatalf("a second after the start it is %+v", j)
	}
	must[clockBody](s, "POST", "/twin/v1/jobs/report/vertices/sales/fail", `{"subtask": 0}`)
	if status, text := s.ask("PUT", "/twin/v1/jobs/report/vertices/sales/load", "5"); status != 409 || !strings.Contains(text, "it is a batch job") {
		t.Errorf("a load is answered by %d %s", status, text)
	}
	s.advance("5 min")
	j = s.state().Jobs[1]
	if j.Status != "FINISHED" || j.Restarts != 1 || j.Batch[1].ReadBytes != 256<<20 || j.Batch[0].WrittenBytes != 256<<20 || j.Batch[1].Finished != *j.Batch[1].Parallelism {
		t.Errorf("at the end it is %+v", j)
	}
}

// One that repeats has an id before it runs, by which it is found then; a snapshot
// knows of the runs to come.
func TestABatchJobThatRepeatsIsInASnapshot(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	id := must[map[string]string](s, "POST", "/twin/v1/jobs", strings.Replace(batchJob, "%", "{every: 10 min, volume: [1, 2]}", 1))["jobid"]
	s.advance("1 min")
	_, snapshot := s.ask("GET", "/twin/v1/snapshot", "")
	look := func() string {
		s.advance("12 min")
		d, err := s.client().Job(t.Context(), flink.JobID(id))
		if err != nil || d.Vertices[0].Metrics.WriteBytes != 256<<20 {
			t.Fatalf("%+v, %v", d, err)
		}
		_, list := s.ask("GET", "/jobs/overview", "")
		return list
	}
	once := look()
	must[clockBody](s, "PUT", "/twin/v1/snapshot", snapshot)
	if again := look(); again != once || strings.Count(once, `"name":"report"`) != 2 {
		t.Errorf("another future:\n%s\n%s", once, again)
	}
}

func TestAJarOfABatchJobRuns(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	must[clockBody](s, "POST", "/twin/v1/jars", strings.Replace(batchJob, "%", "true", 1))
	jars := must[struct{ Files []struct{ ID string } }](s, "GET", "/jars", "")
	plan := must[flink.PlanBody](s, "GET", "/jars/"+jars.Files[0].ID+"/plan", "")
	if plan.Plan.Type != flink.TypeBatch || len(plan.Plan.Nodes) != 2 || len(plan.Plan.Nodes[0].Inputs) != 1 {
		t.Errorf("its plan is %+v", plan)
	}
	run := must[flink.RunJarResponse](s, "POST", "/jars/"+jars.Files[0].ID+"/run", `{"parallelism": 3, "flinkConfiguration": {"jobmanager.scheduler": "Adaptive"}}`)
	s.advance("5 min")
	d, err := s.client().Job(t.Context(), run.JobID)
	if err != nil || d.State != flink.JobFinished || d.Vertices[0].Parallelism != 3 || d.Vertices[1].Parallelism != 3 {
		t.Errorf("where the graph is static, all have the parallelism of the job: %+v, %v", d, err)
	}
	config := must[flink.JobConfig](s, "GET", "/jobs/"+string(run.JobID)+"/config", "")
	if config.ExecutionConfig.JobParallelism != 3 {
		t.Errorf("its configuration is %+v", config.ExecutionConfig)
	}
}
