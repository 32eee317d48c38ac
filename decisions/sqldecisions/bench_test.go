package sqldecisions

import (
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

// BenchmarkDecisions writes batches of 100 decisions of 1,000 bytes, about the
// size of one with 5 vertices.
func BenchmarkDecisions(b *testing.B) {
	for name, url := range map[string]func() string{
		"SQLite":     func() string { return "sqlite:" + filepath.Join(b.TempDir(), "b.db") },
		"PostgreSQL": func() string { return realdb.Postgres(b).NewDatabase(b) },
		"MariaDB":    func() string { return realdb.MariaDB(b).NewDatabase(b) },
	} {
		b.Run(name, func(b *testing.B) {
			r := New(Config{DB: sqldbtest.Open(b, url()), MaxCount: 200, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
			rows := make([]row, 100)
			for i := range rows {
				value := make([]byte, 1000)
				_, _ = rand.Read(value)
				rows[i] = row{autoscaler.JobKey{Cluster: "prod", Job: "86b9b8fc1535b602fef0e4105a5025fa"}, "clicks", noon, decisions.ActionHold, value}
			}
			for b.Loop() {
				if err := r.write(b.Context(), rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}
