package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// streaming makes n jobs of Flink 2.3.
func streaming(n int) []job {
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{id: fmt.Sprint(i + 1), name: fmt.Sprint("job-", i+1), jobType: "STREAMING", scheduler: "Adaptive", running: 3, start: 1000 + i}
	}
	return jobs
}

func TestConfigurationIsReadOncePerRun(t *testing.T) {
	server, jobs := &cluster{}, streaming(3)
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{})

	first := fetched(t, fetcher)
	if n := server.count(); n != 2+2*3 {
		t.Errorf("%d requests in the first look, want version, overview and two for each job", n)
	}
	second := fetched(t, fetcher)
	if asked := server.requests(); !slices.Equal(asked, []string{"/jobs/overview"}) {
		t.Errorf("asked for %v in the second look, want the overview alone", asked)
	}
	for i := range first.Jobs {
		if first.Jobs[i].Metrics != second.Jobs[i].Metrics {
			t.Errorf("%s has other counts in the second look", first.Jobs[i].Key)
		}
	}

	jobs[1].start++ // another JobManager took it up
	server.have("2.3.0", jobs...)
	third := fetched(t, fetcher)
	at := "/jobs/" + jobs[1].path()
	if asked, want := server.requests(), []string{at + "/config", at + "/jobmanager/config", "/jobs/overview"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v after a new run, want %v", asked, want)
	}
	if third.Jobs[1].Metrics != first.Jobs[1].Metrics {
		t.Error("the counts of a job are lost with its run")
	}
}

func TestConfigurationsAreReadAgainInTurn(t *testing.T) {
	server, time0 := &cluster{}, newClock()
	server.have("2.3.0", streaming(20)...)
	fetcher := watched(t, server, Config{Now: time0.now, RefreshEvery: 5 * time.Minute})
	fetched(t, fetcher)
	server.count()

	read := map[string]int{}
	for range 30 { // 5 min
		time0.advance(10 * time.Second)
		fetched(t, fetcher)
		in := 0
		for _, path := range server.requests() {
			if strings.HasSuffix(path, "/jobmanager/config") {
				read[path]++
				in++
			}
		}
		if in > 1 {
			t.Errorf("%d configurations read again in one look, want at most 20/30", in)
		}
	}
	if len(read) < 19 || len(read) > 20 {
		t.Errorf("%d of 20 configurations read again in 5 min", len(read))
	}
	for path, n := range read {
		if n != 1 {
			t.Errorf("%s read %d times", path, n)
		}
	}
}

func TestEverythingIsReadAgainAfterTheClusterWasAway(t *testing.T) {
	server, jobs := &cluster{}, streaming(3)
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{})
	fetched(t, fetcher)
	server.count()

	server.change(func() { server.down = true })
	_, err := fetcher.Fetch(context.Background())
	if !flink.IsUnavailable(err) || !strings.Contains(err.Error(), "list the jobs of cluster http://jm.test:8081") {
		t.Fatalf("error %v, want one of kind unavailable that names the cluster", err)
	}

	for i := range jobs {
		jobs[i].scheduler = "Default"
	}
	server.have("2.3.0", jobs...)
	server.change(func() { server.down, server.asked = false, nil })
	list := fetched(t, fetcher)
	if n := server.count(); n != 2+2*3 {
		t.Errorf("%d requests after the outage, want version, overview and two for each job", n)
	}
	for _, j := range list.Jobs {
		if j.Scope != autoscaler.ScopeReport {
			t.Errorf("%s is still %s", j.Key, j.Scope)
		}
	}
}

func TestAnEndingProcessIsNoOutage(t *testing.T) {
	server := &cluster{}
	server.have("2.3.0", streaming(1)...)
	fetcher := watched(t, server, Config{})
	fetched(t, fetcher)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fetcher.Fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want canceled", err)
	}
	server.count()
	fetched(t, fetcher)
	if n := server.count(); n != 1 {
		t.Errorf("%d requests, want the overview alone", n)
	}
}

