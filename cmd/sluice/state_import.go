package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/stateyaml"
)

func newStateImport() *cobra.Command {
	var f stateFlags
	var force bool
	cmd := &cobra.Command{
		Use:   "import [FILE|URL]",
		Short: "Read what is remembered of jobs from text, or from another database",
		Long: "Import reads what sluice state export has written, from a file or from standard input, and writes it into the store that --data or --store name. The text is read to its end, and an error in it names its line, before anything is written. Jobs that the store remembers already are refused, unless --force is given; each job is written whole or not at all.\n" +
			"With a URL it reads from that database instead: from Sluice's own tables or with --format reference from the one of Flink's Java autoscaler, which may be the same database. Nothing is changed there.\n" +
			"With --format reference a file has the rows of the Java autoscaler's table, a JSON document a line with job_key, state_type and state_value.",
		Example: "  sluice state import --data /var/lib/sluice state.yaml\n" +
			"  sluice state export --data /var/lib/sluice | sluice state import --store postgres://sluice@db/sluice\n" +
			"  sluice state import --data /var/lib/sluice --format reference postgres://flink@db/flink_autoscaler",
		Args: atMostOne("a file or the URL of a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.importFrom(cmd, first(args), force)
		},
	}
	f.register(cmd)
	cmd.Flags().StringArrayVar(&f.jobs, "job", nil, "only this job, by `ID`, the beginning of it, or CLUSTER/ID; repeatable")
	cmd.Flags().StringVar(&f.format, "format", "", "`format` of the other side: yaml or reference for text, sluice or reference for a database")
	cmd.Flags().BoolVar(&force, "force", false, "replace jobs that are there already")
	return cmd
}

func (f *stateFlags) importFrom(cmd *cobra.Command, from string, force bool) (err error) {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return err
	}
	format, err := options.Get(cfg, options.StateFormatOption)
	if err != nil {
		return &usageError{err}
	}
	if _, err := f.named(cfg); err != nil {
		return err
	}
	entries, err := f.read(cmd, cfg, from)
	if err != nil {
		return err
	}
	keys := make([]autoscaler.JobKey, len(entries))
	byKey := map[autoscaler.JobKey]stateyaml.Entry{}
	for i, e := range entries {
		keys[i], byKey[e.Key] = e.Key, e
	}
	if keys, err = matching(keys, f.jobs, nil); err != nil {
		return err
	}
	db, err := f.open(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	to, err := keep(cmd, db, format)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	return to.take(cmd, keys, func(yield func(stateyaml.Entry, error) bool) {
		for _, k := range keys {
			if !yield(byKey[k], nil) {
				return
			}
		}
	}, force)
}

// isURL tells the address of a database from the path of a file.
func isURL(text string) bool {
	return strings.Contains(text, "://") || strings.HasPrefix(text, "sqlite:") || strings.HasPrefix(text, "jdbc:")
}

// read reads all jobs of a file or of another database.
func (f *stateFlags) read(cmd *cobra.Command, cfg options.Config, from string) ([]stateyaml.Entry, error) {
	if isURL(from) {
		if err := f.checkDatabaseFormat(); err != nil {
			return nil, &usageError{err}
		}
		var entries []stateyaml.Entry
		err := working(cmd, "reading state", func(context.Context) (err error) {
			entries, err = f.readDatabase(cmd, cfg, from)
			return err
		})
		return entries, err
	}
	parse := stateyaml.Read
	switch f.format {
	case "", "yaml":
	case "reference":
		parse = reference.ReadRows
	default:
		return nil, &usageError{fmt.Errorf("--format %q: want yaml or reference for text", f.format)}
	}
	name := from
	if from == "" || from == "-" {
		name = "standard input"
	}
	text, err := f.text(cmd, from)
	if err != nil {
		return nil, err
	}
	entries, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: there is no job in it", name)
	}
	return entries, nil
}

