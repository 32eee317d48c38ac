package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqlite"
)

func open(t *testing.T, path string) *sqldb.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
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

// Two handles stand for two processes: each has connections of its own.
func TestTwoProcessesMayMigrateAndCountAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder", "a?b#c%.db")
	var wg sync.WaitGroup
	for range 4 {
		db := open(t, path)
		wg.Go(func() {
			if err := db.Migrate(t.Context()); err != nil {
				t.Error(err)
				return
			}
			for range 25 {
				err := db.InTx(t.Context(), func(tx *sqldb.Tx) error {
					n, err := tx.Affected(t.Context(), "UPDATE sluice_job SET version = version + 1 WHERE cluster = ? AND job_id = ?", "c", "?'")
					if err == nil && n == 0 {
						_, err = tx.Exec(t.Context(), "INSERT INTO sluice_job (cluster, job_id, version, writer, updated_at) VALUES (?, ?, 1, '', 0)", "c", "?'")
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	db := open(t, path)
	var n int
	if err := db.QueryRow(t.Context(), "SELECT version FROM sluice_job").Scan(&n); err != nil || n != 100 {
		t.Fatalf("counted %d, %v; want 100", n, err)
	}
	if _, err := db.Exec(t.Context(), "INSERT INTO sluice_job (cluster, job_id, version, writer, updated_at) VALUES (?, ?, 1, '', 0)", "c", "?'"); !errors.Is(err, sqldb.KindDuplicate) {
		t.Errorf("the same row twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.InTx(ctx, func(*sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.KindCanceled) {
		t.Errorf("with a canceled context: %v", err)
	}
}
