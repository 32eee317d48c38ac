package fleet

import (
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Cluster is whether a cluster answers.
type Cluster struct {
	// Up is true where it answered the newest look.
	Up bool
	// Last is when it answered last; zero if it never did.
	Last time.Time
	// Since is when it was looked at first without an answer, and Error what came
	// instead at the newest look; zero and empty while it is up.
	Since time.Time
	Error string
}

// Looked notes what a look at a cluster came to: err is nil where it answered. Looks
// at the same cluster are noted in the order of their times.
func (b *Book) Looked(cluster string, at time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.clusters[cluster]
	now := Cluster{Up: err == nil, Last: at.UTC()}
	if err != nil {
		now.Last, now.Error, now.Since = before.Last, bounded(err.Error()), before.Since
		if before.Up || !known {
			now.Since = at.UTC()
		}
	}
	b.clusters[cluster] = now
	if now.Up != before.Up || !known {
		b.move()
	}
}

// Cluster is whether a cluster answers; false where it was not looked at.
func (b *Book) Cluster(name string) (Cluster, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	c, known := b.clusters[name]
	return c, known
}

// summary is the job at a glance: a job of this process stands where its cluster
// lets it.
func (b *Book) summary(key autoscaler.JobKey, j *job) Summary {
	s := j.summary(key, b.now())
	if s.Failure != nil {
		s.State, s.Why = Failed, s.Failure.Text
	}
	if c, known := b.clusters[key.Cluster]; known && !c.Up && j.owner == "" {
		s.State, s.Since, s.Failure = Away, c.Since, nil
		s.Why = "the cluster does not answer since " + c.Since.Format(time.RFC3339) + ": " + c.Error
	}
	return s
}
