package twinlab

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"os"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scheduler/script"
)

const experiments = "../../scheduler/script/testdata/recorded/"

var releases = map[string]string{"1.20": realflink.Flink120, "2.3": realflink.Flink23}

func recordedRun(t testing.TB, name string) *script.Run {
	t.Helper()
	packed, err := os.ReadFile(experiments + name + ".jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.DecodeRun(text)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// restarted are the meters of a real run after its rescale, and what was counted before.
func restarted(run *script.Run) (meters []Meter, last float64) {
	began := time.Duration(0)
	for _, o := range run.Observations {
		if o.Status == "RUNNING" && len(o.Parallelism) > 1 && o.Parallelism[1] == 4 {
			began = o.At
			break
		}
	}
	for _, s := range run.Samples {
		switch {
		case s.Vertex != "work":
		case s.At < began:
			last = max(last, s.In)
		case s.Busy >= 0:
			meters = append(meters, Meter{After: s.At - began, In: s.In, InRate: s.InRate, Busy: s.Busy})
		}
	}
	return meters, last
}

// costOf is what a record took on the real cluster: by the last reading, which is over a minute of one rate.
func costOf(real []Meter) time.Duration {
	last := real[len(real)-1]
	return time.Duration(last.Busy / 1000 * 4 / last.InRate * 1e9)
}

// Experiment 23: the counters begin at 0, the meter climbs for a minute, and busy time is there after some seconds.
func TestMetersAfterARescaleClimbAsTheRealOnesDo(t *testing.T) {
	for version, release := range releases {
		t.Run(version, func(t *testing.T) {
			real, counted := restarted(recordedRun(t, "23-counters-over-a-rescale."+version))
			twin, before, err := Rescale(t.Context(), release, costOf(real))
			if err != nil {
				t.Fatal(err)
			}
			if len(real) < 50 || len(twin) < 50 || counted < 30000 || before < 30000 {
				t.Fatalf("%d and %d readings, %.0f and %.0f records before", len(real), len(twin), counted, before)
			}
			if real[0].In > 0.1*counted || twin[0].In > 0.1*before {
				t.Errorf("counters begin with %.0f and %.0f; want about 0", real[0].In, twin[0].In)
			}
			for _, m := range real {
				checkMeter(t, m, twin)
			}
		})
	}
}

// checkMeter holds one reading against those of the twin up to one move of the gauges before or after: they move every
// five seconds, and when is the TaskManager's business.
func checkMeter(t *testing.T, m Meter, twin []Meter) {
	t.Helper()
	const off = 6500 * time.Millisecond
	if m.After > 70*time.Second { // the twin was not watched for longer
		return
	}
	rate, busy := [2]float64{math.Inf(1), 0}, [2]float64{math.Inf(1), 0}
	for _, v := range twin {
		if (v.After - m.After).Abs() <= off {
			rate = [2]float64{min(rate[0], v.InRate), max(rate[1], v.InRate)}
			busy = [2]float64{min(busy[0], v.Busy), max(busy[1], v.Busy)}
		}
	}
	// What came after the last checkpoint was read again: records of up to its interval of five seconds.
	const again = 600. * 5 / 60
	if m.InRate < 0.95*rate[0]-again || m.InRate > 1.05*rate[1]+again {
		t.Errorf("after %v the meter shows %.0f/s; in the twin %.0f to %.0f", m.After, m.InRate, rate[0], rate[1])
	}
	// Its first reading is of five to ten seconds, and stays in the average for a minute.
	if m.After > 15*time.Second && (m.Busy < busy[0]-80 || m.Busy > busy[1]+80) {
		t.Errorf("after %v it is busy for %.0f ms/s; in the twin %.0f to %.0f", m.After, m.Busy, busy[0], busy[1])
	}
}