func TestAFailingConfigurationCallAffectsItsJobAlone(t *testing.T) {
	for _, call := range []string{"/jobmanager/config", "/config"} {
		t.Run(call, func(t *testing.T) {
			server, jobs, time0 := &cluster{}, streaming(3), newClock()
			server.have("2.3.0", jobs...)
			bad := "/jobs/" + jobs[1].path() + call
			server.errors = map[string]int{bad: http.StatusInternalServerError}
			fetcher := watched(t, server, Config{Now: time0.now})

			list := fetched(t, fetcher)
			if len(list.Jobs) != 2 || len(list.Skipped) != 1 || list.Skipped[0].Key.Job != jobs[1].flinkID() || list.Skipped[0].Name != "job-2" {
				t.Fatalf("list %+v, want the second job skipped", list)
			}
			if err := list.Skipped[0].Err; err == nil || !strings.Contains(err.Error(), "read the configuration of job "+jobs[1].path()) {
				t.Errorf("error %v does not say what was tried", err)
			}

			server.change(func() { server.errors = nil })
			time0.advance(10 * time.Second)
			if list := fetched(t, fetcher); len(list.Jobs) != 3 || len(list.Skipped) != 0 {
				t.Errorf("list %+v, want all three jobs", list)
			}
		})
	}
}

func TestAJobThatCannotBeReadIsAskedLessAndLess(t *testing.T) {
	server, jobs, time0 := &cluster{}, streaming(1), newClock()
	server.have("2.3.0", jobs...)
	bad := "/jobs/" + jobs[0].path() + "/jobmanager/config"
	server.errors = map[string]int{bad: http.StatusInternalServerError}
	fetcher := watched(t, server, Config{Now: time0.now})
	var asked []int
	for second := 0; second <= 400; second += 5 {
		list := fetched(t, fetcher)
		if len(list.Skipped) != 1 || list.Skipped[0].Err == nil {
			t.Fatalf("at %d s the list is %+v, want the job skipped with its error", second, list)
		}
		if slices.Contains(server.requests(), bad) {
			asked = append(asked, second)
		}
		time0.advance(5 * time.Second)
	}
	if want := []int{0, 5, 15, 35, 75, 155, 315}; !slices.Equal(asked, want) {
		t.Errorf("asked at %v s, want %v", asked, want)
	}
}

func TestAFailedRefreshKeepsWhatIsKnown(t *testing.T) {
	server, jobs, time0 := &cluster{}, streaming(1), newClock()
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{Now: time0.now, RefreshEvery: time.Minute})
	fetched(t, fetcher)
	server.change(func() {
		server.errors = map[string]int{"/jobs/" + jobs[0].path() + "/config": http.StatusInternalServerError}
	})
	server.count()
	time0.advance(2 * time.Minute)
	got := only(t, fetched(t, fetcher))
	if n := server.count(); n != 3 {
		t.Fatalf("%d requests, want a refresh", n)
	}
	if got.Scope != autoscaler.ScopeScale {
		t.Errorf("scope %s because %q", got.Scope, got.Why)
	}
}

func TestAHangingConfigurationCallDelaysTheListBoundedly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, jobs := &cluster{}, streaming(40)
		server.have("2.3.0", jobs...)
		server.hanging = map[string]bool{"/jobs/" + jobs[0].path() + "/config": true}
		fetcher := watched(t, server, Config{Now: time.Now})
		start := time.Now()
		list := fetched(t, fetcher)
		if took := time.Since(start); took != defaultReadTimeout {
			t.Errorf("the list took %s, want %s", took, defaultReadTimeout)
		}
		if len(list.Jobs) != 39 || len(list.Skipped) != 1 || !errors.Is(list.Skipped[0].Err, context.DeadlineExceeded) {
			t.Errorf("%d jobs, skipped %+v; want all but the one that hangs", len(list.Jobs), list.Skipped)
		}
	})
}

func TestReadingStopsInTimeAndGoesOnAtTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, jobs := &cluster{slow: time.Second}, streaming(3*readers)
		server.have("2.3.0", jobs...)
		fetcher := watched(t, server, Config{Now: time.Now})
		for look, want := range []int{2 * readers, 3 * readers} { // two rounds of two calls begin within 3 s
			list := fetched(t, fetcher)
			if len(list.Jobs) != want || len(list.Jobs)+len(list.Skipped) != len(jobs) {
				t.Errorf("look %d: %d jobs and %d skipped, want %d jobs", look+1, len(list.Jobs), len(list.Skipped), want)
			}
			for _, skipped := range list.Skipped {
				if skipped.Err != nil {
					t.Errorf("look %d: %s skipped for %v, want no error", look+1, skipped.Key, skipped.Err)
				}
			}
		}
	})
}

