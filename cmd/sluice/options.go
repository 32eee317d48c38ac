package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/options"
)

func newOptions() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "options",
		Short: "List every option with its type, default and meaning",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch output {
			case "text":
				return options.WriteText(cmd.OutOrStdout())
			case "json":
				return options.WriteJSON(cmd.OutOrStdout())
			case "markdown":
				return options.WriteMarkdown(cmd.OutOrStdout())
			}
			return &usageError{fmt.Errorf("--output %q: want text, json or markdown", output)}
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or markdown")
	return cmd
}
