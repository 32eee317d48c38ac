package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

// storeFlags say where state is kept.
type storeFlags struct {
	data  string
	store string
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "keep state in this `directory`, in the SQLite file "+connect.File)
	flags.StringVar(&f.store, "store", "", "keep state in this database, `URL`: sqlite:PATH, postgres://user@host:5432/database, mysql://… or mariadb://… alike; the password comes from the environment variable "+options.JDBCPasswordEnv.Default)
}

// given tells whether a flag names a store.
func (f *storeFlags) given() bool { return f.data != "" || f.store != "" }

// holdsState tells whether state is kept in a database, by the flags or by the
// reference's options.
func (f *storeFlags) holdsState(cfg options.Config) bool {
	kind, err := options.Get(cfg, options.StateStoreType)
	return f.given() || err == nil && kind == options.StoreJDBC
}

// target is the database that flags or options name; nil without any. An option
// that names none is not looked at when a flag does.
func (f *storeFlags) target(cfg options.Config) (*connect.Target, error) {
	switch {
	case f.data != "" && f.store != "":
		return nil, &usageError{errors.New("--data and --store both name a store: give one of them")}
	case f.data != "":
		t := connect.Directory(f.data)
		return &t, nil
	}
	r := options.NewReader(cfg)
	wanted := options.Read(r, options.StateStoreType) == options.StoreJDBC || options.Read(r, options.EventHandlerType) == options.EventsJDBC
	url, user := text(cfg, options.JDBCURL), text(cfg, options.JDBCUsername)
	variable := options.Read(r, options.JDBCPasswordEnv)
	if err := r.Err(); err != nil {
		return nil, &usageError{err}
	}
	from := options.JDBCURL.Key
	switch {
	case f.store != "":
		from, url = "--store", f.store
	case !wanted:
		return nil, nil
	case url == "":
		return nil, &usageError{fmt.Errorf("%s: it names no database, and %s or %s asks for one", options.JDBCURL.Key, options.StateStoreType.Key, options.EventHandlerType.Key)}
	}
	t, _, err := connect.Parse(url)
	if err != nil {
		return nil, &usageError{fmt.Errorf("%s: %w", from, err)}
	}
	if t.Server.User == "" {
		t.Server.User = user
	}
	if t.Server.Password == "" {
		t.Server.Password = sqldb.Secret(os.Getenv(variable))
	}
	return &t, nil
}

// text is the value of an option that may be unset.
func text(cfg options.Config, o options.Option[string]) string {
	value, _, _ := options.Find(cfg, o) // any text will do
	return value
}

// open opens the database and brings its tables up to date; nil when none is
// named.
func (f *storeFlags) open(ctx context.Context, cfg options.Config) (*sqldb.DB, error) {
	t, err := f.target(cfg)
	if t == nil || err != nil {
		return nil, err
	}
	return connect.Open(ctx, *t)
}

// existing opens the database for a command that looks into it: one has to be
// named and there, and its tables of this build's version.
func (f *storeFlags) existing(ctx context.Context, cfg options.Config) (*sqldb.DB, error) {
	db, err := f.asIs(ctx, cfg)
	if err != nil {
		return nil, err
	}
	have, err := db.Version(ctx)
	if err == nil && have != sqldb.SchemaVersion {
		err = &sqldb.SchemaError{Place: db.Place(), Have: have, Want: sqldb.SchemaVersion}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// asIs opens a database that is there, whatever the version of its tables.
func (f *storeFlags) asIs(ctx context.Context, cfg options.Config) (*sqldb.DB, error) {
	t, err := f.target(cfg)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, &usageError{errors.New("name the store: --data DIRECTORY or --store URL")}
	}
	if t.Dialect == sqldb.SQLite {
		if _, err := os.Stat(t.Path); err != nil {
			return nil, fmt.Errorf("there is no state: %w", err)
		}
	}
	return connect.OpenAsIs(ctx, *t)
}
