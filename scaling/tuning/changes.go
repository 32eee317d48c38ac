package tuning

import (
	"maps"
	"slices"
	"strings"
)

// The keys of Flink that tuning sets.
const (
	keyProcess          = "taskmanager.memory.process.size"
	keyFrameworkHeap    = "taskmanager.memory.framework.heap.size"
	keyManagedFraction  = "taskmanager.memory.managed.fraction"
	keyNetworkMin       = "taskmanager.memory.network.min"
	keyNetworkMax       = "taskmanager.memory.network.max"
	keyOverheadFraction = "taskmanager.memory.jvm-overhead.fraction"
	keyMetaspace        = "taskmanager.memory.jvm-metaspace.size"
)

// Changes is what is to be changed in a job's configuration. The zero value
// changes nothing.
type Changes struct {
	// Overrides maps keys to values as Flink reads them.
	Overrides map[string]string
	// Removals lists keys that have to go, in alphabetical order: with them the
	// overrides would contradict the rest of the configuration.
	Removals []string
}

// Changes puts the tuning into the terms of Flink's configuration. Sizes that
// Flink takes from fractions become fractions, and the framework's heap becomes
// part of the task's, so that the heap is the rest of the whole.
func (t *Tuning) Changes() Changes {
	network := sizeText(t.Network)
	return Changes{
		Overrides: map[string]string{
			keyProcess:          sizeText(t.Process),
			keyFrameworkHeap:    sizeText(0),
			keyManagedFraction:  fractionText(t.Managed, t.Flink),
			keyNetworkMin:       network,
			keyNetworkMax:       network,
			keyOverheadFraction: fractionText(t.Before.Overhead, t.Process),
			keyMetaspace:        sizeText(t.Metaspace),
		},
		Removals: []string{
			"taskmanager.memory.flink.size",
			"taskmanager.memory.managed.size",
			"taskmanager.memory.size",
			"taskmanager.memory.task.heap.size",
		},
	}
}

// Recommendation is the text of the event "Configuration recommendation", with
// the keys in alphabetical order. enabled tells whether the changes are applied.
func (c Changes) Recommendation(enabled bool) string {
	var b strings.Builder
	b.WriteString("Memory tuning recommends the following configuration (automatic tuning is ")
	if enabled {
		b.WriteString("enabled):\n")
	} else {
		b.WriteString("disabled):\n")
	}
	for _, key := range slices.Sorted(maps.Keys(c.Overrides)) {
		b.WriteString(key + ": " + c.Overrides[key] + "\n")
	}
	b.WriteString("Remove the following config entries if present: [" + strings.Join(c.Removals, ", ") + "]")
	return b.String()
}
