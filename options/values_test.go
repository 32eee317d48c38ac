package options

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"3 min": 3 * time.Minute, "250": 250 * time.Millisecond, "2 DAYS": 48 * time.Hour,
		"5 secs": 5 * time.Second, "7micros": 7 * time.Microsecond, "9 nanosecond": 9,
		"106751 d": 106751 * 24 * time.Hour, "106752 d": Forever, "9223372036854775807 ms": Forever,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: want %v, got %v, %v", text, want, got, err)
		}
	}
}

func TestWrongDurationsSayWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"3 mins": "one of the units", "1h 30m": "a whole number and a unit", "1.5 h": "a whole number and a unit",
		"-1 s": "a whole number and a unit", "PT5M": "a whole number and a unit", "": "a whole number and a unit",
		"106751991167301 d": "a shorter duration", "1 w": "one of the units",
	} {
		if _, err := ParseDuration(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", text, want, err)
		}
	}
}

func TestMemorySizesPrintInTheLargestUnitThatDivides(t *testing.T) {
	for text, want := range map[string]string{
		"30 gb": "30 gb", "13760k": "13760 kb", "120 MB": "120 mb", "20108162027": "20108162027 bytes", "0": "0 bytes", "1024 g": "1 tb",
	} {
		if m, err := ParseMemory(text); err != nil || m.String() != want {
			t.Errorf("%q: want %q, got %q, %v", text, want, m, err)
		}
	}
}

func TestDoublesFollowJava(t *testing.T) {
	for text, want := range map[string]float64{
		"1e400": math.Inf(1), "-Infinity": math.Inf(-1), "5.": 5, "1f": 1, "0x1p3d": 8, "\t7\n": 7, "+.5D": 0.5,
	} {
		if got, err := ParseDouble(text); err != nil || got != want {
			t.Errorf("%q: want %v, got %v, %v", text, want, got, err)
		}
	}
	for _, text := range []string{"inf", "infinity", "nan", "NaNd", "1_000", "0x1d", ".", "d", "1dd", "0.5 d", "--1"} {
		if got, err := ParseDouble(text); err == nil {
			t.Errorf("%q: want an error, got %v", text, got)
		}
	}
	if got, err := ParseDouble("-NaN"); err != nil || !math.IsNaN(got) {
		t.Errorf("-NaN: got %v, %v", got, err)
	}
}

func TestDoublesPrintAsInJava(t *testing.T) {
	for want, f := range map[string]float64{
		"0.0": 0, "1.0": 1, "0.7": 0.7, "100000.0": 1e5, "1.0E7": 1e7, "1.5E-4": 1.5e-4, "-2.5": -2.5,
		"Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "NaN": math.NaN(),
	} {
		if got := javaDouble(f); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}

func TestListsKeepWhatIsQuoted(t *testing.T) {
	for text, want := range map[string][]string{
		`["a;b", 'it''s', c d]`: {"a;b", "it's", "c d"},
		`[]`:                    {},
		`[a, b,]`:               {"a", "b"},
		`[a, [b]]`:              {"[a, [b]]"}, // nested: not a list of strings
		`[a`:                    {"[a"},
		`[*x, b]`:               {"[*x, b]"},
		`[a: b]`:                {"[a: b]"},
		`'' ; "x""y"`:           {"", `x"y`},
		`a 'b;c`:                {"a 'b", "c"},
		` ; ;a`:                 {"", "a"},
		`9:00-10:00 && * * 9-10 ? * *;x`: {
			"9:00-10:00 && * * 9-10 ? * *", "x",
		},
	} {
		got, err := ParseList(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: want %q, got %q, %v", text, want, got, err)
		}
	}
	for _, text := range []string{`'a`, `"a;b`, `'a'b`, `'a' 'b'`} {
		if got, err := ParseList(text); err == nil {
			t.Errorf("%q: want an error, got %q", text, got)
		}
	}
}

func TestMapsComeInBothForms(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"a:1,b:2":               {"a": "1", "b": "2"},
		" a : 1 , b:2 ":         {"a": "1", "b": "2"},
		`{a: 1, 'b c': "2, 3"}`: {"a": "1", "b c": "2, 3"},
		"{}":                    {},
		"":                      {},
		`a:"x:y"`:               {"a": "x:y"},
	} {
		got, err := ParseMap(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"a", "a:b:c", "a:1,a:2", "a:", "'a:1", "{a: 1, a: 2}", "{a: [1]}", "{a}"} {
		if got, err := ParseMap(text); err == nil {
			t.Errorf("%q: want an error, got %v", text, got)
		}
	}
}

func TestAMisspeltEnumNamesTheNearest(t *testing.T) {
	_, err := Get(FromMap(map[string]string{"sluice.estimator": "counter"}), RateEstimator)
	want := "job: Could not parse value 'counter' for key 'sluice.estimator'. Want one of counters, reference; did you mean counters?"
	if err == nil || err.Error() != want {
		t.Errorf("want %s\ngot  %v", want, err)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"3 min", "1 µs", "99999999999999999999 s", "PT5M", "", "9223372036854775807 d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			return
		}
		if again, err := ParseDuration(FormatDuration(d)); d < 0 || err != nil || again != d {
			t.Errorf("%q is %v, printed %q, read back as %v, %v", text, d, FormatDuration(d), again, err)
		}
	})
}

func FuzzParseMemory(f *testing.F) {
	for _, s := range []string{"4 gb", "1024", "9999999999 tb", "-1g", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMemory(text)
		if err != nil {
			return
		}
		if again, err := ParseMemory(m.String()); m < 0 || err != nil || again != m {
			t.Errorf("%q is %d, printed %q, read back as %d, %v", text, int64(m), m, int64(again), err)
		}
	})
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"a;b", "[a, 'b']", `'it''s';x`, ";;", "[", "", "{;[;'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseList(text)
		if err != nil {
			return
		}
		for _, format := range []func([]string) string{FormatList, formatFlowList} {
			if again, err := ParseList(format(list)); err != nil || !slices.Equal(again, list) {
				t.Errorf("%q is %q, printed %q, read back as %q, %v", text, list, format(list), again, err)
			}
		}
	})
}

func FuzzParseMap(f *testing.F) {
	for _, s := range []string{"a:1,b:2", "{a: 1}", `{"a\n": 'b'}`, "::,", "", "{a:1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := ParseMap(text)
		if err != nil {
			return
		}
		again, err := ParseMap(FormatMap(pairs))
		if diff := cmp.Diff(pairs, again); err != nil || diff != "" {
			t.Errorf("%q printed %q: %v\n%s", text, FormatMap(pairs), err, diff)
		}
	})
}
