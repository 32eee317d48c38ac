package sqldb

import (
	"context"
	"errors"
)

// ExecAlone runs a single statement without a transaction around it, and says how
// many rows it found: the server carries it out by itself, and holds no lock
// afterwards, wherever this process is stopped meanwhile. Where another
// transaction stood in the way it is tried again until the deadline.
func (db *DB) ExecAlone(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, db.deadlines.Statement)
	defer cancel()
	for n := 0; ; n++ {
		result, err := db.ExecContext(ctx, db.driver.Dialect.Rebind(query), args...)
		if err == nil {
			found, err := result.RowsAffected()
			return found, db.failed("write", err)
		}
		err = db.failed("write", err)
		if !errors.Is(err, KindConflict) || pause(ctx, n) != nil {
			return 0, err
		}
	}
}

// Now is an expression for the database's own time in ms since 1970. On MySQL it
// is that of the beginning of the statement.
func (d Dialect) Now() string {
	switch d {
	case Postgres:
		return "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)"
	case MySQL:
		return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)) DIV 1000)"
	}
	return "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
}
