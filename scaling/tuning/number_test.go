package tuning

import (
	"math"
	"testing"
)

func TestSizesPrintInTheLargestUnitThatDivides(t *testing.T) {
	for size, want := range map[int64]string{
		0:              "0 bytes",
		1:              "1 bytes",
		1023:           "1023 bytes",
		kib:            "1 kb",
		13760 * kib:    "13760 kb",
		120 * mib:      "120 mb",
		1024 * mib:     "1 gb",
		30 * gib:       "30 gb",
		2 * tib:        "2 tb",
		20108162027:    "20108162027 bytes",
		math.MaxInt64:  "9223372036854775807 bytes",
		1536 * gib:     "1536 gb",
		120*mib + 1024: "122881 kb",
	} {
		if got := sizeText(size); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", size, got, want)
		}
	}
}

func TestFractionsAreRoundedUpToThreeDecimals(t *testing.T) {
	tests := []struct {
		part, whole int64
		want        string
	}{
		{0, 5, "0.0"},
		{1, 1_000_000_000, "0.001"},
		{1, 1000, "0.001"},
		{1001, 1_000_000, "0.002"},
		{654, 1000, "0.654"},
		{6540001, 10_000_000, "0.655"},
		{68, 100, "0.68"},
		{2, 3, "0.667"},
		{1, 2, "0.5"},
		{7, 7, "1.0"},
		{999_999, 1_000_000, "1.0"},
	}
	for _, tt := range tests {
		if got := fractionText(tt.part, tt.whole); got != tt.want {
			t.Errorf("fractionText(%d, %d) = %q, want %q", tt.part, tt.whole, got, tt.want)
		}
	}
}

func TestAMultipleIsExactInTheDecimalsOfTheFactor(t *testing.T) {
	tests := []struct {
		name   string
		n      int64
		factor float64
		want   int64
		fits   bool
	}{
		{"whole", 7, 3, 21, true},
		{"cut, not rounded", 9, 0.9999, 8, true},
		{"0.29 of 100 is 29, where floating point gives 28", 100, 0.29, 29, true},
		{"single precision shows", 4 * gib, float64(float32(0.1)), 429496736, true},
		{"a small factor", 1 << 59, 1e-17, 5, true},
		{"nothing", 5, 0, 0, true},
		{"up to the end", math.MaxInt64, 1, math.MaxInt64, true},
		{"one more", math.MaxInt64, 1.0000000000000002, 0, false},
		{"far more", math.MaxInt64, 1e9, 0, false},
		{"beyond all digits", 1, 1e300, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, fits := times(tt.n, tt.factor); got != tt.want || fits != tt.fits {
				t.Errorf("got %d, %v, want %d, %v", got, fits, tt.want, tt.fits)
			}
		})
	}
}

func TestTruncationStaysInRange(t *testing.T) {
	tests := []struct {
		x    float64
		want int64
		w32  int
	}{
		{math.NaN(), 0, 0},
		{math.Inf(1), math.MaxInt64, math.MaxInt32},
		{math.Inf(-1), math.MinInt64, math.MinInt32},
		{2.999, 2, 2},
		{-2.999, -2, -2},
		{3e9, 3e9, math.MaxInt32},
		{1e19, math.MaxInt64, math.MaxInt32},
		{1 << 63, math.MaxInt64, math.MaxInt32},
	}
	for _, tt := range tests {
		if got, got32 := truncate(tt.x), truncate32(tt.x); got != tt.want || got32 != tt.w32 {
			t.Errorf("%v: got %d and %d, want %d and %d", tt.x, got, got32, tt.want, tt.w32)
		}
	}
}
