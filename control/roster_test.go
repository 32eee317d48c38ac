package control

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// TestRoster runs scripts over a roster whose jobs are gone after 10 min. A line
// that begins at the margin is a step; the indented lines below are all that
// comes of it:
//
//	TIME list a b ended:c skipped:d failed:e   one list of the cluster's jobs
//	TIME away                                  the cluster did not answer
//	TIME begin a                               a pass begins
//	TIME passed a                              it ends
//	TIME cleaned a [badly]                     the job was forgotten, or not
func TestRoster(t *testing.T) {
	for _, test := range []struct{ name, script string }{
		{"a job that stays away for 10 min is gone", `
0s list a b
  found a
  found b
  due a b
10s list a
  lost b
  due a
10m list a
  due a
10m10s list a
  gone b
  due a
  clean b
10m11s begin b
10m12s cleaned b
10m20s list a
  due a
`},
		{"a job that comes back in time is the same, and its clock starts anew", `
0s list a
  found a
  due a
10s list
  lost a
9m list a
  back a
  due a
9m10s list
  lost a
19m list
19m10s list
  gone a
  clean a
`},
		{"an empty list after a failure proves nothing", `
0s list a
  found a
  due a
10s away
20s list
30s list
  lost a
10m20s list
10m30s list
  gone a
  clean a
`},
		{"an outage stops the clock of a missing job", `
0s list a
  found a
  due a
10s list
  lost a
9m away
12m away
13m list
13m10s list
23m list
23m10s list
  gone a
  clean a
`},
		{"a cluster that fails every other time loses no job", `
0s list a
  found a
  due a
10m list
  lost a
20m away
30m list
40m away
50m list
60m list a
  back a
  due a
`},
		{"a job that is recovered after an outage was never lost", `
0s list a
  found a
  due a
10s away
20s list
30s list a
  due a
`},
		{"the first list of all is no reason to miss anything", `
0s list
10s list a
  found a
  due a
`},
		{"a terminal state ends a job at once", `
0s list a b
  found a
  found b
  due a b
10s list b ended:a
  ended a FINISHED
  due b
  clean a
10s begin a
11s cleaned a
20s list b ended:a
  due b
30s list b
  due b
`},
		{"a job that had ended before is forgotten once, without a word", `
0s list ended:a
  clean a
0s begin a
1s cleaned a
10s list ended:a
20s list
30s list ended:a
  clean a
`},
		{"a job that comes after its end is a new one", `
0s list a
  found a
  due a
10s list ended:a
  ended a FINISHED
  clean a
20s list a
  found a
  due a
`},
		{"forgetting is repeated until it succeeds", `
0s list a
  found a
  due a
10s list ended:a
  ended a FINISHED
  clean a
10s begin a
11s cleaned a badly
  first failure
20s list
  clean a
20s begin a
21s cleaned a badly
30s list
  clean a
30s begin a
31s cleaned a
40s list
`},
		{"a job at work is forgotten when its pass ends", `
0s list a
  found a
  due a
1s begin a
10s list ended:a
  ended a FINISHED
12s passed a
  clean a
13s cleaned a
20s list ended:a
`},
		{"a job at work gets no second pass, and the longest waiting comes first", `
0s list a b c
  found a
  found b
  found c
  due a b c
0s begin a
0s begin a
  refused
0s begin b
1s passed b
10s list a b c
  due c b
  overlapped 1
20s passed a
20s list a b c d
  found d
  due c d a b
`},
		{"a pass far over its deadline is said once", `
0s list a
  found a
  due a
0s begin a
60s list a
  overlapped 1
61s list a
  slow a
  overlapped 1
90s list a
  overlapped 1
`},
		{"a job that cannot be read is said at the second time, and is not missing", `
0s list failed:a
10s list failed:a
  unreadable a
20m list failed:a
30m list a
  found a
  due a
31m list failed:a
32m list a
  due a
33m list failed:a
34m list failed:a
  unreadable a
35m list a
  readable a
  due a
`},
		{"a job that waits for its turn is not missing", `
0s list a
  found a
  due a
10s list skipped:a
20m list skipped:a
20m10s list a
  due a
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := strings.TrimPrefix(test.script, "\n")
			if diff := cmp.Diff(want, play(t, want)); diff != "" {
				t.Errorf("the trace differs (-want +got):\n%s", diff)
			}
		})
	}
}

// play runs the steps of a script and returns the script with what came of them.
func play(t *testing.T, script string) string {
	t.Helper()
	r := newRoster(10 * time.Minute)
	var trace strings.Builder
	for step := range strings.Lines(script) {
		if strings.HasPrefix(step, " ") {
			continue
		}
		trace.WriteString(step)
		words := strings.Fields(step)
		offset, err := time.ParseDuration(words[0])
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(0, 0).Add(offset)
		for _, line := range perform(t, r, now, words[1], words[2:]) {
			fmt.Fprintf(&trace, "  %s\n", line)
		}
	}
	return trace.String()
}

func perform(t *testing.T, r *roster, now time.Time, verb string, args []string) []string {
	t.Helper()
	switch verb {
	case "list":
		return performList(r, now, listOf(args))
	case "away":
		r.away()
	case "begin":
		if !r.begin(key(args[0]), now) {
			return []string{"refused"}
		}
	case "passed":
		if r.passed(key(args[0])) {
			return []string{"clean " + args[0]}
		}
	case "cleaned":
		var err error
		if len(args) > 1 {
			err = errors.New("no store")
		}
		if r.cleaned(key(args[0]), err) {
			return []string{"first failure"}
		}
	default:
		t.Fatalf("no step %q", verb)
	}
	return nil
}

func performList(r *roster, now time.Time, list autoscaler.JobList) []string {
	var lines []string
	changes := r.listed(list, now)
	due, overlapped, slow := r.due(list.Jobs, now, 30*time.Second)
	for _, c := range append(changes, slow...) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.kind, c.key, c.status)))
	}
	if len(due) > 0 {
		line := "due"
		for _, job := range due {
			line += " " + job.Key.String()
		}
		lines = append(lines, line)
	}
	if overlapped > 0 {
		lines = append(lines, fmt.Sprint("overlapped ", overlapped))
	}
	for _, k := range r.unclean() {
		lines = append(lines, "clean "+k.String())
	}
	return lines
}

func key(id string) autoscaler.JobKey { return autoscaler.JobKey{Job: flink.JobID(id)} }

// listOf reads a, ended:b, skipped:c, failed:d.
func listOf(words []string) autoscaler.JobList {
	var list autoscaler.JobList
	for _, word := range words {
		kind, id, ok := strings.Cut(word, ":")
		switch {
		case !ok:
			list.Jobs = append(list.Jobs, &autoscaler.JobContext{Key: key(word), Name: "name-" + word, Status: flink.JobRunning})
		case kind == "ended":
			list.Ended = append(list.Ended, autoscaler.EndedJob{Key: key(id), Status: flink.JobFinished})
		case kind == "failed":
			list.Skipped = append(list.Skipped, autoscaler.SkippedJob{Key: key(id), Err: errors.New("500")})
		default:
			list.Skipped = append(list.Skipped, autoscaler.SkippedJob{Key: key(id)})
		}
	}
	return list
}

func TestRosterSaysWhenWhatMayBeDoneWithAJobChanges(t *testing.T) {
	r := newRoster(time.Minute)
	list := listOf([]string{"a"})
	r.listed(list, time.Unix(0, 0))
	list.Jobs[0].Scope, list.Jobs[0].Why = autoscaler.ScopeDisabled, "because"
	changes := r.listed(list, time.Unix(10, 0))
	if len(changes) != 1 || changes[0].kind != jobRescoped || changes[0].scope != autoscaler.ScopeDisabled || changes[0].why != "because" {
		t.Errorf("changes %+v, want the new scope and why", changes)
	}
	if changes := r.listed(list, time.Unix(20, 0)); len(changes) != 0 {
		t.Errorf("changes %+v, want none", changes)
	}
}

func TestRosterWithoutPatienceStillNeedsTwoLists(t *testing.T) {
	r := newRoster(0)
	r.listed(listOf([]string{"a"}), time.Unix(0, 0))
	r.listed(listOf(nil), time.Unix(10, 0))
	if n := len(r.unclean()); n != 0 {
		t.Error("gone with the first list without it")
	}
	r.listed(listOf(nil), time.Unix(20, 0))
	if n := len(r.unclean()); n != 1 {
		t.Error("not gone with the second list without it")
	}
}
