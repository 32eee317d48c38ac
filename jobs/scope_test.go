package jobs

import (
	"strings"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

func TestRecordedJobsGetTheScopeTheirClusterAllows(t *testing.T) {
	for _, test := range []struct {
		folder, id, name string
		scope            autoscaler.Scope
		why              string
		requests         int
	}{
		{"1.20.5", "ac70151aa0daa7b3e011011380d97592", "load120", autoscaler.ScopeScale, "", 5},
		{"2.3.0", "86b9b8fc1535b602fef0e4105a5025fa", "load1", autoscaler.ScopeScale, "", 4},
		{"2.3.0-reactive", "a6d9a22671e68795a2d2f601ae8399c1", "reactive", autoscaler.ScopeReport, "Reactive Mode", 4},
	} {
		t.Run(test.folder, func(t *testing.T) {
			server := recorded(t, test.folder, test.id)
			got := only(t, fetched(t, watched(t, server, Config{})))
			if got.Key != (autoscaler.JobKey{Job: flink.JobID(test.id)}) || got.Name != test.name || got.Status != flink.JobRunning {
				t.Errorf("job %s %q is %s", got.Key, got.Name, got.Status)
			}
			if got.Scope != test.scope || !strings.Contains(got.Why, test.why) || (test.why == "") != (got.Why == "") {
				t.Errorf("scope %s because %q, want %s because of %q", got.Scope, got.Why, test.scope, test.why)
			}
			if got.Settings == nil || got.Client == nil || got.Metrics == nil {
				t.Errorf("the pass lacks something: %+v", got)
			}
			if n := server.count(); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestGlobalJobParametersAreRead(t *testing.T) {
	server := recorded(t, "1.20.5", "ac70151aa0daa7b3e011011380d97592")
	path := "/jobs/ac70151aa0daa7b3e011011380d97592/config"
	server.bodies[path] = strings.Replace(server.bodies[path], `"x.y":"z"`, `"x.y":"z","job.autoscaler.metrics.window":"77s"`, 1)
	got := only(t, fetched(t, watched(t, server, Config{})))
	if seconds := got.Settings.Scaling.MetricsWindow.Seconds(); seconds != 77 {
		t.Errorf("window %v s, want 77", seconds)
	}
}

func TestFinishedJobsAreEndedAndCostNoCalls(t *testing.T) {
	server := recorded(t, "2.3.0-batch", "")
	list := fetched(t, watched(t, server, Config{}))
	if len(list.Jobs) != 0 || len(list.Skipped) != 0 || len(list.Ended) != 2 {
		t.Fatalf("list %+v, want two ended jobs", list)
	}
	if list.Ended[0].Status != flink.JobFinished || list.Ended[1].Status != flink.JobCanceled {
		t.Errorf("ended as %s and %s", list.Ended[0].Status, list.Ended[1].Status)
	}
	if asked := strings.Join(server.requests(), " "); asked != "/config /jobs/overview" {
		t.Errorf("asked for %s", asked)
	}
}

func TestScopeFollowsVersionTypeAndScheduler(t *testing.T) {
	streaming23 := job{jobType: "STREAMING", scheduler: "Adaptive"}
	with := func(change func(*job)) job {
		j := streaming23
		change(&j)
		return j
	}
	for _, test := range []struct {
		name, version string
		job           job
		scope         autoscaler.Scope
		why           string
	}{
		{"adaptive", "2.3.0", streaming23, autoscaler.ScopeScale, ""},
		{
			"the running scheduler goes before the configured one", "2.3.0",
			with(func(j *job) { j.scheduler = "Default" }), autoscaler.ScopeReport, "the Default scheduler cannot",
		},
		{"batch in an adaptive cluster", "2.3.0", job{jobType: "BATCH", scheduler: "AdaptiveBatch"}, autoscaler.ScopeIgnore, "batch job"},
		{"batch under the default scheduler", "2.3.0", job{jobType: "BATCH", scheduler: "Default"}, autoscaler.ScopeIgnore, "batch job"},
		{"streaming program under the batch scheduler", "2.3.0", job{jobType: "STREAMING", scheduler: "AdaptiveBatch"}, autoscaler.ScopeIgnore, "batch job"},
		{"batch before 2.3 is told by the details", "1.20.5", job{details: "BATCH"}, autoscaler.ScopeIgnore, "batch job"},
		{"reactive", "2.3.0", with(func(j *job) { j.conf = "scheduler-mode=REACTIVE" }), autoscaler.ScopeReport, "Reactive Mode"},
		{"reactive before 2.3, without a scheduler", "1.20.5", job{details: "STREAMING", conf: "scheduler-mode=reactive,jobmanager.scheduler=default"}, autoscaler.ScopeReport, "Reactive Mode"},
		{"case does not count", "1.20.5", job{details: "STREAMING", conf: "jobmanager.scheduler=ADAPTIVE"}, autoscaler.ScopeScale, ""},
		{"default scheduler", "1.20.5", job{details: "STREAMING", conf: "jobmanager.scheduler=default"}, autoscaler.ScopeReport, "the default scheduler cannot"},
		{"default scheduler by an old name", "1.18.1", job{details: "STREAMING", conf: "jobmanager.scheduler=ng"}, autoscaler.ScopeReport, "the ng scheduler cannot"},
		{"too old", "1.17.2", job{details: "STREAMING"}, autoscaler.ScopeReport, "Flink 1.17 cannot change a running job's parallelism (needs 1.18)"},
		{"too old, batch", "1.17.2", job{details: "BATCH"}, autoscaler.ScopeIgnore, "batch job"},
		{"a snapshot of the first version that can", "1.18-SNAPSHOT", job{details: "STREAMING"}, autoscaler.ScopeScale, ""},
		{"a version nobody can read forbids nothing", "vendor", job{details: "STREAMING"}, autoscaler.ScopeScale, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &cluster{}
			test.job.id, test.job.running = "a", 3
			server.have(test.version, test.job)
			got := only(t, fetched(t, watched(t, server, Config{})))
			if got.Scope != test.scope || !strings.Contains(got.Why, test.why) || (test.why == "") != (got.Why == "") {
				t.Errorf("scope %s because %q, want %s because of %q", got.Scope, got.Why, test.scope, test.why)
			}
		})
	}
}

func TestAClusterWithoutASchedulerSettingUsesTheDefault(t *testing.T) {
	server := &cluster{}
	j := job{id: "a", details: "STREAMING"}
	server.have("1.20.5", j)
	server.bodies["/jobs/"+j.path()+"/jobmanager/config"] = `[]`
	if got := only(t, fetched(t, watched(t, server, Config{}))); got.Scope != autoscaler.ScopeReport || !strings.Contains(got.Why, "the Default scheduler") {
		t.Errorf("scope %s because %q", got.Scope, got.Why)
	}
}

func TestJobsAreTakenOutByConfiguration(t *testing.T) {
	for _, test := range []struct {
		name, file, conf, parameters string
		why                          string // empty: scaled
	}{
		{name: "nothing set"},
		{name: "cluster", conf: "job.autoscaler.enabled=false", why: "job.autoscaler.enabled is false (cluster)"},
		{name: "global job parameters", parameters: "job.autoscaler.enabled=false", why: "job.autoscaler.enabled is false (job)"},
		{
			name: "section of our file", file: "jobs:\n  \"orders-*\":\n    sluice.enabled: false\n",
			why: `sluice.enabled is false (sluice.yaml:3 (jobs "orders-*"))`,
		},
		{name: "section for another job", file: "jobs:\n  \"other-*\":\n    sluice.enabled: false\n"},
		{
			name: "profile reference", file: "sluice.profile: reference\n",
			why: "job.autoscaler.enabled is false by default in profile reference",
		},
		{name: "profile reference, enabled by the job", file: "sluice.profile: reference\n", parameters: "job.autoscaler.enabled=true"},
		{name: "the whole process", file: "sluice.enabled: false\n", why: "sluice.enabled is false (sluice.yaml:1)"},
		{
			name: "a job's own opt-out goes before the process", file: "sluice.enabled: true\n", parameters: "job.autoscaler.enabled=false",
			why: "job.autoscaler.enabled is false (job)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &cluster{}
			server.have("2.3.0", job{id: "a", name: "orders-eu", jobType: "STREAMING", scheduler: "Adaptive", conf: test.conf, parameters: test.parameters})
			got := only(t, fetched(t, watched(t, server, Config{Process: process(t, test.file)})))
			if want := autoscaler.ScopeDisabled; test.why != "" && (got.Scope != want || got.Why != test.why) {
				t.Errorf("scope %s because %q, want %s because %q", got.Scope, got.Why, want, test.why)
			}
			if test.why == "" && (got.Scope != autoscaler.ScopeScale || got.Why != "") {
				t.Errorf("scope %s because %q, want scale", got.Scope, got.Why)
			}
		})
	}
}

func TestStatusIsRunningOnlyWhenEveryTaskRunsOrHasFinished(t *testing.T) {
	for _, test := range []struct {
		name  string
		state flink.JobStatus
		tasks flink.TasksTotal
		want  flink.JobStatus
	}{
		{"all run", flink.JobRunning, flink.TasksTotal{Total: 4, Running: 4}, flink.JobRunning},
		{"some have finished", flink.JobRunning, flink.TasksTotal{Total: 4, Running: 3, Finished: 1}, flink.JobRunning},
		{"one deploys", flink.JobRunning, flink.TasksTotal{Total: 4, Running: 3, Deploying: 1}, flink.JobCreated},
		{"another state stays", flink.JobRestarting, flink.TasksTotal{Total: 4, Running: 3}, flink.JobRestarting},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := effectiveStatus(&flink.JobSummary{State: test.state, Tasks: test.tasks}); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
