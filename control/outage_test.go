package control

import (
	"slices"
	"testing"
	"time"
)

func TestWaitsDoubleUpToAMinuteOrTheInterval(t *testing.T) {
	for _, test := range []struct {
		interval time.Duration
		want     []time.Duration // in seconds
	}{
		{time.Second, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}},
		{10 * time.Second, []time.Duration{10, 20, 40, 60, 60}},
		{90 * time.Second, []time.Duration{90, 90}},
	} {
		var o outage
		var got []time.Duration
		for range test.want {
			wait, _ := o.failed(time.Unix(0, 0), test.interval, 0.5)
			got = append(got, wait/time.Second)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("interval %s: waits %d s, want %d s", test.interval, got, test.want)
		}
	}
}

func TestJitterIsAFifthBothWays(t *testing.T) {
	for chance, want := range map[float64]time.Duration{0: 8 * time.Second, 0.5: 10 * time.Second, 0.75: 11 * time.Second, 0.999999999: 11999999999 * time.Nanosecond} {
		if got := jittered(10*time.Second, chance); (got - want).Abs() > 10*time.Nanosecond {
			t.Errorf("chance %g makes %s of 10 s, want %s", chance, got, want)
		}
	}
}

func TestAnOutageIsSaidOnceAndThenAtEachDoubling(t *testing.T) {
	var o outage
	said := map[speech][]int{}
	for minute := range 60 {
		_, say := o.failed(time.Unix(int64(60*minute), 0), 10*time.Second, 0.5)
		said[say] = append(said[say], minute)
	}
	if !slices.Equal(said[sayAway], []int{0}) || !slices.Equal(said[sayStillAway], []int{5, 10, 20, 40}) {
		t.Errorf("away said at minute %v, still away at %v", said[sayAway], said[sayStillAway])
	}
	if away, was := o.over(time.Unix(3600, 0)); !was || away != time.Hour {
		t.Errorf("an outage of %s (%t), want an hour", away, was)
	}
	if _, was := o.over(time.Unix(3600, 0)); was {
		t.Error("an outage that is over is over again")
	}
	if wait, say := o.failed(time.Unix(4000, 0), 10*time.Second, 0.5); wait != 10*time.Second || say != sayAway {
		t.Errorf("the next outage begins with %s and %d", wait, say)
	}
}
