package batch_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/internal/batchlab"
	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// The vectors are what Flink's own deciders answered, of both versions: cases that were thought of, and drawn ones. Each
// parallelism and range is the same here, and what Flink throws at is refused. Package internal/batchlab makes the vectors
// anew and asks Flink more.
func TestDecidesAsFlinkDid(t *testing.T) {
	vectors, err := batchlab.ReadVectors("testdata/decisions.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	rules, decided, failed := map[batch.Rule]int{}, 0, 0
	for _, v := range vectors {
		for version, flink := range v.Answers {
			ours, why := v.Case.Ours(versions[version])
			if flink.Error == "" {
				decided++
			} else if ours.Error != "" {
				continue
			}
			if !reflect.DeepEqual(flink, ours) {
				if failed++; failed < 5 {
					text, _ := json.Marshal(v.Case)
					t.Errorf("%s\n%s (-Flink +we):\n%s", version, text, cmp.Diff(flink, ours))
				}
			}
			for _, reason := range why {
				rules[reason.Rule]++
			}
		}
	}
	if failed > 0 || decided < 3000 {
		t.Errorf("%d of %d decisions differ, want at least 3000 and none that does", failed, decided)
	}
	for _, rule := range reached {
		if rules[rule] < 10 && (rule != batch.RuleSubpartitions || rules[rule] == 0) { // which takes a huge input
			t.Errorf("%d decisions went by %s: that shows little", rules[rule], rule)
		}
	}
}

var versions = map[string]slots.Version{"1.20.5": slots.V1_20, "2.3.0": slots.V2_3}

// reached are the rules that the vectors show.
var reached = []batch.Rule{
	batch.RuleFixed, batch.RuleSourceInferred, batch.RuleDefaultSource, batch.RuleNoVolume, batch.RuleVolume, batch.RuleMinimum, batch.RuleMaximum,
	batch.RuleVertexMaximum, batch.RuleEvenData, batch.RuleSmaller, batch.RuleLarger, batch.RuleSplit, batch.RuleEvenPieces,
	batch.RuleEvenSubpartitions, batch.RuleSubpartitions,
}
