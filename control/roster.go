package control

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// roster knows the jobs of one cluster: who is there, who is at work, and who is
// gone. It is a value without clock, and not safe for concurrent use.
//
// A job is gone when its state is terminal, or when it was missing from
// successful lists for goneAfter. The clock of that starts at a list whose
// predecessor was successful too, and an outage stops it: the first list after
// a failure may come from a JobManager that has not recovered its jobs yet.
type roster struct {
	goneAfter time.Duration
	jobs      map[autoscaler.JobKey]*member
	settled   bool // the list before was successful
	turns     uint64
}

// member is one job that is or was there.
type member struct {
	key   autoscaler.JobKey
	name  string
	state presence
	// told: that the job is there has been said.
	told  bool
	scope autoscaler.Scope
	why   string
	// missing is since when, zero while the clock stands.
	missing time.Time
	// unreadable counts the lists in a row in which the job was skipped for an
	// error.
	unreadable int

	// turn is the number of the last piece of work; busy while it goes on.
	turn     uint64
	busy     bool
	since    time.Time
	toldSlow bool
	panicked bool // in its last pass
	// decided is what the last decision of its passes said.
	decided digest
	// warned are the warnings of its last pass.
	warned []string

	// unclean: the scaler has yet to forget the job. uncleaned counts the
	// failed tries.
	unclean   bool
	uncleaned int
}

type presence uint8

const (
	present presence = iota
	missing
	ended
	gone
)

// changeKind says what a list has changed.
type changeKind uint8

const (
	jobFound changeKind = iota
	jobRescoped
	jobLost
	jobBack
	jobGone
	jobEnded
	jobUnreadable
	jobReadable
	jobSlow
)

// change is something to say of a job. What of the member counts is copied: the
// member goes on.
type change struct {
	kind  changeKind
	key   autoscaler.JobKey
	name  string
	scope autoscaler.Scope
	why   string
	// status is that of a job that ended.
	status string
	err    error
}

func newRoster(goneAfter time.Duration) *roster {
	return &roster{goneAfter: goneAfter, jobs: map[autoscaler.JobKey]*member{}}
}

// away notes that the cluster did not answer: nothing is known of its jobs, and
// the clocks of those that are missing stand.
func (r *roster) away() {
	r.settled = false
	for _, m := range r.jobs {
		m.missing = time.Time{}
	}
}

// listed brings the roster up to a list, and returns what there is to say,
// ordered by kind and job.
func (r *roster) listed(list autoscaler.JobList, now time.Time) []change {
	var changes []change
	seen := make(map[autoscaler.JobKey]bool, len(list.Jobs)+len(list.Skipped)+len(list.Ended))
	for _, job := range list.Jobs {
		seen[job.Key] = true
		changes = r.there(changes, job)
	}
	for _, job := range list.Skipped {
		seen[job.Key] = true
		changes = r.skipped(changes, job)
	}
	for _, job := range list.Ended {
		seen[job.Key] = true
		changes = r.ended(changes, job)
	}
	for key, m := range r.jobs {
		if !seen[key] {
			changes = r.absent(changes, m, now)
		}
	}
	r.settled = true
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.kind, b.kind), compareKeys(a.key, b.key)) })
	return changes
}

func (r *roster) there(changes []change, job *autoscaler.JobContext) []change {
	m := r.enter(job.Key, job.Name)
	changes = m.returned(changes)
	unreadable := m.unreadable > 1
	rescoped := m.scope != job.Scope || m.why != job.Why
	m.unreadable, m.scope, m.why = 0, job.Scope, job.Why
	switch {
	case !m.told:
		m.told = true
		return append(changes, m.change(jobFound))
	case unreadable:
		changes = append(changes, m.change(jobReadable))
	}
	if rescoped {
		changes = append(changes, m.change(jobRescoped))
	}
	return changes
}

// skipped says that a job is unreadable at the second time in a row: the first
// may be one slow answer.
func (r *roster) skipped(changes []change, job autoscaler.SkippedJob) []change {
	m := r.enter(job.Key, job.Name)
	changes = m.returned(changes)
	if job.Err == nil {
		return changes
	}
	if m.unreadable++; m.unreadable == 2 {
		c := m.change(jobUnreadable)
		c.err = job.Err
		changes = append(changes, c)
	}
	return changes
}

// ended lets the scaler forget a job once, also one that ended before this
// process saw it: an earlier one may have left state.
func (r *roster) ended(changes []change, job autoscaler.EndedJob) []change {
	m := r.jobs[job.Key]
	if m != nil && m.state == ended {
		return changes
	}
	m = r.enter(job.Key, job.Name)
	m.state, m.unclean, m.uncleaned = ended, true, 0
	if !m.told {
		return changes
	}
	c := m.change(jobEnded)
	c.status = string(job.Status)
	return append(changes, c)
}

