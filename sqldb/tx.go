package sqldb

import (
	"context"
	"database/sql"
	"errors"
)

// Tx is one transaction.
type Tx struct {
	tx *sql.Tx
	db *DB
}

// InTx runs f in one transaction that is committed when f returns nil and undone
// otherwise. Where another transaction stood in the way (a deadlock, a failed
// serialization, a busy file) it begins anew until the deadline: f may run more
// than once and must not have effects elsewhere. An error of the commit for which
// [CommitUnknown] is true leaves open whether it took place; it is not tried
// again.
//
// On SQLite a transaction may write from its beginning on, and is alone.
func (db *DB) InTx(ctx context.Context, f func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Transaction)
	defer cancel()
	for n := 0; ; n++ {
		err := db.once(ctx, f)
		if err == nil || !errors.Is(err, KindConflict) || CommitUnknown(err) {
			return err
		}
		if pause(ctx, n) != nil {
			return err
		}
	}
}

func (db *DB) once(ctx context.Context, f func(*Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return db.failed("begin a transaction", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing; before, the error of f is the one that counts
	if err := f(&Tx{tx, db}); err != nil {
		return err
	}
	return db.uncommitted(ctx, tx.Commit())
}

// Snapshot runs f in a transaction that reads what was committed when it began,
// and writes nothing.
func (db *DB) Snapshot(ctx context.Context, f func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Transaction)
	defer cancel()
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if db.Dialect() == SQLite {
		options = nil // all its transactions are like that, and its reading connections write nothing
	}
	tx, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return db.failed("begin a transaction", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return f(&Tx{tx, db})
}

// Dialect is the kind of SQL that the database speaks.
func (tx *Tx) Dialect() Dialect { return tx.db.driver.Dialect }

// Query runs a statement that gives rows. They have to be closed before the next
// statement.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return tx.db.query(ctx, tx.tx, query, args)
}

// QueryRow runs a statement that gives one row; [Row.Scan] says what went wrong.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	rows, err := tx.Query(ctx, query, args...)
	return &Row{rows, err}
}

// Exec runs a statement that gives no rows.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, tx.db.deadlines.Statement)
	defer cancel()
	result, err := tx.tx.ExecContext(ctx, tx.db.driver.Dialect.Rebind(query), args...)
	return result, tx.db.failed("write", err)
}

// Affected runs a statement and says how many rows it found, also where it left
// them as they were.
func (tx *Tx) Affected(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := tx.Exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return n, tx.db.failed("write", err)
}
