// Package connect opens the database that an address names, of whatever kind.
// It imports every driver and is for commands alone.
package connect

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/mysql"
	"github.com/sluice-project/sluice/sqldb/postgres"
	"github.com/sluice-project/sluice/sqldb/sqlite"
)

// File is the name of the SQLite file within a data directory.
const File = "sluice.db"

// Target is a database as an address names it.
type Target struct {
	Dialect sqldb.Dialect
	// Path is that of a SQLite file.
	Path string
	// Server is where another database is.
	Server sqldb.Server
}

// Directory is the target for a data directory.
func Directory(path string) Target {
	return Target{Dialect: sqldb.SQLite, Path: filepath.Join(path, File)}
}

// Open opens the target and brings its tables up to date.
func Open(ctx context.Context, t Target) (*sqldb.DB, error) {
	db, err := OpenAsIs(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close() // the first error says why
		return nil, err
	}
	return db, nil
}

// OpenAsIs opens the target and leaves its tables as they are.
func OpenAsIs(ctx context.Context, t Target) (*sqldb.DB, error) {
	switch t.Dialect {
	case sqldb.Postgres:
		return postgres.Open(ctx, t.Server)
	case sqldb.MySQL:
		return mysql.Open(ctx, t.Server)
	}
	return sqlite.Open(ctx, sqlite.Config{Path: t.Path})
}

// The forms of addresses, for error texts.
const forms = "sqlite:PATH, postgres://USER@HOST:PORT/DATABASE, mysql://… or mariadb://… alike, or jdbc: before one of the latter"

// Parse reads an address:
//
//	sqlite:PATH
//	postgres://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?sslmode=…&sslrootcert=…]
//	mysql://…, mariadb://…
//	jdbc:postgresql://…, jdbc:mysql://…, jdbc:mariadb://…
//
// Parameters are those of libpq and of the three JDBC drivers as far as they say
// who connects and how it is encrypted; others are refused by name, except of a
// jdbc: address, where they are meant for a driver that is not used here and
// returned as ignored. No error quotes the address: it may hold a password.
func Parse(address string) (t Target, ignored []string, err error) {
	rest, jdbc := strings.CutPrefix(strings.TrimSpace(address), "jdbc:")
	scheme, body, found := strings.Cut(rest, ":")
	if !found {
		return t, nil, fmt.Errorf("address of a database: want %s", forms)
	}
	switch strings.ToLower(scheme) {
	case "sqlite":
		path := strings.TrimPrefix(body, "//")
		if path == "" || strings.Contains(path, "?") {
			return t, nil, fmt.Errorf("address of a SQLite file: want sqlite:PATH")
		}
		return Target{Dialect: sqldb.SQLite, Path: path}, nil, nil
	case "postgres", "postgresql":
		t.Dialect = sqldb.Postgres
	case "mysql", "mariadb":
		t.Dialect = sqldb.MySQL
	default:
		return t, nil, fmt.Errorf("address of a database: %q is none that sluice knows: want %s", scheme, forms)
	}
	u, err := url.Parse("db:" + body)
	if err != nil {
		return t, nil, fmt.Errorf("address of a database: it cannot be read (characters such as @, / and %% in a password are written as %%40, %%2F and %%25): want %s", forms)
	}
	if err := t.server(u); err != nil {
		return t, nil, err
	}
	ignored, err = t.parameters(u.Query(), jdbc)
	return t, ignored, err
}

// server reads what stands before the parameters.
func (t *Target) server(u *url.URL) error {
	port := "5432"
	if t.Dialect == sqldb.MySQL {
		port = "3306"
	}
	if given := u.Port(); given != "" {
		port = given
	}
	if strings.Contains(u.Host, ",") {
		return fmt.Errorf("address of a database: one host is wanted, and several are given")
	}
	host := u.Hostname()
	if host == "" {
		host = "localhost"
	}
	t.Server.Address = net.JoinHostPort(host, port)
	t.Server.Database = strings.TrimPrefix(u.Path, "/")
	if t.Server.Database == "" {
		return fmt.Errorf("address of a database: it names no database: want %s", forms)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		t.Server.User, t.Server.Password = u.User.Username(), sqldb.Secret(password)
	}
	return nil
}
