package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
)

// A job that needs more than it has, under a scheduler that cannot give it.
func TestAJobOfTheDefaultSchedulerIsReportedAndNeverTouched(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120, realflink.Flink117} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, Scheduler: "default", Options: staleness(2 * time.Second)})
			job := submit(t, cluster, realflink.JobSpec{Name: "fixed", Rate: 2500, EvenKeys: true})
			reportedOnly(t, cluster, job, 1)
		})
	}
}

func TestAJobInReactiveModeIsReportedAndNeverTouched(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{
				Version: version, Slots: 2, Reactive: true, Options: staleness(2 * time.Second),
				Application: &realflink.JobSpec{Name: "reactive", Rate: 3000, EvenKeys: true},
			})
			job := cluster.Job
			if err := job.WaitRunning(t.Context()); err != nil {
				t.Fatal(err)
			}
			reportedOnly(t, cluster, job, 2)
		})
	}
}

// reportedOnly expects a scaling report with a recommendation above the present
// parallelism, no change, and no error.
func reportedOnly(t *testing.T, cluster *realflink.Cluster, job *realflink.Job, parallelism int) {
	t.Helper()
	w := watchJob(t, cluster, job)
	sluice := startSluice(t, shortOptions, cluster.URL())
	begin := time.Now()
	eventually(t, "a report with the recommended parallelism", 4*window, func() bool {
		reports := sluice.events(job.ID, "ScalingReport", begin)
		return len(reports) > 0 && strings.Contains(reports[0].Message, "recommended parallelism change")
	})
	throughout(t, "the job is left alone", 2*window, func() bool { return w.now()["work"] == parallelism })
	noErrors(t, sluice, job)
	if n := len(executed(sluice, job, begin)); n != 0 {
		t.Errorf("%d rescales", n)
	}
}

func noErrors(t *testing.T, sluice *process, job *realflink.Job) {
	t.Helper()
	for _, l := range sluice.log() {
		if l.Level == "ERROR" || l.Reason == "AutoscalerError" {
			t.Errorf("job %s: %s", job.ID, l.text)
		}
	}
}

func TestFinishedAndBatchJobsCostNothingAndAreLeftAlone(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Options: staleness(2 * time.Second)})
			finished := submitOnly(t, cluster, realflink.JobSpec{Name: "bounded", Records: 1000, Rate: 1000})
			if err := finished.WaitState(t.Context(), string(flink.JobFinished)); err != nil {
				t.Fatal(err)
			}
			batch := submitOnly(t, cluster, realflink.JobSpec{Name: "batch", Batch: true, Records: 100_000, Rate: 1000})
			sluice := startSluice(t, shortOptions, cluster.URL())
			eventually(t, "the batch job is found and ignored", window, func() bool {
				for _, l := range sluice.log() {
					if l.Job == batch.ID && strings.Contains(l.text, "ignore") {
						return true
					}
				}
				return false
			})
			throughout(t, "no event about either job", 3*window, func() bool {
				for _, l := range sluice.log() {
					if l.Msg == "event" {
						t.Error(l.text)
						return false
					}
				}
				return true
			})
		})
	}
}

func submitOnly(t *testing.T, c *realflink.Cluster, spec realflink.JobSpec) *realflink.Job {
	t.Helper()
	job, err := c.Submit(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return job
}
