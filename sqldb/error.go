package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Kind says what is wrong with a database. It is an error itself, so that
// errors.Is(err, sqldb.KindFull) asks for it.
type Kind uint8

// The kinds of errors.
const (
	// KindOther: none of those below.
	KindOther Kind = iota
	// KindConflict: another transaction stood in the way; the same may succeed now.
	KindConflict
	// KindUnavailable: the database does not answer, or not in time.
	KindUnavailable
	// KindCanceled: the caller's context was canceled.
	KindCanceled
	// KindDuplicate: a row with these keys is there already.
	KindDuplicate
	// KindFull: no room on the disk, or up to a limit.
	KindFull
	// KindReadOnly: the file, its folder or the server may be read only.
	KindReadOnly
	// KindCorrupt: the file is damaged, or is no database.
	KindCorrupt
	// KindDenied: user, password, database or right is missing.
	KindDenied
	// KindTLS: no encrypted connection as it was asked for.
	KindTLS
	// KindSchema: the tables are of another version.
	KindSchema
)

var kindNames = [...]string{
	"other", "conflict", "unavailable", "canceled", "duplicate", "full", "read_only", "corrupt", "denied", "tls", "schema",
}

// String returns a short name for logs, such as read_only.
func (k Kind) String() string { return kindNames[k] }

// Error makes a Kind a target of errors.Is.
func (k Kind) Error() string { return "database: " + k.String() }

// verdict is what is wrong and what to do about it.
func (k Kind) verdict(d Dialect) string {
	switch k {
	case KindConflict:
		return "other transactions stand in the way"
	case KindUnavailable:
		return "does not answer"
	case KindDuplicate:
		return "the row is there already"
	case KindFull:
		return "has no room left: free some space there, nothing that was committed is lost"
	case KindReadOnly:
		if d == SQLite {
			return "cannot be written: give the user of this process the right to write to the file, those beside it (-wal, -shm) and its folder"
		}
		return "takes no writes: is it a replica?"
	case KindCorrupt:
		return "is damaged or not a database: put a backup in its place, or move it away to begin with nothing"
	case KindDenied:
		if d == SQLite {
			return "cannot be opened: check that its folder is there and that the user of this process may read and write both"
		}
		return "did not let us in: check user, password, database and rights"
	case KindTLS:
		return "gives no encrypted connection as asked for: check the TLS settings of address and server"
	}
	return ""
}

// Error is what goes wrong with a database. It never holds a password.
type Error struct {
	Kind Kind
	// Op is what was tried, such as "begin a transaction".
	Op string
	// Place names the database.
	Place   string
	Dialect Dialect
	// Err is the cause.
	Err error
	// commitUnknown is true after a commit of which nobody knows whether it took place.
	commitUnknown bool
}

// Error says in one line what was tried, where, what happened and what to do.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Op, e.Place)
	if verdict := e.Kind.verdict(e.Dialect); verdict != "" {
		text += " " + verdict
	}
	if e.commitUnknown {
		text += " (whether it was committed is not known)"
	}
	return text + ": " + lines.Replace(e.Err.Error())
}

// lines makes one line of a list of what was tried.
var lines = strings.NewReplacer(":\n\t", ": ", "\n\t", "; ", "\n", "; ")

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is tells whether target is the error's kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// CommitUnknown tells whether the error leaves open that what was written is
// committed.
func CommitUnknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.commitUnknown
}

// failed wraps an error of the driver. [sql.ErrNoRows] and nil stay as they are.
func (db *DB) failed(op string, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, wrapped := errors.AsType[*Error](err); wrapped {
		return err
	}
	return db.driver.Failed(op, err)
}

// Failed wraps an error of the driver with what was tried, and says what kind it
// is of.
func (d Driver) Failed(op string, err error) error {
	return &Error{Kind: d.kindOf(err), Op: op, Place: d.Place, Dialect: d.Dialect, Err: err}
}

func (d Driver) kindOf(err error) Kind {
	if kind := d.Kind(err); kind != KindOther {
		return kind
	}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return KindCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return KindUnavailable
	}
	return KindOther
}

// uncommitted wraps the error of a commit. One that the server refused did not
// take place; one that got no answer may have.
func (db *DB) uncommitted(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	kind := db.driver.kindOf(err)
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		// The context ended before the commit, and the transaction was undone.
		return &Error{Kind: db.driver.kindOf(ctx.Err()), Op: "commit", Place: db.driver.Place, Dialect: db.driver.Dialect, Err: ctx.Err()}
	}
	unknown := kind == KindUnavailable || kind == KindCanceled || kind == KindOther
	return &Error{Kind: kind, Op: "commit", Place: db.driver.Place, Dialect: db.driver.Dialect, Err: err, commitUnknown: unknown}
}
