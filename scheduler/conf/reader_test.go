package conf

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestTheFirstNameThatIsSetCounts(t *testing.T) {
	r := Reader{Config: map[string]string{"new": " 7 ", "old": "8", "odd": "x"}, Version: slots.V2_3}
	if got := r.Number(1, "new", "old"); got != 7 {
		t.Errorf("new and old: %d, want 7", got)
	}
	if got := r.Number(1, "newer", "old"); got != 8 {
		t.Errorf("old alone: %d, want 8", got)
	}
	if got := r.Number(1, "newer", "older"); got != 1 || r.Err() != nil {
		t.Errorf("none: %d, %v, want the preset", got, r.Err())
	}
}

func TestTheFirstErrorNamesKeyAndValue(t *testing.T) {
	for name, tc := range map[string]struct {
		read func(*Reader)
		want string
	}{
		"number":   {func(r *Reader) { r.Number(1, "k") }, `k: "x y": want a whole number`},
		"fraction": {func(r *Reader) { r.Fraction(1, "k") }, `k: "x y": want a number`},
		"truth":    {func(r *Reader) { r.Truth(true, "k") }, `k: "x y": want true or false`},
		"memory":   {func(r *Reader) { r.Memory(1, "k") }, `k: "x y": want a whole number and a unit, such as "16 mb" (b, kb, mb, gb or tb)`},
		"two":      {func(r *Reader) { r.Truth(true, "k"); r.Number(1, "l") }, `k: "x y": want true or false`},
	} {
		t.Run(name, func(t *testing.T) {
			r := Reader{Config: map[string]string{"k": "x y", "l": "z"}, Version: slots.V2_3}
			tc.read(&r)
			if r.Err() == nil || r.Err().Error() != tc.want {
				t.Errorf("got %v, want %s", r.Err(), tc.want)
			}
		})
	}
}

func TestValuesAreReadAsFlinkWritesThem(t *testing.T) {
	r := Reader{Config: map[string]string{
		"truth": "TRUE", "fraction": "1e-1", "duration": "2 min", "bytes": "3", "memory": "16 mb", "gibi": "2gibibytes",
	}, Version: slots.V1_20}
	if !r.Truth(false, "truth") || r.Fraction(0, "fraction") != 0.1 || r.Duration(0, "duration") != 2*time.Minute {
		t.Errorf("%v", r.Config)
	}
	if b, m, g := r.Memory(0, "bytes"), r.Memory(0, "memory"), r.Memory(0, "gibi"); b != 3 || m != 16<<20 || g != 2<<30 {
		t.Errorf("%d, %d and %d bytes", b, m, g)
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, text := range []string{"NaN", "Infinity", "inf", "1,5", ""} {
		r := Reader{Config: map[string]string{"k": text}}
		if got := r.Fraction(2, "k"); got != 2 || r.Err() == nil {
			t.Errorf("%q: %v, %v", text, got, r.Err())
		}
	}
	for _, text := range []string{"9223372036854775808", "9000000000 gb", "-1", "1.5 mb", "mb"} {
		if got, err := ParseMemory(text); err == nil {
			t.Errorf("%q: %d bytes", text, got)
		}
	}
}
