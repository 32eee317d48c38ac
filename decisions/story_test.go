package decisions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of every golden decision, the story has to say what the explanation says.
func TestStoriesSayWhatExplanationsSay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden decisions: %v", err)
	}
	steps := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var explained strings.Builder
		if err := WriteExplanation(&explained, e, true); err != nil {
			t.Fatal(err)
		}
		for i, s := range e.Stories() {
			v := &e.Vertices[i]
			if s.Vertex != v.ID || s.From != v.From || s.To != v.To {
				t.Errorf("%s: story %d is of %s, %d to %d; want %s, %d to %d", file, i, s.Vertex, s.From, s.To, v.ID, v.From, v.To)
			}
			for _, line := range s.Measured {
				tells(t, file, explained.String(), line)
			}
			for _, step := range s.Steps {
				steps++
				for part := range strings.SplitSeq(step.Text, "; ") {
					tells(t, file, explained.String(), part)
				}
			}
		}
	}
	if steps == 0 {
		t.Error("no story has a step")
	}
}

func tells(t *testing.T, file, explained, part string) {
	t.Helper()
	if !strings.Contains(explained, part) {
		t.Errorf("%s: the explanation does not say %q:\n%s", file, part, explained)
	}
}
