package autoscaler

import (
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// JobKey names a job. Job ids are unique within a cluster only.
type JobKey struct {
	// Cluster is the name that configuration gives, or the address.
	Cluster string
	Job     flink.JobID
}

// String is CLUSTER/JOBID, or the job id alone for an unnamed cluster.
func (k JobKey) String() string {
	if k.Cluster == "" {
		return string(k.Job)
	}
	return k.Cluster + "/" + string(k.Job)
}

// Scope says what Sluice may do with a job.
type Scope uint8

// The scopes, from most to least.
const (
	// ScopeScale: the job is rescaled in place.
	ScopeScale Scope = iota
	// ScopeReport: recommendations are reported and never executed, since the
	// job's scheduler cannot rescale it.
	ScopeReport
	// ScopeIgnore: the job's metrics say nothing about parallelism.
	ScopeIgnore
	// ScopeDisabled: configuration takes the job out.
	ScopeDisabled
)

// String is the scope in one word.
func (s Scope) String() string {
	return [...]string{"scale", "report", "ignore", "disabled"}[s]
}

// JobContext is a job as the platform presents it to one pass.
type JobContext struct {
	Key  JobKey
	Name string
	// Status is RUNNING only when every task runs or has finished.
	Status flink.JobStatus
	// Config is the effective configuration: defaults, profile, process, cluster,
	// job.
	Config options.Config
	// Settings is Config as read by [SettingsOf]; nil lets the pass read it.
	Settings *Settings
	// Unvalidated lets Config pass without validation in profile reference, where
	// a value that is wrong then fails the pass that needs it, or does not: the
	// reference's core, which leaves validation to whoever drives it. It is for
	// comparisons with that core.
	Unvalidated bool
	// ValidationInterval is how long it is worth nothing to repeat that Config is
	// refused: the event interval of the process, since that of the job may be
	// what is wrong. 0 means the option's default.
	ValidationInterval time.Duration
	// Client speaks to the job's cluster; nil for a platform whose collector and
	// realizer do without.
	Client *flink.Client
	// Held is set while people hold Sluice's hand off the job: it is watched, and
	// decisions are shown and not executed.
	Held Obstacle
	// Scope and the reason for a scope other than ScopeScale.
	Scope Scope
	Why   string
	// TaskManagerCPU and TaskManagerMemory are the size of one TaskManager in
	// cores and bytes; 0 where the platform does not know it. The memory is then
	// what configuration says.
	TaskManagerCPU    float64
	TaskManagerMemory int64
	// Metrics counts what passes did; nil does not count.
	Metrics *SelfMetrics
}

// NotJudged says why a pass leaves the job alone; empty for a job that it looks at.
func (j *JobContext) NotJudged() (reason scaling.Reason, detail string) {
	switch {
	case j.Scope == ScopeIgnore || j.Scope == ScopeDisabled:
		return ReasonOutOfScope, j.Why
	case j.Status != flink.JobRunning:
		return ReasonNotRunning, "the job is " + string(j.Status)
	}
	return "", ""
}

func (j *JobContext) settings() (*Settings, error) {
	if j.Settings != nil {
		return j.Settings, nil
	}
	if j.Unvalidated && j.Config.Profile() == options.ProfileReference {
		return readSettings(j.Config)
	}
	return SettingsOf(j.Config)
}

// SelfMetrics counts the passes over a job by outcome, as the reference's
// metric group AutoScaler does.
type SelfMetrics struct {
	Scalings, Errors, Balanced atomic.Int64
}

func (m *SelfMetrics) scaled() {
	if m != nil {
		m.Scalings.Add(1)
	}
}

func (m *SelfMetrics) failed() {
	if m != nil {
		m.Errors.Add(1)
	}
}

func (m *SelfMetrics) balanced() {
	if m != nil {
		m.Balanced.Add(1)
	}
}
