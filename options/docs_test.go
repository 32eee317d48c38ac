package options

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated documents anew")

const docsFile = "../docs/options.md"

func TestDocsAreUpToDate(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(docsFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(stored), b.String()); diff != "" {
		t.Errorf("run \"go test ./options -run Docs -update\" (-stored +generated)\n%s", diff)
	}
}

func TestTheExampleOfTheDocsLoads(t *testing.T) {
	_, rest, _ := strings.Cut(docIntro, "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	cfg, warnings, err := Load(LoadInput{FileContents: []byte(example)})
	if err != nil || !found || len(warnings) != 0 || len(cfg.Keys()) != 2 {
		t.Errorf("got %v, %v, %v", cfg, warnings, err)
	}
}

func TestEveryFormOfTheDocsHasEveryOption(t *testing.T) {
	var markdown, text, raw bytes.Buffer
	for _, err := range []error{WriteMarkdown(&markdown), WriteText(&text), WriteJSON(&raw)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, info := range All() {
		for _, key := range info.keys() {
			if !strings.Contains(markdown.String(), "`"+key+"`") || !strings.Contains(text.String(), key) {
				t.Errorf("%s is missing", key)
			}
		}
	}
	var document struct{ Options []Info }
	if err := json.Unmarshal(raw.Bytes(), &document); err != nil || len(document.Options) != len(All()) {
		t.Errorf("JSON has %d options of %d, %v", len(document.Options), len(All()), err)
	}
	if !strings.Contains(text.String(), "sluice.estimator  (enum: counters, reference, default reference; profile sluice: counters)\n") {
		t.Errorf("no preset in the text:\n%s", text.String())
	}
}
