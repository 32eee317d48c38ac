package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// The example of the page is what the code decides.
func TestTheBatchExampleIsDecidedSo(t *testing.T) {
	page := string(must(os.ReadFile(schedulersPage))(t))
	hold(t, schedulersPage, between(t, page, "batch", showBatch(t)))
}

func showBatch(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| subpartitions | largest parallelism | tasks read | why |\n|---|---|---|---|\n")
	sizes := []int64{4, 4, 4, 30, 4, 4, 4, 4}
	for _, most := range []int{8, 2} {
		in := batch.Input{Name: "example", Pattern: batch.AllToAll, InterCorrelated: true, IntraCorrelated: true, Bytes: [][]int64{{}}}
		for _, size := range sizes {
			in.Bytes[0] = append(in.Bytes[0], size<<20)
		}
		o := batch.DefaultOptions(slots.V2_3)
		o.MaxParallelism = most
		d := must(batch.Decide(o, batch.Vertex{}, []batch.Input{in}))(t)
		var reads, whys []string
		for task, blocks := range d.Blocks[0] {
			reads = append(reads, fmt.Sprintf("%v: %d MiB", blocks[0].Subpartitions, d.Read[task]>>20))
		}
		for _, why := range d.Why {
			whys = append(whys, why.String())
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", strings.Trim(fmt.Sprint(sizes), "[]"), most, strings.Join(reads, "<br/>"), strings.Join(whys, "<br/>"))
	}
	return b.String()
}

// To set an option to what the page calls its default changes nothing; any other
// value does, under its former name too. A dash of a version is one that ignores
// it.
func TestTheBatchOptionsHaveTheDefaultsOfThePage(t *testing.T) {
	page := string(must(os.ReadFile(schedulersPage))(t))
	_, table, _ := strings.Cut(page, "| option of batch jobs | default | former name |\n|---|---|---|\n")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			break
		}
		rows++
		name, only23 := strings.CutSuffix(strings.TrimSpace(cells[1]), " (2.3)")
		for _, v := range []slots.Version{slots.V1_20, slots.V2_3} {
			checkBatchDefault(t, v, strings.Trim(name, "`"), strings.TrimSpace(cells[2]), only23 && v == slots.V1_20)
			if old := strings.Trim(strings.TrimSpace(cells[3]), "`"); old != "" {
				checkBatchDefault(t, v, old, strings.TrimSpace(cells[2]), false)
			}
		}
	}
	if rows < 15 {
		t.Fatalf("the table has %d rows", rows)
	}
}

func checkBatchDefault(t *testing.T, v slots.Version, key, value string, ignored bool) {
	t.Helper()
	preset := batch.DefaultOptions(v)
	if !strings.HasPrefix(value, "unset") {
		got := must(batch.ReadOptions(map[string]string{key: value}, v))(t)
		if diff := cmp.Diff(preset, got); diff != "" {
			t.Errorf("%s %s: %s is not the default (-default +set)\n%s", v, key, value, diff)
		}
	}
	changes := false
	for _, other := range []string{"7", "0.5", "true", "false", "ALL_PRODUCERS_FINISHED", "77 s"} {
		got, err := batch.ReadOptions(map[string]string{key: other}, v)
		changes = changes || err == nil && !cmp.Equal(preset, got)
	}
	if changes == ignored {
		t.Errorf("%s %s: another value changes something: %v", v, key, changes)
	}
}
