package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-project/sluice/decisions"
)

// The README's first command: a real job under 500, 2500 and 500 records/s.
func TestTheRecordedRescaleIsDecidedAgain(t *testing.T) {
	got := runCommand(t, "advise", "--replay", "../../testdata/step-2.3.0.jsonl.gz", "--config", "../../testdata/step.yaml", "-o", "json")
	if got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	var entries []decisions.Entry
	if err := json.Unmarshal([]byte(got.stdout), &entries); err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, e := range entries {
		for _, v := range e.Vertices {
			if e.Action == decisions.ActionScale && v.To != v.From {
				changes = append(changes, fmt.Sprintf("%s %s %d -> %d", e.Time.Format("15:04:05"), v.Name, v.From, v.To))
			}
		}
	}
	want := []string{"05:43:31 work 1 -> 4", "05:44:36 work 4 -> 2", "05:45:41 work 2 -> 1"}
	if !slices.Equal(changes, want) {
		t.Errorf("decided %q, want %q", changes, want)
	}
}
