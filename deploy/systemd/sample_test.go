// Package systemd holds the service unit and its sample configuration; the test
// keeps the sample loadable.
package systemd

import (
	"os"
	"testing"

	"github.com/sluice-project/sluice/options"
)

func TestTheSampleConfigurationNamesItsClusterAndLoadsWithoutAWarning(t *testing.T) {
	contents, err := os.ReadFile("sluice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, warnings, err := options.Load(options.LoadInput{File: "sluice.yaml", FileContents: contents})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		t.Error(w)
	}
	clusters, err := options.Clusters(config)
	if err != nil {
		t.Fatal(err)
	}
	if len(clusters) != 1 || clusters[0].Name != "local" {
		t.Errorf("clusters %+v, want the one named local", clusters)
	}
}
