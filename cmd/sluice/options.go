package main

import (
	"bytes"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/options"
)

// asMarkdown is a form of options alone: docs/options.md.
const asMarkdown = "markdown"

func newOptions() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "options",
		Short:   "List every option with its type, default and meaning",
		Example: "  sluice options\n  sluice options -o json | jq '.options[].key'\n  sluice options -o markdown > options.md",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.is(asMarkdown) {
				return options.WriteMarkdown(cmd.OutOrStdout())
			}
			var all bytes.Buffer
			if err := options.WriteJSON(&all); err != nil {
				return err
			}
			return o.write(cmd.OutOrStdout(), json.RawMessage(all.Bytes()), options.WriteText)
		},
	}
	o.register(cmd, asMarkdown)
	return cmd
}
