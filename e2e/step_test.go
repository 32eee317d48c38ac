package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

const perSubtask = 1000 // records/s of the heavy vertex

// A step of the load up and down again over a vertex of 1000 records/s a subtask.
func TestAStepOfTheLoadIsFollowedInPlace(t *testing.T) {
	cases := []struct {
		version string
		// fetch is metrics.fetcher.update-interval; Flink's default is 10 s.
		fetch time.Duration
		cpu   time.Duration
		short bool
	}{
		{realflink.Flink23, 2 * time.Second, 0, true},
		{realflink.Flink23, 10 * time.Second, 0, false},
		{realflink.Flink120, 2 * time.Second, 0, false},
		{realflink.Flink120, 10 * time.Second, 0, false},
		{realflink.Flink23, 10 * time.Second, 200 * time.Microsecond, false},
		{realflink.Flink120, 10 * time.Second, 200 * time.Microsecond, false},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s, metrics every %s, %s of CPU", c.version, c.fetch, c.cpu), func(t *testing.T) {
			if !c.short {
				realflink.RequireFull(t)
			}
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: c.version, TaskManagers: 2, Options: staleness(c.fetch)})
			job := submit(t, cluster, realflink.JobSpec{
				Name: "step", Rate: 500, Cost: time.Millisecond - c.cpu, CPU: c.cpu, EvenKeys: true,
			})
			if c.short {
				rescaledByHand(t, cluster, job)
			}
			steps(t, cluster, job, c.short)
		})
	}
}

// staleness sets how old Flink's metrics may be, and leaves its other caches at
// their defaults.
func staleness(fetch time.Duration) map[string]string {
	return map[string]string{
		"metrics.fetcher.update-interval": fmt.Sprint(fetch.Milliseconds()),
		"web.refresh-interval":            "3000",
	}
}

func submit(t *testing.T, c *realflink.Cluster, spec realflink.JobSpec) *realflink.Job {
	t.Helper()
	job, err := c.Submit(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := job.WaitRunning(t.Context()); err != nil {
		t.Fatal(err)
	}
	return job
}

func setRate(t *testing.T, job *realflink.Job, rate float64) time.Time {
	t.Helper()
	if err := job.SetRate(rate); err != nil {
		t.Fatal(err)
	}
	return time.Now()
}

// steps runs one job through 500, 2500 and 500 records/s, in the short form 2300.
func steps(t *testing.T, cluster *realflink.Cluster, job *realflink.Job, short bool) {
	t.Helper()
	w := watchJob(t, cluster, job)
	sluice := startSluice(t, shortOptions, cluster.URL())
	begin := time.Now()

	quiet, high := fiveTimes, 2500.0
	if short {
		// 4 subtasks are right down to 820/s each: the machine is busy with other tests.
		quiet, high = window, 2300
	}
	throughout(t, "nothing moves while one subtask suffices", 2*window+quiet, func() bool { return w.now() == nil || w.now()["work"] == 1 })

	up := setRate(t, job, high)
	eventually(t, "the first decision after the step up", window+2*loop, func() bool {
		return len(executed(sluice, job, up)) > 0
	})
	settles(t, sluice, w, job, up, high, quiet)

	down := setRate(t, job, 500)
	settles(t, sluice, w, job, down, 500, quiet)

	if restarts, asked := w.starts(begin), len(sluice.events(job.ID, "Scaling", begin)); restarts != asked {
		t.Errorf("the job was started %d times, sluice asked for %d", restarts, asked)
	}
}

// executed are the rescales that were asked for since a time.
func executed(p *process, job *realflink.Job, since time.Time) []logLine {
	return p.events(job.ID, "Scaling", since)
}

// settles expects the right size for a rate within five windows and in at most
// two rescales, and no change after that.
func settles(t *testing.T, p *process, w *watch, job *realflink.Job, since time.Time, rate float64, quiet time.Duration) {
	t.Helper()
	right := rightSize(rate, perSubtask, 128)
	if !poll(t.Context(), fiveTimes-time.Since(since), func() bool { return w.now()["work"] == right }) {
		// A machine that is busy with other things gives a subtask less than it should have.
		nominal, real := right, w.capacity("work")
		if right = rightSize(rate, real, 128); w.now()["work"] != right {
			t.Fatalf("%s after the step to %.0f/s, work runs at %d; right were %d, or %d at the %.0f/s a subtask that it has here",
				fiveTimes, rate, w.now()["work"], nominal, right, real)
		}
	}
	t.Logf("%s after the step to %.0f/s, work runs at %d", time.Since(since).Round(time.Second), rate, right)
	throughout(t, fmt.Sprintf("work stays at %d", right), quiet, func() bool { return w.now()["work"] == right })
	if n := len(executed(p, job, since)); n > 2 {
		t.Errorf("%d rescales for one level of the load, want at most 2", n)
	}
	agrees(t, p, w)
}
