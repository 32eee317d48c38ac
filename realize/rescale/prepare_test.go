package rescale

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

const interval = 10 * time.Second

// Each case of "never in place".
func TestJobIsNotRescaledInPlaceWhenItCouldLoseSomething(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	latest := func(l flink.LatestCheckpoints) string { return body(flink.Checkpoints{Latest: l}) }
	savepoint := func(status string) string {
		return body(flink.Checkpoints{
			Latest:  flink.LatestCheckpoints{Completed: completed(7, ago(time.Second))},
			History: []flink.Checkpoint{{ID: 8, Status: status, IsSavepoint: true, TriggerTime: flink.MillisOf(ago(0))}, *completed(7, ago(time.Second))},
		})
	}
	failedSavepoint := failedCheckpoint(9, ago(0))
	failedSavepoint.IsSavepoint = true
	restored := &flink.RestoredCheckpoint{ID: 4, RestoreTime: flink.MillisOf(ago(20 * time.Second))}
	tests := []struct {
		name        string
		config      string
		checkpoints string
		settings    autoscaler.Settings
		reason      scaling.Reason
		says        string
	}{
		{name: "a fresh checkpoint", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(0))})},
		{name: "no checkpointing: the configuration is a 404", config: "none", checkpoints: "none", reason: ReasonNoCheckpointing, says: "sluice.allow-without-checkpoints"},
		{name: "no periodic checkpoints: the longest interval", config: `{"interval":9223372036854775807}`, checkpoints: latest(flink.LatestCheckpoints{}), reason: ReasonNoCheckpointing, says: "execution.checkpointing.interval"},
		{name: "no checkpointing, allowed", config: "none", checkpoints: "none", settings: autoscaler.Settings{AllowWithoutCheckpoints: true}},
		{name: "no periodic checkpoints, allowed, but a savepoint runs", config: `{"interval":9223372036854775807}`, checkpoints: savepoint(flink.CheckpointInProgress), settings: autoscaler.Settings{AllowWithoutCheckpoints: true}, reason: ReasonSavepointRunning, says: "savepoint 8"},
		{name: "allowed without says nothing of a job that has checkpoints", checkpoints: latest(flink.LatestCheckpoints{}), settings: autoscaler.Settings{AllowWithoutCheckpoints: true}, reason: ReasonNoCheckpoint},

		{name: "none completed and none restored", checkpoints: latest(flink.LatestCheckpoints{}), reason: ReasonNoCheckpoint, says: "neither completed nor restored"},
		{name: "only a savepoint that Flink would not return to", checkpoints: latest(flink.LatestCheckpoints{Savepoint: completed(3, ago(0))}), reason: ReasonNoCheckpoint},
		{name: "none completed in this run, one restored", checkpoints: latest(flink.LatestCheckpoints{Restored: restored})},
		{name: "the restored one has become too old", checkpoints: latest(flink.LatestCheckpoints{Restored: &flink.RestoredCheckpoint{ID: 4, RestoreTime: flink.MillisOf(ago(51 * time.Second))}}), reason: ReasonCheckpointOld, says: "51s old"},

		{name: "as old as five intervals", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(5*interval))})},
		{name: "older than five intervals by a millisecond", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(5*interval+time.Millisecond))}), reason: ReasonCheckpointOld, says: "sluice.checkpoint.max-age"},
		{name: "as old as max-age", settings: autoscaler.Settings{CheckpointMaxAge: 2 * time.Second}, checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(2*time.Second))})},
		{name: "older than five intervals, but a slow one", checkpoints: latest(flink.LatestCheckpoints{Completed: slow(completed(7, ago(7*interval)), 2*interval)})},
		{name: "older than five times what a slow one took", checkpoints: latest(flink.LatestCheckpoints{Completed: slow(completed(7, ago(11*interval)), 2*interval)}), reason: ReasonCheckpointOld, says: "5 times what the newest took"},
		{name: "older than max-age", settings: autoscaler.Settings{CheckpointMaxAge: 2 * time.Second}, checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(3*time.Second))}), reason: ReasonCheckpointOld, says: "3s old, over the 2s allowed"},
		{name: "max-age above five intervals", settings: autoscaler.Settings{CheckpointMaxAge: time.Hour}, checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(30*time.Minute))})},
		{name: "the completed one counts, not the older one that was restored", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(5, ago(time.Second)), Restored: &flink.RestoredCheckpoint{ID: 4, RestoreTime: flink.MillisOf(ago(time.Hour))}})},
		{name: "the restored one counts, not the older one that completed", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(3, ago(time.Hour)), Restored: restored})},

		{name: "the newest failed", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(12*time.Second)), Failed: failedCheckpoint(8, ago(2*time.Second))}), reason: ReasonCheckpointsFail, says: "checkpoint 8 failed (Checkpoint expired before completing.)"},
		{name: "one failed before one that completed", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(9, ago(time.Second)), Failed: failedCheckpoint(8, ago(11*time.Second))})},
		{name: "one failed before the restart that cut it off", checkpoints: latest(flink.LatestCheckpoints{Restored: restored, Failed: failedCheckpoint(5, ago(21*time.Second))})},
		{name: "one failed since the restart", checkpoints: latest(flink.LatestCheckpoints{Restored: restored, Failed: failedCheckpoint(5, ago(10*time.Second))}), reason: ReasonCheckpointsFail},
		{name: "a savepoint failed", checkpoints: latest(flink.LatestCheckpoints{Completed: completed(7, ago(time.Second)), Failed: failedSavepoint})},
		{name: "a savepoint failed after a checkpoint that did", checkpoints: body(flink.Checkpoints{
			Latest:  flink.LatestCheckpoints{Completed: completed(7, ago(12*time.Second)), Failed: failedSavepoint},
			History: []flink.Checkpoint{*failedSavepoint, *failedCheckpoint(8, ago(2*time.Second)), *completed(7, ago(12*time.Second))},
		}), reason: ReasonCheckpointsFail, says: "checkpoint 8"},

		{name: "a savepoint runs", checkpoints: savepoint(flink.CheckpointInProgress), reason: ReasonSavepointRunning, says: "savepoint 8"},
		{name: "a savepoint is done", checkpoints: savepoint(flink.CheckpointCompleted)},
		{name: "a checkpoint runs", checkpoints: body(flink.Checkpoints{
			Latest:  flink.LatestCheckpoints{Completed: completed(7, ago(time.Second))},
			History: []flink.Checkpoint{{ID: 8, Status: flink.CheckpointInProgress}},
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.checkpoints = strings.TrimPrefix(tt.checkpoints, "none")
			if tt.config != "" {
				c.config = strings.TrimPrefix(tt.config, "none")
			}
			got := prepare(t, c, now, &autoscaler.State{}, tt.settings)
			if got.Blocked.Reason != tt.reason || !strings.Contains(got.Blocked.Text, tt.says) {
				t.Errorf("blocked by %q: %s", got.Blocked.Reason, got.Blocked.Text)
			}
			if (got.Blocked.Reason == "") != (got.Blocked.Text == "") {
				t.Errorf("a reason and a text belong together: %+v", got.Blocked)
			}
			if len(c.puts) > 0 {
				t.Error("something was changed")
			}
		})
	}
}

