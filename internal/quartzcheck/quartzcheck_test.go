package quartzcheck

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"
	"time"
	_ "time/tzdata" // the zones, wherever the test runs

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scaling/excluded"
)

var (
	record = flag.Bool("record", false, "record the table that package excluded is tested with")
	seed   = flag.Uint64("seed", 0, "seed of the questions; 0: a new one")
)

const recorded = "../../scaling/excluded/testdata/quartz.tsv.gz"

func TestQuartzJudgesFreshQuestionsAsWeDo(t *testing.T) {
	realflink.RequireFull(t)
	n := 10_000
	if *record {
		*seed, n = 1, 3_000
	} else if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with -seed %d", *seed)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	quartz, err := Install(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := quartz.Ask(ctx, append(Edges(), Questions(*seed, n)...))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, answers)
	if *record && !t.Failed() {
		save(t, answers)
	}
}

func compare(t *testing.T, answers []Answer) {
	t.Helper()
	verdicts, inside := map[Verdict]int{}, map[bool]int{}
	for _, a := range answers {
		verdicts[a.Verdict]++
		for _, m := range a.Moments {
			inside[m.Inside]++
		}
	}
	t.Logf("expressions: %v, moments inside: %v", verdicts, inside)
	if verdicts[Valid] < len(answers)/3 || verdicts[Invalid] < len(answers)/10 || inside[true] < len(answers) || inside[false] < len(answers) {
		t.Error("the questions are lopsided")
	}
	differences, err := Differences(answers, parse)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

func parse(expression string) (func(time.Time) bool, error) {
	periods, err := excluded.Parse([]string{expression})
	return periods.Contains, err
}

func save(t *testing.T, answers []Answer) {
	t.Helper()
	var table bytes.Buffer
	if err := Write(&table, answers); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recorded, table.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestATableIsReadAsItWasWritten(t *testing.T) {
	answers := []Answer{
		{Kind: Cron, Zone: "UTC", Expression: "* * * * * ?", Verdict: Valid, Moments: []Moment{{time.UnixMilli(5), true}, {time.UnixMilli(-7), false}}},
		{Kind: Cron, Zone: "UTC", Expression: "2,,3", Verdict: Invalid},
		{Kind: Daily, Zone: "Europe/Berlin", Expression: "", Verdict: Fails},
	}
	var table bytes.Buffer
	if err := Write(&table, answers); err != nil {
		t.Fatal(err)
	}
	read, err := Read(&table)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answers, read); diff != "" {
		t.Error(diff)
	}
}

func TestASeedGivesTheSameQuestions(t *testing.T) {
	if !cmp.Equal(Questions(7, 100), Questions(7, 100)) || cmp.Equal(Questions(7, 100), Questions(8, 100)) {
		t.Error("the questions do not depend on the seed alone")
	}
}
