package workload

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Sine swings between two rates.
type Sine struct {
	// Low and High are the rates, in records/s.
	Low, High float64
	// Period is at least 1 s, at most a year.
	Period time.Duration
	// Peak is when it is highest, counted from the start.
	Peak time.Duration
}

// sineCuts is into how many pieces a period is cut: a straight line is then within
// 0.06 % of the amplitude.
const sineCuts = 96

// Curve checks the sine and makes a curve of it.
func (s Sine) Curve() (Curve, error) {
	if err := errors.Join(checkRate("the low rate", s.Low), checkRate("the high rate", s.High)); err != nil {
		return nil, err
	}
	switch {
	case s.Low > s.High:
		return nil, fmt.Errorf("the low rate %v is above the high one, %v", s.Low, s.High)
	case s.Period < time.Second || s.Period > 366*day:
		return nil, fmt.Errorf("the period is %s; want 1 s to a year", s.Period)
	}
	peak := s.Peak % s.Period
	return sine{
		middle: (s.Low + s.High) / 2, amplitude: (s.High - s.Low) / 2,
		period: s.Period, phase: (s.Period - peak) % s.Period, perSecond: 2 * math.Pi / s.Period.Seconds(),
	}, nil
}

// DayAndNight is a sine of 24 h with its peak at a time of the day; start is that
// of time 0.
func DayAndNight(low, high float64, peak time.Duration, start time.Time) (Curve, error) {
	return Sine{Low: low, High: high, Period: day, Peak: (peak - timeOfDay(start) + day) % day}.Curve()
}

// DayOf repeats straight lines through points at times of the day, 0 to 24 h, in
// that order.
func DayOf(points []Point, start time.Time) (Curve, error) {
	if len(points) == 0 {
		return nil, errors.New("no point given; want at least one")
	}
	first, last := points[0], points[len(points)-1]
	if last.At >= day {
		return nil, fmt.Errorf("the last point is at %s; want a time before 24 h", last.At)
	}
	// What runs over midnight is cut there.
	midnight := first.Rate
	if gap := first.At + day - last.At; gap > 0 {
		midnight = last.Rate + (first.Rate-last.Rate)*float64(day-last.At)/float64(gap)
	}
	whole := points[:len(points):len(points)]
	if first.At > 0 {
		whole = append([]Point{{0, midnight}}, whole...)
	}
	whole = append(whole, Point{day, midnight})
	path := Path{Points: whole, Straight: true, Length: day, End: Loop}
	if _, err := path.Curve(); err != nil {
		return nil, err
	}
	return path.pieces().beginAt(timeOfDay(start)), nil
}

func timeOfDay(t time.Time) time.Duration {
	t = t.UTC()
	return t.Sub(t.Truncate(day))
}

type sine struct {
	middle, amplitude float64
	period, phase     time.Duration
	perSecond         float64 // the angle
}

// angle is that of the time within the period.
func (s sine) angle(t time.Duration) float64 {
	return ((clip(t) + s.phase) % s.period).Seconds() * s.perSecond
}

// Rate implements [Curve].
func (s sine) Rate(t time.Duration) float64 {
	return math.Max(0, s.middle+s.amplitude*math.Cos(s.angle(t)))
}

// Next implements [Curve].
func (s sine) Next(t time.Duration) (time.Duration, bool) {
	t = max(t, 0)
	if t >= horizon || s.amplitude == 0 {
		return 0, false
	}
	in := (t + s.phase) % s.period
	for cut := in * sineCuts / s.period; ; cut++ {
		if at := s.period * (cut + 1) / sineCuts; at > in { // not so where the division before rounded down
			return following(t-in, at)
		}
	}
}

// Mean implements [Curve].
func (s sine) Mean(from, to time.Duration) float64 {
	from, to = clip(from), clip(to)
	if to <= from {
		return s.Rate(from)
	}
	half := (to - from).Seconds() / 2 * s.perSecond
	return math.Max(0, s.middle+s.amplitude*math.Cos(s.angle(from+(to-from)/2))*math.Sin(half)/half)
}

// Week makes one day differ from another.
type Week struct {
	// Start is the date and time of time 0.
	Start time.Time
	// Factors are those of the days of the week; a day that is missing has 1.
	Factors map[time.Weekday]float64
	// Holidays have factors of their own, by date (UTC, the time of day ignored).
	Holidays map[time.Time]float64
	// Blend is how long the change from one day to the next takes, half of it
	// before midnight; at most 24 h.
	Blend time.Duration
}

// Factor checks the week and makes a curve of its factors, to multiply a load
// with.
func (w Week) Factor() (Curve, error) {
	if w.Blend < 0 || w.Blend > day {
		return nil, fmt.Errorf("the blend is %s; want 0 to 24 h", w.Blend)
	}
	c := week{offset: timeOfDay(w.Start), blend: w.Blend, holidays: map[int]float64{}}
	first := w.Start.UTC().Truncate(day)
	for i := range c.days {
		c.days[i] = 1
		weekday := time.Weekday((int(first.Weekday()) + i) % 7)
		factor, given := w.Factors[weekday]
		if !given {
			continue
		}
		if err := checkRate("the factor of "+weekday.String(), factor); err != nil {
			return nil, err
		}
		c.days[i] = factor
	}
	for date, factor := range w.Holidays {
		date = date.UTC().Truncate(day)
		if err := checkRate("the factor of "+date.Format(time.DateOnly), factor); err != nil {
			return nil, err
		}
		c.holidays[int(math.Round(date.Sub(first).Hours()/24))] = factor
	}
	return c, nil
}

type week struct {
	// days are the factors by day since that of the start, modulo 7.
	days     [7]float64
	holidays map[int]float64 // by day since that of the start
	offset   time.Duration   // of the start since midnight
	blend    time.Duration
}

func (w week) factor(d int) float64 {
	if f, holiday := w.holidays[d]; holiday {
		return f
	}
	return w.days[((d%7)+7)%7]
}

// Rate implements [Curve].
func (w week) Rate(t time.Duration) float64 {
	x := clip(t) + w.offset
	d, in := int(x/day), x%day
	factor, half := w.factor(d), w.blend/2
	switch {
	case in < half:
		before := w.factor(d - 1)
		return before + (factor-before)*(0.5+float64(in)/float64(w.blend))
	case in >= day-half && half > 0:
		return factor + (w.factor(d+1)-factor)*(float64(in-day+half)/float64(w.blend))
	}
	return factor
}

// Next implements [Curve].
func (w week) Next(t time.Duration) (time.Duration, bool) {
	t = max(t, 0)
	if t >= horizon {
		return 0, false
	}
	in, half := (t+w.offset)%day, w.blend/2
	switch {
	case in < half:
		return following(t-in, half)
	case in < day-half:
		return following(t-in, day-half)
	}
	return following(t-in, day)
}

// Mean implements [Curve].
func (w week) Mean(from, to time.Duration) float64 { return numericMean(w, from, to) }