func (f *stateFlags) text(cmd *cobra.Command, from string) ([]byte, error) {
	if from != "" && from != "-" {
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, &usageError{err}
		}
		return text, nil
	}
	if in, ok := cmd.InOrStdin().(*os.File); ok && from == "" {
		if info, err := in.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return nil, &usageError{errors.New("name the file to read, or the URL of a database; - reads what is typed")}
		}
	}
	var text []byte
	err := unlessInterrupted(cmd.Context(), func() (err error) {
		text, err = io.ReadAll(cmd.InOrStdin())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return text, nil
}

// readDatabase reads all jobs of another database, in which nothing is made.
func (f *stateFlags) readDatabase(cmd *cobra.Command, cfg options.Config, url string) (entries []stateyaml.Entry, err error) {
	ctx := cmd.Context()
	db, err := (&storeFlags{store: url}).asIs(ctx, cfg)
	if err != nil {
		return nil, notStore(err)
	}
	version, err := db.Version(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if version == 0 && f.format == "reference" { // Java alone was there
		entries, err := reference.ReadTable(ctx, db)
		return entries, errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	if db, err = (&storeFlags{store: url}).existing(ctx, cfg); err != nil {
		return nil, err
	}
	from, err := keep(cmd, db, f.databaseFormat())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	keys, err := from.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	for e, err := range from.entries(ctx, keys) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// notStore takes the flag that was not given out of an error.
func notStore(err error) error {
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return &usageError{errors.Unwrap(wrong.err)}
	}
	return err
}

// into writes jobs into another database.
func (f *stateFlags) into(cmd *cobra.Command, cfg options.Config, url string, keys []autoscaler.JobKey, entries iter.Seq2[stateyaml.Entry, error], force bool) (err error) {
	db, err := (&storeFlags{store: url}).open(cmd.Context(), cfg)
	if err != nil {
		return notStore(err)
	}
	to, err := keep(cmd, db, f.databaseFormat())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	return to.take(cmd, keys, entries, force)
}

// take writes jobs into a store, each whole or not at all. Without force it
// writes nothing when one of them is there already.
func (k *keptState) take(cmd *cobra.Command, keys []autoscaler.JobKey, entries iter.Seq2[stateyaml.Entry, error], force bool) error {
	ctx := cmd.Context()
	there, err := k.there(ctx, keys)
	if err != nil {
		return err
	}
	if len(there) > 0 && !force {
		return fmt.Errorf("%s remembers %d of %d jobs already, and nothing was written: %s (--force replaces them)", k.db.Place(), len(there), len(keys), someOf(there))
	}
	written := 0
	err = working(cmd, "writing state", func(ctx context.Context) error {
		for e, err := range entries {
			if err == nil {
				err = k.put(ctx, e)
			}
			if err != nil {
				return fmt.Errorf("after %d of %d jobs were written: %w", written, len(keys), err)
			}
			written++
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: wrote what is remembered of %d jobs\n", k.db.Place(), written)
	return err
}

// there are those of the jobs that the store has.
func (k *keptState) there(ctx context.Context, keys []autoscaler.JobKey) ([]autoscaler.JobKey, error) {
	known, err := k.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	has := make(map[autoscaler.JobKey]bool, len(known))
	for _, key := range known {
		has[key] = true
	}
	var there []autoscaler.JobKey
	for _, key := range keys {
		if has[key] {
			there = append(there, key)
		}
	}
	return there, nil
}

// put reads a job before it is written: only who knows it may replace it.
func (k *keptState) put(ctx context.Context, e stateyaml.Entry) error {
	if _, err := k.Get(ctx, e.Key); err != nil {
		return fmt.Errorf("job %s: %w", e.Key, err)
	}
	if err := k.Put(ctx, e.Key, e.State); err != nil {
		return fmt.Errorf("job %s: %w", e.Key, err)
	}
	return k.Flush(ctx)
}
