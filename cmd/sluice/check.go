package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/options"
)

// checked is what -o json prints of a file.
type checked struct {
	File string `json:"file"`
	// Fine tells whether sluice run would start with it.
	Fine     bool     `json:"fine"`
	Warnings []string `json:"warnings"`
	Problems []string `json:"problems"`
}

func newCheck() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "check FILE",
		Short:   "Check a configuration file",
		Long:    "Check reads a configuration file as sluice run does, and says what is wrong with it and what would have no effect. It ends with 0 if the file is fine, and with 1 if it is not.",
		Example: "  sluice check sluice.yaml\n  sluice check sluice.yaml -o json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("%s takes one file, but got %d arguments", cmd.CommandPath(), len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return check(args[0], &o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.register(cmd)
	return cmd
}

func check(file string, o *output, stdout, stderr io.Writer) error {
	contents, err := os.ReadFile(file)
	if err != nil {
		return &usageError{err}
	}
	cfg, warnings, err := options.Load(options.LoadInput{File: file, FileContents: contents})
	if err == nil {
		err = wrongBeyond(cfg)
	}
	c := checked{file, err == nil, []string{}, problemsOf(err)}
	for _, w := range warnings {
		c.Warnings = append(c.Warnings, w.String())
		if o.is(asTable) {
			fmt.Fprintln(stderr, "warning: "+w.String())
		}
	}
	return errors.Join(err, o.write(stdout, c, func(w io.Writer) error {
		if err != nil {
			return nil // the error says all
		}
		_, err := fmt.Fprintln(w, file+": fine")
		return err
	}))
}

// wrongBeyond is what is wrong with what could be loaded.
func wrongBeyond(cfg options.Config) error {
	if _, err := (&storeFlags{}).target(cfg); err != nil {
		return errors.Unwrap(err) // here it is no wrong use, but what was asked for
	}
	if problems := options.Check(cfg); len(problems) > 0 {
		return problems // run would start, and refuse each job
	}
	return nil
}

// problemsOf are the problems of an error, one by one.
func problemsOf(err error) []string {
	texts := []string{}
	var several options.Problems
	switch {
	case errors.As(err, &several):
		for _, p := range several {
			texts = append(texts, p.Error())
		}
	case err != nil:
		texts = append(texts, err.Error())
	}
	return texts
}
