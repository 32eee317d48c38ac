package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/stateyaml"
)

func newStateShow() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "show JOB",
		Short: "Show what is remembered of a job",
		Long: "Show prints what is remembered of one job, as YAML: what sluice state export writes of it. With -o table it says how much that is.\n" +
			"JOB is the job's id, the beginning of it, or its name, as far as decisions about it are kept in the same database; CLUSTER/ may stand before it.",
		Example: "  sluice state show 2e819aac --data /var/lib/sluice\n  sluice state show 2e819aac --store postgres://sluice@db/sluice -o json",
		Args:    oneJobID,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.jobs = args
			return f.export(cmd, "")
		},
	}
	f.register(cmd)
	f.output.registerForms(cmd, asYAML, asJSON, asTable)
	return cmd
}

func newStateExport() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "export [URL]",
		Short: "Write what is remembered of jobs as text, or into another database",
		Long: "Export writes what is remembered of all jobs to standard output, a YAML document for each, or with -o json a JSON document a line. sluice state import reads both.\n" +
			"With --format reference it writes what Flink's Java autoscaler keeps, in its encoding: a line of JSON for each row of its table, with job_key, state_type and state_value.\n" +
			"With a URL it writes into that database instead, into Sluice's own tables or with --format reference into the one of the Java autoscaler. Jobs that are there already are refused, unless --force is given.",
		Example: "  sluice state export --data /var/lib/sluice > state.yaml\n" +
			"  sluice state export --data /var/lib/sluice --job 2e819aac -o json | jq .bounds\n" +
			"  sluice state export --data /var/lib/sluice postgres://sluice@db/sluice\n" +
			"  sluice state export --data /var/lib/sluice --format reference mysql://flink@db/flink_autoscaler",
		Args: atMostOne("the URL of a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.export(cmd, first(args))
		},
	}
	f.register(cmd)
	f.output.registerForms(cmd, asYAML, asJSON)
	cmd.Flags().StringArrayVar(&f.jobs, "job", nil, "only this job, by `ID`, the beginning of it, or CLUSTER/ID; repeatable")
	cmd.Flags().StringVar(&f.format, "format", "", "`format` of the other side: yaml or reference for text, sluice or reference for a database")
	cmd.Flags().Bool("force", false, "replace jobs that are there already")
	return cmd
}

func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return &usageError{fmt.Errorf("%s takes at most one argument, %s, but got %d (see %s --help)", cmd.CommandPath(), what, len(args), cmd.CommandPath())}
		}
		return nil
	}
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func (f *stateFlags) export(cmd *cobra.Command, to string) (err error) {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return err
	}
	if to != "" && !isURL(to) {
		return &usageError{fmt.Errorf("%q is not the URL of a database; to write a file, use: %s … > FILE", to, cmd.CommandPath())}
	}
	write, err := f.writer(to)
	if err != nil {
		return &usageError{err}
	}
	from, err := f.keptState(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	keys, err := from.Jobs(cmd.Context())
	if err != nil {
		return err
	}
	if keys, err = matching(keys, f.jobs, from.names(cmd.Context())); err != nil {
		return err
	}
	if to != "" {
		force, _ := cmd.Flags().GetBool("force") // it is there
		return f.into(cmd, cfg, to, keys, from.entries(cmd.Context(), keys), force)
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	for e, err := range from.entries(cmd.Context(), keys) {
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if err := write(out, e); err != nil {
			return err
		}
	}
	return out.Flush()
}

// writer writes one job as text.
func (f *stateFlags) writer(to string) (func(io.Writer, stateyaml.Entry) error, error) {
	switch {
	case to != "":
		return nil, f.checkDatabaseFormat()
	case f.format == "reference":
		return reference.WriteRows, nil
	case f.format != "" && f.format != "yaml":
		return nil, fmt.Errorf("--format %q: want yaml or reference for text", f.format)
	case f.output.is(asJSON):
		return stateyaml.WriteJSON, nil
	case f.output.is(asTable):
		return writeStateTable, nil
	}
	return stateyaml.Write, nil
}

func (f *stateFlags) checkDatabaseFormat() error {
	if f.format != "" && f.format != "sluice" && f.format != "reference" {
		return fmt.Errorf("--format %q: want sluice or reference for a database", f.format)
	}
	return nil
}

// databaseFormat is which tables of another database are meant.
func (f *stateFlags) databaseFormat() options.StateFormat {
	if f.format == "reference" {
		return options.FormatReference
	}
	return options.FormatSluice
}

// keptState opens the store that the flags name, which has to be there.
func (f *stateFlags) keptState(cmd *cobra.Command, cfg options.Config) (*keptState, error) {
	format, err := options.Get(cfg, options.StateFormatOption)
	if err != nil {
		return nil, &usageError{err}
	}
	db, err := f.existing(cmd.Context(), cfg)
	if err != nil {
		return nil, err
	}
	return keep(cmd, db, format)
}

// entries reads the jobs one after the other.
func (k *keptState) entries(ctx context.Context, keys []autoscaler.JobKey) iter.Seq2[stateyaml.Entry, error] {
	return func(yield func(stateyaml.Entry, error) bool) {
		for _, key := range keys {
			state, err := k.Get(ctx, key)
			if err != nil {
				err = fmt.Errorf("job %s: %w", key, err)
			}
			if !yield(stateyaml.Entry{Key: key, State: state}, err) || err != nil {
				return
			}
		}
	}
}
