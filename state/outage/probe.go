package outage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// jitter is by which part a wait is made shorter or longer, so that processes
// that lost the same database do not all return at once.
const jitter = 0.2

// through makes a call of the store, if its turn has come. An error that wraps
// [autoscaler.ErrStoreAway] says that the database did not serve it, or was not
// asked. What the database lacks of the job is written first.
func (s *Store) through(ctx context.Context, key autoscaler.JobKey, writes bool, call func() error) error {
	t, err := s.enter(true)
	if err != nil {
		return err
	}
	t.writes = writes || s.lacks(key)
	err = s.catchUp(ctx, key)
	if err == nil {
		err = call()
	}
	if ctx.Err() == nil && s.cfg.Away(err) {
		return errors.Join(fmt.Errorf("%w: %w", autoscaler.ErrStoreAway, err), s.failed(ctx, t, err))
	}
	// A call whose caller went away says nothing about the database.
	return errors.Join(err, s.served(ctx, t, err == nil || ctx.Err() == nil))
}

// turn is the permission to make a call.
type turn struct {
	at time.Time
	// probe is true when the call finds out whether the outage is over.
	probe bool
	// writes is true when the call changes something.
	writes bool
}

// enter says that a call may be made, or why not.
func (s *Store) enter(mayProbe bool) (turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	if s.since.IsZero() {
		return turn{at: now}, nil
	}
	if !mayProbe || s.trying || now.Before(s.tryAt) {
		return turn{}, fmt.Errorf("%w since %s: %w", autoscaler.ErrStoreAway, s.since.UTC().Format(time.RFC3339), s.cause)
	}
	s.trying = true
	return turn{at: now, probe: true}, nil
}

// failed notes a call that was not served. The first begins the outage, unless it
// is a straggler of one that is over.
func (s *Store) failed(ctx context.Context, t turn, cause error) error {
	s.mu.Lock()
	first := s.since.IsZero() && !t.at.Before(s.overAt)
	if first {
		s.since, s.cause, s.failures, s.readOnly = t.at, cause, 0, t.writes
	}
	if first || t.probe {
		s.trying = false
		s.failures++
		s.tryAt = s.cfg.Now().Add(s.wait())
	}
	s.mu.Unlock()
	if !first {
		return nil
	}
	what := "nothing is scaled until it does"
	if s.cfg.Policy == Continue {
		what = "scaling goes on from memory, and is lost if this process ends before it does"
	}
	return s.tell(ctx, autoscaler.Event{
		Type: autoscaler.EventWarning, Reason: autoscaler.EventStateStoreAway,
		Message: fmt.Sprintf("the state store does not answer, and %s: %v", what, cause),
	})
}

// wait is the time to the next try.
func (s *Store) wait() time.Duration {
	wait := s.cfg.FirstWait
	for i := 1; i < s.failures && wait < s.cfg.LongestWait; i++ {
		wait *= 2
	}
	return time.Duration(float64(min(wait, s.cfg.LongestWait)) * (1 - jitter + 2*jitter*s.cfg.Rand()))
}

// served ends the outage after a probe that the database answered.
func (s *Store) served(ctx context.Context, t turn, answered bool) error {
	if !t.probe {
		return nil
	}
	now := s.cfg.Now()
	s.mu.Lock()
	s.trying = false
	if !answered || s.readOnly && !t.writes {
		s.mu.Unlock()
		return nil // what only reads says nothing of a database that takes no writes
	}
	lacking := 0
	for _, lacks := range s.seen {
		if lacks != nothing {
			lacking++
		}
	}
	since := s.since
	s.since, s.cause, s.overAt = time.Time{}, nil, now
	s.mu.Unlock()
	text := fmt.Sprintf("the state store answers again after %s", now.Sub(since).Round(time.Second))
	if lacking > 0 {
		text += fmt.Sprintf("; what it lacks is written in the next passes (jobs: %d)", lacking)
	}
	return s.tell(ctx, autoscaler.Event{Type: autoscaler.EventNormal, Reason: autoscaler.EventStateStoreBack, Message: text})
}

func (s *Store) tell(ctx context.Context, e autoscaler.Event) error {
	e.At = s.cfg.Now()
	if err := s.cfg.Tell(ctx, e); err != nil {
		return fmt.Errorf("tell event %s: %w", e.Reason, err)
	}
	return nil
}
