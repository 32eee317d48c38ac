package workload

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// made is a curve that must be right.
func made(t testing.TB, c Curve, err error) Curve {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at is the rate at a time.
type at struct {
	t    time.Duration
	want float64
}

func TestCurvesHaveTheirRates(t *testing.T) {
	saturday := time.Date(2026, 7, 4, 6, 0, 0, 0, time.UTC)
	constant := func(rate float64) Curve { c, err := Constant(rate); return made(t, c, err) }
	curve := func(c Curve, err error) Curve { t.Helper(); return made(t, c, err) }
	steps := []Point{{0, 500}, {30 * time.Second, 2500}, {90 * time.Second, 500}}
	ramp := curve(Ramp(0, 1000, time.Minute, 10*time.Minute))
	for name, c := range map[string]struct {
		curve Curve
		want  []at
	}{
		"constant": {constant(500), []at{{0, 500}, {-time.Hour, 500}, {1000 * day, 500}}},
		"steps jump at the instant": {curve(Path{Points: steps}.Curve()), []at{
			{0, 500}, {30*time.Second - 1, 500}, {30 * time.Second, 2500}, {90*time.Second - 1, 2500}, {90 * time.Second, 500}, {day, 500},
		}},
		"steps that loop": {curve(Path{Points: steps, Length: 2 * time.Minute, End: Loop}.Curve()), []at{
			{90 * time.Second, 500}, {150 * time.Second, 2500}, {240 * time.Second, 500}, {270 * time.Second, 2500},
		}},
		"steps that fall silent": {curve(Path{Points: steps, Length: 2 * time.Minute, End: Silence}.Curve()), []at{{2*time.Minute - 1, 500}, {2 * time.Minute, 0}}},
		"steps that begin late":  {curve(Path{Points: steps[1:]}.Curve()), []at{{0, 2500}, {90 * time.Second, 500}}},
		"lines": {curve(Path{Points: []Point{{0, 100}, {10 * time.Minute, 900}}, Straight: true}.Curve()), []at{
			{0, 100}, {5 * time.Minute, 500}, {10 * time.Minute, 900}, {time.Hour, 900},
		}},
		"ramp":         {ramp, []at{{0, 0}, {time.Minute, 0}, {6 * time.Minute, 500}, {11 * time.Minute, 1000}, {day, 1000}}},
		"a quick sine": {curve(Sine{Low: 200, High: 1000, Period: time.Hour, Peak: 15 * time.Minute}.Curve()), []at{{15 * time.Minute, 1000}, {30 * time.Minute, 600}, {45 * time.Minute, 200}, {75 * time.Minute, 1000}}},
		"day and night by the clock": {curve(DayAndNight(100, 900, 20*time.Hour, saturday)), []at{
			{14 * time.Hour, 900}, {2 * time.Hour, 100}, {26 * time.Hour, 100},
		}},
		"a day through points": {curve(DayOf([]Point{{6 * time.Hour, 100}, {18 * time.Hour, 700}, {20 * time.Hour, 700}}, saturday)), []at{
			{0, 100}, {6 * time.Hour, 400}, {13 * time.Hour, 700}, {14 * time.Hour, 700}, {19 * time.Hour, 400}, {24 * time.Hour, 100},
		}},
		"a week with a holiday on Monday": {curve(Week{
			Start: saturday, Factors: map[time.Weekday]float64{time.Saturday: 0.5}, Holidays: map[time.Time]float64{time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC): 0.25},
		}.Factor()), []at{{0, 0.5}, {18*time.Hour - 1, 0.5}, {18 * time.Hour, 1}, {42 * time.Hour, 0.25}, {66 * time.Hour, 1}, {7 * day, 0.5}, {9 * day, 1}}},
		"days that blend": {curve(Week{
			Start: saturday, Factors: map[time.Weekday]float64{time.Saturday: 0.5}, Blend: 4 * time.Hour,
		}.Factor()), []at{{0, 0.5}, {16 * time.Hour, 0.5}, {17 * time.Hour, 0.625}, {18 * time.Hour, 0.75}, {19 * time.Hour, 0.875}, {20 * time.Hour, 1}}},
		"a flash sale": {curve(Spike{Base: 1, Peak: 3, At: time.Hour, Rise: 2 * time.Minute, Hold: 30 * time.Minute, Decay: time.Hour}.Curve()), []at{
			{time.Hour, 1}, {61 * time.Minute, 2}, {62 * time.Minute, 3}, {92 * time.Minute, 3}, {122 * time.Minute, 1 + 2*(math.Exp(-2.5)-math.Exp(-5))/(1-math.Exp(-5))}, {152 * time.Minute, 1}, {day, 1},
		}},
		"a sale each day":          {curve(Spike{Peak: 8, At: 25 * time.Hour, Hold: time.Hour, Every: day}.Curve()), []at{{0, 0}, {time.Hour, 8}, {2 * time.Hour, 0}, {25 * time.Hour, 8}, {49*time.Hour - 1, 0}}},
		"ESPA's convergence":       {curve(Convergence(2e6, 1e6)), []at{{0, 0}, {10 * time.Minute, 2e6}, {50 * time.Minute, 1e6}, {day, 1e6}}},
		"ESPA's cosine, its noise": {curve(Cosine{Mean: 30e3, Amplitude: 25e3}.Curve()), []at{{59 * time.Second, 55e3}, {30 * time.Minute, 5e3}, {45*time.Minute + 1, 30e3}, {60 * time.Minute, 55e3}}},
		"a sum":                    {Sum(constant(100), ramp), []at{{0, 100}, {6 * time.Minute, 600}}},
		"a product":                {Product(constant(3), ramp, ramp), []at{{0, 0}, {6 * time.Minute, 3 * 500 * 500}}},
		"a scaled one":             {curve(Scale(ramp, 0.1)), []at{{6 * time.Minute, 50}}},
		"a limited one":            {curve(Limit(ramp, 100, 300)), []at{{0, 100}, {2 * time.Minute, 100}, {3 * time.Minute, 200}, {5 * time.Minute, 300}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range c.want {
				if got := c.curve.Rate(w.t); math.Abs(got-w.want) > 1e-9*math.Max(1, w.want) {
					t.Errorf("%v records/s at %s, want %v", got, w.t, w.want)
				}
			}
		})
	}
}