// Bodies of real clusters, shortly after a rescale: the checkpoint that it cut
// off is no obstacle, age is.
func TestRecordedCheckpointsAreJudged(t *testing.T) {
	tests := map[string]time.Time{ // the newest checkpoint's trigger time
		"1.20.5": time.UnixMilli(1795230896156),
		"2.3.0":  time.UnixMilli(1795230042011),
	}
	for version, newest := range tests {
		t.Run(version, func(t *testing.T) {
			c := newCluster(t)
			c.checkpoints, c.config = recordedBody(t, "checkpoints-"+version), recordedBody(t, "checkpoints-config-"+version)
			for age, want := range map[time.Duration]scaling.Reason{0: "", 5 * interval: "", 5*interval + 1: ReasonCheckpointOld} {
				if got := prepare(t, c, newest.Add(age), &autoscaler.State{}, autoscaler.Settings{}).Blocked.Reason; got != want {
					t.Errorf("%v after the newest: blocked by %q, want %q", age, got, want)
				}
			}
		})
	}
}

func TestBoundsOfTheUserAreFound(t *testing.T) {
	tests := []struct {
		name          string
		recorded      bounds
		lower, upper  int
		want          autoscaler.Bound
		changed, pins bool
	}{
		{"nothing is known: no change, the lower bound is the floor", nil, 2, 8, bound(2, 2, 8), false, false},
		{"as Sluice wrote it", bounds{work: ours(2, 2, 5)}, 2, 5, ours(2, 2, 5), false, false},
		{"as it was seen", bounds{work: bound(2, 2, 5)}, 2, 5, bound(2, 2, 5), false, false},
		{"someone raised the upper bound", bounds{work: ours(2, 2, 5)}, 2, 9, bound(2, 2, 9), true, false},
		{"someone raised the lower bound", bounds{work: ours(2, 2, 5)}, 3, 5, bound(3, 3, 5), true, false},
		{"someone lowered the lower bound", bounds{work: ours(2, 2, 5)}, 1, 5, bound(1, 1, 5), true, false},
		{"someone pinned the vertex", bounds{work: ours(1, 1, 5)}, 5, 5, bound(5, 5, 5), true, true},
		{"Sluice itself wrote the upper bound down to the floor", bounds{work: ours(3, 3, 3)}, 3, 3, ours(3, 3, 3), false, false},
		{"equal at 1 is Flink's default and pins nothing", nil, 1, 1, bound(1, 1, 1), false, false},
		{"equal above 1 pins", nil, 4, 4, bound(4, 4, 4), false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.requirements = flink.ResourceRequirements{flink.VertexID(work): flink.Require(tt.lower, tt.upper)}
			got := prepare(t, c, now, &autoscaler.State{Bounds: tt.recorded}, autoscaler.Settings{})
			if diff := cmp.Diff(bounds{work: tt.want}, got.Bounds); diff != "" || got.Changed != tt.changed || got.Bounds[work].Pinned() != tt.pins {
				t.Errorf("changed %v, pinned %v, bounds (-want +got):\n%s", got.Changed, got.Bounds[work].Pinned(), diff)
			}
		})
	}
}

