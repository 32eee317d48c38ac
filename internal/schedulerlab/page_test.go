package schedulerlab

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

const page = "../../docs/measured/schedulers.md"

// TestPageOfTheComparison holds the page to what the recordings and our schedulers say now.
func TestPageOfTheComparison(t *testing.T) {
	var all []Comparison
	for _, s := range experiments(t) {
		for _, v := range s.Versions {
			real := recorded(t, recording(s.Name, v))
			all = append(all, compared(t, s, real))
		}
	}
	got := Page(all)
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test -run Page -update writes the page anew (-there +now):\n%s", diff)
	}
}

// What the scripts expect is what real Flink did, at another time and on a busier machine too.
func TestTheScriptsExpectWhatRealFlinkDid(t *testing.T) {
	for _, s := range experiments(t) {
		for _, v := range s.Versions {
			for _, m := range script.Check(s, recorded(t, recording(s.Name, v)), Tolerance) {
				t.Errorf("%s on %s: %v", s.Name, v, m)
			}
		}
	}
}

// A replay takes what the machine needed from the recording. It must not take what Flink decides along with it: where one
// of our timers is another one, something has to disagree.
func TestAReplayNoticesAnotherTimer(t *testing.T) {
	const adaptive = "jobmanager.adaptive-scheduler."
	cases := []struct {
		experiment string
		version    slots.Version
		key, value string
	}{
		{"08-taskmanager-stops", slots.V1_20, adaptive + "resource-stabilization-timeout", "9s"},
		{"08-taskmanager-stops", slots.V2_3, adaptive + "submission.resource-stabilization-timeout", "9s"},
		{"14-no-taskmanager", slots.V1_20, adaptive + "resource-wait-timeout", "7s"},
		{"14-no-taskmanager", slots.V2_3, adaptive + "resource-wait-timeout", "7s"},
		{"05-inside-the-cooldown-put", slots.V1_20, adaptive + "scaling-interval.min", "29s"},
		{"05-inside-the-cooldown-put", slots.V2_3, adaptive + "executing.cooldown-after-rescaling", "29s"},
		{"07-scaling-interval-max", slots.V1_20, adaptive + "scaling-interval.max", "59s"},
		{"06-one-slot-joins", slots.V2_3, adaptive + "executing.resource-stabilization-timeout", "59s"},
		{"26-three-changes-enough-slots", slots.V2_3, adaptive + "rescale-trigger.max-delay", "19s"},
		{"27-failing-checkpoints", slots.V2_3, adaptive + "rescale-trigger.max-checkpoint-failures", "3"},
		{"11-upper-bound-lowered", slots.V1_20, "slot.idle.timeout", "45s"},
		{"11-upper-bound-lowered", slots.V2_3, "slot.idle.timeout", "45s"},
		{"09-taskmanager-is-killed", slots.V2_3, "heartbeat.interval", "8s"},
		{"10-taskmanager-freezes", slots.V1_20, "heartbeat.timeout", "14s"},
		{"31-task-fails", slots.V1_20, "restart-strategy.exponential-delay.initial-backoff", "500ms"},
		{"31-task-fails", slots.V2_3, "restart-strategy.exponential-delay.initial-backoff", "500ms"},
		{"09-taskmanager-is-killed", slots.V1_20, "restart-strategy.exponential-delay.backoff-multiplier", "1.2"},
		{"09-taskmanager-is-killed", slots.V2_3, "restart-strategy.exponential-delay.backoff-multiplier", "1.2"},
	}
	for _, c := range cases {
		s := experiment(t, c.experiment)
		changed := *s
		changed.Options = append(slices.Clone(s.Options), script.Option{Key: c.key, Value: c.value})
		if strings.HasPrefix(c.key, "restart-strategy") {
			changed.Options = append(changed.Options, script.Option{Key: "restart-strategy.type", Value: "exponential-delay"})
		}
		real := recorded(t, recording(c.experiment, c.version))
		if rows := compared(t, &changed, real).Rows; agreeing(rows) == len(rows) {
			t.Errorf("%s on %s agrees with %s = %s too", c.experiment, c.version, c.key, c.value)
		}
	}
}

// compared replays a real run.
func compared(t *testing.T, s *script.Script, real *script.Run) Comparison {
	t.Helper()
	ours, _, err := script.Replay(s, real)
	if err != nil {
		t.Fatal(err)
	}
	return Comparison{Script: s, Real: real, Rows: script.Compare(s, real, ours, script.DefaultTolerances)}
}

func recorded(t testing.TB, file string) *script.Run {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.DecodeRun(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return run
}
