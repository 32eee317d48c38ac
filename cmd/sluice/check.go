package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/options"
)

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
			return check(args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func check(file string, stdout, stderr io.Writer) error {
	contents, err := os.ReadFile(file)
	if err != nil {
		return &usageError{err}
	}
	cfg, warnings, err := options.Load(options.LoadInput{File: file, FileContents: contents})
	for _, w := range warnings {
		fmt.Fprintln(stderr, "warning: "+w.String())
	}
	if err != nil {
		return err
	}
	if _, err := (&storeFlags{}).target(cfg); err != nil {
		return errors.Unwrap(err) // here it is no wrong use, but what was asked for
	}
	if problems := options.Check(cfg); len(problems) > 0 {
		return problems // run would start, and refuse each job
	}
	_, err = fmt.Fprintln(stdout, file+": fine")
	return err
}