func TestVerticesThatAreGoneAreForgotten(t *testing.T) {
	c := newCluster(t)
	got := prepare(t, c, now, &autoscaler.State{Bounds: bounds{"dddddddddddddddddddddddddddddddd": ours(1, 1, 2)}}, autoscaler.Settings{})
	if _, there := got.Bounds["dddddddddddddddddddddddddddddddd"]; there || len(got.Bounds) != 3 || got.Changed {
		t.Errorf("got %+v", got)
	}
}

func TestSchedulerThatCannotRescaleIsAnObstacleAndNoError(t *testing.T) {
	c := newCluster(t)
	c.scheduler = "The DefaultScheduler does not support changing the parallelism without a job restart."
	known := bounds{work: ours(2, 2, 5)}
	got := prepare(t, c, now, &autoscaler.State{Bounds: known}, autoscaler.Settings{})
	if got.Blocked.Reason != autoscaler.ReasonNotScalableHere || !strings.Contains(got.Blocked.Text, "DefaultScheduler") || strings.Contains(got.Blocked.Text, "\tat ") {
		t.Errorf("blocked by %+v", got.Blocked)
	}
	if diff := cmp.Diff(known, got.Bounds); diff != "" {
		t.Errorf("what is known of the user's bounds is lost (-want +got):\n%s", diff)
	}
}

// No decision rests on an answer that did not come, or came broken.
func TestPrepareFailsWhenItCannotLook(t *testing.T) {
	faults := map[string]func(http.ResponseWriter){
		"an HTML page":  func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>502 Bad Gateway</html>")) },
		"cut off":       func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"interval":1`)) },
		"a 500":         func(w http.ResponseWriter) { internal(w, "java.lang.NullPointerException", "oops") },
		"a broken line": hangUp,
	}
	for _, call := range []string{"GET resource-requirements", "GET checkpoints/config", "GET checkpoints"} {
		for name, fault := range faults {
			t.Run(call+", "+name, func(t *testing.T) {
				c := newCluster(t)
				c.faults[call] = fault
				_, err := (&Realizer{Now: clock(now)}).Prepare(t.Context(), c.job(t), &autoscaler.State{})
				if err == nil {
					t.Error("nothing is amiss")
				}
			})
		}
	}
}

func TestPrepareFailsForAWrongConfiguration(t *testing.T) {
	c := newCluster(t)
	job := c.job(t)
	job.Settings = nil
	job.Config = wrongConfig
	if _, err := (&Realizer{Now: clock(now)}).Prepare(t.Context(), job, &autoscaler.State{}); err == nil || !strings.Contains(err.Error(), "sluice.checkpoint.max-age") {
		t.Errorf("got %v", err)
	}
}

func TestJobThatEndedMeanwhileIsAnError(t *testing.T) {
	c := newCluster(t)
	c.faults["GET resource-requirements"] = func(w http.ResponseWriter) {
		internal(w, "org.apache.flink.runtime.messages.FlinkJobNotFoundException", "Could not find Flink job ("+string(jobID)+")")
	}
	_, err := (&Realizer{Now: clock(now)}).Prepare(t.Context(), c.job(t), &autoscaler.State{})
	if !errors.Is(err, flink.KindNotFound) {
		t.Errorf("got %v", err)
	}
}

func prepare(t *testing.T, c *cluster, at time.Time, state *autoscaler.State, settings autoscaler.Settings) autoscaler.Readiness {
	t.Helper()
	job := c.job(t)
	settings.RescaleTimeout = job.Settings.RescaleTimeout
	job.Settings = &settings
	ready, err := (&Realizer{Now: clock(at)}).Prepare(t.Context(), job, state)
	if err != nil {
		t.Fatal(err)
	}
	return ready
}

func clock(at time.Time) func() time.Time { return func() time.Time { return at } }

// slow makes a checkpoint one that took long.
func slow(c *flink.Checkpoint, took time.Duration) *flink.Checkpoint {
	c.EndToEndDuration = flink.SpanOf(took)
	return c
}
