package scaling

import (
	"math"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scaling/excluded"
)

// It is 12:00 UTC.
func TestExcludedPeriodsAreThoseOfTheZone(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	tests := []struct {
		period string
		zone   *time.Location
		want   Reason
	}{
		{"11:00-13:00", nil, ReasonExcludedPeriod},
		{"13:00-15:00", nil, ReasonScale},
		{"11:00-13:00", east, ReasonScale},
		{"13:00-15:00", east, ReasonExcludedPeriod},
	}
	for _, tt := range tests {
		periods, err := excluded.Parse([]string{tt.period})
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*Config){
			"read before":         func(c *Config) { c.ExcludedPeriods = periods },
			"read as it is asked": func(c *Config) { c.DoubtfulPeriods = []string{tt.period} },
		} {
			out := Decide(twoBusy(t, func(c *Config) { change(c); c.Zone = tt.zone }))
			if out.Decision.Reason != tt.want || out.Decision.Scale != (tt.want == ReasonScale) {
				t.Errorf("%s, %s in zone %v: %s, want %s", tt.period, name, tt.zone, out.Decision.Reason, tt.want)
			}
		}
	}
}

func TestFractionalRatesKeepThreeDecimalsWhereThoseArePreciseEnough(t *testing.T) {
	c := Config{FractionalRates: true}
	for x, want := range map[float64]float64{
		0: 0, 0.0001234: 0.0001234, 9.87654321: 9.87654321, -9.87654321: -9.87654321,
		12.34567: 12.346, -12.34567: -12.346, 1e11 + 0.12345: 1e11 + 0.123,
		1.5e12 + 1.0/4096: 1.5e12 + 1.0/4096, // three decimals are too small beside it
		math.Inf(1):       math.Inf(1),
	} {
		if got := c.round(x); got != want {
			t.Errorf("%v is rounded to %v, want %v", x, got, want)
		}
	}
	if got := c.round(math.NaN()); !math.IsNaN(got) {
		t.Errorf("NaN is rounded to %v", got)
	}
	if whole := (&Config{}); whole.round(9.87654321) != 9.877 {
		t.Errorf("without them 9.87654321 is rounded to %v", whole.round(9.87654321))
	}
}
