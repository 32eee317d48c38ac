package backlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/sqldb"
)

// database takes rows, or not.
type database struct {
	mu   sync.Mutex
	rows []int
	err  error
	// poison is a row that it refuses.
	poison int
	calls  int
}

func (d *database) write(_ context.Context, batch []int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.err != nil {
		return d.err
	}
	if slices.Contains(batch, d.poison) {
		return &sqldb.Error{Kind: sqldb.KindOther, Err: errors.New("value too long")}
	}
	d.rows = append(d.rows, batch...)
	return nil
}

func (d *database) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

var away = &sqldb.Error{Kind: sqldb.KindUnavailable, Err: errors.New("connection refused")}

// bubble runs a test with a backlog whose time is virtual.
func bubble(t *testing.T, test func(t *testing.T, b *Backlog[int], d *database, log *bytes.Buffer, end func())) {
	synctest.Test(t, func(t *testing.T) {
		d, log := &database{poison: -1}, &bytes.Buffer{}
		b := New(Config[int]{Write: d.write, What: "rows", Log: slog.New(slog.NewTextHandler(log, nil)), Capacity: 10, Batch: 4})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { b.Run(ctx); close(done) }()
		test(t, b, d, log, func() { cancel(); <-done })
		cancel()
		<-done
	})
}

func TestRowsAreWrittenInOrderAndInBatches(t *testing.T) {
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, _ *bytes.Buffer, _ func()) {
		for i := range 9 {
			b.Add(i)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(d.rows) != "[0 1 2 3 4 5 6 7 8]" || d.calls != 3 {
			t.Errorf("%v in %d calls", d.rows, d.calls)
		}
	})
}

func TestWhileTheDatabaseIsAwayTheNewestAreKeptAndOneLineTells(t *testing.T) {
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, log *bytes.Buffer, _ func()) {
		d.fail(away)
		for i := range 25 {
			b.Add(i)
			synctest.Wait()
		}
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if b.Waiting() != 10 || b.Dropped() != 15 {
			t.Errorf("%d wait and %d were dropped, want 10 and 15", b.Waiting(), b.Dropped())
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || d.calls > 35 {
			t.Errorf("%d lines after %d tries: %s", n, d.calls, log)
		}
		d.fail(nil)
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b.Waiting() != 0 || b.Dropped() != 15 {
			t.Errorf("afterwards %d wait and %d were dropped, want 0 and 15", b.Waiting(), b.Dropped())
		}
		if fmt.Sprint(d.rows) != "[15 16 17 18 19 20 21 22 23 24]" {
			t.Errorf("%v", d.rows)
		}
		if !strings.Contains(log.String(), "lost=15") {
			t.Errorf("%s", log)
		}
	})
}

func TestARowThatIsRefusedDoesNotStandInTheWay(t *testing.T) {
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, log *bytes.Buffer, _ func()) {
		d.poison = 2
		for i := range 6 {
			b.Add(i)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(d.rows) != "[0 1 3 4 5]" || !strings.Contains(log.String(), "value too long") {
			t.Errorf("%v, %s", d.rows, log)
		}
	})
}

func TestTheEndWritesWhatIsLeftOrSaysHowManyAreLost(t *testing.T) {
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, log *bytes.Buffer, end func()) {
		d.fail(away)
		b.Add(1)
		b.Add(2)
		synctest.Wait()
		d.fail(nil)
		end()
		if fmt.Sprint(d.rows) != "[1 2]" || strings.Contains(log.String(), "before the end") {
			t.Errorf("%v, %s", d.rows, log)
		}
	})
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, log *bytes.Buffer, end func()) {
		d.fail(away)
		b.Add(1)
		b.Add(2)
		end()
		if !strings.Contains(log.String(), "before the end") || !strings.Contains(log.String(), "number=2") {
			t.Errorf("%s", log)
		}
	})
}

func TestAWaitForTheDatabaseEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, b *Backlog[int], d *database, _ *bytes.Buffer, _ func()) {
		d.fail(away)
		b.Add(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
