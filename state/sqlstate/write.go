package sqlstate

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
)

// rows is what is known to be in the database of one job.
type rows struct {
	version int64
	parts   map[string]uint64
	// samples stand in order of seq.
	samples []sampleRow
}

type sampleRow struct {
	seq int64
	sum uint64
}

// seed is that of sums, which tell whether a value changed and never leave the
// process.
var seed = maphash.MakeSeed()

// difference is what has to be written so that the database holds a state.
type difference struct {
	set     map[string][]byte
	unset   []string
	samples []newSample
	drop    []int64
}

type newSample struct {
	seq   int64
	at    time.Time
	value []byte
}

// difference compares a state with what is in the database: was is nil when the
// job is not there.
func (s *Store) difference(was *rows, state *autoscaler.State) (*rows, *difference) {
	// Versions of a job that is written anew begin where those of a removed one
	// cannot be.
	next := &rows{version: s.cfg.Now().UnixMicro(), parts: map[string]uint64{}}
	if was == nil {
		was = &rows{}
	} else {
		next.version = was.version + 1
	}
	d := &difference{set: map[string][]byte{}}
	for part, value := range partsOf(state) {
		sum := maphash.Bytes(seed, value)
		if known, there := was.parts[part]; !there || known != sum {
			d.set[part] = value
		}
		next.parts[part] = sum
	}
	for _, part := range slices.Sorted(maps.Keys(was.parts)) {
		if _, kept := next.parts[part]; !kept {
			d.unset = append(d.unset, part)
		}
	}
	d.window(was, next, state)
	return next, d
}

// window finds the samples that are new and those that are gone.
func (d *difference) window(was, next *rows, state *autoscaler.State) {
	there := make(map[uint64]int64, len(was.samples))
	seq := int64(0)
	for _, r := range was.samples {
		if _, twice := there[r.sum]; twice {
			d.drop = append(d.drop, r.seq)
		} else {
			there[r.sum] = r.seq
		}
		seq = max(seq, r.seq)
	}
	var scratch []byte
	for i := range state.Window.Samples {
		s := &state.Window.Samples[i]
		scratch = encode(scratch[:0], s, sample)
		sum := maphash.Bytes(seed, scratch)
		if known, ok := there[sum]; ok {
			next.samples = append(next.samples, sampleRow{known, sum})
			delete(there, sum)
			continue
		}
		seq++
		next.samples = append(next.samples, sampleRow{seq, sum})
		d.samples = append(d.samples, newSample{seq, s.At, slices.Clone(scratch)})
	}
	d.drop = append(d.drop, slices.Sorted(maps.Values(there))...)
}

// claim moves the version of a job on, unless another process has done so.
func (s *Store) claim(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey, was, next *rows) error {
	now := s.cfg.Now().UnixMilli()
	if was == nil {
		_, err := tx.Exec(ctx, "INSERT INTO sluice_job (cluster, job_id, version, writer, updated_at) VALUES (?, ?, ?, ?, ?)",
			key.Cluster, key.Job, next.version, s.writer, now)
		if errors.Is(err, sqldb.KindDuplicate) {
			return conflict(key, 0)
		}
		return err
	}
	found, err := tx.Affected(ctx, "UPDATE sluice_job SET version = ?, writer = ?, updated_at = ? WHERE cluster = ? AND job_id = ? AND version = ?",
		next.version, s.writer, now, key.Cluster, key.Job, was.version)
	if err == nil && found == 0 {
		return conflict(key, was.version)
	}
	return err
}

// atOnce bounds how many rows one statement names.
const atOnce = 100

func (d *difference) write(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey) error {
	upsert := tx.Dialect().Upsert("sluice_part", []string{"cluster", "job_id", "part"}, []string{"value"})
	for _, part := range slices.Sorted(maps.Keys(d.set)) {
		if _, err := tx.Exec(ctx, upsert, key.Cluster, key.Job, part, d.set[part]); err != nil {
			return err
		}
	}
	for _, part := range d.unset {
		if _, err := tx.Exec(ctx, "DELETE FROM sluice_part WHERE cluster = ? AND job_id = ? AND part = ?", key.Cluster, key.Job, part); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(d.drop, atOnce) {
		args := []any{key.Cluster, key.Job}
		for _, seq := range chunk {
			args = append(args, seq)
		}
		if _, err := tx.Exec(ctx, "DELETE FROM sluice_sample WHERE cluster = ? AND job_id = ? AND seq IN ("+sqldb.Placeholders(len(chunk))+")", args...); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(d.samples, atOnce) {
		if err := insertSamples(ctx, tx, key, chunk); err != nil {
			return err
		}
	}
	return nil
}

func insertSamples(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey, samples []newSample) error {
	args := make([]any, 0, 5*len(samples))
	for _, s := range samples {
		args = append(args, key.Cluster, key.Job, s.seq, s.at.UnixMilli(), s.value)
	}
	values := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?), ", len(samples)), ", ")
	_, err := tx.Exec(ctx, "INSERT INTO sluice_sample (cluster, job_id, seq, taken_at, value) VALUES "+values, args...)
	return err
}

// tables are all that hold rows of a living job; that of the job comes first, so
// that whoever writes to it waits.
var tables = [...]string{"sluice_job", "sluice_part", "sluice_sample"}

func deleteJob(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey, tables ...string) error {
	for _, table := range tables {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE cluster = ? AND job_id = ?", key.Cluster, key.Job); err != nil {
			return err
		}
	}
	return nil
}
