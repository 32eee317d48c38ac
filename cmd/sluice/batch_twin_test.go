package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/advise/batch"
)

// The twin of the example keeps the reports of many nights, as an advice needs
// them.
func TestTheNightsOfTheExampleCanBeAdvisedOn(t *testing.T) {
	t.Parallel()
	twin := startServer(t, "twin", "--config", filepath.Join("..", "..", "examples", "twin", "batch.yaml"), "--listen", "127.0.0.1:0", "--speed", "step")
	twin.post("/twin/v1/clock", `{"to": "2026-07-06T12:00:00Z"}`)
	r := runCommand(t, "batch", "advise", "--flink", strings.TrimPrefix(twin.address, "http://"), "--prefer", "slots", "-o", "json")
	var report batch.Report
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != exitDone || len(report.Jobs) != 1 {
		t.Fatalf("code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
	}
	if runs := len(report.Jobs[0].Runs); runs != 3 {
		t.Errorf("after three nights %d runs are known", runs)
	}
	if len(report.Left) != 1 || report.Left[0].Name != "orders" {
		t.Errorf("left out: %+v", report.Left)
	}
}