func TestAJobThatDoesNotRunYetIsSkippedWithoutCalls(t *testing.T) {
	server, jobs := &cluster{}, streaming(1)
	jobs[0].state = "INITIALIZING"
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{})
	list := fetched(t, fetcher)
	if len(list.Jobs) != 0 || len(list.Skipped) != 1 || list.Skipped[0].Err != nil {
		t.Errorf("list %+v, want the job skipped without an error", list)
	}
	if n := server.count(); n != 2 {
		t.Errorf("%d requests, want version and overview", n)
	}
	jobs[0].state, jobs[0].more = "RUNNING", 1
	server.have("2.3.0", jobs...)
	if got := only(t, fetched(t, fetcher)); got.Status != flink.JobCreated {
		t.Errorf("status %s, want CREATED while a task deploys", got.Status)
	}
	jobs[0].state = "RESTARTING"
	server.have("2.3.0", jobs...)
	if got := only(t, fetched(t, fetcher)); got.Status != flink.JobRestarting {
		t.Errorf("status %s, want RESTARTING", got.Status)
	}
}

func TestWrongOptionsStopTheirJobAlone(t *testing.T) {
	server, jobs := &cluster{}, streaming(2)
	jobs[0].parameters = "job.autoscaler.metrics.window=soon"
	jobs[1].parameters = "sluice.enabled=perhaps"
	server.have("2.3.0", jobs...)
	list := fetched(t, watched(t, server, Config{}))
	if len(list.Jobs) != 1 || list.Jobs[0].Settings != nil || list.Jobs[0].Scope != autoscaler.ScopeScale {
		t.Errorf("jobs %+v, want the first, with its fault left to the pass", list.Jobs)
	}
	if len(list.Skipped) != 1 || list.Skipped[0].Err == nil || !strings.Contains(list.Skipped[0].Err.Error(), "perhaps") {
		t.Errorf("skipped %+v, want the second with an error that names the value", list.Skipped)
	}
}

func TestJobsWithTheSameConfigurationShareIt(t *testing.T) {
	server, jobs := &cluster{}, streaming(3)
	jobs[2].parameters = "job.autoscaler.metrics.window=77s"
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{})
	list := fetched(t, fetcher)
	if a, b, c := list.Jobs[0].Settings, list.Jobs[1].Settings, list.Jobs[2].Settings; a != b || a == c {
		t.Errorf("settings %p %p %p, want the first two alike", a, b, c)
	}
	if n := len(fetcher.configs); n != 2 {
		t.Errorf("%d configurations held, want 2", n)
	}
	// A configuration that no job has any more is dropped at the next reading.
	jobs[2].start++
	jobs[2].parameters = ""
	server.have("2.3.0", jobs...)
	fetched(t, fetcher)
	if n := len(fetcher.configs); n != 1 {
		t.Errorf("%d configurations held, want 1", n)
	}
}

func TestOptionsOfAJobThatAreWrongAreLeftForThePassToRefuse(t *testing.T) {
	process := options.FromMap(map[string]string{"job.autoscaler.scaling.event.interval": "7 min"})
	for _, profile := range []string{"reference", "sluice"} {
		server, jobs := &cluster{}, streaming(1)
		jobs[0].parameters = "sluice.profile=" + profile + ",job.autoscaler.enabled=true,job.autoscaler.utilization.target=7,job.autoscaler.scaling.event.interval=1 ms"
		server.have("2.3.0", jobs...)
		job := only(t, fetched(t, watched(t, server, Config{Process: process})))
		if _, err := autoscaler.SettingsFor(job); err == nil || !strings.Contains(err.Error(), "job.autoscaler.utilization.target is invalid") {
			t.Errorf("profile %s: %v", profile, err)
		}
		if job.ValidationInterval != 7*time.Minute {
			t.Errorf("told each %s, want the interval of the process", job.ValidationInterval)
		}
	}
}

