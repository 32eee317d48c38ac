package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Player answers requests from a recording. Its clock stands still until it is
// advanced; a request gets the newest answer recorded up to then. It is safe for
// concurrent use.
type Player struct {
	answers     map[string][]Exchange // by key, in order of time
	first, last time.Time

	mu  sync.Mutex
	now time.Time
}

var _ http.RoundTripper = (*Player)(nil)

// NewPlayer makes a player whose clock stands at the first exchange.
func NewPlayer(exchanges []Exchange) (*Player, error) {
	if len(exchanges) == 0 {
		return nil, errors.New("play recording: it holds no exchanges")
	}
	p := &Player{answers: map[string][]Exchange{}, first: exchanges[0].At, last: exchanges[0].At}
	for _, e := range exchanges {
		k := key(e.Method, e.Path)
		p.answers[k] = append(p.answers[k], e)
		if e.At.Before(p.first) {
			p.first = e.At
		}
		if e.At.After(p.last) {
			p.last = e.At
		}
	}
	for _, list := range p.answers {
		slices.SortStableFunc(list, func(a, b Exchange) int { return a.At.Compare(b.At) })
	}
	p.now = p.first
	return p, nil
}

// Span returns when the first and the last exchange were recorded.
func (p *Player) Span() (first, last time.Time) { return p.first, p.last }

// Now returns the player's clock.
func (p *Player) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Advance sets the clock to t. It never goes back: an earlier t does nothing.
func (p *Player) Advance(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.now) {
		p.now = t
	}
}

// RoundTrip answers a request. The error names one that was not recorded.
func (p *Player) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	uri := request.URL.RequestURI()
	list := p.answers[key(request.Method, uri)]
	if len(list) == 0 {
		return nil, fmt.Errorf("play recording: %s %s was not recorded", request.Method, uri)
	}
	now := p.Now()
	after, _ := slices.BinarySearchFunc(list, now, func(e Exchange, t time.Time) int {
		if e.At.After(t) {
			return 1
		}
		return -1
	})
	if after == 0 {
		return nil, fmt.Errorf("play recording: %s %s was first recorded at %s, after %s",
			request.Method, uri, list[0].At.Format(time.RFC3339Nano), now.Format(time.RFC3339Nano))
	}
	return list[after-1].response(request), nil
}

func (e Exchange) response(request *http.Request) *http.Response {
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)),
		StatusCode: e.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body:          io.NopCloser(bytes.NewReader(e.Body)),
		ContentLength: int64(len(e.Body)),
		Request:       request,
	}
}

// key is what two requests have in common that ask for the same: Flink serves
// every path also under /v1, and the order of what a query lists says nothing.
func key(method, uri string) string {
	path, rawQuery, _ := strings.Cut(uri, "?")
	path = strings.TrimPrefix(path, "/v1")
	if rawQuery == "" {
		return method + " " + path
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return method + " " + uri
	}
	for _, values := range query {
		for i, value := range values {
			list := strings.Split(value, ",")
			slices.Sort(list)
			values[i] = strings.Join(list, ",")
		}
	}
	return method + " " + path + "?" + query.Encode()
}
