package excluded

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyMoment is in UTC, whose clock is never changed.
func anyMoment(t *rapid.T) time.Time {
	return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms since 1970")).UTC()
}

func sinceMidnight(t time.Time) time.Duration {
	hour, minute, second := t.Clock()
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(t.Nanosecond())
}

func clockText(d time.Duration) string {
	return fmt.Sprintf("%d:%d:%d:%d", d/time.Hour, d/time.Minute%60, d/time.Second%60, d/time.Millisecond%1000)
}

func TestADailyPeriodHoldsBetweenItsEndsByTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		milliseconds := rapid.Int64Range(0, 24*3600*1000-1)
		from := time.Duration(milliseconds.Draw(t, "from")) * time.Millisecond
		to := time.Duration(milliseconds.Draw(t, "to")) * time.Millisecond
		at := anyMoment(t)
		periods, err := Parse([]string{clockText(from) + "-" + clockText(to)})
		if (err == nil) != (from < to) {
			t.Fatal(err)
		}
		clock := sinceMidnight(at)
		if got, want := periods.Contains(at), err == nil && from <= clock && clock <= to; got != want {
			t.Errorf("contains: %v", got)
		}
	})
}

// allowed draws a set of numbers and writes it as a list of some and ranges of
// others, which may wrap around, in any order.
func allowed(t *rapid.T, what string, least, most int) (text string, values map[int]bool) {
	values = map[int]bool{}
	var parts []string
	number := rapid.IntRange(least, most)
	for range rapid.IntRange(1, 3).Draw(t, what+" elements") {
		from, to := number.Draw(t, what), number.Draw(t, what)
		if from == to {
			parts = append(parts, strconv.Itoa(from))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", from, to))
		}
		for v := from; ; v++ {
			if v > most {
				v = least
			}
			values[v] = true
			if v == to {
				break
			}
		}
	}
	return strings.Join(parts, ","), values
}

func TestACronExpressionHoldsWhereAllItsFieldsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := anyMoment(t)
		seconds, inSeconds := allowed(t, "second", 0, 59)
		minutes, inMinutes := allowed(t, "minute", 0, 59)
		hours, inHours := allowed(t, "hour", 0, 23)
		days, inDays := allowed(t, "day of month", 1, 31)
		months, inMonths := allowed(t, "month", 1, 12)
		weekdays, inWeekdays := allowed(t, "day of week", 1, 7)
		others := inSeconds[at.Second()] && inMinutes[at.Minute()] && inHours[at.Hour()] && inMonths[int(at.Month())]
		for text, want := range map[string]bool{
			strings.Join([]string{seconds, minutes, hours, days, months, "?"}, " "):     others && inDays[at.Day()],
			strings.Join([]string{seconds, minutes, hours, "?", months, weekdays}, " "): others && inWeekdays[1+int(at.Weekday())],
		} {
			periods, err := Parse([]string{text})
			if err != nil {
				t.Fatal(err)
			}
			if got := periods.Contains(at); got != want {
				t.Errorf("%q: %v", text, got)
			}
		}
	})
}

// someExpression draws a readable part of each kind.
func someExpression(t *rapid.T) (daily, cron string) {
	hour := rapid.IntRange(0, 22).Draw(t, "hour")
	return fmt.Sprintf("%d:00-%d:30", hour, rapid.IntRange(hour, 23).Draw(t, "until")),
		fmt.Sprintf("* * * ? * %d-%d", rapid.IntRange(1, 7).Draw(t, "from"), rapid.IntRange(1, 7).Draw(t, "to"))
}

func TestAPeriodOfTwoPartsIsWhereBothHoldAndAListWhereAnyDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		daily, cron := someExpression(t)
		at := anyMoment(t)
		inside := func(list ...string) bool {
			periods, err := Parse(list)
			if err != nil {
				t.Fatal(err)
			}
			evaluated, err := Evaluate(list, at)
			if err != nil || evaluated != periods.Contains(at) {
				t.Errorf("%q: evaluated to %v, %v", list, evaluated, err)
			}
			return evaluated
		}
		if both := inside(daily) && inside(cron); both != inside(daily+" && "+cron) || both != inside(cron+"&&"+daily) {
			t.Error("two parts are not where both hold")
		}
		if either := inside(daily) || inside(cron); either != inside(daily, cron) || either != inside(cron, daily) {
			t.Error("a list is not where any holds")
		}
	})
}

// FuzzParse: no text makes it panic or work long, and one that is accepted
// means the same in capitals and with more blanks.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"8:00-9:00", "8:00:30:500-8:00:31", "* * 9-11,14-16 * * ?", "0/5 */7 22-2 LW * ?", "* * * L-3W jan-mar ? 2024-2030/2",
		"* * * 15W 2,4 ?", "* * * ? * 2#1", "* * * ? * friL 2020/3", "9:30-10:50 && * * * ? * 2,5", "99 98 1-2147483647/2147483647 ?x * *",
	} {
		f.Add(seed)
	}
	moments := []time.Time{
		time.Date(2024, 2, 29, 23, 59, 59, 999e6, time.UTC), time.Date(2024, 6, 3, 8, 0, 30, 0, time.UTC),
		time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 9, 30, 0, 0, time.UTC),
	}
	f.Fuzz(func(t *testing.T, text string) {
		periods, err := Parse([]string{text})
		if err != nil {
			_, _ = Evaluate([]string{text}, moments[0])
			return
		}
		if got := periods.String(); got != text {
			t.Errorf("%q prints as %q", text, got)
		}
		for _, variant := range []string{strings.ToUpper(text), " " + strings.ReplaceAll(text, " ", " \t ")} {
			same, err := Parse([]string{variant})
			if err != nil {
				t.Fatalf("%q is valid, %q is not: %v", text, variant, err)
			}
			for _, at := range moments {
				if same.Contains(at) != periods.Contains(at) {
					t.Errorf("%q and %q differ at %s", text, variant, at)
				}
			}
		}
	})
}

// Quartz counts through some of these for minutes, or without end.
func TestNoTextIsCountedThrough(t *testing.T) {
	at := time.Date(2024, 6, 3, 8, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"* * * * * ? " + strings.Repeat("1970-2147483647/1,", 20_000),
		"* * * * * ? " + strings.Repeat("2024-2147483647/2147483647,", 20_000),
		strings.Repeat("99-2147483647/2147483647,", 20_000) + " * * * * ?",
		"* * 8-9/2147483647 ? * 2-1/2147483647",
		strings.Repeat("8:00-9:00&&", 50_000),
	} {
		inside, err := Evaluate([]string{text}, at)
		if err != nil || !inside {
			t.Errorf("%.40q: %v, %v", text, inside, err)
		}
	}
	if _, err := Parse([]string{strings.Repeat("8:", 100_000) + "-9:00"}); err == nil {
		t.Error("a time of many numbers is accepted")
	}
}
