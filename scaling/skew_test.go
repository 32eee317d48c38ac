package scaling

import (
	"math"
	"testing"
)

func TestHotPartIsWhatAnEvenShareDoesNotExplain(t *testing.T) {
	for _, tt := range []struct {
		share       float64
		parallelism int
		want        float64
	}{
		{0.25, 4, 0}, {0.2, 4, 0}, {0.7, 4, 0.6}, {1, 4, 1}, {0.55, 10, 0.5}, {1.2, 4, 1},
	} {
		if got := hotPart(tt.share, tt.parallelism); !(math.Abs(got-tt.want) <= 1e-12) {
			t.Errorf("share %v of %d: %v, want %v", tt.share, tt.parallelism, got, tt.want)
		}
	}
}

// The hottest of four subtasks has 70 % of the records, 60 % are of one key, and
// it can do 1000 records/s. The target utilization is 70 %.
func TestASkewedVertexIsSizedByItsHottestSubtask(t *testing.T) {
	hot := Hottest{Known: true, Share: 0.7, Busy: 1, Capacity: 1000}
	share := func(share float64) Hottest { h := hot; h.Share = share; return h }
	tests := []struct {
		name        string
		hot         Hottest
		parallelism int
		rate, most  float64 // the upper utilization
		want        skewVerdict
	}{
		{"nothing known", Hottest{Share: 0.7, Capacity: 1000}, 4, 1000, 1, skewVerdict{}},
		{"alone", share(1), 1, 1000, 1, skewVerdict{}},
		{"one of two", share(1), 2, 500, 1, skewVerdict{applies: true, parallelism: 1, hotRate: 500}},
		{"no more than key groups explain", share(0.31), 4, 1000, 1, skewVerdict{}},
		{"just more", share(0.3125), 4, 1200, 1, skewVerdict{applies: true, parallelism: 2, hotRate: 100}},
		{"the rest fits beside the key", hot, 4, 1000, 1, skewVerdict{applies: true, parallelism: 4, hotRate: 600}},
		{"close to the limit the rest is spread well enough", hot, 4, 1100, 1, skewVerdict{applies: true, parallelism: 5, hotRate: 660}},
		{"beyond the target it takes the upper utilization", hot, 4, 1600, 1, skewVerdict{applies: true, parallelism: 16, hotRate: 960}},
		{"which is no more than all", hot, 4, 1600, 1.4, skewVerdict{applies: true, parallelism: 16, hotRate: 960}},
		{"and may be less", hot, 4, 1300, 0.8, skewVerdict{applies: true, parallelism: 26, hotRate: 780}},
		{"the key alone is too much", hot, 4, 2500, 1, skewVerdict{applies: true, hotRate: 1500}},
		{"there is but one key, and no room", share(1), 4, 1000, 1, skewVerdict{applies: true, hotRate: 1000}},
		{"the key alone leaves no room", hot, 4, 1250, 0.75, skewVerdict{applies: true, hotRate: 750}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			c.UtilizationMax = tt.most
			got := sizeSkewed(tt.hot, tt.parallelism, tt.rate, &c)
			if got.applies != tt.want.applies || got.parallelism != tt.want.parallelism || !(math.Abs(got.hotRate-tt.want.hotRate) <= 1e-9) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
