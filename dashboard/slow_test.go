package dashboard

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/dashboard/fleet"
)

// liveAt serves until the test ends.
func liveAt(t testing.TB, l net.Listener, secure *tls.Config, h http.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, secure, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// from dials as another machine would: all of 127.0.0.0/8 is this one.
func from(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 20 * time.Second}
}

// connect opens connections that say the beginning of something.
func connect(t testing.TB, d *net.Dialer, address string, n int, beginning string) []net.Conn {
	t.Helper()
	all := make([]net.Conn, n)
	for i := range all {
		c, err := d.Dial("tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, beginning) // it may be cut already
		all[i] = c
	}
	return all
}

// clientAt asks from an address.
func clientAt(t testing.TB, address string) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: from(address).DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func mustServe(t testing.TB, client *http.Client, url string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Errorf("others are not served: %v", err)
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("others are not served: %s %v", response.Status, err)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// openOf counts the connections that the server has not cut.
func openOf(all []net.Conn) int {
	open := 0
	for _, c := range all {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		var timeout net.Error
		if _, err := c.Read(make([]byte, 1)); errors.As(err, &timeout) && timeout.Timeout() {
			open++
		}
	}
	return open
}

// Slow clients of one address keep their share of the places, and no more: others are
// served at once, and so is who comes from that address and speaks.
func TestSlowClientsLeaveRoomForOthers(t *testing.T) {
	slow := 2100
	if testing.Short() {
		slow = mostSilent + 100
	}
	for _, c := range []struct{ name, beginning string }{
		{"silent", ""},
		{"half a header", "GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-Slow: "},
		{"half a body", "POST /api/v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"},
		{"half a login", "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="},
	} {
		t.Run(c.name, func(t *testing.T) {
			hand := &fakeHand{}
			address := live(t, newDashboard(t, Config{Book: fourJobs(t), Hand: hand}))
			before := heap()
			conns := connect(t, from("127.0.0.2"), address, slow, c.beginning)
			for _, other := range []string{"127.0.0.3", "127.0.0.2"} {
				client := clientAt(t, other)
				mustServe(t, client, "http://"+address+"/api/v1/jobs")
			}
			if open := openOf(conns); open > mostSilent {
				t.Errorf("%d of %d slow connections are open; want at most %d", open, slow, mostSilent)
			}
			if grown := heap() - before; grown > 40<<20 {
				t.Errorf("%d slow connections hold %d MiB", slow, grown>>20)
			}
		})
	}
}

// Where there are no places left, who is silent goes before who is served.
func TestTheSilentGoFirst(t *testing.T) {
	s := newPlaces(3, 3)
	a, b := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2)}
	take := func(at net.Addr) (*place, *place) { return s.take(addressed{at: at}) }
	one, _ := take(a)
	two, _ := take(a)
	three, _ := take(b)
	one.begin()
	if _, loser := take(b); loser != three {
		t.Error("the one that was silent for longest at the address with most does not lose its place")
	}
	two.begin()
	one.end()
	if five, loser := take(a); loser != one || five.left {
		t.Error("who was answered and says no more does not lose its place")
	}
}

func TestWhoIsServedKeepsThePlace(t *testing.T) {
	s := newPlaces(2, 2)
	at := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}
	for range 2 {
		p, _ := s.take(addressed{at: at})
		p.begin()
	}
	if newcomer, loser := s.take(addressed{at: at}); loser != newcomer || s.taken != 2 {
		t.Errorf("a newcomer took the place of %v, %d are taken", loser, s.taken)
	}
	if len(s.silent) != 0 {
		t.Error("nobody is silent, and somebody is remembered")
	}
}

func TestAddressesOfOneNetworkAreOneClient(t *testing.T) {
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true},
		{"10.0.0.1:1", "10.0.0.2:1", false},
		{"[2001:db8::1]:1", "[2001:db8::ffff]:1", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"[::ffff:10.0.0.1]:1", "10.0.0.1:1", true},
		{"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		{"pipe", "another pipe", true},
	} {
		if same := addressOf(c.one) == addressOf(c.other); same != c.same {
			t.Errorf("%s and %s: the same %t", c.one, c.other, same)
		}
	}
}

// addressed is a connection of which nothing is known but where it comes from.
type addressed struct {
	net.Conn
	at net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.at }

func (a addressed) Close() error { return nil }

// untaken is an answer that its client takes only when it is let.
type untaken struct {
	*httptest.ResponseRecorder
	begun chan<- struct{}
	let   <-chan struct{}
}

func (u untaken) Write(p []byte) (int, error) {
	u.begun <- struct{}{}
	<-u.let
	return u.ResponseRecorder.Write(p)
}

