package workload

import (
	"testing"
	"time"
)

var rateSink float64

// Targets: 100 ns for what is computed, 200 ns for a trace, at random times.
func BenchmarkRate(b *testing.B) {
	ads, _, err := Bundled("ads")
	if err != nil {
		b.Fatal(err)
	}
	elb, _, err := Bundled("elb")
	if err != nil {
		b.Fatal(err)
	}
	sine := must(Sine{Low: 1, High: 2, Period: day}.Curve())
	for _, c := range []struct {
		name  string
		curve Curve
	}{
		{"constant", must(Constant(5))},
		{"sine", sine},
		{"spike", must(Spike{Peak: 5, At: time.Hour, Rise: time.Hour, Decay: time.Hour, Every: day}.Curve())},
		{"random walk", must(Walk{Sampling: Sampling{Seed: 1, End: Loop}, Start: 5, Down: 1, Up: 1}.Curve())},
		{"week", must(Week{Factors: map[time.Weekday]float64{0: 0.5}, Holidays: map[time.Time]float64{{}: 1}}.Factor())},
		{"noise", must(Shake(sine, Noise{Share: 0.1}))},
		{"trace ads", must(Trace{End: Loop}.Curve(ads))},
		{"trace elb, with gaps", must(Trace{End: Loop}.Curve(elb))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			at := uint64(1)
			for b.Loop() {
				at = mix(at)
				rateSink += c.curve.Rate(time.Duration(at % uint64(30*day)))
			}
		})
	}
}

func BenchmarkBundled(b *testing.B) {
	for b.Loop() {
		if _, _, err := Bundled("ads"); err != nil {
			b.Fatal(err)
		}
	}
}
