package flink

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// jobManager is a fake that counts what it is asked.
type jobManager struct {
	*httptest.Server
	asked atomic.Int32
	seen  atomic.Value // the Authorization header of the last request
}

func startJobManager(t *testing.T, handler http.HandlerFunc) *jobManager {
	t.Helper()
	jm := &jobManager{}
	jm.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		jm.asked.Add(1)
		jm.seen.Store(r.Header.Get("Authorization"))
		handler(w, r)
	})
	return jm
}

func noLeader(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`)
}

func redirectTo(target *jobManager, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target.URL+r.RequestURI)
		w.WriteHeader(status)
	}
}

func TestTheAddressThatAnsweredIsAskedFirst(t *testing.T) {
	standby := startJobManager(t, noLeader)
	leader := startJobManager(t, answer(overviewBody))
	c := newClient(t, Config{Addresses: []string{deadAddress(t), standby.URL, leader.URL}})
	for range 3 {
		if _, err := c.Overview(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if standby.asked.Load() != 1 || leader.asked.Load() != 3 || c.Address() != leader.URL {
		t.Errorf("standby asked %d times, leader %d, now at %s", standby.asked.Load(), leader.asked.Load(), c.Address())
	}
	if s := c.Stats(); s.Failovers != 2 || s.Requests != 5 || s.Errors != 0 {
		t.Errorf("stats are %+v", s)
	}
}

func TestAFrozenJobManagerDoesNotUseUpTheTime(t *testing.T) {
	frozen := startJobManager(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	leader := startJobManager(t, answer(overviewBody))
	c := newClient(t, Config{Addresses: []string{frozen.URL, leader.URL}, Timeout: 600 * time.Millisecond})
	if _, err := c.Overview(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerOfFlinkIsFinal(t *testing.T) {
	for name, status := range map[string]int{"not found": 404, "refused": 400} {
		t.Run(name, func(t *testing.T) {
			first := startJobManager(t, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, `{"errors":["a.B: no"]}`, status)
			})
			second := startJobManager(t, answer(`{"jobs":[]}`))
			if _, err := newClient(t, Config{Addresses: []string{first.URL, second.URL}}).Jobs(context.Background()); err == nil {
				t.Error("no error")
			}
			if second.asked.Load() != 0 {
				t.Error("the second was asked after the first had answered")
			}
		})
	}
}

func TestAPutGoesToAnotherOnlyIfTheFirstDidNotGetIt(t *testing.T) {
	put := func(addresses ...string) error {
		c := newClient(t, Config{Addresses: addresses, Timeout: 5 * time.Second})
		return c.PutResourceRequirements(context.Background(), "j", ResourceRequirements{"v": Require(1, 2)})
	}
	leader := startJobManager(t, answer("{}"))
	if err := put(deadAddress(t), leader.URL); err != nil || leader.asked.Load() != 1 {
		t.Errorf("after a refused connection: asked %d times, %v", leader.asked.Load(), err)
	}
	unsure := startJobManager(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	wantError(t, put(unsure.URL, leader.URL), KindUnavailable, "EOF")
	wantError(t, put(startJobManager(t, noLeader).URL, leader.URL), KindUnavailable, "leader election")
	if leader.asked.Load() != 1 || unsure.asked.Load() != 1 {
		t.Errorf("a PUT that may have arrived was sent again: %d, %d", leader.asked.Load(), unsure.asked.Load())
	}
}

func TestRedirectsLeadToTheLeaderWithTheBody(t *testing.T) {
	leader := startJobManager(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Method == "PUT" && !strings.Contains(string(body), `"upperBound":2`) {
			t.Errorf("the body got lost: %q", body)
		}
		if r.Method == "PUT" {
			_, _ = io.WriteString(w, "{}")
			return
		}
		_, _ = io.WriteString(w, overviewBody)
	})
	for _, status := range []int{307, 308} {
		standby := startJobManager(t, redirectTo(leader, status))
		c := newClient(t, Config{Addresses: []string{standby.URL}})
		if _, err := c.Overview(context.Background()); err != nil {
			t.Errorf("%d: GET: %v", status, err)
		}
		if err := c.PutResourceRequirements(context.Background(), "j", ResourceRequirements{"v": Require(1, 2)}); err != nil {
			t.Errorf("%d: PUT: %v", status, err)
		}
		if s := c.Stats(); s.Redirects != 2 {
			t.Errorf("%d: %d redirects", status, s.Redirects)
		}
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	to := func(status int, location string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(status)
		}
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		kind    Kind
		message string
	}{
		"in a circle":       {to(307, "/overview"), KindUnavailable, "redirected more than 5 times"},
		"to nowhere":        {to(307, ""), KindMalformed, "redirected to nowhere"},
		"to another scheme": {to(307, "ftp://user:hunter2@host/"), KindMalformed, "redirected from http to ftp"},
		"not a URL":         {to(307, "http://user:hunter2@a b/"), KindMalformed, "redirected to something that is not a URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			jm := startJobManager(t, test.handler)
			_, err := newClient(t, Config{Addresses: []string{jm.URL}}).Overview(context.Background())
			wantError(t, err, test.kind, test.message)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password shows: %v", err)
			}
		})
	}
	jm := startJobManager(t, to(302, "/elsewhere"))
	err := newClient(t, Config{Addresses: []string{jm.URL}}).PutResourceRequirements(context.Background(), "j", nil)
	wantError(t, err, KindMalformed, "would make a GET of the PUT")
	if jm.asked.Load() != 1 {
		t.Error("the PUT was sent on")
	}
}

func TestAUserInARedirectIsDropped(t *testing.T) {
	from := &url.URL{Scheme: "http", Host: "standby:8081"}
	response := &http.Response{StatusCode: 307, Header: http.Header{"Location": {"http://ann:hunter2@leader:8081/overview"}}}
	next, err := redirectTarget(response, from, "GET")
	if err != nil || next.String() != "http://leader:8081/overview" {
		t.Errorf("next is %v, %v", next, err)
	}
}

func TestCredentialsGoToTheConfiguredAddressesOnly(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		header string
	}{
		"basic":  {Config{BasicUser: "ann", BasicPassword: "hunter2"}, "Basic YW5uOmh1bnRlcjI="},
		"bearer": {Config{BearerToken: "t0ken\n"}, "Bearer t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			leader := startJobManager(t, answer(overviewBody))
			standby := startJobManager(t, redirectTo(leader, 307))
			ask := func(addresses ...string) {
				test.config.Addresses = addresses
				if _, err := newClient(t, test.config).Overview(context.Background()); err != nil {
					t.Fatal(err)
				}
				if standby.seen.Load() != test.header {
					t.Errorf("the address got %q", standby.seen.Load())
				}
			}
			ask(standby.URL)
			if got := leader.seen.Load(); got != "" {
				t.Errorf("a host that was not configured got %q", got)
			}
			ask(standby.URL, leader.URL)
			if got := leader.seen.Load(); got != test.header {
				t.Errorf("the other address got %q", got)
			}
		})
	}
}
