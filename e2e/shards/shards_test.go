package shards

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/fakeflink"
)

// Three processes share the jobs. One after the other is killed or frozen for
// longer than its leases, and each job goes on having one owner.
func TestJobsHaveOneOwnerWhoeverDiesOrFreezes(t *testing.T) {
	for _, store := range stores[1:] {
		t.Run(store.name, func(t *testing.T) {
			switch {
			case full():
				chaos(t, newFleet(t, 300, 2*time.Second, store.url(t)), 5*time.Second, 2*time.Minute)
			case store.name == "PostgreSQL":
				chaos(t, newFleet(t, 40, time.Second, store.url(t)), 2*time.Second, 12*time.Second)
			default:
				t.Skip("one database is enough for every change: this one runs with SLUICE_REAL=full")
			}
		})
	}
}

func chaos(t *testing.T, f *fleet, lease, length time.Duration) {
	stop := f.swing(12 * f.loop)
	var all []*process
	for i := range 3 {
		all = append(all, f.start(fmt.Sprint("p", i), lease))
	}
	eventually(t, "every job has an owner", time.Minute, func() bool { return f.watchedBy(3) })
	began := time.Now()
	kills, freezes := 0, 0
	for time.Since(began) < length {
		frozen := all[rand.IntN(len(all))]
		frozen.freeze(t)
		freezes++
		// While it is frozen, another one dies.
		i := slices.IndexFunc(all, func(p *process) bool { return !p.frozen })
		if all[2] != frozen && rand.IntN(2) == 0 {
			i = 2
		}
		all[i].kill()
		kills++
		sleep(time.Duration(rand.Int64N(int64(lease))))
		all[i] = f.start(all[i].name, lease)
		// Whoever takes the jobs over has the time to look at them before the next
		// one fails.
		sleep(lease + 2*f.loop + time.Duration(rand.Int64N(int64(lease))))
		frozen.thaw(t)
		sleep(time.Duration(rand.Int64N(int64(lease / 2))))
	}
	ended := time.Now()
	stop()
	f.calm()
	for _, p := range all {
		p.terminate(t)
	}
	gap := f.checkWatched(began, ended, 2*lease+2*f.loop)
	late := f.checkSenders(lease / 3)
	f.checkHistories()
	t.Logf("%d jobs, lease %s: within %s %d kills and %d freezes; %d rescales, %d of them by a former owner; no job unwatched for longer than %s",
		f.jobs, lease, ended.Sub(began).Round(time.Second), kills, freezes, f.allPuts(), late, gap.Round(10*time.Millisecond))
}

// watchedBy tells whether every job was looked at, by so many processes in all.
func (f *fleet) watchedBy(processes int) bool {
	senders := map[string]bool{}
	for _, job := range f.manager.JobIDs() {
		log := f.log(job)
		if len(log) == 0 {
			return false
		}
		senders[log[len(log)-1].Sender] = true
	}
	return len(senders) == processes
}

// heldByServer is how long a database keeps the row of a job locked for a process
// that is frozen in the middle of writing it: this is about a few jobs at most.
const heldByServer = 20 * time.Second

// checkWatched returns the longest time for which nobody looked at a job.
func (f *fleet) checkWatched(from, to time.Time, most time.Duration) time.Duration {
	f.t.Helper()
	longest, over := time.Duration(0), 0
	for _, job := range f.manager.JobIDs() {
		last := from
		for _, s := range f.log(job) {
			if s.Path != "" || s.At.Before(from) || s.At.After(to) {
				continue
			}
			if gap := s.At.Sub(last); gap > most {
				say := f.t.Logf
				if over++; gap > most+heldByServer || over > 1+f.jobs/50 {
					say = f.t.Errorf
				}
				say("job %s: nobody looked at it for %s, from %s to %s, when it was %q", job, gap, last.Format(time.StampMilli), s.At.Format(time.StampMilli), s.Sender)
			}
			longest = max(longest, s.At.Sub(last))
			last = s.At
		}
	}
	return longest
}

// checkSenders looks for rescales by a process after another one had begun to look
// after the job, and returns how many there were. None may come later than the
// bound after that.
func (f *fleet) checkSenders(bound time.Duration) int {
	f.t.Helper()
	late := 0
	for _, job := range f.manager.JobIDs() {
		log := f.log(job)
		for i, s := range log {
			first, others := overtaken(log[:i], s.Sender)
			if s.Put == nil || !others {
				continue
			}
			late++
			f.t.Logf("job %s: %q rescaled it %s after %q had begun to look after it:\n%s", job, s.Sender, s.At.Sub(first.At), first.Sender, excerpt(log[max(0, i-8):min(len(log), i+5)]))
			if s.At.Sub(first.At) > bound {
				f.t.Errorf("job %s: that was later than %s", job, bound)
			}
		}
	}
	return late
}

// overtaken tells whether another process has begun a pass since the sender's
// last one began, and with which request. What a process that was frozen goes on
// to read harms nobody.
func overtaken(log []fakeflink.Seen, sender string) (first fakeflink.Seen, others bool) {
	for _, s := range slices.Backward(log) {
		switch {
		case s.Path != "":
		case s.Sender == sender:
			return first, others
		default:
			first, others = s, true
		}
	}
	return first, others
}

func excerpt(log []fakeflink.Seen) string {
	var b strings.Builder
	for _, s := range log {
		put := ""
		if s.Put != nil {
			put = fmt.Sprint(" PUT ", s.Put[fakeflink.Bottleneck()])
		}
		fmt.Fprintf(&b, "  %s %s /%s%s\n", s.At.Format(time.StampMilli), s.Sender, s.Path, put)
	}
	return b.String()
}

// One process is active and one stands by; when the first dies, the second takes
// over.
func TestAStandbyTakesOver(t *testing.T) {
	const lease = 2 * time.Second
	f := newFleet(t, 5, often, stores[0].url(t))
	stop := f.swing(6 * time.Second)
	active := f.start("a", lease, "--shards", "off")
	eventually(t, "every job has an owner", time.Minute, func() bool { return f.watchedBy(1) })
	standby := f.start("b", lease, "--shards", "off")
	sleep(2 * lease)
	for _, job := range f.manager.JobIDs() {
		if slices.ContainsFunc(f.log(job), func(s fakeflink.Seen) bool { return s.Sender == "sluice b" }) {
			t.Fatalf("the standby looked at job %s", job)
		}
	}
	active.kill()
	died := time.Now()
	eventually(t, "the standby has every job", time.Minute, func() bool { return f.watchedBy(1) && f.lastSender() == "sluice b" })
	took := time.Since(died)
	again := f.start("a", lease, "--shards", "off")
	sleep(lease)
	if f.lastSender() != "sluice b" {
		t.Error("the first one took the jobs back")
	}
	stop()
	// In good order the jobs change hands at once.
	standby.terminate(t)
	died = time.Now()
	eventually(t, "the first one has every job again", time.Minute, func() bool { return f.lastSender() == "sluice a" })
	t.Logf("taken over %s after a kill, and %s after an end in good order", took.Round(10*time.Millisecond), time.Since(died).Round(10*time.Millisecond))
	f.calm()
	again.terminate(t)
	f.checkHistories()
}

// lastSender is who looked at a job last.
func (f *fleet) lastSender() string {
	var last fakeflink.Seen
	for _, job := range f.manager.JobIDs() {
		log := f.log(job)
		if len(log) > 0 && log[len(log)-1].At.After(last.At) {
			last = log[len(log)-1]
		}
	}
	return last.Sender
}
