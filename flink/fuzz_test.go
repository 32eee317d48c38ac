package flink

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzDecode gives any text to every type that reads by hand, and to some that
// do not. What is accepted must encode, and come back the same.
func FuzzDecode(f *testing.F) {
	seeds := map[string]bool{`{"id":"\"","min":"NaN"}`: true, `[{"id":"a","avg":1e3,"x":{"y":["}"]}}]`: true, `{"vertices":[{"metrics":{"read-bytes":1,}}]}`: true}
	files, err := filepath.Glob("testdata/*.jsonl.gz")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for _, e := range recorded(f, strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")) {
			if len(e.Body) < 6000 {
				seeds[string(e.Body)] = true
			}
		}
	}
	for seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, make := range []func() any{
			func() any { return new(JobDetails) },
			func() any { return new(VertexDetails) },
			func() any { return new([]AggregatedMetric) },
			func() any { return new([]Metric) },
			func() any { return new(IOMetrics) },
			func() any { return new(Float) },
			func() any { return new(Checkpoints) },
			func() any { return new(ResourceRequirements) },
		} {
			value := make()
			if decode(body, value) != nil {
				continue
			}
			once, err := json.Marshal(value)
			if err != nil {
				t.Fatalf("%T: encode what was decoded: %v", value, err)
			}
			again := make()
			if err := json.Unmarshal(once, again); err != nil {
				t.Fatalf("%T: decode what was encoded: %v: %s", value, err, once)
			}
			if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%T: changed when decoded again (%v):\n%s\n%s", value, err, once, twice)
			}
		}
		if failure := refusal(500, body); strings.Contains(failure.Message, "\n\tat ") {
			t.Fatalf("the message has a stack trace: %q", failure.Message)
		}
	})
}