func TestMeansAreThoseOfTheArea(t *testing.T) {
	sine := made(t, must(Sine{Low: 200, High: 1000, Period: time.Hour}.Curve()), nil)
	ramp := must(Ramp(0, 1000, 0, 10*time.Minute))
	loop := must(Path{Points: []Point{{0, 100}, {time.Minute, 400}}, Length: 2 * time.Minute, End: Loop}.Curve())
	for name, c := range map[string]struct {
		curve    Curve
		from, to time.Duration
		want     float64
	}{
		"a whole period":            {sine, 7 * time.Minute, 127 * time.Minute, 600},
		"half of one":               {sine, 0, 30 * time.Minute, 600},
		"the quarter at the peak":   {sine, 0, 15 * time.Minute, 600 + 400*2/math.Pi},
		"no time":                   {sine, time.Hour, time.Hour, 1000},
		"backwards":                 {sine, time.Hour, 0, 1000},
		"a ramp and what follows":   {ramp, 0, 20 * time.Minute, 750},
		"within a ramp":             {ramp, time.Minute, 3 * time.Minute, 200},
		"many rounds":               {loop, 0, 1000 * 2 * time.Minute, 250},
		"rounds and a part":         {loop, time.Minute, 3 * time.Minute, 250},
		"an instant far away":       {loop, 90 * day, 90*day + time.Nanosecond, 100},
		"a product of two slopes":   {Product(ramp, ramp), 0, 10 * time.Minute, 1e6 / 3.0},
		"a sum":                     {Sum(ramp, sine), 0, time.Hour, 600 + 1000*55.0/60},
		"what a limit takes away":   {must(Limit(ramp, 0, 500)), 0, 10 * time.Minute, 375},
		"what a floor adds":         {must(Limit(ramp, 500, 1000)), 0, 10 * time.Minute, 625},
		"a decay, a fifth and less": {must(Spike{Peak: 1000, Decay: time.Hour}.Curve()), 0, time.Hour, 1000 * (0.2 - math.Exp(-5)/(1-math.Exp(-5)))},
	} {
		t.Run(name, func(t *testing.T) {
			// The decay is a chain of lines, a little above the exponential.
			if got := c.curve.Mean(c.from, c.to); math.Abs(got-c.want) > 1e-9*c.want && (c.want > 200 || math.Abs(got-c.want) > 3e-3*c.want) {
				t.Errorf("%v records/s, want %v", got, c.want)
			}
		})
	}
}

