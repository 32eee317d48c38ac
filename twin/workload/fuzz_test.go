package workload

import (
	"math"
	"strings"
	"testing"
	"time"
)

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"timestamp,value\n0,1\n1,2\n", "2026-07-06 12:00:00,10\n2026-07-06T12:01:00Z,20\n", "1783339200000,1\n-5,2\n", "\"a\n", "\ufeff1;2\n", "1e18,1\n9e18,3\n",
	} {
		f.Add(text, "", "", false)
		f.Add(text, "2", "value", true)
	}
	f.Fuzz(func(t *testing.T, text, column, value string, sorted bool) {
		s, err := ReadCSV("f.csv", strings.NewReader(text), CSV{Time: column, Value: value, Sort: sorted, Step: time.Second})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.csv") {
				t.Errorf("the error does not begin with the file: %v", err)
			}
			return
		}
		for i := range s.At {
			if s.At[i] < 0 || s.At[i] > horizon || i > 0 && s.At[i] <= s.At[i-1] || !(s.Values[i] >= 0 && s.Values[i] <= MaxRate) {
				t.Fatalf("row %d: %v at %s", i, s.Values[i], s.At[i])
			}
		}
		if s.At[0] != 0 {
			t.Errorf("it begins at %s", s.At[0])
		}
		if c, err := (Trace{PerStep: true, End: Loop}).Curve(s); err == nil {
			sound(t, c)
		}
	})
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte(shop))
	for _, text := range []string{
		"duration: 1 h\nloads: {a: {trace: {name: elb, speed: 3, mean: 5k, end: loop}}, b: {week: {of: {growth: {}}, holidays: {2026-12-25: 0.3}}}}",
		"duration: 1 h\nloads: {a: {limit: {of: {product: [{sine: {high: 5, period: 1 s}}, 3]}, max: 4}}}\nevents: [{at: 0, add: 1}]",
		"loads: &a {b: *a}", "a: !!binary x", "? [1]\n: 2", "<<: {a: 1}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseScenario("f.yaml", text, nil)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f.yaml") {
					t.Errorf("a fault without its place: %s", line)
				}
			}
			return
		}
		for _, l := range s.Loads {
			sound(t, l.Curve)
		}
	})
}

// sound expects what every curve holds to.
func sound(t *testing.T, c Curve) {
	t.Helper()
	for _, at := range []time.Duration{0, 1, time.Second, time.Hour, 400 * day, horizon} {
		if rate := c.Rate(at); math.IsInf(rate, 0) || !(rate >= 0) {
			t.Fatalf("%v at %s", rate, at)
		}
		if next, more := c.Next(at); more && next <= at {
			t.Fatalf("the bend after %s is at %s", at, next)
		}
		if mean := c.Mean(at, at+time.Millisecond); math.IsInf(mean, 0) || !(mean >= 0) {
			t.Fatalf("mean %v at %s", mean, at)
		}
	}
}
