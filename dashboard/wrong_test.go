package dashboard

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// auditor notes the events that it is told.
type auditor struct {
	mu     sync.Mutex
	events []autoscaler.Event
}

func (a *auditor) Handle(_ context.Context, _ *autoscaler.JobContext, e autoscaler.Event) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, e)
	return nil
}

// gate is a dashboard that asks for tokens, at which the test sets the clock.
type gate struct {
	*testing.T
	d   *Dashboard
	now time.Time
}

func newGate(t *testing.T, c Config) *gate {
	g := &gate{T: t, now: began}
	c.Book, c.Access, c.Now = fourJobs(t), tokens, func() time.Time { return g.now }
	g.d = newDashboard(t, c)
	return g
}

// show shows a token from an address, and tells the answer.
func (g *gate) show(from, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/whoami", nil)
	r.RemoteAddr = from
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	g.d.ServeHTTP(w, r)
	return w
}

func TestWrongTokensAreSlowedDown(t *testing.T) {
	g := newGate(t, Config{})
	for i := range freeTries {
		if w := g.show("10.0.0.1:1", "wrong"); w.Code != http.StatusUnauthorized {
			t.Fatalf("try %d: %d %s", i, w.Code, w.Body)
		}
	}
	for _, token := range []string{"wrong", operatorToken} {
		if w := g.show("10.0.0.1:2", token); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "6" {
			t.Errorf("one try too many, with %s: %d %s", token, w.Code, w.Body)
		}
	}
	for what, w := range map[string]*httptest.ResponseRecorder{"another address": g.show("10.0.0.2:1", operatorToken), "its neighbour": g.show("10.0.0.2:1", viewerToken)} {
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
	g.now = g.now.Add(nextTry)
	if w := g.show("10.0.0.1:1", "wrong"); w.Code != http.StatusUnauthorized {
		t.Errorf("after a while: %d", w.Code)
	}
	if w := g.show("10.0.0.1:1", operatorToken); w.Code != http.StatusTooManyRequests {
		t.Errorf("the try after that: %d", w.Code)
	}
	g.now = g.now.Add(time.Hour)
	for i := range freeTries {
		if w := g.show("10.0.0.1:1", "wrong"); w.Code != http.StatusUnauthorized {
			t.Fatalf("an hour later, try %d: %d", i, w.Code)
		}
	}
	if w := g.show("10.0.0.1:1", "wrong"); w.Code != http.StatusTooManyRequests {
		t.Errorf("an hour later, one try too many: %d", w.Code)
	}
}

// A session is no token that one guesses: who has one goes on, whoever else is at the
// address.
func TestSessionsGoOnWhereTokensAreGuessed(t *testing.T) {
	a := newAPI(t, tokens)
	cookie := login(a, viewerToken)
	for range freeTries + 1 {
		login2 := a.ask(http.MethodGet, "/api/v1/whoami", "", "Authorization", "Bearer wrong")
		if login2.Code == http.StatusOK {
			t.Fatal("a wrong token is taken")
		}
	}
	if w := a.ask(http.MethodGet, "/api/v1/whoami", "", "Cookie", cookie.Name+"="+cookie.Value); w.Code != http.StatusOK {
		t.Errorf("with a session: %d", w.Code)
	}
	w := a.ask(http.MethodPost, "/login", "token="+viewerToken, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "too many wrong tokens") {
		t.Errorf("signing in meanwhile: %d %s", w.Code, w.Body)
	}
}

func TestWrongTokensAreTold(t *testing.T) {
	var audit auditor
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	newGate(t, Config{Audit: &audit, Logger: logger}).show("10.0.0.1:1", "nonsense-nonsense")
	if len(audit.events) != 1 || log.Len() != 0 {
		t.Fatalf("told: %+v; logged: %s", audit.events, &log)
	}
	e := audit.events[0]
	if e.Reason != EventWrongToken || e.Type != autoscaler.EventWarning || e.Message != "a wrong token was shown to the page from 10.0.0.1" || e.Interval != auditInterval || !e.At.Equal(began) {
		t.Errorf("told is %+v", e)
	}
	newGate(t, Config{Logger: logger}).show("10.0.0.1:1", "nonsense-nonsense")
	if text := log.String(); !strings.Contains(text, "from=10.0.0.1") || strings.Contains(text, "nonsense") {
		t.Errorf("logged is %s", text)
	}
	log.Reset()
	newGate(t, Config{Logger: logger}).show("10.0.0.1:1", "")
	if log.Len() != 0 {
		t.Errorf("who shows nothing is told of: %s", &log)
	}
}

func TestGuessersFromEverywhereAreCountedTogether(t *testing.T) {
	g := newGate(t, Config{})
	w := g.d.access.wrong
	for i := range mostGuessers + 2*freeTries {
		at := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		w.tried(t.Context(), at)
	}
	if len(w.since) > mostGuessers+1 {
		t.Errorf("%d addresses are remembered", len(w.since))
	}
	if g.show("192.0.2.9:1", operatorToken).Code != http.StatusTooManyRequests {
		t.Error("who comes anew is not slowed down")
	}
	g.now = g.now.Add(time.Hour)
	w.tried(t.Context(), addressOf("192.0.2.8:1"))
	if len(w.since) > 2 {
		t.Errorf("%d addresses are remembered an hour later", len(w.since))
	}
	if code := g.show("192.0.2.9:1", operatorToken).Code; code != http.StatusOK {
		t.Error(fmt.Sprint("an hour later: ", code))
	}
}
