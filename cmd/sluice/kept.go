package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/options"
)

// keptFlags say in which database to look for what sluice run has kept.
type keptFlags struct {
	process processFlags
	storeFlags
}

func (f *keptFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.storeFlags.register(flags)
	flags.StringVarP(&f.process.file, "config", "c", "", "configuration `file` (YAML)")
	flags.StringArrayVarP(&f.process.settings, "define", "D", nil, "set an option, `key=value`; repeatable (see sluice options)")
}

// configuration is what file, flags and environment say of the store.
func (f *keptFlags) configuration(cmd *cobra.Command) (options.Config, error) {
	cfg, warnings, err := f.process.configuration()
	if err != nil {
		return cfg, &usageError{err}
	}
	for _, w := range warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+w.String())
	}
	return cfg, nil
}

// parseSince reads how far back to look: a time, such as 2026-07-01T12:00:00Z, or
// a duration before now, such as 90m or 7d.
func parseSince(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	days, isDays := strings.CutSuffix(text, "d")
	if isDays {
		text = days + "h"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return time.Time{}, errors.New("want a duration such as 90m, 6h or 7d, or a time such as 2026-07-01T12:00:00Z")
	}
	if isDays {
		d *= 24
	}
	return now.Add(-d), nil
}
