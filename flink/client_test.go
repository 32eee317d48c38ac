package flink

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const overviewBody = `{"taskmanagers":1,"slots-total":4,"flink-version":"2.3.0"}`

// serve starts a server that ends with the test.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// deadAddress is one on which nothing listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/config" {
			w.Header().Set("Location", "/overview")
			w.WriteHeader(http.StatusTemporaryRedirect)
			_, _ = io.WriteString(w, strings.Repeat("moved ", 5000))
			return
		}
		if r.URL.Path == "/jobs" {
			http.Error(w, `{"errors":["no"]}`+strings.Repeat(" ", 100<<10), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, overviewBody+strings.Repeat(" ", 100<<10))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := newClient(t, Config{Addresses: []string{server.URL}})
	for range 20 {
		if _, err := c.Overview(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ClusterConfig(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Jobs(context.Background()); !IsRefused(err) {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 80 requests, want 1", n)
	}
	if s := c.Stats(); s.Requests != 80 || s.Errors != 20 || s.Redirects != 20 || s.BytesIn < 60*100<<10 {
		t.Errorf("stats are %+v", s)
	}
}

func TestGzipIsAskedForAndRead(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Error("gzip is not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, overviewBody)
		_ = z.Close()
	})
	overview, err := newClient(t, Config{Addresses: []string{server.URL}}).Overview(context.Background())
	if err != nil || overview.SlotsTotal != 4 {
		t.Errorf("overview is %+v, %v", overview, err)
	}
}

func TestWhatIsNotFlinkIsSaidToBe(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		kind    Kind
		message string
	}{
		"HTML page":           {answer("<!DOCTYPE html>\n<title>Log in</title>"), KindMalformed, "this does not look like Flink: <!DOCTYPE html> <title>Log in</title>"},
		"nothing":             {answer(""), KindMalformed, "an empty body"},
		"null":                {answer("null"), KindMalformed, "the body is null"},
		"a word":              {answer(`"ok"`), KindMalformed, `does not look like Flink: "ok"`},
		"another product":     {answer(`{"cluster_name":"es"}`), KindMalformed, `"flink-version" is missing in {"cluster_name":"es"}`},
		"a list":              {answer(`[1]`), KindMalformed, "array where flink.Overview belongs"},
		"a text for a number": {answer(`{"slots-total":"4","flink-version":"2.3.0"}`), KindMalformed, "at slots-total: string where int belongs"},
		"cut off JSON":        {answer(overviewBody[:30]), KindMalformed, "cut off after 30 bytes"},
		"two bodies":          {answer(overviewBody + overviewBody), KindMalformed, "not JSON at byte"},
		"cut off transfer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, overviewBody)
		}, KindMalformed, fmt.Sprintf("broke off after %d bytes", len(overviewBody))},
		"proxy error": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<h1>Bad Gateway</h1>", http.StatusBadGateway)
		}, KindUnavailable, "(502)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.handler)
			_, err := newClient(t, Config{Addresses: []string{server.URL}}).Overview(context.Background())
			wantError(t, err, test.kind, test.message)
			wantError(t, err, test.kind, "GET /overview at "+server.URL)
		})
	}
}

func TestAPortThatSpeaksSomethingElseIsMalformed(t *testing.T) {
	for name, first := range map[string]bool{"before it is asked": true, "after it was asked": false} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				defer connection.Close()
				if !first {
					_, _ = connection.Read(make([]byte, 10))
				}
				_, _ = io.WriteString(connection, "SSH-2.0-OpenSSH_9.2\r\n")
				_, _ = io.Copy(io.Discard, connection)
			}()
			defer func() { _ = listener.Close(); <-done }()
			_, err = newClient(t, Config{Addresses: []string{listener.Addr().String()}}).Overview(context.Background())
			wantError(t, err, KindMalformed, "this does not look like Flink")
		})
	}
}

func TestABodyAboveTheBoundIsAnError(t *testing.T) {
	body := overviewBody + strings.Repeat(" ", 1000-len(overviewBody))
	server := serve(t, answer(body))
	for bound, ok := range map[int64]bool{1000: true, 999: false} {
		_, err := newClient(t, Config{Addresses: []string{server.URL}, MaxBodyBytes: bound}).Overview(context.Background())
		if ok && err != nil {
			t.Errorf("a body of the bound itself: %v", err)
		}
		if !ok {
			wantError(t, err, KindMalformed, "the body is larger than 999 bytes")
		}
	}
}

func TestABodyWithoutEndIsGivenUp(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1000)); err != nil {
				return
			}
		}
	})
	_, err := newClient(t, Config{Addresses: []string{server.URL}, MaxBodyBytes: 5000}).Overview(context.Background())
	wantError(t, err, KindMalformed, "the body is larger than 5000 bytes")
}

func TestNothingListening(t *testing.T) {
	address := deadAddress(t)
	_, err := newClient(t, Config{Addresses: []string{address}}).Overview(context.Background())
	wantError(t, err, KindUnreachable, "GET /overview at "+address+": not reachable: dial tcp")
}

func TestASlowServerMeetsTheDeadline(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half a body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, handler)
			c := newClient(t, Config{Addresses: []string{server.URL}, Timeout: 50 * time.Millisecond})
			_, err := c.Overview(context.Background())
			wantError(t, err, KindUnavailable, "no answer within 50ms")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v is not a deadline", err)
			}
		})
	}
}

func TestTheCallerMayGiveUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err := newClient(t, Config{Addresses: []string{server.URL, deadAddress(t)}}).Overview(ctx)
	wantError(t, err, KindCanceled, "canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap context.Canceled", err)
	}
}

func TestAPrefixAndOddIdsMakeTheRightPath(t *testing.T) {
	var got atomic.Value
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.RequestURI)
		_, _ = io.WriteString(w, `{"status":"RUNNING"}`)
	})
	c := newClient(t, Config{Addresses: []string{server.URL + "/flink%20a/"}})
	for job, want := range map[JobID]string{
		"abc": "/flink%20a/jobs/abc/status",
		"a/b": "/flink%20a/jobs/a%2Fb/status",
		"?#é": "/flink%20a/jobs/%3F%23%C3%A9/status",
	} {
		if _, err := c.JobStatus(context.Background(), job); err != nil || got.Load() != want {
			t.Errorf("%s: asked for %s, want %s (%v)", job, got.Load(), want, err)
		}
	}
	for _, job := range []JobID{"", ".", ".."} {
		_, err := c.JobStatus(context.Background(), job)
		wantError(t, err, KindRefused, fmt.Sprintf("%q is not an id", job))
	}
}

func TestPutSendsTheRequirements(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"v1":{"parallelism":{"lowerBound":1,"upperBound":4}}}`
		if r.Method != "PUT" || r.URL.Path != "/jobs/j/resource-requirements" || string(body) != want || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s %s %s (%s)", r.Method, r.URL, body, r.Header.Get("Content-Type"))
		}
		_, _ = io.WriteString(w, "{}")
	})
	c := newClient(t, Config{Addresses: []string{server.URL}})
	if err := c.PutResourceRequirements(context.Background(), "j", ResourceRequirements{"v1": Require(1, 4)}); err != nil {
		t.Error(err)
	}
}
