package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/internal/build"
)

func newVersion() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  sluice version\n  sluice version -o json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.write(cmd.OutOrStdout(), build.Read(), func(w io.Writer) error {
				_, err := fmt.Fprintln(w, "sluice "+build.String())
				return err
			})
		},
	}
	o.register(cmd)
	return cmd
}