func must(c Curve, err error) Curve {
	if err != nil {
		panic(err)
	}
	return c
}

// curves generates curves of all kinds, nested.
func curves(depth int) *rapid.Generator[Curve] {
	return rapid.Custom(func(t *rapid.T) Curve {
		rate := func(name string) float64 { return rapid.Float64Range(0, 1e6).Draw(t, name) }
		span := func(name string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(time.Second), int64(most)).Draw(t, name))
		}
		end := rapid.SampledFrom([]End{Hold, Loop, Silence}).Draw(t, "end")
		seed := rapid.Uint64().Draw(t, "seed")
		sampling := Sampling{Every: time.Second + span("every", time.Hour), Length: 3*time.Hour + span("length", 9*time.Hour), End: end, Seed: seed}
		kinds := 8
		if depth > 0 {
			kinds = 14
		}
		inner := func() Curve { return curves(depth-1).Draw(t, "of") }
		low := rate("low")
		high := low + rate("more")
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return must(Constant(low))
		case 1, 2:
			path := Path{Straight: rapid.Bool().Draw(t, "straight"), End: end}
			at := time.Duration(0)
			for range rapid.IntRange(1, 6).Draw(t, "points") {
				at += span("gap", time.Hour)
				path.Points = append(path.Points, Point{at, rate("rate")})
			}
			path.Length = at + span("rest", time.Hour)
			return must(path.Curve())
		case 3:
			return must(Sine{Low: low, High: high, Period: time.Second + span("period", 30*day), Peak: span("peak", day)}.Curve())
		case 4:
			start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).Add(span("start", 9*day))
			return must(DayOf([]Point{{span("morning", 9*time.Hour), low}, {9*time.Hour + span("noon", 9*time.Hour), high}}, start))
		case 5:
			return must(Spike{Base: low, Peak: high, At: span("at", day), Rise: span("rise", time.Hour), Hold: span("hold", time.Hour), Decay: span("decay", time.Hour)}.Curve())
		case 6:
			return must(Walk{Sampling: sampling, Start: low, Down: rate("down"), Up: rate("up")}.Curve())
		case 7:
			return must(Cosine{Sampling: sampling, Mean: low, Amplitude: high, Noise: rate("noise")}.Curve())
		case 8:
			return Sum(inner(), inner())
		case 9:
			return Product(inner(), inner())
		case 10:
			return must(Scale(inner(), rapid.Float64Range(0, 10).Draw(t, "by")))
		case 11:
			return must(Limit(inner(), low, high))
		case 12:
			return must(Shake(inner(), Noise{Share: rapid.Float64Range(0, 1).Draw(t, "share"), Amount: low, Every: sampling.Every, Seed: seed}))
		}
		week := Week{Factors: map[time.Weekday]float64{time.Sunday: 0.5, time.Thursday: 2}, Blend: span("blend", day)}
		return Product(inner(), must(week.Factor()))
	})
}

var instants = rapid.Custom(func(t *rapid.T) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(3*day)).Draw(t, "t"))
})

func TestEveryCurveIsFiniteAndTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := curves(2).Draw(t, "curve")
		times := rapid.SliceOfN(instants, 2, 20).Draw(t, "times")
		times = append(times, -1, math.MinInt64, math.MaxInt64, horizon, horizon-1)
		first := make([]float64, len(times))
		for i, at := range times {
			first[i] = c.Rate(at)
			if math.IsInf(first[i], 0) || !(first[i] >= 0) {
				t.Fatalf("%v at %s", first[i], at)
			}
		}
		for i := len(times) - 1; i >= 0; i-- {
			if again := c.Rate(times[i]); again != first[i] {
				t.Fatalf("at %s first %v, then %v", times[i], first[i], again)
			}
		}
		for _, at := range times {
			if next, more := c.Next(at); more && (next <= at || next > horizon) {
				t.Fatalf("the bend after %s is at %s", at, next)
			}
		}
	})
}

