package sqlstate

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
)

// brokenError says that a value cannot be decoded.
type brokenError struct {
	version int64
	what    string
	err     error
}

func (e *brokenError) Error() string { return fmt.Sprintf("%s cannot be decoded: %v", e.what, e.err) }

func (e *brokenError) Unwrap() error { return e.err }

// load reads the state of a job as one pass left it; the rows are nil when the
// job is not there.
func (s *Store) load(ctx context.Context, key autoscaler.JobKey) (state autoscaler.State, r *rows, err error) {
	err = s.cfg.DB.Snapshot(ctx, func(tx *sqldb.Tx) error {
		state, r = autoscaler.State{}, nil
		version, err := versionOf(ctx, tx, key)
		if err != nil || version == 0 {
			return err
		}
		r = &rows{version: version, parts: map[string]uint64{}}
		if err := r.readParts(ctx, tx, key, &state); err != nil {
			return err
		}
		return r.readSamples(ctx, tx, key, &state)
	})
	return state, r, err
}

func (r *rows) readParts(ctx context.Context, q querier, key autoscaler.JobKey, state *autoscaler.State) (err error) {
	found, err := q.Query(ctx, "SELECT part, value FROM sluice_part WHERE cluster = ? AND job_id = ?", key.Cluster, key.Job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var part string
		var value []byte
		if err := found.Scan(&part, &value); err != nil {
			return err
		}
		r.parts[part] = maphash.Bytes(seed, value)
		if err := setPart(state, part, value); err != nil {
			return &brokenError{r.version, "its " + part, err}
		}
	}
	return found.Err()
}

func (r *rows) readSamples(ctx context.Context, q querier, key autoscaler.JobKey, state *autoscaler.State) (err error) {
	found, err := q.Query(ctx, "SELECT seq, value FROM sluice_sample WHERE cluster = ? AND job_id = ? ORDER BY seq", key.Cluster, key.Job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var seq int64
		var value []byte
		if err := found.Scan(&seq, &value); err != nil {
			return err
		}
		taken, err := decode(value, sample)
		if err != nil {
			return &brokenError{r.version, fmt.Sprintf("its sample %d", seq), err}
		}
		r.samples = append(r.samples, sampleRow{seq, maphash.Bytes(seed, value)})
		state.Window.Samples = append(state.Window.Samples, taken)
	}
	slices.SortStableFunc(state.Window.Samples, func(a, b scaling.Sample) int { return a.At.Compare(b.At) })
	return found.Err()
}
