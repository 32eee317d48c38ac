package reference

import (
	"context"
	"errors"
	"hash/maphash"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/stateyaml"
)

// writing is what has to be written so that the database holds a state.
type writing struct {
	store *Store
	key   autoscaler.JobKey
	// was is nil when the job was not there.
	was   *rows
	next  rows
	set   Items
	unset []Item
	extra string
	at    string
	now   int64
}

// atLayout is how the reference's times are written, in the zone of the process.
const atLayout = "2006-01-02 15:04:05.000000"

func (s *Store) writing(key autoscaler.JobKey, state *autoscaler.State) (*writing, error) {
	more := Extra(state)
	extra, err := stateyaml.MarshalState(&more)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	w := &writing{store: s, key: key, was: s.rowsOf(key), set: Items{}, extra: string(extra), at: now.Format(atLayout), now: now.UnixMilli()}
	// Versions of a job that is written anew begin where those of a removed one
	// cannot be.
	w.next = rows{version: now.UnixMicro(), writer: s.writer, sums: map[Item]uint64{}}
	var before map[Item]uint64
	if w.was != nil {
		before = w.was.sums
		if w.was.version != 0 {
			w.next.version = w.was.version + 1
		}
	}
	items := Encode(state)
	for item, text := range items {
		sum := maphash.String(seed, text)
		w.next.sums[item] = sum
		if known, there := before[item]; !there || known != sum {
			w.set[item] = text
		}
	}
	for _, item := range AllItems {
		if _, kept := items[item]; !kept && w.was != nil {
			if _, there := w.was.prints[item]; there {
				w.unset = append(w.unset, item)
			}
		}
	}
	return w, nil
}

// commit compares and writes, within one transaction.
func (w *writing) commit(ctx context.Context, tx *sqldb.Tx) error {
	now, err := w.store.rowsIn(ctx, tx, w.key, locked(tx.Dialect()))
	if err != nil {
		return err
	}
	was := w.was
	if was == nil {
		was = &rows{}
	}
	if !was.same(now) {
		return conflict(w.key)
	}
	if err := w.claim(ctx, tx, now.version); err != nil {
		return err
	}
	for _, item := range AllItems {
		if text, changed := w.set[item]; changed {
			if err := w.put(ctx, tx, item, text, now); err != nil {
				return err
			}
		}
	}
	for _, item := range w.unset {
		if _, err := tx.Exec(ctx, "DELETE FROM "+Table+" WHERE job_key = ? AND state_type = ?", w.key.String(), string(item)); err != nil {
			return err
		}
	}
	w.next.prints, err = w.store.prints(ctx, tx, w.key, "")
	return err
}

// claim writes the row beside the reference's, unless another process has done so.
func (w *writing) claim(ctx context.Context, tx *sqldb.Tx, version int64) error {
	if version == 0 {
		_, err := tx.Exec(ctx, "INSERT INTO sluice_reference_extra (version, writer, value, updated_at, job_key) VALUES (?, ?, ?, ?, ?)",
			w.next.version, w.next.writer, w.extra, w.now, w.key.String())
		return w.taken(err)
	}
	found, err := tx.Affected(ctx, "UPDATE sluice_reference_extra SET version = ?, writer = ?, value = ?, updated_at = ? WHERE job_key = ? AND version = ?",
		w.next.version, w.next.writer, w.extra, w.now, w.key.String(), version)
	if err == nil && found == 0 {
		return conflict(w.key)
	}
	return err
}

func (w *writing) put(ctx context.Context, tx *sqldb.Tx, item Item, text string, now *rows) error {
	if _, there := now.prints[item]; there {
		_, err := tx.Exec(ctx, "UPDATE "+Table+" SET update_time = ?, state_value = ? WHERE job_key = ? AND state_type = ?", w.at, text, w.key.String(), string(item))
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO "+Table+" (update_time, job_key, state_type, state_value) VALUES (?, ?, ?, ?)", w.at, w.key.String(), string(item), text)
	return w.taken(err)
}

// taken tells a row that somebody else has just made from other errors.
func (w *writing) taken(err error) error {
	if errors.Is(err, sqldb.KindDuplicate) {
		return conflict(w.key)
	}
	return err
}
