package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqlite"
)

const insert = "INSERT INTO sluice_part (cluster, job_id, part, value) VALUES ('c', 'j', ?, ?)"

// filled is a file with some rows in it, closed.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	rows := func(tx *sqldb.Tx) (err error) {
		for i := range 100 {
			_, failed := tx.Exec(t.Context(), insert, i, make([]byte, 10_000))
			err = errors.Join(err, failed)
		}
		return err
	}
	if err := errors.Join(db.Migrate(t.Context()), db.InTx(t.Context(), rows), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// fill writes rows of 10 kB each until one fails.
func fill(t *testing.T, db *sqldb.DB, rows int) error {
	t.Helper()
	var have int
	if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM sluice_part").Scan(&have); err != nil {
		return err
	}
	for i := range rows {
		if _, err := db.Exec(t.Context(), insert, have+i, make([]byte, 10_000)); err != nil {
			return err
		}
	}
	return nil
}

func says(t *testing.T, err error, kind sqldb.Kind, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%v: not of kind %v", err, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v: does not say %q", err, text)
		}
	}
}

func refused(t *testing.T, path string, kind sqldb.Kind, texts ...string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err == nil {
		t.Errorf("opened, want %v", kind)
		_ = db.Close()
		return
	}
	says(t, err, kind, append(texts, "SQLite file "+path)...)
}

func TestADamagedFileIsRefusedAndLeftAsItIs(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"another file":      func(b []byte) []byte { return []byte(strings.Repeat("#!/bin/sh\n", 1000)) },
		"cut":               func(b []byte) []byte { return b[:len(b)/2] },
		"holes in the tree": func(b []byte) []byte { clear(b[4096*3 : 4096*9]); return b },
		"a broken head":     func(b []byte) []byte { copy(b[:4096], strings.Repeat("x", 4096)); return b },
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			broken := damage(whole)
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, path, sqldb.KindCorrupt, "is damaged or not a database: put a backup in its place")
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(broken) {
				t.Errorf("the file was changed, or is gone: %v", err)
			}
		})
	}
}

func TestAFileThatMayNotBeWrittenIsRefused(t *testing.T) {
	path := filled(t)
	unprivileged(t, filepath.Dir(path))
	mode(t, path, 0)
	refused(t, path, sqldb.KindDenied, "may read and write both")
	mode(t, path, 0o444)
	refused(t, path, sqldb.KindReadOnly, "give the user of this process the right to write to the file, those beside it (-wal, -shm) and its folder")
	// SQLite gives the files beside it the same permissions.
	for _, beside := range []string{"", "-wal", "-shm"} {
		mode(t, path+beside, 0o666)
	}
	mode(t, filepath.Dir(path), 0o555)
	refused(t, filepath.Join(filepath.Dir(path), "new", "sluice.db"), sqldb.KindDenied)
	mode(t, filepath.Dir(path), 0o777)
	open(t, path)
}

func mode(t *testing.T, path string, m os.FileMode) {
	t.Helper()
	if err := asOwner(func() error { return os.Chmod(path, m) }); err != nil {
		t.Fatal(err)
	}
}

func TestAFullFileIsSaidToBeFullAndServesAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fullAndBack(t, db, path, func() {})
}

// fullAndBack fills a database whose room is bounded.
func fullAndBack(t *testing.T, db *sqldb.DB, path string, free func()) {
	t.Helper()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, fill(t, db, 10_000), sqldb.KindFull, "SQLite file "+path, "has no room left: free some space there, nothing that was committed is lost")
	var rows, after int
	if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM sluice_part").Scan(&rows); err != nil || rows < 10 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	free()
	if _, err := db.Exec(t.Context(), "DELETE FROM sluice_part WHERE part < '5'"); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM sluice_part").Scan(&after); err != nil || after == 0 || after >= rows {
		t.Errorf("%d of %d rows, %v", after, rows, err)
	}
	if err := fill(t, db, 1); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
