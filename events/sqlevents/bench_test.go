package sqlevents

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

// BenchmarkEvents writes batches of 100 events of 20 jobs: half of them are told
// each time, half repeat.
func BenchmarkEvents(b *testing.B) {
	for name, url := range map[string]func() string{
		"SQLite":     func() string { return "sqlite:" + filepath.Join(b.TempDir(), "b.db") },
		"PostgreSQL": func() string { return realdb.Postgres(b).NewDatabase(b) },
		"MariaDB":    func() string { return realdb.MariaDB(b).NewDatabase(b) },
	} {
		b.Run(name, func(b *testing.B) {
			h := New(Config{DB: sqldbtest.Open(b, url()), Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
			var rows []row
			for i := range 100 {
				e := event(0, "MemoryPressure", "GC Pressure 0.95 is above the allowed limit for scaling operations. Please adjust the available memory manually.", "gc", time.Duration(i%2)*time.Hour)
				rows = append(rows, rowOf(job(fmt.Sprint("j", i%20)), &e))
			}
			for b.Loop() {
				if err := h.write(b.Context(), rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "events/s")
		})
	}
}