// Who asks for much and takes nothing is refused more before memory is full; others
// are not.
func TestAnswersThatNobodyTakesAreBounded(t *testing.T) {
	d := newDashboard(t, Config{Book: fourJobs(t)})
	get := func(from string, w http.ResponseWriter) {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/jobs", nil)
		r.RemoteAddr = from
		d.ServeHTTP(w, r)
	}
	one := httptest.NewRecorder()
	get("10.0.0.1:1", one)
	const room = 3
	d.onTheWay = newOnTheWay(100*one.Body.Len(), room*one.Body.Len())
	begun, let := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for range room {
		all.Go(func() { get("10.0.0.1:1", untaken{httptest.NewRecorder(), begun, let}) })
		<-begun
	}
	for from, want := range map[string]int{"10.0.0.1:2": http.StatusServiceUnavailable, "10.0.0.2:1": http.StatusOK} {
		w := httptest.NewRecorder()
		if get(from, w); w.Code != want || want != http.StatusOK && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s while %d answers wait: %d %.200s; want %d", from, room, w.Code, w.Body, want)
		}
	}
	close(let)
	all.Wait()
	if d.onTheWay.all != 0 || len(d.onTheWay.to) != 0 {
		t.Errorf("all are taken, and %d bytes are on the way to %d addresses", d.onTheWay.all, len(d.onTheWay.to))
	}
	w := httptest.NewRecorder()
	if get("10.0.0.1:1", w); w.Code != http.StatusOK {
		t.Errorf("all are taken, and one more is refused: %d", w.Code)
	}
}

func TestAnswersInAllAreBounded(t *testing.T) {
	o := newOnTheWay(10, 8)
	a, b, c := addressOf("10.0.0.1:1"), addressOf("10.0.0.2:1"), addressOf("10.0.0.3:1")
	for i, one := range []struct {
		to   netip.Prefix
		size int
		room bool
	}{{a, 6, true}, {a, 3, false}, {a, 2, true}, {b, 1, true}, {b, 2, false}, {c, 5, true}, {b, 1, false}} {
		if room := o.take(one.to, one.size); room != one.room {
			t.Errorf("%d: room for %d more: %t", i, one.size, room)
		}
	}
}

// A client that takes its answer too slowly is cut.
func TestWhoTakesTooLongIsCut(t *testing.T) {
	deadlines := &deadlined{ResponseRecorder: httptest.NewRecorder()}
	writeSlowly(deadlines, make([]byte, 3*chunk))
	if deadlines.set != 3 || deadlines.last > chunkTimeout || deadlines.Body.Len() != 3*chunk {
		t.Errorf("%d deadlines, the last in %s, %d bytes", deadlines.set, deadlines.last, deadlines.Body.Len())
	}
}

// deadlined counts the deadlines that are set.
type deadlined struct {
	*httptest.ResponseRecorder
	set  int
	last time.Duration
}

func (d *deadlined) SetWriteDeadline(at time.Time) error {
	d.set++
	d.last = time.Until(at)
	return nil
}

// Streams that nobody reads cost what those do that are read, and no more with time.
func TestStreamsThatNobodyReadsLeaveRoomForOthers(t *testing.T) {
	streams := 1000
	if testing.Short() {
		streams = 40
	}
	book := fleet.NewBook(func() time.Time { return began })
	d := newDashboard(t, Config{Book: book})
	address := live(t, d)
	const ask = "GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
	before := heap()
	deaf := connect(t, from("127.0.0.2"), address, streams, ask)
	for _, c := range deaf {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
	}
	hearing := connect(t, from("127.0.0.3"), address, streams, ask)
	heard := make(chan error, streams)
	for _, c := range hearing {
		go func() { heard <- waitFor(c, "the last word") }()
	}
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); d.Streams() < 2*streams && time.Now().Before(deadline); {
		<-tick.C
	}
	if n := d.Streams(); n != 2*streams {
		t.Fatalf("%d streams are open, want %d", n, 2*streams)
	}
	for i := range 100 {
		tellBook(t, book, fmt.Sprint("word ", i, strings.Repeat(" and more", 800)))
	}
	tellBook(t, book, "the last word")
	for range hearing {
		if err := <-heard; err != nil {
			t.Fatal(err)
		}
	}
	mustServe(t, clientAt(t, "127.0.0.4"), "http://"+address+"/api/v1/jobs")
	grown := heap() - before
	t.Logf("%d streams hold %.1f MiB, both ends", 2*streams, float64(grown)/(1<<20))
	if grown > 20<<20+int64(streams)*2*(96<<10) {
		t.Errorf("%d streams hold %d MiB", 2*streams, grown>>20)
	}
}

// waitFor reads until a text has come.
func waitFor(c net.Conn, text string) error {
	_ = c.SetReadDeadline(time.Now().Add(60 * time.Second))
	lines := bufio.NewReaderSize(c, 16<<10)
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, text) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%q was not heard: %w", text, err)
		}
	}
}
