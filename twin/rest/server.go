package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluice-project/sluice/twin"
)

// World is what a [Server] serves: a twin, and what else happens as its clock
// moves.
type World interface {
	// Twin is the twin; another after it was restored.
	Twin() *twin.Twin
	// Advance moves its clock.
	Advance(to time.Time) error
	// Restore puts a twin as it was written down in the place of this one.
	Restore(snapshot []byte) error
}

// Config is what a server is made of.
type Config struct {
	World World
	Speed Speed
	// End is when the clock stops for good; the zero value is never.
	End time.Time
	// Now is the real clock.
	Now func() time.Time
}

const (
	// maxBody bounds the body of a request, in bytes; a snapshot may have more, and a
	// jar as much as Flink takes by default.
	maxBody     = 1 << 20
	maxSnapshot = 256 << 20
	maxJar      = 100 << 20
	// beat is how often the twin's clock follows the real one without a request.
	beat = 20 * time.Millisecond
	// stride is by how much the clock moves at most before the next request has its
	// turn.
	stride = time.Minute
	// longest is by how much one request may move it.
	longest = 366 * 24 * time.Hour
)

// Server serves a twin. Run moves its clock; without it the clock moves when
// requests come.
type Server struct {
	now func() time.Time
	end time.Time

	mu    sync.Mutex // of all that follows, and of the twin
	world World
	pace  pace
	err   error // why the twin cannot go on
	woken chan struct{}
}

// New is a server whose clock starts to move.
func New(c Config) (*Server, error) {
	if c.World == nil || c.Now == nil {
		return nil, errors.New("serve a twin: no twin or no clock given")
	}
	s := &Server{now: c.Now, end: c.End, world: c.World, pace: pace{speed: c.Speed}, woken: make(chan struct{}, 1)}
	s.pace.from(c.Now(), c.World.Twin().Now())
	return s, nil
}

// Run lets the clock move until ctx ends, or the end of time is reached. The error
// is why the twin cannot go on.
func (s *Server) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-s.woken:
		}
		over, hurry, err := s.beat()
		if over || err != nil {
			return err
		}
		if hurry {
			timer.Reset(0)
		} else {
			timer.Reset(beat)
		}
	}
}

// beat moves the clock once.
func (s *Server) beat() (over, hurry bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.follow(); err != nil {
		return false, false, err
	}
	over = !s.end.IsZero() && !s.world.Twin().Now().Before(s.end)
	return over, s.pace.moves() && s.pace.speed == Max, nil
}

// follow lets the twin's clock follow the real one.
func (s *Server) follow() error {
	if s.err != nil {
		return s.err
	}
	at := s.world.Twin().Now()
	if to := s.bounded(s.pace.due(s.now(), at, stride)); to.After(at) {
		s.err = s.world.Advance(to)
	}
	return s.err
}

func (s *Server) bounded(to time.Time) time.Time {
	if !s.end.IsZero() && to.After(s.end) {
		return s.end
	}
	return to
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	own, isOwn := strings.CutPrefix(r.URL.Path, prefix)
	limit := int64(maxBody)
	switch {
	case isOwn && own == "/snapshot":
		limit = maxSnapshot
	case strings.HasSuffix(r.URL.Path, "/jars/upload"):
		limit = maxJar
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		writeErrors(w, status, "Request did not match expected format: the body could not be read, or is too large.")
		return
	}
	s.mu.Lock()
	answer := s.answer(r, own, isOwn, body)
	s.mu.Unlock()
	answer.write(w)
}

// answer is all that needs the twin. What it returns does not.
func (s *Server) answer(r *http.Request, own string, isOwn bool, body []byte) reply {
	// The clock follows at requests too only if it moves slowly enough for that.
	if s.pace.speed != Max {
		_ = s.follow() // it is s.err
	}
	if isOwn {
		return s.ownAnswer(r, own, body)
	}
	if s.err != nil {
		return failure(http.StatusInternalServerError, "the twin cannot go on: "+s.err.Error())
	}
	return s.flinkAnswer(r, body)
}

// reply is an answer that is complete.
type reply struct {
	status int
	body   []byte
	drop   bool // nobody listens
}

func (a reply) write(w http.ResponseWriter) {
	if a.drop {
		panic(http.ErrAbortHandler) // closes the connection, as a dead process does
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone is none of ours
}

func writeErrors(w http.ResponseWriter, status int, text string) { failure(status, text).write(w) }

func failure(status int, texts ...string) reply {
	return reply{status: status, body: twin.Answer{Value: map[string][]string{"errors": texts}}.Body()}
}

func success(status int, value any) reply {
	body, err := json.Marshal(value)
	if err != nil {
		return failure(http.StatusInternalServerError, fmt.Sprintf("the answer cannot be written: %v", err))
	}
	return reply{status: status, body: body}
}

// wake lets Run look at the pace at once.
func (s *Server) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}
