package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

// Driver is what a driver's package knows about its database.
type Driver struct {
	Dialect Dialect
	// Place names the database in errors: "PostgreSQL at db:5432, database
	// sluice", "SQLite file /var/lib/sluice/sluice.db". It holds no password.
	Place string
	// Kind says what an error of the driver means, KindOther if it cannot tell.
	Kind func(error) Kind
}

// Deadlines bound how long a database may take; 0 means the default.
type Deadlines struct {
	// Connect is for one new connection; default 5 s.
	Connect time.Duration
	// Statement is for one statement, with the reading of its rows; default 10 s.
	Statement time.Duration
	// Transaction is for one transaction with all its attempts; default 20 s.
	Transaction time.Duration
	// Migration is for bringing the schema up to date; default 2 min.
	Migration time.Duration
}

// OrDefault fills in what is 0.
func (d Deadlines) OrDefault() Deadlines {
	return Deadlines{
		Connect:     cmp.Or(d.Connect, 5*time.Second),
		Statement:   cmp.Or(d.Statement, 10*time.Second),
		Transaction: cmp.Or(d.Transaction, 20*time.Second),
		Migration:   cmp.Or(d.Migration, 2*time.Minute),
	}
}

// DB is a database. It is safe for concurrent use. Statements are written with
// `?` for values, whatever the dialect. Methods of the embedded pool that are
// not repeated here know neither dialect nor deadline; it is the pool that
// writes.
type DB struct {
	*sql.DB
	read      *sql.DB
	driver    Driver
	deadlines Deadlines
}

// New makes a database of a pool to write to and one to read from, which may be
// the same. The pools are closed by [DB.Close].
func New(write, read *sql.DB, driver Driver, deadlines Deadlines) *DB {
	return &DB{DB: write, read: read, driver: driver, deadlines: deadlines.OrDefault()}
}

// Dialect is the kind of SQL that the database speaks.
func (db *DB) Dialect() Dialect { return db.driver.Dialect }

// Place names the database, without a password.
func (db *DB) Place() string { return db.driver.Place }

// Close closes all connections.
func (db *DB) Close() error {
	if db.read == db.DB {
		return db.DB.Close()
	}
	return errors.Join(db.read.Close(), db.DB.Close())
}

// Check connects and asks for nothing. Its error says why that cannot be done.
func (db *DB) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Connect)
	defer cancel()
	return db.failed("connect", db.PingContext(ctx))
}

// Query runs a statement that gives rows. They have to be closed.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return db.query(ctx, db.read, query, args)
}

// QueryRow runs a statement that gives one row; [Row.Scan] says what went wrong.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	rows, err := db.Query(ctx, query, args...)
	return &Row{rows, err}
}

// Exec runs a single statement that gives no rows, in a transaction of its own.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var result sql.Result
	err := db.InTx(ctx, func(tx *Tx) (err error) {
		result, err = tx.Exec(ctx, query, args...)
		return err
	})
	return result, err
}

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (db *DB) query(ctx context.Context, q querier, query string, args []any) (*Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Statement)
	rows, err := q.QueryContext(ctx, db.driver.Dialect.Rebind(query), args...)
	if err != nil {
		cancel()
		return nil, db.failed("read", err)
	}
	return &Rows{rows, cancel, db}, nil
}

// Rows are the rows of a query. The statement's deadline holds until they are
// closed.
type Rows struct {
	*sql.Rows
	cancel context.CancelFunc
	db     *DB
}

// Scan reads the columns of the current row.
func (r *Rows) Scan(dest ...any) error { return r.db.failed("read", r.Rows.Scan(dest...)) }

// Err is why there are no more rows, nil at their end.
func (r *Rows) Err() error { return r.db.failed("read", r.Rows.Err()) }

// Close ends the reading; it is safe to call it again.
func (r *Rows) Close() error {
	err := r.Rows.Close()
	r.cancel()
	return r.db.failed("read", err)
}

// Row is the outcome of a query for one row.
type Row struct {
	rows *Rows
	err  error
}

// Scan reads the columns of the first row and closes the rest. The error is
// [sql.ErrNoRows] when there is none.
func (r *Row) Scan(dest ...any) (err error) {
	if r.err != nil {
		return r.err
	}
	defer func() { err = errors.Join(err, r.rows.Close()) }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return r.rows.Scan(dest...)
}

// pause waits before attempt n, from 0, of what others stood in the way of.
func pause(ctx context.Context, n int) error {
	most := min(5*time.Millisecond<<min(n, 10), 500*time.Millisecond)
	timer := time.NewTimer(time.Duration(rand.Float64() * float64(most)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
