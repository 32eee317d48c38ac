package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
)

// With high availability the same job comes back.
func TestScalingResumesAfterAJobManagerWithHighAvailability(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, HA: true, Options: staleness(2 * time.Second)})
			job := submit(t, cluster, realflink.JobSpec{Name: "ha", Rate: 500, EvenKeys: true})
			w := watchJob(t, cluster, job)
			sluice := startSluice(t, shortOptions, cluster.URL())
			up := setRate(t, job, 2500)
			settles(t, sluice, w, job, up, 2500, loop)

			killed := outage(t, cluster, sluice)
			must(t, job.WaitRunning(t.Context()))
			back := time.Now()
			throughout(t, "no decision from a half-filled window", window, func() bool { return len(executed(sluice, job, killed)) == 0 })
			settles(t, sluice, w, job, setRate(t, job, 500), 500, window)
			if len(executed(sluice, job, back)) == 0 {
				t.Error("scaling did not resume")
			}
		})
	}
}

// Without it the job is lost, and the next one is another.
func TestAJobLostWithItsJobManagerIsSaidToBeLost(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Options: staleness(2 * time.Second)})
			lost := submit(t, cluster, realflink.JobSpec{Name: "lost", Rate: 500, EvenKeys: true})
			sluice := startSluice(t, append([]string{"-D", "sluice.job.gone-after=30s"}, shortOptions...), cluster.URL())
			eventually(t, "the job is found", window, func() bool { return said(sluice, "job found", lost.ID) })

			outage(t, cluster, sluice)
			eventually(t, "the lost job is said to be lost", time.Minute, func() bool { return said(sluice, "job lost", lost.ID) })
			again := submit(t, cluster, realflink.JobSpec{Name: "lost", Rate: 2500, EvenKeys: true})
			w := watchJob(t, cluster, again)
			eventually(t, "the resubmitted job is a new one", window, func() bool { return said(sluice, "job found", again.ID) })
			settles(t, sluice, w, again, time.Now(), 2500, window)
			eventually(t, "the lost job is forgotten", 2*time.Minute, func() bool { return said(sluice, "job is gone", lost.ID) })
		})
	}
}

func said(p *process, message, job string) bool {
	for _, l := range p.log() {
		if strings.HasPrefix(l.Msg, message) && strings.Contains(l.text, job) {
			return true
		}
	}
	return false
}

// outage kills the JobManager and brings it back. Sluice may say once that it is
// away and remind of it now and then, not every second.
func outage(t *testing.T, cluster *realflink.Cluster, sluice *process) time.Time {
	t.Helper()
	killed := time.Now()
	cluster.KillJobManager()
	eventually(t, "sluice notices", 3*loop, func() bool { return saidSince(sluice, "cluster does not answer", killed) == 1 })
	throughout(t, "it goes on calmly", 4*loop, func() bool { return saidSince(sluice, "", killed) <= 4 })
	must(t, cluster.RestartJobManager(t.Context()))
	eventually(t, "sluice is back", time.Minute, func() bool { return saidSince(sluice, "cluster answers again", killed) == 1 })
	return killed
}

// saidSince counts the lines of a message, of any message if it is empty.
func saidSince(p *process, message string, since time.Time) int {
	n := 0
	for _, l := range p.log() {
		if l.Time.After(since) && (message == "" || l.Msg == message) {
			n++
		}
	}
	return n
}

func vertexNamed(t *testing.T, w *watch, name string) flink.VertexID {
	t.Helper()
	details, err := w.client.Job(t.Context(), w.job)
	must(t, err)
	for _, v := range details.Vertices {
		if shortName(v.Name) == name {
			return v.ID
		}
	}
	t.Fatalf("the job has no vertex %q", name)
	return ""
}
