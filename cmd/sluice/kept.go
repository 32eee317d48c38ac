package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
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

// database opens the database that is named.
func (f *keptFlags) database(cmd *cobra.Command) (*sqldb.DB, error) {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return nil, err
	}
	return f.existing(cmd.Context(), cfg)
}

// decisionFlags say where decisions are: in a file or in a database.
type decisionFlags struct {
	keptFlags
	file string
}

func (f *decisionFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "decisions", "", "decisions `file` of sluice run; - reads it from standard input")
	f.keptFlags.register(cmd)
}

// check makes sure that one place is named.
func (f *decisionFlags) check() error {
	inDatabase := f.given() || f.process.file != "" || len(f.process.settings) > 0
	switch {
	case f.file == "" && !inDatabase:
		return errors.New("--decisions is missing: name the file that sluice run --decisions writes, - for standard input, or with --data or --store the database of sluice run")
	case f.file != "" && f.given():
		return errors.New("--decisions names a file, and --data or --store a database: give one of them")
	}
	return nil
}

// search has a search look where the flags say.
func (f *decisionFlags) search(cmd *cobra.Command, job string, search *decisions.Search) error {
	if f.file == "" {
		return f.searchDatabase(cmd, job, search)
	}
	if err := searchFile(f.file, cmd.InOrStdin(), search); err != nil {
		return err
	}
	for _, line := range search.Torn() {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s, and is left out\n", line)
	}
	return nil
}

func (f *decisionFlags) searchDatabase(cmd *cobra.Command, job string, search *decisions.Search) (err error) {
	db, err := f.database(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return sqldecisions.Search(cmd.Context(), db, job, search)
}

// searchFile reads the file and then, as long as they may hold the answer, the
// older ones that it was rotated to.
func searchFile(path string, stdin io.Reader, search *decisions.Search) error {
	if path == "-" {
		return search.Read("standard input", stdin)
	}
	// All are opened before the first is read: a rotation meanwhile changes nothing.
	var files []*os.File
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	for name := range decisions.Rotated(path) {
		file, err := openFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(files) > 0:
			return readInTurn(files, search)
		case err != nil:
			return &usageError{fmt.Errorf("--decisions: %w", err)}
		}
		files = append(files, file)
	}
	return nil
}

func readInTurn(files []*os.File, search *decisions.Search) error {
	for _, file := range files {
		if err := search.Read(file.Name(), file); err != nil {
			return err
		}
		if search.Done() {
			break
		}
	}
	return nil
}

func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
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
