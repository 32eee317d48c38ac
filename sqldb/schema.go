package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// SchemaVersion is the version of the tables that this build reads and writes.
var SchemaVersion = len(versions)

// versions[i] makes version i+1 of the schema out of version i.
var versions = [...]func(Dialect) []string{tablesOfVersion1}

// SchemaError says that the tables of a database are of another version.
type SchemaError struct {
	Place string
	// Have is the version of the tables, 0 without any; Want that of this build.
	Have, Want int
}

func (e *SchemaError) Error() string {
	if e.Have > e.Want {
		return fmt.Sprintf("%s: its tables are of version %d, and this build of sluice knows them up to version %d: "+
			"a newer sluice wrote there; run that one, or give this one a database of its own", e.Place, e.Have, e.Want)
	}
	return fmt.Sprintf("%s: its tables are of version %d, and this build of sluice needs version %d: run sluice state migrate", e.Place, e.Have, e.Want)
}

// Is makes the error one of [KindSchema].
func (e *SchemaError) Is(target error) bool { return target == KindSchema }

// Version reads the version of the database's tables, 0 without any.
func (db *DB) Version(ctx context.Context) (int, error) {
	var there int
	if err := db.QueryRow(ctx, versionTable(db.Dialect())).Scan(&there); err != nil || there == 0 {
		return 0, err
	}
	var version sql.NullInt64
	err := db.QueryRow(ctx, "SELECT MAX(version) FROM sluice_schema").Scan(&version)
	return int(version.Int64), err
}

// versionTable counts the tables that hold the version.
func versionTable(d Dialect) string {
	switch d {
	case Postgres:
		return "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('sluice_schema')"
	case MySQL:
		return "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'sluice_schema'"
	}
	return "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'sluice_schema'"
}

// Migrate brings the tables up to [SchemaVersion]. Several processes may call it
// at once: one of them does the work. It fails with a [SchemaError] when the
// tables are newer than this build.
func (db *DB) Migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Migration)
	defer cancel()
	have, err := db.Version(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the tables: %w", err)
	}
	if have == SchemaVersion {
		return nil
	}
	if have > SchemaVersion {
		return &SchemaError{db.Place(), have, SchemaVersion}
	}
	if err := db.migrate(ctx); err != nil {
		return fmt.Errorf("bring the tables from version %d to %d: %w", have, SchemaVersion, err)
	}
	return nil
}

func (db *DB) migrate(ctx context.Context) error {
	if db.Dialect() == MySQL {
		return db.migrateUnderLock(ctx)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return db.failed("begin a transaction", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if db.Dialect() == Postgres {
		for _, s := range [...]string{"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", "SELECT pg_advisory_xact_lock(727420180)"} {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return db.failed("lock the schema", err)
			}
		}
	}
	if err := db.build(ctx, tx); err != nil {
		return err
	}
	return db.failed("commit the schema", tx.Commit())
}

// migrateUnderLock is for a database that commits each change of a table by
// itself. Every statement may be repeated, should the process end between two.
func (db *DB) migrateUnderLock(ctx context.Context) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return db.failed("connect", err)
	}
	defer conn.Close()
	const name = "CONCAT('sluice schema ', MD5(DATABASE()))"
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", ?)", db.deadlines.Migration.Seconds()).Scan(&got); err != nil {
		return db.failed("lock the schema", err)
	}
	if got.Int64 != 1 {
		return db.failed("lock the schema", errors.New("another process has held the lock for too long"))
	}
	defer func() {
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+name+")")
		err = errors.Join(err, db.failed("unlock the schema", unlock))
	}()
	return db.build(ctx, conn)
}

// statements is what a connection and a transaction have in common.
type statements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// build runs what is missing, once the lock is held.
func (db *DB) build(ctx context.Context, s statements) error {
	have := 0
	var there int
	if err := s.QueryRowContext(ctx, versionTable(db.Dialect())).Scan(&there); err != nil {
		return db.failed("read the version of the tables", err)
	}
	if there > 0 {
		var version sql.NullInt64
		if err := s.QueryRowContext(ctx, "SELECT MAX(version) FROM sluice_schema").Scan(&version); err != nil {
			return db.failed("read the version of the tables", err)
		}
		have = int(version.Int64)
	}
	for v := have + 1; v <= SchemaVersion; v++ {
		for _, statement := range versions[v-1](db.Dialect()) {
			if _, err := s.ExecContext(ctx, statement); err != nil {
				return db.failed(fmt.Sprintf("make version %d of the tables", v), err)
			}
		}
		insert := db.Dialect().Rebind("INSERT INTO sluice_schema (version, applied_at) VALUES (?, ?)")
		if _, err := s.ExecContext(ctx, insert, v, time.Now().UnixMilli()); err != nil {
			return db.failed(fmt.Sprintf("note version %d of the tables", v), err)
		}
	}
	return nil
}
