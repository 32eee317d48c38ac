package memory_test

import (
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/state/statetest"
)

func TestStoreConforms(t *testing.T) {
	statetest.Run(t, func(*testing.T) autoscaler.StateStore { return memory.New() })
}

func TestUnpackedStoreConforms(t *testing.T) {
	statetest.Run(t, func(*testing.T) autoscaler.StateStore { return memory.NewUnpacked() })
}
