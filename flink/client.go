package flink

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Client speaks to one cluster. It is safe for concurrent use, keeps its
// connections, and starts nothing by itself.
type Client struct {
	addresses []*url.URL
	preferred atomic.Int32 // index of the address that answered last
	transport http.RoundTripper
	timeout   time.Duration
	maxBody   int64
	anonymous http.Header // headers for every host
	trusted   http.Header // the same with credentials, for the addresses
	counters  counters
}

// New makes a client. It checks the configuration and reads certificates, but
// does not touch the network.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	addresses, err := parseAddresses(config.Addresses)
	if err != nil {
		return nil, err
	}
	authorization, err := config.authorization()
	if err != nil {
		return nil, err
	}
	transport, err := config.transport()
	if err != nil {
		return nil, err
	}
	if config.WrapTransport != nil {
		transport = config.WrapTransport(transport)
	}
	c := &Client{
		addresses: addresses,
		transport: transport,
		timeout:   config.Timeout,
		maxBody:   config.MaxBodyBytes,
		anonymous: http.Header{"User-Agent": {config.UserAgent}, "Accept": {"application/json"}},
	}
	c.trusted = c.anonymous.Clone()
	if authorization != "" {
		c.trusted.Set("Authorization", authorization)
	}
	return c, nil
}

// Address returns the address that answered last, or the first one.
func (c *Client) Address() string { return c.addresses[c.preferred.Load()].String() }

// String names the cluster without credentials.
func (c *Client) String() string { return fmt.Sprintf("flink client of %s", c.Address()) }

// Format prints what String does for every verb, so that none shows the headers.
func (c *Client) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// Close closes the idle connections. The client can still be used.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// do performs a request and decodes the answer into answer, a pointer.
func (c *Client) do(ctx context.Context, r request, answer any) error {
	if segment, wrong := r.wrongSegment(); wrong {
		return &Error{Kind: KindRefused, Op: r.op(), Message: fmt.Sprintf("%q is not an id", segment)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, noAnswer{c.timeout})
	defer cancel()
	err := c.tryAddresses(ctx, r, answer)
	if err != nil {
		c.counters.errors.Add(1)
		c.counters.kinds[KindOf(err)].Add(1)
		return err // not the typed nil
	}
	return nil
}

// tryAddresses asks the addresses in turn, beginning with the one that answered
// last. A request that changes something goes to a second one only if the first
// certainly did not get it.
func (c *Client) tryAddresses(ctx context.Context, r request, answer any) error {
	first := int(c.preferred.Load())
	var failure *Error
	for i := range c.addresses {
		index := (first + i) % len(c.addresses)
		failure = c.tryOne(ctx, index, len(c.addresses)-i, r, answer)
		if failure == nil {
			if index != first {
				c.preferred.Store(int32(index))
			}
			return nil
		}
		if ctx.Err() != nil || !failure.worthAnother(r) {
			break
		}
		if i+1 < len(c.addresses) {
			c.counters.failovers.Add(1)
		}
	}
	return failure
}

// worthAnother says whether another address may do better.
func (e *Error) worthAnother(r request) bool {
	return e.Kind == KindUnreachable || e.Kind == KindUnavailable && r.repeatable()
}

// tryOne asks one address. While others are left it gets only its share of the
// time, so that a frozen JobManager does not use it up.
func (c *Client) tryOne(ctx context.Context, index, left int, r request, answer any) *Error {
	if deadline, ok := ctx.Deadline(); ok && left > 1 && r.repeatable() {
		share := time.Until(deadline) / time.Duration(left)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, share, noAnswer{share})
		defer cancel()
	}
	address := c.addresses[index]
	failure := c.exchange(ctx, r, r.url(address), answer)
	if failure != nil {
		failure.Op = r.op()
		if failure.Address == "" {
			failure.Address = address.String()
		}
	}
	return failure
}

// noAnswer is the cause of our own deadline.
type noAnswer struct{ within time.Duration }

func (n noAnswer) Error() string {
	return fmt.Sprintf("no answer within %s", n.within.Round(time.Millisecond))
}

func (n noAnswer) Is(target error) bool { return target == context.DeadlineExceeded }

// Stats are counts since the client was made.
type Stats struct {
	Requests  int64 // sent, with those of fail-over and redirects
	Errors    int64 // calls that failed
	Failovers int64 // times another address was asked
	Redirects int64 // followed
	BytesIn   int64 // bodies received, after decompression
	BytesOut  int64 // bodies sent
	// ErrorKinds are the Errors by their [Kind], which is the index.
	ErrorKinds [len(kindNames)]int64
}

type counters struct {
	requests, errors, failovers, redirects, bytesIn, bytesOut atomic.Int64
	kinds                                                     [len(kindNames)]atomic.Int64
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	s := Stats{
		Requests:  c.counters.requests.Load(),
		Errors:    c.counters.errors.Load(),
		Failovers: c.counters.failovers.Load(),
		Redirects: c.counters.redirects.Load(),
		BytesIn:   c.counters.bytesIn.Load(),
		BytesOut:  c.counters.bytesOut.Load(),
	}
	for kind := range s.ErrorKinds {
		s.ErrorKinds[kind] = c.counters.kinds[kind].Load()
	}
	return s
}
