package dashboard

import (
	"container/list"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

const (
	// mostConnections is how many there may be at once.
	mostConnections = 4096
	// mostSilent is how many of one address may be silent at once: those that have
	// not sent a whole request, be it their first or the next one.
	mostSilent = 256
)

// places are those of the connections. Who is silent loses its place when its address
// has too many such, or when there are no places left: the one that has been silent
// for longest, of the address that has most. Who has asked keeps it until it is
// answered.
type places struct {
	most, mostSilent int

	mu     sync.Mutex
	taken  int
	silent map[netip.Prefix]*list.List // of *place, silent for longest first
}

// place is a connection that holds one.
type place struct {
	net.Conn
	of   *places
	from netip.Prefix
	// Under the lock of the places:
	asked  int // requests under way
	silent *list.Element
	left   bool
}

func newPlaces(most, mostSilent int) *places {
	return &places{most: most, mostSilent: mostSilent, silent: map[netip.Prefix]*list.List{}}
}

// placed is a listener whose connections hold places.
type placed struct {
	net.Listener
	places *places
}

// Accept implements [net.Listener].
func (l placed) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p, loser := l.places.take(c)
	if loser != nil {
		_ = loser.Conn.Close() // nobody is left to be told
	}
	return p, nil
}

// take gives a connection a place, which may be another's, or its own at once.
func (s *places) take(c net.Conn) (p, loser *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p = &place{Conn: c, of: s, from: addressOf(c.RemoteAddr().String())}
	s.taken++
	s.fallSilent(p)
	switch {
	case s.silent[p.from].Len() > s.mostSilent:
		loser = s.first(s.silent[p.from])
	case s.taken > s.most:
		loser = s.first(s.largest())
	}
	if loser != nil {
		s.leave(loser)
	}
	return p, loser
}

func (s *places) first(of *list.List) *place {
	p, _ := of.Front().Value.(*place)
	return p
}

// largest is the list of the address with the most silent connections; there is one.
func (s *places) largest() *list.List {
	var largest *list.List
	for _, l := range s.silent {
		if largest == nil || l.Len() > largest.Len() {
			largest = l
		}
	}
	return largest
}

func (s *places) fallSilent(p *place) {
	all, known := s.silent[p.from]
	if !known {
		all = list.New()
		s.silent[p.from] = all
	}
	p.silent = all.PushBack(p)
}

func (s *places) speakUp(p *place) {
	all := s.silent[p.from]
	all.Remove(p.silent)
	p.silent = nil
	if all.Len() == 0 {
		delete(s.silent, p.from)
	}
}

func (s *places) leave(p *place) {
	if p.left {
		return
	}
	p.left = true
	s.taken--
	if p.silent != nil {
		s.speakUp(p)
	}
}

// Close implements [net.Conn].
func (p *place) Close() error {
	p.of.mu.Lock()
	p.of.leave(p)
	p.of.mu.Unlock()
	return p.Conn.Close()
}

// begin and end stand around what is done for a request that has come as a whole.
func (p *place) begin() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.asked++; p.asked == 1 && p.silent != nil {
		p.of.speakUp(p)
	}
}

func (p *place) end() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.asked--; p.asked == 0 && !p.left {
		p.of.fallSilent(p)
	}
}

type placeKey struct{}

// noted has the requests of a connection know its place.
func noted(ctx context.Context, c net.Conn) context.Context {
	if secure, is := c.(*tls.Conn); is {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, placeKey{}, c)
}

// kept keeps the places of connections whose requests have come as a whole.
func kept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, held := r.Context().Value(placeKey{}).(*place)
		switch {
		case !held:
		case r.Body == nil || r.Body == http.NoBody:
			p.begin()
			defer p.end()
		default:
			body := &arriving{ReadCloser: r.Body, at: p}
			defer body.forget()
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// arriving is a body that is still on its way: until its end is read, the client is
// silent.
type arriving struct {
	io.ReadCloser
	at *place

	mu       sync.Mutex
	whole    bool
	answered bool
}

// Read implements [io.Reader].
func (b *arriving) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.whole && !b.answered {
			b.whole = true
			b.at.begin()
		}
	}
	return n, err
}

// forget ends what Read began. The server reads on after the answer.
func (b *arriving) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answered = true
	if b.whole {
		b.at.end()
	}
}

// addressOf is the address in HOST:PORT; of IPv6 the network, since one client has
// all of its addresses. What is no address is all one.
func addressOf(hostPort string) netip.Prefix {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Prefix{}
	}
	address := at.Addr().Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits)
	return network
}
