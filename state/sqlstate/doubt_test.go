package sqlstate

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqlite"
)

// A commit that gets no answer leaves open whether it took place. What the store
// then believes is set by hand here.
func TestAWriteInDoubtIsSettled(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	state := func(n int) autoscaler.State { return autoscaler.State{Overrides: scaling.Parallelism{"v": n}} }
	for name, c := range map[string]struct {
		committed, byAnother bool
		want                 int
		conflict             bool
	}{
		"committed":              {committed: true, want: 2},
		"not committed":          {want: 1},
		"another wrote":          {byAnother: true, want: 3, conflict: true},
		"another wrote after it": {committed: true, byAnother: true, want: 3, conflict: true},
	} {
		for _, putFirst := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				k := autoscaler.JobKey{Cluster: name, Job: "j"}
				a, b := storeOn(t, db), storeOn(t, db)
				_ = b.Remove(t.Context(), k)
				must(t, a.Put(t.Context(), k, state(1)))
				before := a.rowsOf(k)
				second := state(2)
				after, _ := a.difference(before, &second)
				if c.committed {
					must(t, a.Put(t.Context(), k, state(2)))
				}
				if c.byAnother {
					_, err := b.Get(t.Context(), k)
					must(t, err)
					must(t, b.Put(t.Context(), k, state(3)))
				}
				a.remember(t.Context(), k, state(1), before)
				a.doubts[k] = doubt{state(2), after}
				if !putFirst {
					got, err := a.Get(t.Context(), k)
					if err != nil || got.Overrides["v"] != c.want {
						t.Errorf("read %v, %v; want %d", got.Overrides, err, c.want)
					}
				}
				conflict := c.conflict && putFirst // what was read may be written
				if err := a.Put(t.Context(), k, state(4)); errors.Is(err, autoscaler.ErrStateConflict) != conflict || err != nil && !conflict {
					t.Errorf("put: %v, want a conflict: %v", err, conflict)
				}
			})
		}
	}
}

func storeOn(t *testing.T, db *sqldb.DB) *Store {
	t.Helper()
	s, err := New(Config{DB: db, Now: time.Now})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
