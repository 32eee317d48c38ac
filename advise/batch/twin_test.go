package batch

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/bulk"
)

// shop is nearly the report of examples/twin: two sources, a join and a sum, of which
// a part may be of few keys. Its small table is smaller: in the twin it adds to what
// the join writes, by each task that reads it.
func shop(hot ...float64) bulk.Graph {
	return bulk.Graph{
		Vertices: []bulk.Vertex{
			{Name: "sales", Bytes: 8 << 30, Cost: 20 * time.Millisecond},
			{Name: "shops", Bytes: 1 << 20, Cost: 10 * time.Millisecond, Steady: true},
			{Name: "join", Cost: 30 * time.Millisecond},
			{Name: "sum", Cost: 40 * time.Millisecond},
		},
		Edges: []bulk.Edge{
			{From: 0, To: 2, Share: 0.5, Ship: bulk.Rebalance},
			{From: 1, To: 2, Share: 1, Ship: bulk.Broadcast},
			{From: 2, To: 3, Share: 0.3, Ship: bulk.Hash, HotKeys: hot},
		},
	}
}

// inTwin runs a job once for each volume on a cluster of 16 slots, and reads the runs
// as of a real one.
func inTwin(t *testing.T, version slots.Version, g bulk.Graph, options map[string]string, volumes ...float64) []Run {
	t.Helper()
	all := map[string]string{"jobstore.expiration-time": "14 d"}
	maps.Copy(all, options)
	machines := make([]twin.TaskManager, 4)
	for i := range machines {
		machines[i].Slots = 4
	}
	made, err := twin.New(twin.Config{Version: version, Options: all, TaskManagers: machines, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	const every = time.Hour
	_, err = made.Submit(twin.JobSpec{Name: "report", Batch: &twin.BatchSpec{Graph: g, Repeat: &twin.Repeat{Every: every, Volumes: volumes}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Advance(made.Now().Add(time.Duration(len(volumes))*every - time.Minute)); err != nil {
		t.Fatal(err)
	}
	client, err := flink.New(flink.Config{Addresses: []string{"http://twin:8081"}, Transport: made.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Collect(t.Context(), client, Wanted{})
	if err != nil || len(found.Runs) != len(volumes) {
		t.Fatalf("%d runs of %d: %v", len(found.Runs), len(volumes), err)
	}
	return found.Runs
}

// took are the means of run time and slot-seconds of runs, as they are predicted.
func took(runs []Run) (seconds, slotSeconds float64) {
	for i := range runs {
		seconds += math.Log(runs[i].Duration.Seconds()) / float64(len(runs))
		slotSeconds += math.Log(runs[i].SlotTime().Seconds()) / float64(len(runs))
	}
	return math.Exp(seconds), math.Exp(slotSeconds)
}

// The advice is followed in the twin: what is measured then lies within the range that
// was promised, also where keys are hot and nothing yet showed it.
func TestWhatIsMeasuredIsWithinThePromisedRange(t *testing.T) {
	coarse := map[string]string{KeyMax: "32", KeyVolume: "256 mb", KeySource: "8"}
	fine := map[string]string{KeyMax: "128", KeyVolume: "4 mb", KeySource: "16"}
	for name, c := range map[string]struct {
		options map[string]string
		hot     []float64
		prefer  Preference
	}{
		"even":                                  {coarse, nil, Balanced},
		"a hot key":                             {coarse, []float64{0.1}, Balanced},
		"a hotter one":                          {coarse, []float64{0.25}, Balanced},
		"two, and time is what counts":          {coarse, []float64{0.1, 0.1}, Time},
		"even, and tasks are too small":         {fine, nil, Balanced},
		"a hot key, and tasks are too small":    {fine, []float64{0.1}, Balanced},
		"a hotter key, and slots are what cost": {fine, []float64{0.3}, Slots},
	} {
		for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
			if testing.Short() && (version == slots.V2_3 || name != "a hot key" && name != "even") {
				continue
			}
			t.Run(fmt.Sprint(version, " ", name), func(t *testing.T) {
				volumes := []float64{1, 0.9, 1, 1.1, 1.6}
				a := advise(t, Config{ClusterSlots: 16, Prefer: c.prefer}, inTwin(t, version, shop(c.hot...), c.options, volumes...)...)
				if a.Verdict != Change {
					t.Fatalf("%s: %s", a.Verdict, a.Reason)
				}
				then := maps.Clone(c.options)
				for _, s := range a.Proposed {
					then[s.Key] = s.Value
				}
				seconds, slotSeconds := took(inTwin(t, version, shop(c.hot...), then, volumes...))
				p := a.Predicted
				t.Logf("%s: %s s and %s slot-seconds, measured %.1f and %.0f; certainty %s", text(a.Proposed), p.Seconds, p.SlotSeconds, seconds, slotSeconds, a.Fit.Certainty)
				if seconds < p.Seconds.Least || seconds > p.Seconds.Most {
					t.Errorf("it takes %.2f s, promised were %s", seconds, p.Seconds)
				}
				if slotSeconds < p.SlotSeconds.Least || slotSeconds > p.SlotSeconds.Most {
					t.Errorf("it takes %.1f slot-seconds, promised were %s", slotSeconds, p.SlotSeconds)
				}
			})
		}
	}
}
