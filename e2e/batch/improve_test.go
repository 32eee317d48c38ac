package batch

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/advise/batch"
	"github.com/sluice-project/sluice/internal/realflink"
)

// badly is a job and a configuration that serves it badly.
type badly struct {
	name     string
	settings map[string]string
	job      realflink.JobSpec
	prefer   string
}

// The work is mostly sleep, so that slots and not processors are what is short.
var (
	tooMany = badly{
		name:     "tasks that are far too small",
		settings: map[string]string{batch.KeyMax: "96", batch.KeyVolume: "1 kb", batch.KeySource: "4"},
		job:      realflink.JobSpec{Name: "nightly", Batch: true, Records: 12_000, Rate: 1e7, Cost: 300 * time.Microsecond},
		prefer:   "balanced",
	}
	tooFew = badly{
		name:     "one task for all the data",
		settings: map[string]string{batch.KeyMax: "1", batch.KeyVolume: "1 gb"},
		job:      realflink.JobSpec{Name: "nightly", Batch: true, Records: 60_000, Rate: 1e7, Cost: 300 * time.Microsecond},
		prefer:   "time",
	}
	onlyVolume = badly{
		name:     "a volume far above the data",
		settings: map[string]string{batch.KeyMax: "32", batch.KeyVolume: "1 gb", batch.KeySource: "1"},
		job:      realflink.JobSpec{Name: "nightly", Batch: true, Records: 60_000, Rate: 1e7, Cost: 300 * time.Microsecond},
		prefer:   "balanced",
	}
	skewed = badly{
		name:     "a hot key and far too many tasks",
		settings: map[string]string{batch.KeyMax: "64", batch.KeyVolume: "1 kb", batch.KeySource: "4"},
		job:      realflink.JobSpec{Name: "nightly", Batch: true, Records: 12_000, Rate: 1e7, Cost: 300 * time.Microsecond, HotShare: 0.3},
		prefer:   "slots",
	}
)

func TestARealJobGetsBetterByTheAdvice(t *testing.T) {
	realflink.RequireReal(t)
	improve(t, realflink.Flink23, tooMany)
}

func TestRealJobsGetBetterByTheAdvice(t *testing.T) {
	realflink.RequireFull(t)
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		for _, b := range []badly{tooMany, tooFew, onlyVolume, skewed} {
			t.Run(version+" "+b.name, func(t *testing.T) { improve(t, version, b) })
		}
	}
}

// improve runs the job, asks for advice, follows it and runs the job again.
func improve(t *testing.T, version string, b badly) {
	l := newLab(t, version, b.settings)
	before := l.run(b.job)
	advice := l.advise(b.job.Name, "--slots", "4", "--flink", l.cluster.URL(), "--prefer", b.prefer)
	if advice.Verdict != batch.Change || advice.Predicted == nil {
		t.Fatalf("want a change of a bad configuration, got %s: %s", advice.Verdict, advice.Reason)
	}
	archived := l.advise(b.job.Name, "--slots", "4", "--history", l.archive, "--prefer", b.prefer)
	if got, want := settingsText(archived.Proposed), settingsText(advice.Proposed); got != want {
		t.Errorf("the archive's advice is %s, the cluster's was %s", got, want)
	}
	l.set(advice.Proposed)
	after := l.run(b.job)

	p := advice.Predicted
	t.Logf("%s: %s", version, settingsText(advice.Proposed))
	t.Logf("run time: %.2f s, predicted %.2f (%.2f to %.2f), measured %.2f s", before.Seconds, p.Seconds.Then, p.Seconds.Least, p.Seconds.Most, after.Seconds)
	t.Logf("slot-seconds: %.2f, predicted %.2f (%.2f to %.2f), measured %.2f", before.SlotSeconds, p.SlotSeconds.Then, p.SlotSeconds.Least, p.SlotSeconds.Most, after.SlotSeconds)
	if after.Seconds >= before.Seconds && after.SlotSeconds >= before.SlotSeconds {
		t.Errorf("neither the run time nor the slot-seconds got better")
	}
	if now, then := before.Seconds*before.SlotSeconds, after.Seconds*after.SlotSeconds; b.prefer == "balanced" && then >= now {
		t.Errorf("run time × slot-seconds was %.1f and is %.1f", now, then)
	}
	l.holdHistory(advice, after)
}

// holdHistory checks that the archive knows the runs before and after, and that
// what is derived of the newest one is what Flink chose, or next to it.
func (l *lab) holdHistory(advice batch.Advice, after batch.RunSummary) {
	l.t.Helper()
	archived := l.advise(advice.Name, "--slots", "4", "--history", l.archive, "--prefer", string(advice.Prefer))
	if len(archived.Runs) != 4 || archived.Runs[3].ID != after.ID {
		l.t.Errorf("the archive's runs are %+v: want four, the last %s", archived.Runs, after.ID)
	}
	for _, v := range archived.Vertices {
		// Subpartitions, which Flink does not show, are taken to be even.
		if off := v.Had - v.Derived; off < -1 || off > 1 {
			l.t.Errorf("vertex %s had %d, and %d is derived: %v", v.Name, v.Had, v.Derived, v.Why)
		}
	}
}
