package excluded

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// daily is the same span of each day, its ends (times since midnight by the
// clock, in whole milliseconds) included.
type daily struct{ from, to time.Duration }

// contains compares moments, not clock times: it matters on the days on which
// the clock is changed.
func (d daily) contains(t time.Time) bool {
	ms := t.UnixMilli()
	return ms >= onDayOf(t, d.from).UnixMilli() && ms <= onDayOf(t, d.to).UnixMilli()
}

// onDayOf is the moment at which the clock shows c on the day of t.
func onDayOf(t time.Time, c time.Duration) time.Time {
	year, month, day := t.Date()
	return atClock(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(c), t.Location())
}

// parseDaily reads two times with a dash between them, the first being the
// earlier.
func parseDaily(s string) (daily, error) {
	ends := split(s, "-")
	if len(ends) != 2 {
		return daily{}, errors.New("want two times with a dash between them")
	}
	from, err := parseClock(ends[0])
	if err != nil {
		return daily{}, err
	}
	to, err := parseClock(ends[1])
	if err != nil {
		return daily{}, err
	}
	if from >= to {
		return daily{}, fmt.Errorf("want %s to be before %s (a period does not reach over midnight; two can)", ends[0], ends[1])
	}
	return daily{from, to}, nil
}

// clockUnits are what the numbers of a clock time count, and where each ends.
var clockUnits = []struct {
	unit time.Duration
	end  int64
}{{time.Hour, 24}, {time.Minute, 60}, {time.Second, 60}, {time.Millisecond, 1000}}

// parseClock reads HH:mm, HH:mm:ss or HH:mm:ss:SSS. Like Quartz it does not
// mind missing zeros or doubled colons.
func parseClock(s string) (time.Duration, error) {
	numbers := strings.FieldsFunc(s, func(r rune) bool { return r == ':' })
	if len(numbers) < 2 || len(numbers) > len(clockUnits) {
		return 0, fmt.Errorf("time %q: want HH:mm, HH:mm:ss or HH:mm:ss:SSS", s)
	}
	var sum time.Duration
	for i, number := range numbers {
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || n < 0 || n >= clockUnits[i].end {
			return 0, fmt.Errorf("time %q: want %q to be a number from 0 to %d", s, number, clockUnits[i].end-1)
		}
		sum += time.Duration(n) * clockUnits[i].unit
	}
	return sum, nil
}
