package dashboard

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

const (
	operatorToken = "operator-token-of-the-test"
	viewerToken   = "viewer-token-of-the-test"
)

var tokens = Access{OperatorToken: operatorToken, ViewerToken: viewerToken}

func TestWhoMaySeeAndAct(t *testing.T) {
	proxy := Access{UserHeader: "X-Forwarded-User", GroupsHeader: "X-Forwarded-Groups", OperatorGroups: []string{"flink-ops"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	untrusting := proxy
	untrusting.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	everybody, nobodyActs, both := proxy, proxy, proxy
	everybody.OperatorGroups, nobodyActs.OperatorGroups = []string{"*"}, nil
	both.OperatorToken = operatorToken
	for _, c := range []struct {
		name     string
		access   Access
		headers  []string
		see, act int
		who      string
	}{
		{"nobody is asked", Access{}, nil, 200, 200, "local"},
		{"no token", tokens, nil, 401, 401, ""},
		{"a wrong token", tokens, []string{"Authorization", "Bearer nonsense"}, 401, 401, ""},
		{"an empty token", tokens, []string{"Authorization", "Bearer "}, 401, 401, ""},
		{"the viewer's", tokens, []string{"Authorization", "Bearer " + viewerToken}, 200, 403, ""},
		{"the operator's", tokens, []string{"Authorization", "Bearer " + operatorToken}, 200, 200, "holder of the operator token"},
		{"another scheme", tokens, []string{"Authorization", "Basic " + operatorToken}, 401, 401, ""},
		{"a proxy that names an operator", proxy, []string{"X-Forwarded-User", "anna", "X-Forwarded-Groups", "all, flink-ops"}, 200, 200, "anna"},
		{"a proxy that names a viewer", proxy, []string{"X-Forwarded-User", "bob", "X-Forwarded-Groups", "all"}, 200, 403, ""},
		{"a proxy that names anybody", everybody, []string{"X-Forwarded-User", "carl"}, 200, 200, "carl"},
		{"a proxy without groups of operators", nobodyActs, []string{"X-Forwarded-User", "carl", "X-Forwarded-Groups", "flink-ops"}, 200, 403, ""},
		{"a token and a proxy", both, []string{"Authorization", "Bearer " + operatorToken}, 200, 200, "holder of the operator token"},
		{"a token of another program through a proxy", proxy, []string{"Authorization", "Bearer of-another", "X-Forwarded-User", "anna", "X-Forwarded-Groups", "flink-ops"}, 200, 200, "anna"},
		{"a proxy that names nobody", proxy, nil, 401, 401, ""},
		{"someone who is no proxy", untrusting, []string{"X-Forwarded-User", "mallory", "X-Forwarded-Groups", "flink-ops"}, 401, 401, ""},
		{"the header where no proxy is trusted", tokens, []string{"X-Forwarded-User", "mallory"}, 401, 401, ""},
		{"a session that was made up", tokens, []string{"Cookie", "sluice_session=operator.99999999999.AAAA"}, 401, 401, ""},
		{"a page of another site", Access{}, []string{"Sec-Fetch-Site", "cross-site"}, 200, 403, ""},
		{"a page of another origin", Access{}, []string{"Origin", "http://evil.example"}, 200, 403, ""},
		{"a form of another page", Access{}, []string{"Content-Type", "text/plain"}, 200, 415, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, c.access) // requests come from 192.0.2.1
			if w := a.ask(http.MethodGet, "/api/v1/jobs", "", c.headers...); w.Code != c.see {
				t.Errorf("see: %d, want %d: %s", w.Code, c.see, w.Body)
			}
			w := a.ask(http.MethodPost, aJob+"/pause", "{}", c.headers...)
			if w.Code != c.act {
				t.Errorf("act: %d, want %d: %s", w.Code, c.act, w.Body)
			}
			if done := strings.Join(a.hand.asked, ""); (done != "") != (c.act == 200) || !strings.Contains(done, c.who) {
				t.Errorf("done: %q; want it by %q", done, c.who)
			}
		})
	}
}