func (r *roster) absent(changes []change, m *member, now time.Time) []change {
	switch {
	case m.state == ended || m.state == gone:
		if !m.unclean && !m.busy {
			delete(r.jobs, m.key)
		}
	case !r.settled:
	case m.missing.IsZero():
		lost := m.state == present
		m.state, m.missing = missing, now
		if lost && m.told {
			changes = append(changes, m.change(jobLost))
		}
	case now.Sub(m.missing) >= r.goneAfter:
		m.state, m.unclean, m.uncleaned = gone, true, 0
		if m.told {
			changes = append(changes, m.change(jobGone))
		}
	}
	return changes
}

// enter returns the member, which may be new.
func (r *roster) enter(key autoscaler.JobKey, name string) *member {
	m := r.jobs[key]
	if m == nil {
		m = &member{key: key}
		r.jobs[key] = m
	}
	m.name = name
	return m
}

// returned notes that a job is there and lives. One that had ended or was gone
// is a new one with the same id.
func (m *member) returned(changes []change) []change {
	switch m.state {
	case missing:
		if m.told {
			changes = append(changes, m.change(jobBack))
		}
	case ended, gone:
		m.told, m.unreadable, m.unclean, m.decided, m.warned = false, 0, false, digest{}, nil
	}
	m.state, m.missing = present, time.Time{}
	return changes
}

func (m *member) change(kind changeKind) change {
	return change{kind: kind, key: m.key, name: m.name, scope: m.scope, why: m.why}
}

// due returns the jobs of a list that get a pass, the one whose last pass is the
// longest ago first, and how many are left out since theirs still runs. A pass
// that runs on after twice its time is worth saying, once.
func (r *roster) due(jobs []*autoscaler.JobContext, now time.Time, timeout time.Duration) (due []*autoscaler.JobContext, overlapped int, slow []change) {
	due = make([]*autoscaler.JobContext, 0, len(jobs))
	for _, job := range jobs {
		m := r.jobs[job.Key]
		if !m.busy {
			due = append(due, job)
			continue
		}
		overlapped++
		if !m.toldSlow && now.Sub(m.since) > 2*timeout {
			m.toldSlow = true
			slow = append(slow, m.change(jobSlow))
		}
	}
	slices.SortFunc(due, func(a, b *autoscaler.JobContext) int {
		return cmp.Or(cmp.Compare(r.jobs[a.Key].turn, r.jobs[b.Key].turn), compareKeys(a.Key, b.Key))
	})
	return due, overlapped, slow
}

// unclean returns the jobs that the scaler has yet to forget and that are not at
// work.
func (r *roster) unclean() []autoscaler.JobKey {
	var keys []autoscaler.JobKey
	for key, m := range r.jobs {
		if m.unclean && !m.busy {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

// begin notes that work on a job begins, and returns false if there is some
// already.
func (r *roster) begin(key autoscaler.JobKey, now time.Time) bool {
	m := r.jobs[key]
	if m.busy {
		return false
	}
	r.turns++
	m.turn, m.busy, m.since, m.toldSlow = r.turns, true, now, false
	return true
}

// passed notes the end of a pass. When the job has gone in the meantime, it
// stays at work and is to be cleaned.
func (r *roster) passed(key autoscaler.JobKey) (clean bool) {
	m := r.jobs[key]
	m.busy = m.unclean
	return m.unclean
}

// cleaned notes the end of a try to have a job forgotten, and tells whether its
// failure is the first.
func (r *roster) cleaned(key autoscaler.JobKey, err error) (firstFailure bool) {
	m := r.jobs[key]
	m.busy = false
	switch {
	case err != nil:
		m.uncleaned++
		return m.uncleaned == 1
	case m.state == gone:
		delete(r.jobs, key)
	case m.state == ended:
		m.unclean = false
	}
	return false
}

// postponed notes that a job cannot be forgotten yet, since it is another's.
func (r *roster) postponed(key autoscaler.JobKey) { r.jobs[key].busy = false }

// panics notes whether a pass ended in a panic, and tells whether it is the
// first in a row.
func (r *roster) panics(key autoscaler.JobKey, panicked bool) (first bool) {
	m := r.jobs[key]
	first = panicked && !m.panicked
	m.panicked = panicked
	return first
}

// decides notes what a decision says, and tells whether that is news.
func (r *roster) decides(key autoscaler.JobKey, d digest) (news bool) {
	m := r.jobs[key]
	news = m.decided != d
	m.decided = d
	return news
}

// warns notes the warnings of a pass, and returns those that the pass before did
// not have.
func (r *roster) warns(key autoscaler.JobKey, warnings []string) (news []string) {
	m := r.jobs[key]
	for _, w := range warnings {
		if !slices.Contains(m.warned, w) {
			news = append(news, w)
		}
	}
	m.warned = warnings
	return news
}

func compareKeys(a, b autoscaler.JobKey) int {
	return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(string(a.Job), string(b.Job)))
}
