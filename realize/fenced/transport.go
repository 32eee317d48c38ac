// Package fenced keeps a process from changing a job that it does not own any
// more. It stands between Sluice and Flink's REST API, whose requests carry no
// token that Flink would compare.
//
// A [Transport] lets a request that changes something pass only under a lease that
// was read again just before and outlasts the request. The request gets a
// connection of its own, which looks at the clock before every byte that it sends:
// a process that is stopped between check, connect and write, for however long,
// sends nothing afterwards. What it cannot stop is a request that had left when the
// process was stopped, or whose process was stopped in the very call that sends
// it. For the first a new owner asserts its view for a while ([Scaler]); of the
// second the old owner tells the new one as soon as it goes on.
package fenced

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/lease"
)

// Guard gives permits; [lease.Keeper] is one.
type Guard interface {
	// Permit reads the lease again for a write that takes up to need.
	Permit(ctx context.Context, g *lease.Grant, need time.Duration) (lease.Permit, error)
	// Confirm tells, after a write, whether the job was ours until its end.
	Confirm(ctx context.Context, p lease.Permit) error
}

// Transport lets requests of passes that change something pass under a lease
// only. Those that come from no pass are a person's, who may do what they want.
type Transport struct {
	// Next carries the requests. Of an [http.Transport] each change gets a copy,
	// with a connection of its own; of another one the clock is looked at once.
	Next  http.RoundTripper
	Guard Guard
	// Clock is the one by which permits end.
	Clock lease.Clock
	// Deadline bounds a request that changes something. It sends nothing when less
	// than half of it is left until the job can be another's: what has left by then
	// has this long to reach Flink.
	Deadline time.Duration
	// Late is told what may have been sent after the lease had ended.
	Late func(g *lease.Grant, r *http.Request, body []byte)
}

// ErrTooLate says that the time in which a request may be sent was over: the
// process was stopped, or the connection took too long. Nothing of the request,
// or not all of it, was sent.
var ErrTooLate = errors.New("the request was not sent: its time was over")

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	g := lease.FromContext(r.Context())
	if g == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return t.Next.RoundTrip(r)
	}
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	permit, err := t.Guard.Permit(r.Context(), g, t.Deadline)
	if err != nil {
		return nil, err
	}
	return t.send(r, permit, body)
}

// bodyOf reads the body, which is small, and puts it back.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the body of the request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// send sends the request under the permit, and looks afterwards whether the job
// was ours all the while.
func (t *Transport) send(r *http.Request, permit lease.Permit, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), t.Deadline)
	defer cancel()
	sending := &sending{clock: t.Clock, until: permit.Until - t.Deadline/2}
	response, err := t.carrier(sending).RoundTrip(r.WithContext(ctx))
	if err == nil {
		err = buffered(response)
	}
	if sending.sent.Load() == 0 {
		return response, err
	}
	if err != nil {
		permit.Grant.Doubt(t.Deadline)
	}
	// The answer counts for nothing once the job is another's.
	switch confirm := t.Guard.Confirm(context.WithoutCancel(ctx), permit); {
	case errors.Is(confirm, lease.ErrLost):
		t.Late(permit.Grant, r, body)
		return nil, confirm
	case confirm != nil:
		t.Late(permit.Grant, r, body)
		return nil, errors.Join(err, confirm)
	}
	return response, err
}

// buffered reads the answer within the deadline.
func buffered(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// carrier is what carries one request.
func (t *Transport) carrier(s *sending) http.RoundTripper {
	pool, ok := t.Next.(*http.Transport)
	if !ok {
		return lookingOnce{t.Next, s}
	}
	own := pool.Clone()
	own.DisableKeepAlives = true
	dial := own.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watchedConn{conn, s}, nil
	}
	return own
}

// sending is one request on its way.
type sending struct {
	clock lease.Clock
	until time.Duration
	sent  atomic.Int64 // bytes that may have left
}

// may tells whether n bytes may still be sent, and counts them.
func (s *sending) may(n int) error {
	if s.clock() >= s.until {
		return ErrTooLate
	}
	s.sent.Add(int64(n))
	return nil
}

// watchedConn looks at the clock before it sends.
type watchedConn struct {
	net.Conn
	*sending
}

// Write implements [net.Conn].
func (c *watchedConn) Write(b []byte) (int, error) {
	if err := c.may(len(b)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// lookingOnce looks at the clock before the whole request.
type lookingOnce struct {
	next http.RoundTripper
	*sending
}

// RoundTrip implements [http.RoundTripper].
func (l lookingOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.may(1); err != nil {
		return nil, err
	}
	return l.next.RoundTrip(r)
}
