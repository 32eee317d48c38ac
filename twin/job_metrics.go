package twin

import (
	"strconv"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// jobMetric is one metric of a job as a whole.
type jobMetric struct {
	name  string
	value func(j *job, v *jobView) int64
}

// jobMetricList are those of both versions, in the order in which they are listed.
var jobMetricList = []jobMetric{
	{"numRestarts", func(_ *job, v *jobView) int64 { return int64(v.Scheduler.Restarts) }},
	{"uptime", (*job).uptime},
	{"downtime", (*job).downtime},
	{"runningTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusRunning) }},
	{"restartingTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusRestarting) }},
	{"createdTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusCreated) }},
	{"initializingTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusInitializing) }},
	{"cancellingTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusCancelling) }},
	{"failingTime", func(j *job, v *jobView) int64 { return j.since(v, adaptive.StatusFailing) }},
	{"deployingTime", (*job).deploying},
	{"lastCheckpointDuration", latest(func(k *checkpoint) int64 { return k.ended.Sub(k.triggered).Milliseconds() })},
	{"lastCheckpointSize", latest(func(k *checkpoint) int64 { return k.written })},
	{"lastCheckpointFullSize", latest(func(k *checkpoint) int64 { return k.state })},
	{"lastCheckpointProcessedData", latest(func(k *checkpoint) int64 { return k.processed })},
	{"lastCheckpointPersistedData", latest(func(k *checkpoint) int64 { return k.persisted })},
	{"lastCompletedCheckpointId", latest(func(k *checkpoint) int64 { return k.id })},
	{"lastCheckpointRestoreTimestamp", func(j *job, _ *jobView) int64 {
		if r := j.checkpoints.restored; r != nil {
			return int64(r.RestoreTime)
		}
		return -1
	}},
	{"numberOfCompletedCheckpoints", func(j *job, _ *jobView) int64 { return j.checkpoints.counts.Completed }},
	{"numberOfFailedCheckpoints", func(j *job, _ *jobView) int64 { return j.checkpoints.counts.Failed }},
	{"numberOfInProgressCheckpoints", func(j *job, _ *jobView) int64 { return int64(j.checkpoints.counts.InProgress) }},
	{"totalNumberOfCheckpoints", func(j *job, _ *jobView) int64 { return j.checkpoints.counts.Total }},
}

var jobMetricList120 = []jobMetric{
	{"fullRestarts", func(_ *job, v *jobView) int64 { return int64(v.Scheduler.Restarts) }},
}

var jobMetricList23 = []jobMetric{
	{"numRescales", func(_ *job, v *jobView) int64 { return int64(v.Scheduler.Rescales) }},
	{"allSubTasksRunningOrFinishedTime", (*job).uptime},
	{"lastCheckpointCompletedTimestamp", latest(func(k *checkpoint) int64 { return k.ended.UnixMilli() })},
	{"lastCheckpointMetadataSize", latest(func(k *checkpoint) int64 { return int64(1000 + 100*k.subtasks) })},
}

// checkpointPath is the one metric that is no number.
const checkpointPath = "lastCheckpointExternalPath"

func latest(of func(k *checkpoint) int64) func(*job, *jobView) int64 {
	return func(j *job, _ *jobView) int64 {
		if k := j.checkpoints.completed; k != nil {
			return of(k)
		}
		return -1
	}
}

func (j *job) uptime(v *jobView) int64 {
	if v.Scheduler.Status.Terminal() {
		return -1
	}
	return j.since(v, adaptive.StatusRunning)
}

// downtime is how long the job has been without tasks that run, after it had some.
func (j *job) downtime(v *jobView) int64 {
	switch s := v.Scheduler.Status; {
	case s.Terminal():
		return -1
	case s == adaptive.StatusRunning || j.last == nil || j.last.ended.IsZero():
		return 0
	}
	return j.twin.Now().Sub(j.last.ended).Milliseconds()
}

func (j *job) deploying(*jobView) int64 {
	if r := j.run; r != nil && !r.flowing && j.twin.Now().Before(r.starts) {
		return j.twin.Now().Sub(r.execution.At).Milliseconds()
	}
	return 0
}

// since is how long the job has been in a status, 0 if it is in another.
func (j *job) since(v *jobView, s adaptive.Status) int64 {
	if v.Scheduler.Status != s {
		return 0
	}
	for _, entered := range v.Scheduler.Timestamps {
		if entered.Status == s {
			return j.twin.Now().Sub(entered.At).Milliseconds()
		}
	}
	return 0
}

func (t *Twin) jobMetricNames() []string {
	var names []string
	for _, m := range t.jobMetricsOf() {
		names = append(names, m.name)
	}
	return append(names, checkpointPath)
}

func (t *Twin) jobMetricsOf() []jobMetric {
	more := jobMetricList23
	if t.config.Version == slots.V1_20 {
		more = jobMetricList120
	}
	return append(jobMetricList[:len(jobMetricList):len(jobMetricList)], more...)
}

// jobValues are the numbers of a job as a whole. They are the JobManager's own,
// and as old as the store all the same.
type jobValues struct {
	at     time.Time
	values []int64 // in the order of jobMetricsOf
	path   string
}

func (j *job) reportJob(now time.Time) {
	v, known := j.look()
	if !known {
		return
	}
	list := j.twin.jobMetricsOf()
	j.whole.at, j.whole.values = now, resized(j.whole.values, len(list))
	for i, m := range list {
		j.whole.values[i] = m.value(j, v)
	}
	j.whole.path = "n/a"
	if k := j.checkpoints.completed; k != nil {
		j.whole.path = k.location
	}
}

func (q question) jobMetrics(j *job) Answer {
	q.metrics()
	if j == nil || j.whole.at.IsZero() {
		return ok([]flink.MetricName{})
	}
	return q.single(q.jobMetricNames(), func(id string) (string, bool) {
		if id == checkpointPath {
			return j.whole.path, true
		}
		x, known := j.wholeValue(id)
		return strconv.FormatInt(x, 10), known
	})
}

func (j *job) wholeValue(id string) (int64, bool) {
	for i, m := range j.twin.jobMetricsOf() {
		if m.name == id && i < len(j.whole.values) {
			return j.whole.values[i], true
		}
	}
	return 0, false
}

// jobsMetrics aggregates over jobs, or those of the query.
func (q question) jobsMetrics() Answer {
	q.metrics()
	wanted := q.listed("jobs")
	var of []*job
	for _, j := range q.Twin.jobs {
		if _, known := j.look(); known && !j.whole.at.IsZero() && (len(wanted) == 0 || wanted[j.spec.ID]) {
			of = append(of, j)
		}
	}
	names := q.jobMetricNames()
	if len(of) == 0 {
		names = nil
	}
	return q.aggregate(names, func(id string, into []float64) []float64 {
		for _, j := range of {
			if x, known := j.wholeValue(id); known {
				into = append(into, float64(x))
			}
		}
		return into
	})
}
