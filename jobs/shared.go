package jobs

import (
	"crypto/sha256"
	"maps"
	"math"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// setting is an effective configuration with what was read of it.
type setting struct {
	config options.Config
	// settings is nil when the configuration has a fault: the pass tells it.
	settings *autoscaler.Settings
	// cores is the CPU of one TaskManager; 0 if the configuration does not say.
	cores float64
}

// shared holds each different configuration once: in a session cluster thousands
// of jobs have the same.
type shared map[[sha256.Size]byte]*setting

func (s shared) of(cfg options.Config) *setting {
	print := fingerprint(cfg)
	known := s[print]
	if known == nil {
		settings, err := autoscaler.SettingsOf(cfg)
		if err != nil {
			settings = nil
		}
		known = &setting{config: cfg, settings: settings, cores: coresIn(cfg)}
		s[print] = known
	}
	return known
}

// coresIn is 0 for a value that Flink itself would refuse.
func coresIn(cfg options.Config) float64 {
	r := options.NewReader(cfg)
	cores, set := options.ReadOptional(r, options.TaskManagerCores)
	if r.Err() != nil || !set || !(cores > 0) || math.IsInf(cores, 1) {
		return 0
	}
	return cores
}

// sweep drops what no run uses.
func (s shared) sweep(runs map[flink.JobID]*run) {
	used := map[*setting]bool{}
	for _, r := range runs {
		if r.view != nil {
			used[r.view.setting] = true
		}
	}
	maps.DeleteFunc(s, func(_ [sha256.Size]byte, kept *setting) bool { return !used[kept] })
}

// fingerprint is equal for configurations with the same values from the same
// sources. It goes nowhere: secrets are among the values.
func fingerprint(cfg options.Config) [sha256.Size]byte {
	var text []byte
	for _, key := range cfg.Keys() {
		value, _ := cfg.Lookup(key)
		for _, part := range [...]string{key, value.Text, value.Source.String()} {
			text = append(append(text, part...), 0)
		}
	}
	return sha256.Sum256(text)
}
