// Package sqlite opens SQLite files for [sqldb]: with a write-ahead log, synced
// at every commit, one connection that writes and a few that read.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sluice-project/sluice/sqldb"
)

// readers is how many connections read at once.
const readers = 4

// Config is which file to open.
type Config struct {
	// Path is that of the file. It is made if it is not there, and so is its
	// folder. It has to be on a local disk: the write-ahead log is shared memory.
	Path string
	// MaxBytes bounds the size of the file; 0 means no bound.
	MaxBytes int64
	// Deadlines bound statements. A writer waits for another process's for as long
	// as a statement may take.
	Deadlines sqldb.Deadlines
}

// Open opens the file, and makes sure that it is sound and can be written. The
// error names the file and says what to do.
func Open(ctx context.Context, c Config) (*sqldb.DB, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fmt.Errorf("SQLite file %s: %w", c.Path, err)
	}
	deadlines := c.Deadlines.OrDefault()
	about := sqldb.Driver{Dialect: sqldb.SQLite, Place: "SQLite file " + path, Kind: kindOf}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, about.Failed("make the folder", err)
	}
	write, err := sql.Open("sqlite", source(path, deadlines, c.MaxBytes, "_txlock=immediate"))
	if err != nil {
		return nil, about.Failed("open", err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", source(path, deadlines, 0, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(about.Failed("open", err), write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	db := sqldb.New(write, read, about, deadlines)
	if err := sound(ctx, db, about, deadlines.Migration); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// source is the address of the file for the driver. What a connection sets first
// is how long it waits for others.
func source(path string, d sqldb.Deadlines, maxBytes int64, more string) string {
	query := "_pragma=busy_timeout(" + strconv.FormatInt(d.Statement.Milliseconds(), 10) + ")" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + more
	if maxBytes > 0 {
		query += "&_pragma=max_page_count(" + strconv.FormatInt(max(1, maxBytes/4096), 10) + ")"
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query
}

// sound looks whether the file is whole and may be written.
func sound(ctx context.Context, db *sqldb.DB, about sqldb.Driver, deadline time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := db.InTx(ctx, writable); !errors.Is(err, errUndo) {
		return err
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return about.Failed("check", err)
	}
	if verdict != "ok" {
		return &sqldb.Error{Kind: sqldb.KindCorrupt, Op: "check", Place: about.Place, Dialect: about.Dialect, Err: errors.New(verdict)}
	}
	return nil
}

// errUndo ends a transaction that is to leave nothing behind.
var errUndo = errors.New("undo")

// writable begins to write and then leaves it: a transaction alone is no proof, for
// in a file that may only be read it reads.
func writable(tx *sqldb.Tx) error {
	if _, err := tx.Exec(context.Background(), "PRAGMA user_version = 1"); err != nil {
		return err
	}
	return errUndo
}

// kindOf says what an error of the driver means.
func kindOf(err error) sqldb.Kind {
	if errors.Is(err, os.ErrPermission) {
		return sqldb.KindDenied
	}
	failure, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return sqldb.KindOther
	}
	switch failure.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return sqldb.KindDuplicate
	}
	switch failure.Code() & 0xff { // the upper bits say more than we ask
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return sqldb.KindConflict
	case sqlite3.SQLITE_FULL:
		return sqldb.KindFull
	case sqlite3.SQLITE_READONLY:
		return sqldb.KindReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return sqldb.KindCorrupt
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return sqldb.KindDenied
	case sqlite3.SQLITE_IOERR:
		return sqldb.KindUnavailable
	}
	return sqldb.KindOther
}
