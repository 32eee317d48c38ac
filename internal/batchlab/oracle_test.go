package batchlab

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// numbered are the versions as our scheduler calls them.
var numbered = map[string]slots.Version{realflink.Flink120: slots.V1_20, realflink.Flink23: slots.V2_3}

// Our decider gives the parallelism and the ranges that Flink's own gives, and refuses where it does. Each run draws new
// cases.
func TestWeDecideAsFlinksOwnDeciderDoes(t *testing.T) {
	realflink.RequireReal(t)
	n, seed := 2000, uint64(time.Now().UnixNano())
	if os.Getenv("SLUICE_REAL") == "full" {
		n = 200_000
	}
	t.Logf("seed %d", seed)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			oracle, err := NewOracle(t.Context(), version)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(seed, 0))
			const portion = 20_000
			for left := n; left > 0; left -= portion {
				held(t, oracle, numbered[version], drawn(r, min(left, portion), numbered[version]))
			}
		})
	}
}

func drawn(r *rand.Rand, n int, v slots.Version) []Case {
	cases := slices.DeleteFunc(edges(), func(c Case) bool { return !c.Asks(v) })
	for len(cases) < n {
		if c := draw(r, true); c.Asks(v) {
			cases = append(cases, c)
		}
	}
	return cases
}

// held compares what both say to the cases.
func held(t *testing.T, oracle Oracle, v slots.Version, cases []Case) {
	t.Helper()
	answers, err := oracle.Ask(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	failed, refused := 0, 0
	for i, c := range cases {
		theirs := answers[i]
		ours, _ := c.Ours(v)
		if theirs.Error != "" {
			refused++
		}
		if theirs.Error != "" && ours.Error != "" {
			continue
		}
		if !reflect.DeepEqual(theirs, ours) {
			if failed++; failed <= 5 {
				text, _ := json.Marshal(c)
				t.Errorf("%s\n(-Flink +we):\n%s", text, cmp.Diff(theirs, ours))
			}
		}
	}
	if failed > 0 {
		t.Fatalf("%d of %d cases differ", failed, len(cases))
	}
	if refused > len(cases)/8 {
		t.Errorf("Flink refuses %d of %d cases: the draw is no good", refused, len(cases))
	}
}
