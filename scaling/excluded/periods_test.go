package excluded

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones, wherever the test runs

	"github.com/sluice-project/sluice/internal/quartzcheck"
	"github.com/sluice-project/sluice/internal/vectortables"
)

const key = "job.autoscaler.excluded.periods"

// referenceRow was recorded from the reference autoscaler: the value of the
// option, the validator's text or null, and a character for each instant that
// the table's description names: 1 inside, 0 outside, E an exception.
type referenceRow [3]*string

func moment(t testing.TB, text, zone string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(location)
}

// elements cuts the option's value as the options package does.
func elements(value string) []string {
	var list []string
	for text := range strings.SplitSeq(value, ";") {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, text)
		}
	}
	return list
}

func TestPeriodsAreValidatedAndJudgedAsInTheReference(t *testing.T) {
	table := vectortables.Open(t, "units/excluded-periods.json", "testdata/excluded-periods.json.gz")
	var instants []time.Time
	for _, text := range regexp.MustCompile(`\d{4}-\S+Z`).FindAllString(table.Description(), -1) {
		instants = append(instants, moment(t, text, "UTC"))
	}
	for row := range vectortables.Rows[referenceRow](table) {
		periods, err := Parse(elements(*row[0]))
		want := ""
		if row[1] != nil {
			want = *row[1]
		}
		if got := referenceText(err); got != want {
			table.Errorf("%q\nwant %q\ngot  %q", *row[0], want, got)
		}
		unchecked, checked := "", ""
		for _, at := range instants {
			inside, err := Evaluate(elements(*row[0]), at)
			unchecked += letter(inside, err)
			checked += letter(periods.Contains(at), nil)
		}
		if unchecked != *row[2] {
			table.Errorf("%q evaluated\nwant %s\ngot  %s", *row[0], *row[2], unchecked)
		}
		if err == nil && checked != *row[2] {
			table.Errorf("%q contains\nwant %s\ngot  %s", *row[0], *row[2], checked)
		}
	}
}

// referenceText gives an error in the words of the reference.
func referenceText(err error) string {
	if invalid, ok := errors.AsType[*Error](err); ok {
		return invalid.Reference(key)
	}
	if err != nil {
		return "no text of the reference: " + err.Error()
	}
	return ""
}

func letter(inside bool, err error) string {
	switch {
	case err != nil:
		return "E"
	case inside:
		return "1"
	}
	return "0"
}

