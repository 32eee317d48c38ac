package sqllease_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/leasetest"
	"github.com/sluice-project/sluice/lease/sqllease"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

func TestSQLiteKeepsLeases(t *testing.T) {
	conforms(t, "sqlite:"+filepath.Join(t.TempDir(), "sluice.db"))
}

func TestPostgreSQLKeepsLeases(t *testing.T) { conforms(t, realdb.Postgres(t).NewDatabase(t)) }

func TestMariaDBKeepsLeases(t *testing.T) { conforms(t, realdb.MariaDB(t).NewDatabase(t)) }

// conforms runs the suite in one database, which is emptied each time.
func conforms(t *testing.T, url string) {
	db := open(t, url)
	leasetest.Run(t, func(t *testing.T) lease.Store {
		for _, table := range [...]string{"sluice_member", "sluice_lease"} {
			if _, err := db.ExecAlone(t.Context(), "DELETE FROM "+table); err != nil {
				t.Fatal(err)
			}
		}
		return sqllease.New(db)
	}, wait)
}

// wait is for the clock of a database, which goes its own way.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

func open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(t.Context(), target)
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
