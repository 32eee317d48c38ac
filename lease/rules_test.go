package lease

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

func jobs(n int) []autoscaler.JobKey {
	keys := make([]autoscaler.JobKey, n)
	for i := range keys {
		keys[i] = autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(fmt.Sprintf("%032x", i))}
	}
	return keys
}

func members(names ...string) []Member {
	all := make([]Member, len(names))
	for i, name := range names {
		all[i] = Member{ID: fmt.Sprintf("%s#%d", name, i), Name: name, Watches: []string{"prod"}, Left: time.Minute}
	}
	return all
}

func TestJobsAreSharedOutEvenly(t *testing.T) {
	for _, names := range [][]string{{"a", "b", "c"}, {"host", "host", "host"}, {"sluice-0", "sluice-1", "sluice-2", "sluice-3", "sluice-4"}} {
		r, count := NewRing(members(names...)), map[string]int{}
		for _, job := range jobs(3000) {
			count[r.Owner(job)]++
		}
		share := 3000 / float64(len(names))
		for owner, n := range count {
			if math.Abs(float64(n)-share) > 0.15*share {
				t.Errorf("%v: %s gets %d of 3000 jobs, want about %.0f", names, owner, n, share)
			}
		}
		if len(count) != len(names) {
			t.Errorf("%v: %d of them get jobs", names, len(count))
		}
	}
}

// The table of who owns what must be the same in every build, or two versions
// that run side by side hand jobs to and fro.
func TestOwnersAreTheSameInEveryBuild(t *testing.T) {
	r, owners := NewRing(members("a", "b", "c")), ""
	for _, job := range jobs(24) {
		owners += r.Owner(job)[:1]
	}
	if want := golden; owners != want {
		t.Errorf("owners %s, want %s", owners, want)
	}
}

const golden = "accbcbccbaccbacacbcacacc"

func TestOnlyTheJobsOfWhoComesOrGoesChangeHands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := members(rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 2, 6, rapid.ID[string]).Draw(t, "names")...)
		gone := rapid.IntRange(0, len(all)-1).Draw(t, "gone")
		before, after := NewRing(all), NewRing(slices.Delete(slices.Clone(all), gone, gone+1))
		for _, job := range jobs(60) {
			if was := before.Owner(job); was != all[gone].ID && after.Owner(job) != was {
				t.Fatalf("job %s went from %s to %s though %s has gone", job, was, after.Owner(job), all[gone].ID)
			}
		}
	})
}

func TestAProcessThatRestartsGetsItsJobsBack(t *testing.T) {
	all := members("a", "b", "c")
	before := NewRing(all)
	again := slices.Clone(all)
	again[1].ID = "b#another"
	after := NewRing(again)
	for _, job := range jobs(100) {
		if was, is := before.Owner(job), after.Owner(job); was != is && (was != all[1].ID || is != "b#another") {
			t.Fatalf("job %s went from %s to %s", job, was, is)
		}
	}
}

