package rescale

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// The reasons for which a job is never rescaled in place.
const (
	ReasonNoCheckpointing   scaling.Reason = "no-checkpointing"
	ReasonNoCheckpoint      scaling.Reason = "no-checkpoint-yet"
	ReasonCheckpointOld     scaling.Reason = "checkpoint-too-old"
	ReasonCheckpointsFail   scaling.Reason = "checkpoints-fail"
	ReasonSavepointRunning  scaling.Reason = "savepoint-in-progress"
	defaultMaxAgeCheckpoint                = 5
)

// obstacle looks for what would make a restart lose state or a savepoint.
func (r *Realizer) obstacle(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Obstacle, error) {
	settings, err := autoscaler.SettingsFor(job)
	if err != nil {
		return autoscaler.Obstacle{}, err
	}
	interval, enabled, err := checkpointInterval(ctx, job)
	if err != nil {
		return autoscaler.Obstacle{}, err
	}
	if !enabled && !settings.AllowWithoutCheckpoints {
		return autoscaler.Obstacle{Reason: ReasonNoCheckpointing, Text: "the job has no checkpointing: a rescale would lose its state " +
			"(set execution.checkpointing.interval, or sluice.allow-without-checkpoints: true if the state does not matter)"}, nil
	}
	checkpoints, err := job.Client.Checkpoints(ctx, job.Key.Job)
	if !enabled && errors.Is(err, flink.KindUnsupported) {
		return autoscaler.Obstacle{}, nil
	}
	if err != nil {
		return autoscaler.Obstacle{}, err
	}
	if !enabled {
		return savepointRunning(checkpoints), nil
	}
	maxAge := settings.CheckpointMaxAge
	if maxAge == 0 {
		maxAge = defaultMaxAgeCheckpoint * max(interval, took(checkpoints.Latest.Completed))
	}
	return judge(checkpoints, maxAge, r.Now()), nil
}

// took is how long a checkpoint took. In a job that is held back, barriers queue
// behind records: checkpoints then come as fast as they complete, not once an
// interval, and that is just when the job has to grow.
func took(c *flink.Checkpoint) time.Duration {
	if c == nil {
		return 0
	}
	return c.EndToEndDuration.Duration()
}

// checkpointInterval is the time between periodic checkpoints; enabled is false
// for a job that makes none.
func checkpointInterval(ctx context.Context, job *autoscaler.JobContext) (interval time.Duration, enabled bool, err error) {
	config, err := job.Client.CheckpointConfig(ctx, job.Key.Job)
	if errors.Is(err, flink.KindUnsupported) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	interval = config.Interval.Duration()
	return interval, interval > 0 && interval < math.MaxInt64, nil
}

// judge is pure: what do the checkpoints say at this time?
func judge(c flink.Checkpoints, maxAge time.Duration, now time.Time) autoscaler.Obstacle {
	if running := savepointRunning(c); running.Reason != "" {
		return running
	}
	newest, id, ok := newestCheckpoint(c)
	if !ok {
		return autoscaler.Obstacle{Reason: ReasonNoCheckpoint, Text: "the job has no checkpoint to return to yet, neither completed nor restored: a rescale would lose its state"}
	}
	if f := newestFailure(c); f != nil && f.ID > id {
		return autoscaler.Obstacle{Reason: ReasonCheckpointsFail, Text: fmt.Sprintf("checkpoint %d failed%s and none has completed since", f.ID, because(f))}
	}
	if age := now.Sub(newest); age > maxAge {
		return autoscaler.Obstacle{Reason: ReasonCheckpointOld, Text: fmt.Sprintf(
			"the newest checkpoint is %s old, over the %s allowed (sluice.checkpoint.max-age, default 5 checkpoint intervals, or 5 times what the newest took): a rescale would process all that again",
			age.Round(time.Second), maxAge)}
	}
	return autoscaler.Obstacle{}
}

func savepointRunning(c flink.Checkpoints) autoscaler.Obstacle {
	for i := range c.History {
		if s := &c.History[i]; s.IsSavepoint && s.Status == flink.CheckpointInProgress {
			return autoscaler.Obstacle{Reason: ReasonSavepointRunning, Text: fmt.Sprintf("savepoint %d is being made: a rescale would abort it", s.ID)}
		}
	}
	return autoscaler.Obstacle{}
}

// newestFailure is the newest checkpoint that failed, or nil. A savepoint that
// failed says nothing of checkpoints, and one that a restart cut off was no
// failure of its own.
func newestFailure(c flink.Checkpoints) *flink.Checkpoint {
	var newest *flink.Checkpoint
	consider := func(f *flink.Checkpoint) {
		cutOff := c.Latest.Restored != nil && f.TriggerTime <= c.Latest.Restored.RestoreTime
		if f.Status == flink.CheckpointFailed && !f.IsSavepoint && !cutOff && (newest == nil || f.ID > newest.ID) {
			newest = f
		}
	}
	if c.Latest.Failed != nil {
		consider(c.Latest.Failed)
	}
	for i := range c.History {
		consider(&c.History[i])
	}
	return newest
}

// newestCheckpoint is the one that a restart would return to; Flink does not
// return to savepoints that it did not start from. What was restored counts from
// when it was restored.
func newestCheckpoint(c flink.Checkpoints) (at time.Time, id int64, ok bool) {
	if r := c.Latest.Restored; r != nil {
		at, id, ok = r.RestoreTime.Time(), r.ID, true
	}
	if done := c.Latest.Completed; done != nil && done.ID >= id {
		at, id, ok = done.TriggerTime.Time(), done.ID, true
	}
	return at, id, ok
}

func because(f *flink.Checkpoint) string {
	if !f.FailureMessage.Valid || f.FailureMessage.Value == "" {
		return ""
	}
	return " (" + f.FailureMessage.Value + ")"
}
