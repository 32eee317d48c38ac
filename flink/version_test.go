package flink

import "testing"

func TestVersionsAreReadAndOrdered(t *testing.T) {
	ordered := []string{"1.17.2", "1.18-SNAPSHOT", "1.18.0-rc1", "1.18.0", "1.20.5", "1.20.10", "2.0.0", "2.3-SNAPSHOT", "2.3.0"}
	for i := range ordered {
		for j := range ordered {
			want := 0
			if i < j && !(i == 1 && j == 2) {
				want = -1
			}
			if i > j && !(i == 2 && j == 1) {
				want = 1
			}
			if got := version(t, ordered[i]).Compare(version(t, ordered[j])); got != want {
				t.Errorf("%s against %s is %d, want %d", ordered[i], ordered[j], got, want)
			}
		}
	}
	if version(t, "1.20.1-amzn-0").Compare(version(t, "1.20.1")) != 0 {
		t.Error("a vendor's mark makes a difference")
	}
	if got := version(t, "2.3-SNAPSHOT").String(); got != "2.3.0-SNAPSHOT" {
		t.Errorf("printed as %s", got)
	}
}

func TestFeaturesComeWithAVersion(t *testing.T) {
	tests := []struct {
		version                string
		requirements, rescales bool
	}{
		{"1.17.2", false, false},
		{"1.18.0", true, false},
		{"1.20.5", true, false},
		{"2.2.0", true, false},
		{"2.3-SNAPSHOT", true, true},
		{"2.3.0", true, true},
		{"3.0.0", true, true},
	}
	for _, test := range tests {
		v := version(t, test.version)
		if v.Supports(FeatureRequirements) != test.requirements || v.Supports(FeatureRescales) != test.rescales {
			t.Errorf("%s: requirements %t, rescales %t", test.version, v.Supports(FeatureRequirements), v.Supports(FeatureRescales))
		}
	}
}

func TestWhatIsNotAVersion(t *testing.T) {
	for _, text := range []string{"", "2", "<unknown>", "v2.3.0", "2.x", "2.-3", "2.99999999"} {
		if v, err := ParseVersion(text); err == nil {
			t.Errorf("%q is read as %s", text, v)
		}
	}
}

func version(t *testing.T, text string) Version {
	t.Helper()
	v, err := ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