func TestThePlanOfOneProcess(t *testing.T) {
	all := members("a", "b")
	me, other := all[0].ID, all[1].ID
	ring := NewRing(all)
	var mine, theirs autoscaler.JobKey
	for _, job := range jobs(50) {
		if ring.Owner(job) == me {
			mine = job
		} else {
			theirs = job
		}
	}
	listed := Listed{"prod": {mine, theirs}}
	lease := func(job autoscaler.JobKey, owner string) Lease { return Lease{Key: job, Owner: owner, Epoch: 3} }
	deaf := slices.Clone(all)
	deaf[1].Watches = nil
	tests := []struct {
		name    string
		members []Member
		leases  []Lease
		listed  Listed
		watches []string
		sticky  bool
		want    string
	}{
		{name: "new jobs are taken by their heir", members: all, want: "take mine"},
		{name: "jobs of the living stay theirs", members: all, leases: []Lease{lease(mine, other), lease(theirs, other)}, want: ""},
		{name: "jobs of the buried are taken by their heir", members: all, leases: []Lease{lease(mine, "dead"), lease(theirs, "dead")}, want: "take mine"},
		{name: "free jobs are taken by their heir", members: all, leases: []Lease{lease(mine, ""), lease(theirs, "")}, want: "take mine"},
		{name: "what is another's to be is handed over", members: all, leases: []Lease{lease(mine, me), lease(theirs, me)}, want: "yield theirs"},
		{name: "a plain pair hands nothing over", members: all, leases: []Lease{lease(mine, me), lease(theirs, me)}, sticky: true, want: ""},
		{name: "who is alone takes all", members: all[:1], leases: []Lease{lease(theirs, "dead")}, want: "take mine, take theirs"},
		{name: "who does not see the cluster is no heir", members: deaf, leases: []Lease{lease(theirs, me)}, want: "take mine"},
		{name: "who does not see the cluster any more hands all over", members: all, leases: []Lease{lease(mine, me), lease(theirs, me)}, watches: []string{}, want: "yield mine, yield theirs"},
		{name: "a cluster that nobody sees stays where it is", members: deaf, leases: []Lease{lease(mine, me), lease(theirs, me)}, watches: []string{}, want: ""},
		{name: "what is not listed is left alone", members: all, leases: []Lease{lease(mine, "dead"), lease(theirs, me)}, listed: Listed{"prod": nil}, want: ""},
		{name: "a lease in the name of one that is buried is not ours", members: all[1:], leases: []Lease{lease(mine, me)}, want: ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.listed == nil {
				test.listed = listed
			}
			if test.watches == nil {
				test.watches = []string{"prod"}
			}
			plan := newPlanner(test.sticky, time.Minute).plan(me, test.watches, View{test.leases, test.members}, test.listed, 0)
			if got := planText(plan, mine, theirs); got != test.want {
				t.Errorf("plan %q, want %q", got, test.want)
			}
		})
	}
}

func planText(p Plan, mine, theirs autoscaler.JobKey) string {
	names := map[autoscaler.JobKey]string{mine: "mine", theirs: "theirs"}
	var parts []string
	for _, l := range p.Take {
		parts = append(parts, "take "+names[l.Key])
	}
	for _, job := range p.Yield {
		parts = append(parts, "yield "+names[job])
	}
	slices.Sort(parts)
	text := ""
	for i, part := range parts {
		if i > 0 {
			text += ", "
		}
		text += part
	}
	return text
}

// The heir may not see a job that others see: at another address, or not yet.
func TestAJobThatItsHeirDoesNotTakeIsTakenAfterAWhileAndKept(t *testing.T) {
	all := members("a", "b")
	me := all[0].ID
	ring := NewRing(all)
	keys := slices.DeleteFunc(jobs(50), func(job autoscaler.JobKey) bool { return ring.Owner(job) == me })
	job := keys[0]
	p := newPlanner(false, time.Minute)
	plan := func(l Lease, at time.Duration) string {
		return planText(p.plan(me, []string{"prod"}, View{[]Lease{l}, all}, Listed{"prod": {job}}, at), job, job)
	}
	free := Lease{Key: job, Epoch: 1}
	for _, at := range []time.Duration{0, 59 * time.Second} {
		if got := plan(free, at); got != "" {
			t.Errorf("after %s: %q, want nothing", at, got)
		}
	}
	if got := plan(free, time.Minute); got != "take theirs" {
		t.Errorf("after a minute: %q", got)
	}
	if got := plan(Lease{Key: job, Owner: me, Epoch: 2}, 61*time.Second); got != "" {
		t.Errorf("then: %q, want it to be kept", got)
	}
	if got := plan(Lease{Key: job, Owner: all[1].ID, Epoch: 3}, 62*time.Second); got != "" {
		t.Errorf("once the heir has it: %q", got)
	}
	if got := plan(Lease{Key: job, Owner: me, Epoch: 4}, 63*time.Second); got != "yield theirs" {
		t.Errorf("ours again: %q, want it to be handed over", got)
	}
}
