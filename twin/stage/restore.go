package stage

import (
	"encoding/json"

	"github.com/sluice-project/sluice/twin"
)

// restore is a twin as it was written down.
func restore(snapshot []byte) (*twin.Twin, error) {
	var written twin.Snapshot
	if err := json.Unmarshal(snapshot, &written); err != nil {
		return nil, err
	}
	return twin.Restore(&written)
}
