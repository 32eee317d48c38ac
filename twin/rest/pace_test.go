package rest

import (
	"encoding/json"
	"testing"
)

func TestSpeedsAreNumbersOrWords(t *testing.T) {
	for text, want := range map[string]Speed{"1": 1, "0.5": 0.5, "720": 720, "0": Step, "step": Step, "max": Max} {
		got, err := ParseSpeed(text)
		if err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
		written, err := json.Marshal(got)
		var back Speed
		if err != nil || json.Unmarshal(written, &back) != nil || back != want {
			t.Errorf("%q is written as %s (%v), and read back as %v", text, written, err, back)
		}
	}
	for _, text := range []string{"", "-1", "fast", "NaN", "Inf", "1e9", "1e-400x"} {
		if got, err := ParseSpeed(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