func TestEveryCurveIsStraightUpToItsNextBend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := curves(2).Draw(t, "curve")
		from := instants.Draw(t, "from")
		for range 20 {
			next, more := c.Next(from)
			if !more {
				next = from + day
			}
			// The height of what it is made of is not known from outside: take its own nearby, in twice the contract.
			height := 0.0
			for i := range 64 {
				height = math.Max(height, c.Rate(from-time.Hour+time.Duration(i)*2*time.Hour/64+(next-from)*time.Duration(i)/64))
			}
			// At the foot of a fast swing that soon falls silent, its top lies between those.
			for off := time.Millisecond; off < day; off *= 2 {
				height = max(height, c.Rate(from-off), c.Rate(from+off))
			}
			first, last := c.Rate(from), c.Rate(next-1)
			for i := range 8 {
				at := from + (next-from)*time.Duration(i)/8
				line := first + (last-first)*float64(at-from)/math.Max(1, float64(next-1-from))
				if got := c.Rate(at); next-from > time.Millisecond && math.Abs(got-line) > 0.002*height+1e-6 {
					t.Fatalf("from %s to %s: %v at %s, %v on the line, height %v", from, next, got, at, line, height)
				}
			}
			from = next
		}
	})
}

func TestMeansAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := curves(1).Draw(t, "curve")
		a := instants.Draw(t, "a")
		b := a + time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "ab"))
		d := b + time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "bd"))
		whole := c.Mean(a, d) * (d - a).Seconds()
		parts := c.Mean(a, b)*(b-a).Seconds() + c.Mean(b, d)*(d-b).Seconds()
		if !near(whole, parts, 1e-3) {
			t.Fatalf("%v records in all, %v in parts", whole, parts)
		}
		// Independently: a thousand samples of each piece of the curve.
		sampled, pieces := 0.0, 0
		for at := a; at < d && pieces < 200; pieces++ {
			next, more := c.Next(at)
			if !more || next > d {
				next = d
			}
			sampled += midpoints(c, at, next)
			at = next
		}
		if pieces < 200 && !near(whole, sampled, 2e-3) {
			t.Fatalf("%v records by the mean, %v by samples", whole, sampled)
		}
	})
}

func midpoints(c Curve, from, to time.Duration) float64 {
	const n = 200
	total := 0.0
	for i := range n {
		total += c.Rate(from + time.Duration((float64(i)+0.5)/n*float64(to-from)))
	}
	return total / n * (to - from).Seconds()
}

func near(a, b, share float64) bool {
	return math.Abs(a-b) <= share*math.Max(math.Abs(a), math.Abs(b))+1e-6
}

func TestSmallMeansFarAwayKeepTheirDigits(t *testing.T) {
	c := must(Path{Points: []Point{{0, 100}, {time.Minute, 400}}, Length: 2 * time.Minute, End: Loop}.Curve())
	at := 365*day + time.Minute - time.Second
	if got := c.Mean(at, at+2*time.Second); math.Abs(got-250) > 1e-4 {
		t.Errorf("%v records/s over a jump after a year, want 250", got)
	}
}

func TestNoiseIsEvenAndDependsOnTheSeedAlone(t *testing.T) {
	base := must(Constant(1000))
	shake := func(seed uint64) Curve {
		return must(Shake(base, Noise{Share: 0.1, Amount: 50, Every: time.Second, Seed: seed}))
	}
	c, twin, other := shake(1), shake(1), shake(2)
	sum, least, most, same := 0.0, math.Inf(1), 0.0, 0
	const n = 20_000
	for i := n - 1; i >= 0; i-- {
		at := time.Duration(i) * time.Second
		rate := c.Rate(at)
		sum, least, most = sum+rate, math.Min(least, rate), math.Max(most, rate)
		if rate != twin.Rate(at) || rate != c.Rate(at+time.Second-1) {
			t.Fatalf("at %s: another rate for the same seed and step", at)
		}
		if rate == other.Rate(at) {
			same++
		}
	}
	if mean := sum / n; math.Abs(mean-1000) > 3 || least < 850 || most > 1150 || least > 852 || most < 1148 {
		t.Errorf("mean %v between %v and %v, want 1000 between 850 and 1150", mean, least, most)
	}
	if same > 0 {
		t.Errorf("another seed gives %d equal rates", same)
	}
	if got := must(Shake(base, Noise{Amount: 5000, Seed: 1})); got.Rate(0) < 0 || got.Mean(0, time.Hour) < 1000 {
		t.Error("noise above the rate is not cut off at 0")
	}
}

