package sqlstate_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/sqlstate"
	"github.com/sluice-project/sluice/state/statetest"
)

// databases are addresses of new databases of each kind.
var databases = []struct {
	name    string
	address func(testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "sluice.db") }},
	{"postgres", func(t testing.TB) string { return realdb.Postgres(t).NewDatabase(t) }},
	{"mariadb", func(t testing.TB) string { return realdb.MariaDB(t).NewDatabase(t) }},
}

func onEach(t *testing.T, test func(t *testing.T, address string)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) { test(t, d.address(t)) })
	}
}

func open(t testing.TB, address string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(address)
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

func store(t testing.TB, db *sqldb.DB) *sqlstate.Store {
	t.Helper()
	s, err := sqlstate.New(sqlstate.Config{DB: db, Now: time.Now, SetAside: func(_ context.Context, key autoscaler.JobKey, reason error) {
		t.Errorf("set aside %s: %v", key, reason)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreConforms(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			statetest.Run(t, func(t *testing.T) autoscaler.StateStore { return store(t, open(t, d.address(t))) })
			statetest.RunShared(t, func(t *testing.T) (a, b autoscaler.StateStore) {
				address := d.address(t)
				return store(t, open(t, address)), store(t, open(t, address))
			})
		})
	}
}
