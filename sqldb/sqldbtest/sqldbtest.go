// Package sqldbtest runs tests against every kind of database: SQLite, and real
// PostgreSQL and MariaDB servers.
package sqldbtest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

// Each runs a test against each kind of database. url is the address of an empty
// one. Where a server is not installed its test is skipped; with CI=true it fails.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, kind := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }},
		{"PostgreSQL", func(t *testing.T) string { return realdb.Postgres(t).NewDatabase(t) }},
		{"MariaDB", func(t *testing.T) string { return realdb.MariaDB(t).NewDatabase(t) }},
	} {
		t.Run(kind.name, func(t *testing.T) { test(t, kind.url(t)) })
	}
}

// Open opens a database with its tables up to date; it is closed when the test
// ends.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(context.WithoutCancel(t.Context()), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
