package rest

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/options"
)

// clockBody is where the clock stands.
type clockBody struct {
	Now    time.Time `json:"now"`
	Start  time.Time `json:"start"`
	Speed  Speed     `json:"speed"`
	Paused bool      `json:"paused"`
	// Next is when something happens next in the cluster; left out if nothing will.
	Next *time.Time `json:"next,omitempty"`
	End  *time.Time `json:"end,omitempty"`
	// Error is why the twin cannot go on.
	Error string `json:"error,omitempty"`
}

func (s *Server) clock() clockBody {
	t := s.world.Twin()
	c := clockBody{Now: t.Now(), Start: t.Start(), Speed: s.pace.speed, Paused: s.pace.paused}
	if next, some := t.Next(); some {
		c.Next = &next
	}
	if !s.end.IsZero() {
		c.End = &s.end
	}
	if s.err != nil {
		c.Error = s.err.Error()
	}
	return c
}

// setClock moves the clock by a time or to one, and changes how it moves.
func (q request) setClock() (any, error) {
	var wish struct {
		Advance *string    `json:"advance"`
		To      *time.Time `json:"to"`
		Speed   *Speed     `json:"speed"`
		Paused  *bool      `json:"paused"`
	}
	if err := q.input(&wish); err != nil {
		return nil, err
	}
	now := q.world.Twin().Now()
	to := now
	switch {
	case wish.Advance != nil && wish.To != nil:
		return nil, invalid{errors.New("advance and to: want one of the two")}
	case wish.Advance != nil:
		by, err := options.ParseDuration(*wish.Advance)
		if err != nil {
			return nil, invalid{fmt.Errorf("advance: %q: want a duration, such as 10 s", *wish.Advance)}
		}
		to = now.Add(by)
	case wish.To != nil:
		to = *wish.To
	}
	switch {
	case to.Before(now):
		return nil, invalid{fmt.Errorf("to: %s: time does not go back; a snapshot does", to.Format(time.RFC3339))}
	case to.Sub(now) > longest:
		return nil, invalid{fmt.Errorf("want at most %s at once", longest)}
	}
	if wish.Speed != nil {
		q.pace.speed = *wish.Speed
	}
	if wish.Paused != nil {
		q.pace.paused = *wish.Paused
	}
	if q.err == nil && to.After(now) {
		q.err = q.world.Advance(q.bounded(to))
	}
	q.pace.from(q.now(), q.world.Twin().Now())
	q.wake()
	return q.clock(), q.err
}
