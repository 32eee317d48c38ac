package adaptive

import "time"

// Restarts is a restart strategy at work, for schedulers that restart parts of a
// job.
type Restarts struct{ restarts *restarts }

// NewRestarts starts a strategy, after the checks that Flink makes. Jitter draws
// an integer in [-bound, bound] for an exponential backoff; nil is none.
func NewRestarts(s RestartStrategy, jitter func(bound int64) int64) (*Restarts, error) {
	r, err := newRestarts(s, jitter)
	if err != nil {
		return nil, err
	}
	return &Restarts{r}, nil
}

// Fail takes note of a failure and says whether a restart follows, and after
// what backoff.
func (r *Restarts) Fail(now time.Time) (backoff time.Duration, restart bool) {
	return r.restarts.fail(now)
}

// Suppressed is the failure of a job that is not restarted after this one.
func (r *Restarts) Suppressed(f Failure) Failure {
	why := "Recovery is suppressed by " + r.restarts.String()
	if f.Unrecoverable {
		why = "The failure is not recoverable"
	}
	return Failure{Class: "org.apache.flink.runtime.JobException", Message: why, CausedBy: &f}
}
