package batch

import (
	"strings"
	"testing"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
)

func noted(a Advice, parts ...string) bool {
	for _, n := range a.Notes {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(n, p)
		}
		if all {
			return true
		}
	}
	return false
}

// advised is an advice to set the largest parallelism and the volume.
func advised(name, most, volume string) Advice {
	present := []Setting{{Key: KeyMax, Value: "64"}, {Key: KeyVolume, Value: "1 kb"}}
	a := Advice{Name: name, Verdict: Keep, Present: present}
	if most != "" {
		a.Verdict = Change
		a.Proposed = scoped([]Setting{{Key: KeyMax, Value: most, Was: "64"}, {Key: KeyVolume, Value: volume, Was: "1 kb"}})
	}
	return a
}

func TestSettingsThatSeveralJobsShareAreMarkedAsTheClusters(t *testing.T) {
	unknown := advised("hourly", "", "")
	unknown.Verdict = Unknown
	r := Report{Jobs: []Advice{advised("nightly", "4", "8 mb"), advised("report", "8", "8 mb"), advised("steady", "", ""), unknown}}
	r.Together([]string{"weekly"}, []string{"orders"})
	nightly := r.Jobs[0]
	if nightly.Proposed[0].Scope != OfCluster {
		t.Errorf("%+v", nightly.Proposed)
	}
	for _, want := range [][]string{
		{"holds for all its batch jobs", "JobManager", "for report, steady, hourly, weekly too"},
		{"interrupts its streaming jobs", "high availability", "orders"},
		{"one " + KeyMax, "than 4: report would get 8, steady keeps 64;"},
		{"one " + KeyVolume, "than 8 mb: steady keeps 1 kb;"},
	} {
		if !noted(nightly, want...) {
			t.Errorf("no note of %q in %q", want, nightly.Notes)
		}
	}
	if len(r.Jobs[2].Notes) > 0 || len(r.Jobs[3].Notes) > 0 {
		t.Errorf("jobs that nothing is proposed for have notes: %q %q", r.Jobs[2].Notes, r.Jobs[3].Notes)
	}
	alone := Report{Jobs: []Advice{advised("nightly", "4", "8 mb")}}
	if alone.Together(nil, nil); len(alone.Jobs[0].Notes) > 0 {
		t.Errorf("a job alone on its cluster has notes: %q", alone.Jobs[0].Notes)
	}
}

func TestABoundThatOtherJobsNeedIsNotAdvisedBesides(t *testing.T) {
	for had, want := range map[int]int{8: 1, 9: 0} {
		r := Report{Jobs: []Advice{
			{Name: "small", Verdict: Keep, Tuning: []Setting{{Key: KeyMax, Value: "8"}}},
			{Name: "large", Verdict: Keep, Vertices: []VertexAdvice{{Had: had}}},
		}}
		if r.Together(nil, nil); len(r.Jobs[0].Tuning) != want {
			t.Errorf("another job has %d tasks: %+v", had, r.Jobs[0].Tuning)
		}
	}
}

func TestTheSchedulerIsForTheSubmissionAlone(t *testing.T) {
	w := world{fixed: 0.5, perMiB: 0.2, sourceMiB: 128, slots: 8}
	for was, streams := range map[string]bool{"adaptive": true, "default": false} {
		run := w.run(map[string]string{KeyScheduler: was}, 1, 1)
		run.Parallelism = 1
		r := Report{Jobs: []Advice{advise(t, Config{Slots: 8, Prefer: Time}, run)}}
		r.Together(nil, []string{"orders"})
		a := r.Jobs[0]
		if a.Proposed[0].Key != KeyScheduler || a.Proposed[0].Scope != OfSubmission || a.Proposed[1].Scope != OfCluster {
			t.Errorf("%s: %+v", was, a.Proposed)
		}
		if !noted(a, "a submission may set "+KeyScheduler) {
			t.Errorf("%s: no word of the submission: %q", was, a.Notes)
		}
		if noted(a, "leave it at adaptive", "streaming jobs") != streams {
			t.Errorf("%s: %q", was, a.Notes)
		}
		alone := Report{Jobs: []Advice{{Verdict: Change, Proposed: a.Proposed[:1]}}}
		if alone.Together([]string{"weekly"}, []string{"orders"}); noted(alone.Jobs[0], "streaming jobs that run here: orders") != streams || len(alone.Jobs[0].Notes) > 1 {
			t.Errorf("%s, nothing but the scheduler: %q", was, alone.Jobs[0].Notes)
		}
		var table strings.Builder
		if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "(now "+was+"; for this job alone: in its submission)") {
			t.Errorf("%v:\n%s", err, table.String())
		}
	}
}

func TestTheShortReasonEndsWithWhatIsDerived(t *testing.T) {
	volume := scheduler.Reason{Rule: scheduler.RuleVolume, To: 499}
	most := scheduler.Reason{Rule: scheduler.RuleMaximum, From: 499, To: 64}
	for name, c := range map[string]struct {
		why     []scheduler.Reason
		derived int
		want    string
	}{
		"the volume alone":          {[]scheduler.Reason{volume}, 499, "first"},
		"bounded":                   {[]scheduler.Reason{volume, most}, 64, "first, at most 64"},
		"bounded and put together":  {[]scheduler.Reason{volume, most, {Rule: scheduler.RuleEvenData, To: 61}}, 61, "first, at most 64, shared out evenly 61"},
		"put together":              {[]scheduler.Reason{volume, {Rule: scheduler.RuleEvenData, To: 450}}, 450, "first, shared out evenly 450"},
		"a bound that is not felt":  {[]scheduler.Reason{{To: 3}, {Rule: scheduler.RuleVertexMaximum, From: 64, To: 8}}, 3, "first, at most 8"},
		"at least, not put so high": {[]scheduler.Reason{{To: 3}, {Rule: scheduler.RuleMinimum, From: 3, To: 5}}, 5, "first, at least 5"},
	} {
		if got := rule("first", c.why, c.derived); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	one := scheduler.Reason{Rule: scheduler.RuleEvenSubpartitions, To: 1}
	if got := words(one, false); !strings.Contains(got, "evenly to 1 task,") {
		t.Error(got)
	}
}

func TestTheHeadlineCountsWhatIsWorthALook(t *testing.T) {
	one := []Setting{{Key: KeyMax}}
	for want, a := range map[string]Advice{
		"change 1 setting":                               {Verdict: Change, Proposed: one},
		"change 1 setting and consider 1 more":           {Verdict: Change, Proposed: one, Tuning: one},
		"keep the configuration":                         {Verdict: Keep},
		"keep the configuration and consider 2 settings": {Verdict: Keep, Tuning: append(one, one...)},
		"no advice": {Verdict: Unknown, Tuning: one},
	} {
		if got := a.headline(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
