package scaling

import (
	"math"
	"math/big"
	"strconv"
	"testing"
)

// roundedExactly rounds the shortest decimal text in exact arithmetic.
func roundedExactly(t *testing.T, x float64) float64 {
	t.Helper()
	thousandths, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	if !ok {
		t.Fatalf("%v is no decimal number", x)
	}
	thousandths.Mul(thousandths, big.NewRat(1000, 1))
	half := big.NewRat(int64(thousandths.Sign()), 2)
	thousandths.Add(thousandths, half)
	whole := new(big.Int).Quo(thousandths.Num(), thousandths.Denom()) // towards zero
	r, _ := new(big.Rat).SetFrac(whole, big.NewInt(1000)).Float64()
	if r == 0 {
		return x
	}
	return r
}

func FuzzRound3(f *testing.F) {
	for _, x := range []float64{0, 0.0004, 0.0005, 0.00049999, 1.0005, 2.0005, 1.2345, -1.2345, 0.9995, 99.9995, -9.9995, 1234567.8915, 1e15 + 0.125, 1e300, 5e-324, math.MaxFloat64, 4503599627370495.5} {
		f.Add(math.Float64bits(x))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		x := math.Float64frombits(bits)
		got := Round3(x)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			if math.Float64bits(got) != bits {
				t.Errorf("Round3(%v) = %v", x, got)
			}
			return
		}
		if want := roundedExactly(t, x); got != want {
			t.Errorf("Round3(%v) = %v, want %v", x, got, want)
		}
		if again := Round3(got); again != got {
			t.Errorf("Round3(%v) = %v, rounded again %v", x, got, again)
		}
	})
}

func TestConversionsStayInRange(t *testing.T) {
	for x, want := range map[float64]float64{0.5: 1, -0.5: 0, 1.49: 1, -1.5: -1, 0.49999999999999994: 0, 1e30: math.MaxInt64, -1e30: math.MinInt64} {
		if got := roundHalfUp(x); got != want {
			t.Errorf("roundHalfUp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := roundHalfUp(math.NaN()); got != 0 {
		t.Errorf("roundHalfUp(NaN) = %v", got)
	}
	for x, want := range map[float64]int{1.9: 1, -1.9: -1, 1e30: math.MaxInt32, -1e30: math.MinInt32, math.Inf(1): math.MaxInt32} {
		if got := truncate32(x); got != want {
			t.Errorf("truncate32(%v) = %v, want %v", x, got, want)
		}
	}
	if got := truncate32(math.NaN()); got != 0 {
		t.Errorf("truncate32(NaN) = %v", got)
	}
}
