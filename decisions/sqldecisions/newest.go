package sqldecisions

import (
	"context"
	"io"

	"github.com/sluice-project/sluice/sqldb"
)

// Newest writes of each job the newest decision, the newest rescale and the newest that
// was none, as they would stand in a decisions file, the older ones first.
func Newest(ctx context.Context, db *sqldb.DB, w io.Writer) error {
	return writeLines(ctx, db, w, "id IN (SELECT MAX(id) FROM sluice_decision GROUP BY cluster, job_id) OR id IN (SELECT MAX(id) FROM sluice_decision GROUP BY cluster, job_id, action)")
}
