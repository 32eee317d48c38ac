package repeat

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func TestMemoryIsBoundedByWhatMayStillBeARepetition(t *testing.T) {
	var f Filter
	most := 0
	for i := range 100_000 {
		// Ten different errors a second, each of interest for a minute.
		e := autoscaler.Event{At: noon.Add(time.Duration(i) * 100 * time.Millisecond), Reason: "AutoscalerError", Message: fmt.Sprint(i), Interval: time.Minute}
		if f.Repeated(key("j1"), e) {
			t.Fatalf("event %d is taken for a repetition", i)
		}
		most = max(most, len(f.told))
	}
	if most > 2*tidyFrom {
		t.Errorf("%d events are remembered, of which 600 may repeat", most)
	}
}

func TestManyFreshEventsAreAllRemembered(t *testing.T) {
	var f Filter
	for round, want := range []bool{false, true} {
		for i := range 3 * tidyFrom {
			e := autoscaler.Event{At: noon, Reason: "MemoryPressure", Key: "heap", Interval: time.Hour}
			if got := f.Repeated(key(fmt.Sprint(i)), e); got != want {
				t.Fatalf("round %d, job %d: repeated is %t", round, i, got)
			}
		}
	}
}

func key(id string) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(id)}
}
