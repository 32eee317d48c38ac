package scaling

import (
	"math"
	"testing"
	"time"
)

// As Java's Double.toString.
func TestNumbersAreWrittenAsJavaDoes(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.0",
		1: "1.0", -1: "-1.0", 90: "90.0", 0.5: "0.5", -12.25: "-12.25",
		0.001: "0.001", 0.00099: "9.9E-4", -0.001: "-0.001", -0.00099: "-9.9E-4", 1e-10: "1.0E-10", 1.5e-100: "1.5E-100",
		9999999: "9999999.0", 1e7: "1.0E7", -1e7: "-1.0E7", 12345678.9: "1.23456789E7", 1e10: "1.0E10", 1e100: "1.0E100",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := FormatDouble(x); got != want {
			t.Errorf("%g is written as %s, want %s", x, got, want)
		}
	}
	// No key beside 0 in a map.
	if got := FormatDouble(math.Copysign(0, -1)); got != "-0.0" {
		t.Errorf("-0 is written as %s", got)
	}
	if got := FormatDouble(math.NaN()); got != "NaN" {
		t.Errorf("NaN is written as %s", got)
	}
}

func TestRatesAreWrittenWithTwoDecimals(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.00", 1.005: "1.01", -1.005: "-1.01", 1.0049: "1.00", 99.995: "100.00", 1e7: "10000000.00",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := FormatRate(x); got != want {
			t.Errorf("%g is written as %s, want %s", x, got, want)
		}
	}
	if got := FormatRate(math.NaN()); got != "NaN" {
		t.Errorf("NaN is written as %s", got)
	}
}

func TestOnlyNumbersAreFinite(t *testing.T) {
	for x, want := range map[float64]bool{0: true, -1: true, math.MaxFloat64: true, math.Inf(1): false, math.Inf(-1): false} {
		if finite(x) != want {
			t.Errorf("%v is finite: %v", x, !want)
		}
	}
	if finite(math.NaN()) {
		t.Error("NaN is finite")
	}
}

func TestDurationsAreFlooredToSeconds(t *testing.T) {
	for d, want := range map[time.Duration]float64{
		0: 0, time.Second: 1, 1999 * time.Millisecond: 1, time.Millisecond: 0,
		-time.Millisecond: -1, -time.Second: -1, -1001 * time.Millisecond: -2,
	} {
		if got := wholeSeconds(d); got != want {
			t.Errorf("%v is %v s, want %v", d, got, want)
		}
	}
}

func TestDecimalsAreRoundedUp(t *testing.T) {
	for x, want := range map[float64]float64{
		0: 0, 1: 1, 0.5: 0.5, 0.76: 0.76, 0.761: 0.77, 0.7600001: 0.77, 0.999: 1, 9.991: 10, 0.001: 0.01, 100: 100, 1234: 1234,
	} {
		if got := ceilDecimal(x, 2); got != want {
			t.Errorf("%v is rounded up to %v, want %v", x, got, want)
		}
	}
}

func TestRoundingCarriesThroughNinesAndKeepsSigns(t *testing.T) {
	for x, want := range map[float64]float64{
		9.9995: 10, -9.9995: -10, 99.9995: 100, 0.9995: 1, 1.2345: 1.235, -1.2345: -1.235, 1.2344: 1.234,
		0.0004: 0.0004, -0.0004: -0.0004, 0.0005: 0.001,
	} {
		if got := Round3(x); got != want {
			t.Errorf("%v is rounded to %v, want %v", x, got, want)
		}
	}
}
