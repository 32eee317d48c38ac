package fleet

import (
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
)

// Owner is the process that has a job; empty for this one, and for a job that is not
// known.
func (b *Book) Owner(key autoscaler.JobKey) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if j, known := b.jobs[key]; known {
		return j.owner
	}
	return ""
}

// Learn takes a decision that another process came to, if it is newer than what the
// book knows and the job is not this process's own.
func (b *Book) Learn(key autoscaler.JobKey, e decisions.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, known := b.jobs[key]
	switch {
	case !known || j.owner == "":
		return
	case e.ByHand != nil:
		if e.Time.After(j.rescale.At) {
			b.setByHand(j, key, e)
			b.move()
		}
		return
	case !e.Time.After(j.entry.Time):
		return
	}
	e.Cluster = key.Cluster
	state, why := stateOfEntry(&e)
	j.stands(state, why, e.Time)
	j.said, j.entry = e.Fingerprint(), e
	j.decide(b.press.pack(&e), b.numberOf(j, &e), e.Action == decisions.ActionScale)
	j.last = briefOf(&e, j.decided)
	if e.Action == decisions.ActionScale {
		j.scaled, j.rescale = e.Time, j.last
	}
	if point, points := pointsOfEntry(&e); len(points) > 0 {
		j.measure(point, points)
	}
	j.restarts.recall(endsOf([]decisions.Entry{e}))
	b.move()
}

// Listed is a job that a cluster lists.
type Listed struct {
	Key  autoscaler.JobKey
	Name string
}

// List takes all jobs that a cluster lists by now. Those that are new stand in the
// book from then on; of those that are not there any more this drops what this
// process has not judged or has not to judge: the others are its own to forget.
func (b *Book) List(cluster string, jobs []Listed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	there := make(map[autoscaler.JobKey]bool, len(jobs))
	moved := false
	for _, l := range jobs {
		there[l.Key] = true
		_, known := b.jobs[l.Key]
		b.job(l.Key).name = l.Name
		moved = moved || !known
	}
	for key, j := range b.jobs {
		if key.Cluster == cluster && !there[key] && (j.owner != "" || !j.judged) {
			delete(b.jobs, key)
			moved = true
		}
	}
	if moved {
		b.move()
	}
}

// Owners takes which process has each job that is not this one's own.
func (b *Book) Owners(owner func(autoscaler.JobKey) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	moved := false
	for key, j := range b.jobs {
		is := owner(key)
		if is == j.owner {
			continue
		}
		j.owner, moved = is, true
		switch {
		case is == "": // it is for the next pass to say where the job stands
			j.was, j.wasSince = j.state, j.since
			j.state, j.why, j.since, j.judged = Unknown, unjudged, time.Time{}, false
		case j.state == Unknown && len(j.entry.Vertices) > 0:
			j.state, j.why = stateOfEntry(&j.entry)
			j.since = j.entry.Time
		}
		j.failure, j.metrics = nil, nil
	}
	if moved {
		b.move()
	}
}

// elsewhere says who has the job, and as of when what is shown is.
func (j *job) elsewhere() string {
	text := "it is with process " + j.owner + ", whose page shows more"
	if j.entry.Time.IsZero() {
		return text
	}
	text += "; as of " + j.entry.Time.UTC().Format(time.RFC3339)
	if j.why != "" {
		text += ": " + j.why
	}
	return text
}

// unjudged is why nothing is known of a job.
const unjudged = "this process has not looked at it yet"

func agoText(state State, at time.Time) string {
	return strings.Join([]string{"at", at.UTC().Format(time.RFC3339), "it was", string(state)}, " ")
}
