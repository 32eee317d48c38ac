package fleet

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// through adds a point every step.
func through(s *series, step, span time.Duration) {
	for at := time.Duration(0); at < span; at += step {
		s.add(Point{At: start.Add(at), Source: at.Seconds(), Target: math.NaN(), Capacity: 1, Lag: at.Seconds(), Busy: 0.5, Parallelism: int(at / time.Minute)})
	}
}

func TestThePastThinsOutAsItAges(t *testing.T) {
	s := newSeries(jobTiers)
	through(&s, 10*time.Second, 48*time.Hour)
	end := start.Add(48 * time.Hour)
	for _, c := range []struct {
		back time.Duration
		gap  time.Duration
	}{
		{20 * time.Minute, 10 * time.Second},
		{5 * time.Hour, time.Minute},
		{40 * time.Hour, 10 * time.Minute},
	} {
		points := s.between(end.Add(-c.back), end, 0)
		if want := int(c.back / c.gap); len(points) < want || len(points) > want+1 {
			t.Errorf("%d points of the last %s, want about %d", len(points), c.back, want)
			continue
		}
		for i, p := range points[1:] {
			if gap := p.At.Sub(points[i].At); gap != c.gap {
				t.Errorf("of the last %s, %s lie between two points, want %s", c.back, gap, c.gap)
				break
			}
		}
	}
}

func TestASpanHasTheMeansTheMostLagAndTheNewestParallelism(t *testing.T) {
	s := newSeries([]tier{{time.Minute, 10}})
	for i, source := range []float64{100, math.NaN(), 300} {
		s.add(Point{At: start.Add(time.Duration(i) * 10 * time.Second), Source: source, Target: math.NaN(), Capacity: float64(i), Lag: float64(i % 2), Busy: 0.5, Parallelism: i})
	}
	got := s.between(start, start.Add(time.Hour), 0)
	if len(got) != 1 || got[0].Source != 200 || got[0].Capacity != 1 || got[0].Lag != 1 || got[0].Parallelism != 2 || !math.IsNaN(got[0].Target) {
		t.Errorf("%+v, want one point with source 200, capacity 1, lag 1, parallelism 2 and no target", got)
	}
}

func TestASeriesIsInOrderAndNeverLongerThanAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSeries(jobTiers)
		at := start
		for range rapid.IntRange(0, 600).Draw(t, "passes") {
			at = at.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "gap")) * time.Second)
			s.add(Point{At: at, Source: 1})
		}
		from := start.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "from")) * time.Second)
		most := rapid.IntRange(1, 100).Draw(t, "most")
		points := s.between(from, at.Add(time.Second), most)
		if len(points) > most {
			t.Fatalf("%d points, want at most %d", len(points), most)
		}
		for i := 1; i < len(points); i++ {
			if !points[i].At.After(points[i-1].At) {
				t.Fatalf("point %d at %s is not after %s", i, points[i].At, points[i-1].At)
			}
		}
		if !from.After(at) && len(points) == 0 && at.After(start) {
			t.Fatalf("nothing from %s on, though the newest is of %s", from, at)
		}
	})
}