// The table was recorded from Quartz by package quartzcheck.
func TestRecordedExpressionsAreJudgedAsByQuartz(t *testing.T) {
	f, err := os.Open("testdata/quartz.tsv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	answers, err := quartzcheck.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) < 3000 {
		t.Fatalf("only %d expressions", len(answers))
	}
	differences, err := quartzcheck.Differences(answers, func(expression string) (func(time.Time) bool, error) {
		periods, err := Parse([]string{expression})
		return periods.Contains, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

func TestPeriodsOnDaysOnWhichTheClockIsChanged(t *testing.T) {
	// In Berlin 2:00 to 3:00 is skipped on 2024-03-31 and comes twice on 2024-10-27.
	for _, c := range []struct {
		expression, at string
		inside         bool
	}{
		{"2:00-2:30", "2024-03-31T01:59:59+01:00", false},
		{"2:00-2:30", "2024-03-31T03:00:00+02:00", true}, // both ends are an hour later
		{"2:00-2:30", "2024-03-31T03:30:01+02:00", false},
		{"1:30-3:15", "2024-03-31T03:15:00+02:00", true},
		{"1:30-3:15", "2024-03-31T03:15:01+02:00", false},
		{"* * 2 * * ?", "2024-03-31T03:00:00+02:00", false},
		{"* * 3 * * ?", "2024-03-31T03:00:00+02:00", true},
		{"2:00-2:30", "2024-10-27T02:10:00+02:00", false}, // the first pass
		{"2:00-2:30", "2024-10-27T02:10:00+01:00", true},
		{"1:30-2:10", "2024-10-27T02:50:00+02:00", true}, // between the two 2:10
		{"1:30-2:10", "2024-10-27T02:10:01+01:00", false},
		{"2:50-3:10", "2024-10-27T02:55:00+02:00", false},
		{"* * 2 * * ?", "2024-10-27T02:10:00+02:00", true},
		{"* * 2 * * ?", "2024-10-27T02:10:00+01:00", true},
		{"* * 2 * * ?", "2024-10-27T03:00:00+01:00", false},
	} {
		if got := parse(t, c.expression).Contains(moment(t, c.at, "Europe/Berlin")); got != c.inside {
			t.Errorf("%q at %s: %v", c.expression, c.at, got)
		}
	}
}

func TestTheZoneIsThatOfTheMoment(t *testing.T) {
	periods := parse(t, "8:00-9:00", "* * 20 * * ?")
	at := moment(t, "2024-06-03T08:30:00Z", "UTC")
	if !periods.Contains(at) || periods.Contains(moment(t, "2024-06-03T08:30:00Z", "Europe/Berlin")) {
		t.Error("a daily expression is judged by another clock")
	}
	at = moment(t, "2024-06-03T20:30:00Z", "UTC")
	if !periods.Contains(at) || periods.Contains(moment(t, "2024-06-03T20:30:00Z", "Asia/Kolkata")) {
		t.Error("a cron expression is judged by another clock")
	}
}

func parse(t testing.TB, expressions ...string) Periods {
	t.Helper()
	periods, err := Parse(expressions)
	if err != nil {
		t.Fatal(err)
	}
	return periods
}

func TestPeriodsPrintAsTheyWereWritten(t *testing.T) {
	const one, other = "8:00-9:00 && * * * ? * mon-fri", "* *  8 l * ?"
	if got := parse(t, one, other).String(); got != one+", "+other {
		t.Errorf("got %q", got)
	}
}

func TestNoPeriodsContainNothing(t *testing.T) {
	if got := parse(t); got.Contains(time.Unix(0, 0)) || got.String() != "" || (Periods{}).Contains(time.Unix(0, 0)) {
		t.Errorf("got %q", got)
	}
}

func TestAnErrorSaysWhatIsWrongWithWhichElement(t *testing.T) {
	for expression, want := range map[string]string{
		"8:60-9:00":                 `excluded period "8:60-9:00": neither a daily nor a cron expression: time "8:60": want "60" to be a number from 0 to 59`,
		"8:00:00:1000-9:00":         `excluded period "8:00:00:1000-9:00": neither a daily nor a cron expression: time "8:00:00:1000": want "1000" to be a number from 0 to 999`,
		"* * * ? * MO":              `excluded period "* * * ? * MO": neither a daily nor a cron expression: day of week "MO": want a name from SUN to SAT, not "MO"`,
		"22:00-6:00":                `excluded period "22:00-6:00": neither a daily nor a cron expression: want 22:00 to be before 6:00 (a period does not reach over midnight; two can)`,
		"8:00-9:00-10:00":           `excluded period "8:00-9:00-10:00": neither a daily nor a cron expression: want two times with a dash between them`,
		"8-9":                       `excluded period "8-9": neither a daily nor a cron expression: it has 1 fields: want 6 or 7 (second minute hour day-of-month month day-of-week [year])`,
		"* * 24 * * ?":              `excluded period "* * 24 * * ?": neither a daily nor a cron expression: hour "24": want values from 0 to 23`,
		"* * * * * *":               `excluded period "* * * * * *": neither a daily nor a cron expression: want ? for one of day of month and day of week, and only one`,
		"* , * * * ?":               `excluded period "* , * * * ?": neither a daily nor a cron expression: minute ",": it allows no value`,
		"* * * 0W * ?":              `excluded period "* * * 0W * ?": neither a daily nor a cron expression: day of month "0W": want W after a day from 1 to 31`,
		"&&":                        `excluded period "&&": neither a daily nor a cron expression: there is nothing around &&`,
		"1:00-2:00 && 3:00-4:00":    `excluded period "1:00-2:00 && 3:00-4:00": want a daily and a cron expression around &&, not two of a kind`,
		"1:00-2:00 && * && 3:0-4:0": `excluded period "1:00-2:00 && * && 3:0-4:0": want at most one &&`,
	} {
		_, err := Parse([]string{"8:00-9:00", expression, "worse"})
		if err == nil || err.Error() != want {
			t.Errorf("want %s\ngot  %v", want, err)
		}
	}
}