func TestTheCPUOfATaskManagerIsThatOfFlinksConfiguration(t *testing.T) {
	for conf, want := range map[string]float64{
		"": 0, "taskmanager.cpu.cores=1.5": 1.5, "kubernetes.taskmanager.cpu=2.0": 2, "yarn.containers.vcores=4": 4,
		"taskmanager.cpu.cores=-1": 0, "taskmanager.cpu.cores=many": 0,
	} {
		server, jobs := &cluster{}, streaming(1)
		jobs[0].conf = conf
		server.have("2.3.0", jobs...)
		if got := fetched(t, watched(t, server, Config{})).Jobs[0].TaskManagerCPU; got != want {
			t.Errorf("%q: %v cores, want %v", conf, got, want)
		}
	}
}

func TestASectionOfTheFileCountsForItsJob(t *testing.T) {
	server, jobs := &cluster{}, streaming(2)
	server.have("2.3.0", jobs...)
	file := "job.autoscaler.metrics.window: 3 min\njobs:\n  job-2:\n    job.autoscaler.metrics.window: 4 min\n"
	list := fetched(t, watched(t, server, Config{Process: process(t, file)}))
	for i, want := range []time.Duration{3 * time.Minute, 4 * time.Minute} {
		if got := list.Jobs[i].Settings.Scaling.MetricsWindow; got != want {
			t.Errorf("window of %s is %s, want %s", list.Jobs[i].Name, got, want)
		}
	}
}

func TestJobsThatLeaveAreForgotten(t *testing.T) {
	server, jobs, time0 := &cluster{}, streaming(2), newClock()
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{Now: time0.now})
	first := fetched(t, fetcher)
	server.have("2.3.0", jobs[0])
	time0.advance(30 * time.Minute)
	fetched(t, fetcher)
	server.have("2.3.0", jobs...)
	if again := fetched(t, fetcher); again.Jobs[1].Metrics != first.Jobs[1].Metrics {
		t.Error("a job that was missing for 30 min lost its counts")
	}
	jobs[1].state = "FINISHED"
	server.have("2.3.0", jobs...)
	fetched(t, fetcher)
	if n := len(fetcher.runs); n != 1 {
		t.Errorf("%d jobs remembered when one has ended, want the other", n)
	}
	server.have("2.3.0")
	time0.advance(2 * time.Hour)
	fetched(t, fetcher)
	if n := len(fetcher.runs); n != 0 {
		t.Errorf("%d jobs remembered, want none", n)
	}
}

func TestKeysCarryTheNameOfTheCluster(t *testing.T) {
	server, jobs := &cluster{}, streaming(1)
	server.have("2.3.0", jobs...)
	fetcher := watched(t, server, Config{Name: "eu"})
	if got := only(t, fetched(t, fetcher)); got.Key.String() != "eu/"+jobs[0].path() {
		t.Errorf("key %s", got.Key)
	}
	if fetcher.Name() != "eu" || watched(t, server, Config{}).Name() != "http://jm.test:8081" {
		t.Errorf("named %s and %s", fetcher.Name(), watched(t, server, Config{}).Name())
	}
	if fetcher.Requests() != 4 {
		t.Errorf("%d requests counted, want 4", fetcher.Requests())
	}
}

func TestWhatIsNotFlinkIsAnError(t *testing.T) {
	for _, path := range []string{"/config", "/jobs/overview"} {
		t.Run(path, func(t *testing.T) {
			server := &cluster{}
			server.have("2.3.0", streaming(1)...)
			server.bodies[path] = "<html><body>It works!</body></html>"
			_, err := watched(t, server, Config{}).Fetch(context.Background())
			if !flink.IsMalformed(err) {
				t.Errorf("error %v, want one of kind malformed", err)
			}
		})
	}
}

func TestNewClusterNeedsAClientAndAClock(t *testing.T) {
	client, err := flink.New(flink.Config{Addresses: []string{"localhost:8081"}})
	if err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]Config{"no client": {Now: time.Now}, "no clock": {Client: client}} {
		if _, err := NewCluster(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
