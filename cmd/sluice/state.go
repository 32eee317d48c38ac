package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/sqlstate"
)

func newState() *cobra.Command {
	cmd := &cobra.Command{
		Use:                        "state",
		SuggestionsMinimumDistance: 2,
		Short:                      "Look into what is remembered of jobs, and move it elsewhere",
		Long: "State shows, exports and imports what sluice run remembers of jobs in a database: metric windows, scaling history, measured restarts, delayed scale-downs, bounds and the rescale under way.\n" +
			"--data or --store name the database, as for sluice run. Option sluice.state.format says in which tables: Sluice's own, or the one of Flink's Java autoscaler (-D sluice.state.format=reference).",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{unknownCommand(cmd, args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newStateShow(), newStateExport(), newStateImport(), newStateMigrate())
	return cmd
}

// stateFlags are the flags of all commands about state.
type stateFlags struct {
	keptFlags
	jobs   []string
	format string
	output output
}

// named is the database that has to be named.
func (f *stateFlags) named(cfg options.Config) (*connect.Target, error) {
	t, err := f.target(cfg)
	if t == nil && err == nil {
		err = &usageError{errors.New("name the store: --data DIRECTORY or --store URL")}
	}
	return t, err
}

// jobStore is a state store that knows its jobs.
type jobStore interface {
	autoscaler.StateStore
	Jobs(ctx context.Context) ([]autoscaler.JobKey, error)
}

// stateStoreOn is the store on a database, in a format. setAside is told of what
// cannot be read.
func stateStoreOn(db *sqldb.DB, format options.StateFormat, setAside func(context.Context, autoscaler.JobKey, error)) (jobStore, error) {
	if format == options.FormatReference {
		return reference.New(reference.Config{DB: db, Now: time.Now, SetAside: setAside})
	}
	return sqlstate.New(sqlstate.Config{DB: db, Now: time.Now, SetAside: setAside})
}

// keptState is an open store with what went wrong while it was read.
type keptState struct {
	jobStore
	db *sqldb.DB
	// unread counts jobs of which something was set aside.
	unread int
}

// keep makes a store of a database. It closes the database if that fails.
func keep(cmd *cobra.Command, db *sqldb.DB, format options.StateFormat) (*keptState, error) {
	k := &keptState{db: db}
	var err error
	k.jobStore, err = stateStoreOn(db, format, func(_ context.Context, key autoscaler.JobKey, reason error) {
		k.unread++
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: job %s: set aside what cannot be read: %v\n", key, reason)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

// close closes the database. It is an error that not all could be read.
func (k *keptState) close() error {
	err := k.db.Close()
	if k.unread > 0 {
		err = errors.Join(err, fmt.Errorf("of %d jobs not all could be read; what could not is in table sluice_set_aside of %s", k.unread, k.db.Place()))
	}
	return err
}

// names are those of the jobs of which decisions are kept in the same database. Without
// any, as in that of Flink's Java autoscaler, jobs have their ids alone.
func (k *keptState) names(ctx context.Context) map[autoscaler.JobKey]string {
	names, err := sqldecisions.Names(ctx, k.db)
	if err != nil {
		return nil
	}
	return names
}

// matching are the jobs that words name: an id, a name, the beginning of an id, or any
// of them behind CLUSTER/. Without words it is all of them.
func matching(keys []autoscaler.JobKey, words []string, names map[autoscaler.JobKey]string) ([]autoscaler.JobKey, error) {
	if len(words) == 0 {
		return keys, nil
	}
	var found []autoscaler.JobKey
	taken := map[autoscaler.JobKey]bool{}
	for _, word := range words {
		key, err := theJob(keys, word, names)
		if err != nil {
			return nil, err
		}
		if !taken[key] {
			taken[key] = true
			found = append(found, key)
		}
	}
	return found, nil
}

func theJob(keys []autoscaler.JobKey, word string, names map[autoscaler.JobKey]string) (autoscaler.JobKey, error) {
	var whole, named, begun []autoscaler.JobKey
	for _, k := range keys {
		switch {
		case k.String() == word || string(k.Job) == word:
			whole = append(whole, k)
		case names[k] != "" && (names[k] == word || k.Cluster+"/"+names[k] == word):
			named = append(named, k)
		case word != "" && (strings.HasPrefix(k.String(), word) || strings.HasPrefix(string(k.Job), word)):
			begun = append(begun, k)
		}
	}
	if len(whole) == 0 {
		whole = named
	}
	if len(whole) == 0 {
		whole = begun
	}
	switch len(whole) {
	case 0:
		return autoscaler.JobKey{}, fmt.Errorf("nothing is remembered of job %q; there are %s", word, someOf(keys))
	case 1:
		return whole[0], nil
	}
	return autoscaler.JobKey{}, fmt.Errorf("job %q: several are remembered, %s: give more of its id, or CLUSTER/ID", word, someOf(whole))
}

// someOf names the first of many jobs.
func someOf(keys []autoscaler.JobKey) string {
	if len(keys) == 0 {
		return "none"
	}
	const most = 5
	var names []string
	for _, k := range keys[:min(len(keys), most)] {
		names = append(names, k.String())
	}
	text := strings.Join(names, ", ")
	if len(keys) > most {
		text += fmt.Sprintf(" and %d more", len(keys)-most)
	}
	return text
}
