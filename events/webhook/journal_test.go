package webhook

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

// A machine's clock that is set back must not keep a process from saying that it is
// alive: others would take its events over.
func TestAProcessSaysThatItIsAliveByItsOwnClock(t *testing.T) {
	db := sqldbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	now := time.Duration(0)
	j := &journal{db: db, webhook: "ops", owner: "me", clock: func() time.Duration { return now }, log: slog.New(slog.DiscardHandler)}
	for _, step := range []struct {
		at   time.Duration
		says bool
	}{{0, true}, {beatEvery - 1, false}, {beatEvery, true}, {beatEvery + 1, false}, {2 * beatEvery, true}} {
		now = step.at
		if _, err := db.Exec(t.Context(), "UPDATE sluice_webhook_sender SET alive_until = 0"); err != nil {
			t.Fatal(err)
		}
		if err := j.stay(t.Context()); err != nil {
			t.Fatal(err)
		}
		var until int64
		if err := db.QueryRow(t.Context(), "SELECT COALESCE(MAX(alive_until), 0) FROM sluice_webhook_sender").Scan(&until); err != nil {
			t.Fatal(err)
		}
		if (until > 0) != step.says {
			t.Errorf("at %s it says that it is alive: %t, want %t", step.at, until > 0, step.says)
		}
	}
}
