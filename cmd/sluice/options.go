package main

import (
	"fmt"
	"os"

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

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a configuration file",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("%s takes one file, but got %d arguments", cmd.CommandPath(), len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			contents, err := os.ReadFile(args[0])
			if err != nil {
				return &usageError{err}
			}
			_, warnings, err := options.Load(options.LoadInput{File: args[0], FileContents: contents})
			for _, w := range warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+w.String())
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), args[0]+": fine")
			return err
		},
	}
}
