package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

// Each case in which a rescale would lose state, or a savepoint.
func TestAJobIsNeverRescaledInPlaceWithoutAWayBack(t *testing.T) {
	const interval = "execution.checkpointing.interval"
	cases := []struct {
		name    string
		spec    realflink.JobSpec
		options []string
		// spoil breaks a job that runs and has a checkpoint.
		spoil func(*testing.T, *realflink.Job)
		want  string
		short bool
	}{
		{name: "no checkpointing", want: "no-checkpointing", short: true},
		{
			name: "no checkpoint yet",
			spec: realflink.JobSpec{SlowSnapshot: time.Hour, Config: map[string]string{interval: "5s", "execution.checkpointing.timeout": "1h"}},
			want: "no-checkpoint-yet", short: true,
		},
		{
			name: "checkpoints fail", spec: realflink.JobSpec{Config: map[string]string{
				interval: "5s", "execution.checkpointing.tolerable-failed-checkpoints": "1000000",
			}}, want: "checkpoints-fail", short: true,
			spoil: func(t *testing.T, job *realflink.Job) { must(t, job.SetFailCheckpoints(true)) },
		},
		{
			name: "the newest checkpoint is too old", spec: realflink.JobSpec{Config: map[string]string{interval: "5s", "execution.checkpointing.timeout": "1h"}},
			options: []string{"-D", "sluice.checkpoint.max-age=20s"}, want: "checkpoint-too-old",
			spoil: func(t *testing.T, job *realflink.Job) { must(t, job.SetSlowSnapshot(time.Hour)) },
		},
		{
			name: "a savepoint runs", spec: realflink.JobSpec{Config: map[string]string{interval: "5s"}}, want: "savepoint-in-progress",
			spoil: func(t *testing.T, job *realflink.Job) {
				must(t, job.SetSlowSnapshot(10*time.Minute))
				_, err := job.Savepoint(t.Context())
				must(t, err)
			},
		},
	}
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			if version != realflink.Flink23 {
				realflink.RequireFull(t)
			}
			cluster := realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Options: withoutCheckpoints()})
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					if !c.short {
						realflink.RequireFull(t)
					}
					c.spec.Name, c.spec.Rate, c.spec.EvenKeys = c.name, 500, true
					job := submit(t, cluster, c.spec)
					defer func() { must(t, job.Cancel(t.Context())) }()
					w := watchJob(t, cluster, job)
					if c.spoil != nil {
						eventually(t, "a checkpoint", time.Minute, func() bool {
							checkpoints, err := w.client.Checkpoints(t.Context(), w.job)
							return err == nil && checkpoints.Latest.Completed != nil
						})
						c.spoil(t, job)
					}
					setRate(t, job, 2500)
					sluice := startSluice(t, append(append([]string(nil), shortOptions...), c.options...), cluster.URL())
					begin := time.Now()
					eventually(t, "the reason is shown: "+c.want, 4*window, func() bool {
						for _, e := range sluice.events(job.ID, "ScalingReport", begin) {
							if strings.Contains(e.Message, c.want) {
								return true
							}
						}
						return false
					})
					throughout(t, "nothing moves", window, func() bool { return w.now()["work"] == 1 })
					if n := len(executed(sluice, job, begin)); n != 0 {
						t.Errorf("%d rescales", n)
					}
				})
			}
		})
	}
}

func TestAJobWithoutCheckpointsIsRescaledWhereItsUserAllowsThat(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	cluster := realflink.New(t, realflink.ClusterConfig{TaskManagers: 2, Options: withoutCheckpoints()})
	job := submit(t, cluster, realflink.JobSpec{Rate: 2500, EvenKeys: true})
	w := watchJob(t, cluster, job)
	startSluice(t, append([]string{"-D", "sluice.allow-without-checkpoints=true"}, shortOptions...), cluster.URL())
	eventually(t, "work is scaled up", fiveTimes, func() bool { return w.now()["work"] >= 4 })
}

// withoutCheckpoints is a cluster whose jobs make none unless they say so.
func withoutCheckpoints() map[string]string {
	options := staleness(2 * time.Second)
	options["execution.checkpointing.interval"] = ""
	return options
}

// The user's own bounds: a floor is kept, a pinned vertex is left alone.
func TestTheUsersBoundsAreKept(t *testing.T) {
	realflink.RequireFull(t)
	t.Parallel()
	cluster := realflink.New(t, realflink.ClusterConfig{TaskManagers: 2, Options: staleness(2 * time.Second)})
	job := submit(t, cluster, realflink.JobSpec{Rate: 500, Parallelism: 4, EvenKeys: true})
	w := watchJob(t, cluster, job)
	requirements := w.requirements()
	work, enrich := vertexNamed(t, w, "work"), vertexNamed(t, w, "enrich")
	bounds := requirements[work]
	bounds.Parallelism.Lower = 2
	requirements[work] = bounds
	bounds = requirements[enrich]
	bounds.Parallelism.Lower, bounds.Parallelism.Upper = 3, 3
	requirements[enrich] = bounds
	must(t, w.client.PutResourceRequirements(t.Context(), w.job, requirements))

	// Slotwise it would keep the 3 that enrich needs anyway.
	startSluice(t, append(slices.Clip(shortOptions), "-D", "sluice.scale-down.slotwise=false"), cluster.URL())
	eventually(t, "work shrinks to its user's floor", 2*fiveTimes, func() bool { return w.now()["work"] == 2 })
	throughout(t, "the floor and the pinned vertex stay", fiveTimes, func() bool {
		return w.now()["work"] == 2 && w.now()["enrich"] == 3
	})
	if r := w.requirements()[work].Parallelism; r.Lower != 2 {
		t.Errorf("the user's lower bound of 2 is now %d", r.Lower)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