func TestWalksStayWithinTheirBounds(t *testing.T) {
	const end, seeds = 139 * time.Minute, 20
	grown, declined := 0.0, 0.0
	for seed := range uint64(seeds) {
		walk, growth, decline := must(RandomWalk(seed).Curve()), must(Growth(2.5e6, seed).Curve()), must(Decline(2.5e6, seed).Curve())
		if walk.Rate(0) != 1.25e6 || growth.Rate(0) != 0 || decline.Rate(0) != 2.502e6 {
			t.Fatal("a walk begins elsewhere")
		}
		for i := range 139 {
			before, after := walk.Rate(time.Duration(i)*time.Minute), walk.Rate(time.Duration(i+1)*time.Minute)
			if after > 2.5e6 || math.Abs(after-before) > 500e3 {
				t.Fatalf("seed %d, minute %d: %v after %v", seed, i+1, after, before)
			}
		}
		grown, declined = grown+growth.Rate(end)/seeds, declined+decline.Rate(end)/seeds
	}
	// 139 steps of R(1/22-1/30)/2 are 0.84 R on average, of R(1/28-1/21)/2 are -0.83 R.
	if grown < 1.7e6 || grown > 2.6e6 || declined > 0.9e6 {
		t.Errorf("grown to %v, declined to %v", grown, declined)
	}
}

func TestWrongNumbersAreRefusedByName(t *testing.T) {
	_, point := Path{Points: []Point{{0, 1}, {0, 2}}}.Curve()
	one := must(Constant(1))
	for want, got := range map[string]func() (Curve, error){
		"point 1 is -1; want a rate from 0":                 func() (Curve, error) { return Constant(-1) },
		"is NaN; want a rate":                               func() (Curve, error) { return Constant(math.NaN()) },
		"is +Inf; want a rate":                              func() (Curve, error) { return Scale(one, math.Inf(1)) },
		"point 2 at 0s is not after the one before at 0s":   func() (Curve, error) { return nil, point },
		"no point given":                                    func() (Curve, error) { return Path{}.Curve() },
		"a loop of no length":                               func() (Curve, error) { return Path{Points: []Point{{0, 1}}, End: Loop}.Curve() },
		"ends where its last step begins, at 1m0s":          func() (Curve, error) { return Path{Points: []Point{{0, 1}, {time.Minute, 1}}, End: Loop}.Curve() },
		"the low rate 2 is above the high one, 1":           func() (Curve, error) { return Sine{Low: 2, High: 1, Period: time.Hour}.Curve() },
		"the period is 1ms; want 1 s to a year":             func() (Curve, error) { return Sine{Period: time.Millisecond}.Curve() },
		"the last point is at 24h0m0s; want a time before":  func() (Curve, error) { return DayOf([]Point{{day, 1}}, time.Time{}) },
		"the blend is 25h0m0s; want 0 to 24 h":              func() (Curve, error) { return Week{Blend: 25 * time.Hour}.Factor() },
		"the factor of Monday is -1":                        func() (Curve, error) { return Week{Factors: map[time.Weekday]float64{1: -1}}.Factor() },
		"the peak 1 is below the base, 2":                   func() (Curve, error) { return Spike{Base: 2, Peak: 1, Hold: 1}.Curve() },
		"longer than it takes to the next, 1s":              func() (Curve, error) { return Spike{Peak: 1, Hold: time.Minute, Every: time.Second}.Curve() },
		"the least rate 2 is above the most, 1":             func() (Curve, error) { return Limit(one, 2, 1) },
		"the share is 1.5; want 0 to 1":                     func() (Curve, error) { return Shake(one, Noise{Share: 1.5}) },
		"every is 1ns; want 1ms to 100 years":               func() (Curve, error) { return Shake(one, Noise{Every: 1}) },
		"the start 5 is not between the least rate 0 and t": func() (Curve, error) { return Walk{Start: 5, Max: 4}.Curve() },
		"want at most 1048576: a greater step":              func() (Curve, error) { return Walk{Sampling: Sampling{Every: time.Millisecond, Length: day}}.Curve() },
		"from is 2s; the series ends at 1s": func() (Curve, error) {
			return Trace{From: 2 * time.Second}.Curve(&Series{At: []time.Duration{0}, Values: []float64{1}})
		},
		"0 throughout: no mean or peak": func() (Curve, error) {
			return Trace{Peak: 2}.Curve(&Series{At: []time.Duration{0}, Values: []float64{0}})
		},
		"scale, mean and peak each say how high": func() (Curve, error) { return Trace{Peak: 2, Mean: 1}.Curve(&Series{}) },
		"the series is empty":                    func() (Curve, error) { return Trace{}.Curve(&Series{}) },
	} {
		_, err := got()
		wantText(t, err, want)
	}
}
