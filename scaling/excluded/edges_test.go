package excluded

import (
	"testing"
)

// On 8 March 2026 the clocks of New York skip from 2:00 to 3:00. A time in
// between is as much later, as in Java.
func TestATimeThatTheClockSkipsIsLater(t *testing.T) {
	for _, tt := range []struct {
		period, at string
		want       bool
	}{
		{"2:30-4:00", "2026-03-08T06:59:59Z", false}, // 1:59:59
		{"2:30-4:00", "2026-03-08T07:00:00Z", false}, // 3:00
		{"2:30-4:00", "2026-03-08T07:29:59Z", false},
		{"2:30-4:00", "2026-03-08T07:30:00Z", true}, // 3:30
		{"1:00-2:30", "2026-03-08T07:30:00Z", true},
		{"1:00-2:30", "2026-03-08T07:31:00Z", false},
		{"2:30-4:00", "2026-03-09T06:30:00Z", true}, // the next day, 2:30
	} {
		periods, err := Parse([]string{tt.period})
		if err != nil {
			t.Fatal(err)
		}
		if got := periods.Contains(moment(t, tt.at, "America/New_York")); got != tt.want {
			t.Errorf("%s contains %s: %v", tt.period, tt.at, got)
		}
	}
}

func TestWhatIsNoPeriodIsRefusedAndContainsNothing(t *testing.T) {
	noon := moment(t, "2026-07-01T12:00:00Z", "UTC")
	for _, text := range []string{"xx:30-13:00", "11:00-xx:30", "11:00", "foo", "0 0 12 -55 * ?", "* * 12 ? * -5", "5,98 * * * * ?"} {
		if _, err := Parse([]string{text}); err == nil {
			t.Errorf("%q is taken for a period", text)
		}
		if inside, err := Evaluate([]string{text}, noon); inside || err == nil {
			t.Errorf("%q contains noon: %v, %v", text, inside, err)
		}
	}
}

func TestControlCharactersAroundAFieldDoNotCount(t *testing.T) {
	for _, text := range []string{"* * 12 \x01?\x02 * WED", "* * 12 * * \n?"} {
		periods, err := Parse([]string{text})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if !periods.Contains(moment(t, "2026-07-01T12:30:00Z", "UTC")) {
			t.Errorf("%q does not contain noon of a Wednesday", text)
		}
	}
}

// Like Quartz: two # are refused as days of the week, and overlooked elsewhere.
func TestWhatFollowsAnElementIsOverlooked(t *testing.T) {
	if _, err := Parse([]string{"* *## 12 * * ?"}); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]string{"* * 12 ? * 2#1#1"}); err == nil {
		t.Error("two # are taken for a day of the week")
	}
}
