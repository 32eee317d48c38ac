package fleet

import (
	"testing"
	"time"
)

func TestRestartsAreThoseThatPassesSaw(t *testing.T) {
	b := bookAt(time.Hour)
	for i, since := range []time.Duration{0, 0, 5 * time.Minute, 5 * time.Minute, 0, 9 * time.Minute, 8 * time.Minute} {
		r := pass{at: time.Duration(i) * time.Minute, rate: 400, from: 1, to: 1}.report()
		r.RunningSince = start.Add(since)
		if i == 4 {
			r.RunningSince = time.Time{} // a pass that could not read it
		}
		record(t, b, r)
	}
	for _, c := range []struct {
		from, to time.Duration
		want     int
	}{{0, time.Hour, 2}, {0, 6 * time.Minute, 1}, {6 * time.Minute, time.Hour, 1}, {10 * time.Minute, time.Hour, 0}} {
		if got := b.Restarts(keyOf("j1"), start.Add(c.from), start.Add(c.to)); len(got) != c.want {
			t.Errorf("from %s to %s: %v, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestRestartsAreBounded(t *testing.T) {
	var r restarts
	for i := range 10 * keptRestarts {
		r.note(start.Add(time.Duration(i) * time.Minute))
	}
	if n := len(r.at); n > keptRestarts || n < keptRestarts/2 {
		t.Errorf("%d are kept, want at most %d", n, keptRestarts)
	}
	if newest := start.Add((10*keptRestarts - 1) * time.Minute); !r.at[len(r.at)-1].Equal(newest) {
		t.Errorf("the newest is %s, want %s", r.at[len(r.at)-1], newest)
	}
}

func TestTheLastDecisionInAFewWords(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 400, from: 1, to: 1}.report())
	if last := b.Jobs()[0].Last; last.ID != 1 || last.Scale || last.Text != "within bounds" {
		t.Errorf("%+v, want decision 1: within bounds", last)
	}
	for i, c := range []pass{{rate: 900, from: 1, to: 3}, {rate: 900, from: 3, to: 3}, {rate: 901, from: 3, to: 3}} {
		c.at = time.Duration(i+1) * 10 * time.Second
		record(t, b, c.report())
		want := []string{"1 → 3 work", "within bounds", "within bounds"}[i]
		if last := b.Jobs()[0].Last; last.Text != want || last.ID != uint64(min(i, 1)+2) || last.Scale != (i == 0) {
			t.Errorf("pass %d: %+v, want %s", i, last, want)
		}
		if rescale := b.Jobs()[0].Rescale; rescale.ID != 2 || rescale.Text != "1 → 3 work" {
			t.Errorf("pass %d: the newest rescale is %+v, want decision 2: 1 → 3 work", i, rescale)
		}
	}
}
