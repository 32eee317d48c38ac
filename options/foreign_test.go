package options

import "testing"

func TestDeprecatedMemoryKeysOfFlinkCount(t *testing.T) {
	for deprecated, read := range map[string]func(Config) (any, error){
		"taskmanager.memory.size":             func(c Config) (any, error) { return Get(c, ManagedMemory) },
		"taskmanager.network.memory.min":      func(c Config) (any, error) { return Get(c, NetworkMemoryMin) },
		"taskmanager.network.memory.max":      func(c Config) (any, error) { return Get(c, NetworkMemoryMax) },
		"taskmanager.network.memory.fraction": func(c Config) (any, error) { return Get(c, NetworkFraction) },
	} {
		info, known := ByKey(deprecated)
		if !known {
			t.Errorf("%s is unknown", deprecated)
			continue
		}
		old, want, now := "1", any(Memory(1)), any(Memory(0))
		if info.Type == doubles.name {
			want, now = 1.0, 0.0
		}
		if got, err := read(FromMap(map[string]string{deprecated: old})); err != nil || got != want {
			t.Errorf("%s alone: %v, %v, want %v", deprecated, got, err, want)
		}
		if got, err := read(FromMap(map[string]string{deprecated: old, info.Key: "0"})); err != nil || got != now {
			t.Errorf("%s beside %s: %v, %v, want the latter's %v", deprecated, info.Key, got, err, now)
		}
	}
}