// login gets a session for a token.
func login(a *api, token string) *http.Cookie {
	a.Helper()
	w := a.ask(http.MethodPost, "/login", url.Values{"token": {token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if w.Code != http.StatusSeeOther && w.Code != http.StatusUnauthorized {
		a.Fatalf("login: %d %s", w.Code, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		return c
	}
	return nil
}

func TestASessionLastsAsLongAsItsToken(t *testing.T) {
	a := newAPI(t, tokens)
	cookie := login(a, operatorToken)
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Fatalf("the session is %+v; want one that scripts and other pages do not get", cookie)
	}
	if strings.Contains(cookie.Value, operatorToken) {
		t.Error("the session holds the token")
	}
	see := func(a *api) int {
		return a.ask(http.MethodGet, "/api/v1/jobs", "", "Cookie", cookie.Name+"="+cookie.Value).Code
	}
	if code := see(a); code != 200 {
		t.Errorf("with the session: %d", code)
	}
	if code := see(newAPI(t, tokens)); code != 200 {
		t.Errorf("after a restart: %d", code)
	}
	if code := see(newAPI(t, Access{OperatorToken: "another token of the operator", ViewerToken: viewerToken})); code != 401 {
		t.Errorf("with another token in force: %d, want 401", code)
	}
	late := newAPI(t, tokens)
	late.handler = newDashboard(t, Config{Book: busyBook(t, 1), Access: tokens, Now: func() time.Time { return began.Add(31 * 24 * time.Hour) }})
	if code := see(late); code != 401 {
		t.Errorf("a month later: %d, want 401", code)
	}
	if login(a, "nonsense") != nil {
		t.Error("a wrong token got a session")
	}
	raised := strings.Replace(login(a, viewerToken).Value, "viewer", "operator", 1)
	if code := a.ask(http.MethodGet, "/api/v1/jobs", "", "Cookie", cookieName+"="+raised).Code; code != 401 {
		t.Errorf("a viewer's session made an operator's: %d, want 401", code)
	}
}

func TestPeopleAreShownWhereToSignIn(t *testing.T) {
	a := newAPI(t, tokens)
	w := a.ask(http.MethodGet, "/", "", "Accept", "text/html")
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `name="token"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := a.ask(http.MethodGet, "/healthz", ""); w.Code != 200 {
		t.Errorf("health needs a token: %d", w.Code)
	}
}

func TestSigningInLeadsBackToThePage(t *testing.T) {
	a := newAPI(t, tokens)
	const wanted = "/jobs/prod/0001?vertex=a&from=1"
	w := a.ask(http.MethodGet, wanted, "", "Accept", "text/html")
	if !strings.Contains(w.Body.String(), `name="next" value="/jobs/prod/0001?vertex=a&amp;from=1"`) {
		t.Errorf("the page to go on with is not in the form: %s", w.Body)
	}
	for next, want := range map[string]string{
		wanted: wanted, "/": "/", "": "/", "/events": "/events", "/jobs/-/a%2Fb": "/jobs/-/a%2Fb",
		"//evil.example": "/", "//evil.example/x": "/", "https://evil.example/": "/", `/\evil.example`: "/", `\\evil.example`: "/", "/%5cevil.example": "/%5cevil.example", "/..//evil.example": "/", "javascript:alert(1)": "/",
		"evil": "/", "/login": "/", "/logout": "/", "/api/v1/jobs": "/", "/a\r\nSet-Cookie: x=y": "/", "/\tevil": "/", "/" + strings.Repeat("x", 5000): "/",
	} {
		w := a.ask(http.MethodPost, "/login", url.Values{"token": {viewerToken}, "next": {next}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q: %d to %q, want %q", next, w.Code, got, want)
		}
	}
	w = a.ask(http.MethodPost, "/login", url.Values{"token": {"nonsense"}, "next": {wanted}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	for _, text := range []string{"that is no token of this server", `value="/jobs/prod/0001?vertex=a&amp;from=1"`} {
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), text) {
			t.Errorf("a wrong token: %d without %s: %s", w.Code, text, w.Body)
		}
	}
}

// Where a proxy signs people in, no token helps: the page says what is wrong.
func TestPeopleWhoComeAroundTheProxyAreToldSo(t *testing.T) {
	proxy := Access{UserHeader: "X-Forwarded-User", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	through := proxy
	through.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, c := range []struct {
		name   string
		access Access
		says   string
	}{
		{"around it", proxy, "192.0.2.1 is none of the proxies that are trusted (sluice.server.trusted-proxies)"},
		{"through it, and not signed in", through, "the proxy at 192.0.2.1 names nobody in the header X-Forwarded-User"},
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			w := newAPI(t, c.access).ask(http.MethodGet, "/", "", "Accept", accept, "X-Forwarded-User", "")
			if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "<form") || strings.Contains(w.Body.String(), "Bearer") {
				t.Errorf("%s, %s: %d %s", c.name, accept, w.Code, w.Body)
			}
		}
	}
}

func TestASessionBehindATLSProxyIsSentOverTLSAlone(t *testing.T) {
	for from, secure := range map[string]bool{"192.0.2.0/24": true, "10.0.0.0/8": false} {
		access := tokens
		access.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(from)}
		w := newAPI(t, access).ask(http.MethodPost, "/login", url.Values{"token": {viewerToken}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-Proto", "https")
		if all := w.Result().Cookies(); len(all) != 1 || all[0].Secure != secure {
			t.Errorf("trusting %s: %v, want secure %t", from, all, secure)
		}
	}
}

// A foreign page that lets its name point here is told apart by that name.
func TestRequestsForOtherNamesAreRefused(t *testing.T) {
	a := newAPI(t, Access{Hosts: []string{"sluice.example.org"}})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8090": 200, "127.0.0.1:8090": 200, "[::1]:8090": 200, "10.1.2.3": 200, "page.localhost": 200,
		"sluice.example.org": 200, "SLUICE.example.org:443": 200, "evil.example": 421, "localhost.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/jobs", nil)
		r.Host = host
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestTokensThatAreTooSimpleAreRefused(t *testing.T) {
	for name, access := range map[string]Access{"short": {OperatorToken: "short"}, "the same": {OperatorToken: operatorToken, ViewerToken: operatorToken}} {
		_, err := New(Config{Book: busyBook(t, 0), Now: time.Now, Logger: slog.New(slog.DiscardHandler), Access: access})
		if err == nil || strings.Contains(err.Error(), access.OperatorToken) && name != "short" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	var log bytes.Buffer
	hand := &fakeHand{held: map[autoscaler.JobKey]Held{}, fail: http.ErrServerClosed}
	d := newDashboard(t, Config{Book: busyBook(t, 1), Hand: hand, Access: tokens, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, token := range []string{operatorToken, viewerToken, "nonsense-nonsense"} {
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+aJob+"/pause", strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if text := w.Body.String() + log.String(); strings.Contains(text, token) {
			t.Errorf("the token is told: %s", text)
		}
	}
	if log.Len() == 0 {
		t.Error("the failure was not logged: this test sees nothing")
	}
}

func TestAddressesBeyondTheLoopbackAskWhoIsThere(t *testing.T) {
	for _, c := range []struct {
		address  string
		access   Access
		insecure bool
		ok       bool
	}{
		{":8090", Access{}, false, true},
		{"127.0.0.1:8090", Access{}, false, true},
		{"[::1]:8090", Access{}, false, true},
		{"localhost:8090", Access{}, false, true},
		{"0.0.0.0:8090", Access{}, false, false},
		{"[::]:8090", Access{}, false, false},
		{"10.0.0.1:8090", Access{}, false, false},
		{"sluice.example.org:8090", Access{}, false, false},
		{"0.0.0.0:8090", tokens, false, true},
		{"0.0.0.0:8090", Access{UserHeader: "X-Forwarded-User"}, false, true},
		{"0.0.0.0:8090", Access{}, true, true},
		{"8090", Access{}, false, false},
		{"", Access{}, false, false},
	} {
		err := CheckAddress(Address(c.address), c.access, c.insecure)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v, want ok %t", c.address, err, c.ok)
		}
	}
}

func TestTokensInTheClearAreWarnedOf(t *testing.T) {
	for _, c := range []struct {
		address string
		access  Access
		secure  bool
		warned  bool
	}{
		{"0.0.0.0:8090", tokens, false, true},
		{"10.0.0.1:8090", Access{ViewerToken: viewerToken}, false, true},
		{"0.0.0.0:8090", tokens, true, false},
		{"127.0.0.1:8090", tokens, false, false},
		{"[::1]:8090", tokens, false, false},
		{"localhost:8090", tokens, false, false},
		{"0.0.0.0:8090", Access{UserHeader: "X-Forwarded-User"}, false, false},
	} {
		if said := Exposed(c.address, c.access, c.secure); (said != "") != c.warned || strings.Contains(said, viewerToken) {
			t.Errorf("%s, TLS %t: %q", c.address, c.secure, said)
		}
	}
}

func TestBrowsersAreToldToKeepToThePage(t *testing.T) {
	w := newAPI(t, Access{}).ask(http.MethodGet, "/", "")
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is lax: %q", policy)
	}
	if body := w.Body.String(); strings.Contains(body, "https://") || strings.Contains(body, "//cdn") {
		t.Error("the page asks other servers")
	}
}
