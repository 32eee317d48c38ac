package tuning

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// of is the share of a total that the range is a part of.
func (r Range) of(pool string, total int64) (int64, error) {
	if err := r.check(pool); err != nil {
		return 0, err
	}
	return r.share(pool, total, float64(r.Fraction))
}

// besides is the share of a total of which only the rest is known.
func (r Range) besides(pool string, rest int64) (int64, error) {
	if err := r.check(pool); err != nil {
		return 0, err
	}
	f := float64(r.Fraction)
	return r.share(pool, rest, f/(1-f))
}

// holds checks a size that was not derived from the range.
func (r Range) holds(pool string, size int64) error {
	if err := r.check(pool); err != nil {
		return err
	}
	if size < r.Min || size > r.Max {
		return fmt.Errorf("%s is left for %s: want %s to %s", sizeText(size), pool, sizeText(r.Min), sizeText(r.Max))
	}
	return nil
}

func (r Range) check(pool string) error {
	if r.Min > r.Max || !(r.Fraction >= 0 && r.Fraction < 1) {
		return fmt.Errorf("%s is configured as fraction %v, min %s, max %s: want min up to max and a fraction in [0,1)",
			pool, r.Fraction, sizeText(r.Min), sizeText(r.Max))
	}
	return nil
}

func (r Range) share(pool string, base int64, factor float64) (int64, error) {
	size, fits := times(base, factor)
	size = max(min(size, r.Max), r.Min)
	if !fits || size > largest {
		return 0, fmt.Errorf("%s: %v of %s is too large", pool, factor, sizeText(base))
	}
	return size, nil
}

// times multiplies with the shortest decimal text of a factor that is not
// negative, exactly, and cuts the fraction off, as Flink does. It tells whether
// the result fits.
func times(n int64, factor float64) (int64, bool) {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(factor, 'f', -1, 64), ".")
	digits, err := strconv.ParseUint(whole+fraction, 10, 64)
	if err != nil {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(n), digits)
	for range fraction {
		rest := hi % 10
		hi /= 10
		lo, _ = bits.Div64(rest, lo, 10)
	}
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	return int64(lo), true
}

// fractionText is part of whole, rounded up to three decimals of its shortest
// decimal text, in single precision as Java prints it: "0.654", "0.0".
func fractionText(part, whole int64) string {
	integer, decimals, _ := strings.Cut(strconv.FormatFloat(float64(part)/float64(whole), 'f', -1, 64), ".")
	n, _ := strconv.ParseInt(integer+(decimals + "000")[:3], 10, 64)
	if len(decimals) > 3 { // the last digit of a shortest text is not 0
		n++
	}
	text := strconv.FormatFloat(float64(n)/1000, 'f', -1, 32)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// sizeText prints a size in the largest unit that divides it, as Flink does:
// "30 gb", "13760 kb", "0 bytes".
func sizeText(n int64) string {
	for _, u := range [...]struct {
		size int64
		name string
	}{{tib, " tb"}, {gib, " gb"}, {mib, " mb"}, {kib, " kb"}} {
		if n != 0 && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// truncate cuts the fraction off as Java does: within the range of an int64, and
// NaN gives 0.
func truncate(x float64) int64 {
	switch {
	case math.IsNaN(x):
		return 0
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	return int64(x)
}

// truncate32 does the same within the range of an int32.
func truncate32(x float64) int {
	return int(max(math.MinInt32, min(math.MaxInt32, truncate(x))))
}
