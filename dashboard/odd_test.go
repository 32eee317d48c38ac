package dashboard

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// live is a dashboard that is served as a process serves it.
func live(t testing.TB, d http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	liveAt(t, l, nil, d)
	return l.Addr().String()
}

// Whatever is asked for, what comes back is a problem, and never a page or a redirect.
func TestOddRequestsAreProblems(t *testing.T) {
	address := live(t, newDashboard(t, Config{Book: fourJobs(t)}))
	for _, c := range []struct {
		name, request string
		status        int
	}{
		{"two slashes", "GET /api/v1//jobs HTTP/1.1", 404},
		{"a slash at the end", "GET /api/v1/jobs/ HTTP/1.1", 404},
		{"dots", "GET /api/v1/../../etc/passwd HTTP/1.1", 404},
		{"encoded dots", "GET /api/v1/%2e%2e/jobs HTTP/1.1", 404},
		{"two slashes to do something", "POST //api/v1/pause HTTP/1.1\r\nContent-Length: 0", 404},
		{"a star", "GET * HTTP/1.1", 404},
		{"a proxy's request", "GET http://localhost//api/v1/jobs HTTP/1.1", 404},
		{"another method", "DELETE /api/v1/jobs HTTP/1.1", 405},
		{"a made-up method", strings.Repeat("X", 500) + " /api/v1/jobs HTTP/1.1", 405},
		{"a view to be done", "POST /api/v1/jobs HTTP/1.1\r\nContent-Length: 0", 405},
		{"CONNECT", "CONNECT /api/v1/jobs/ HTTP/1.1", 404},
		{"a long query", "GET /api/v1/jobs?q=" + strings.Repeat("x", 20000) + " HTTP/1.1", 414},
		{"a long path", "GET /" + strings.Repeat("x/", 3000) + " HTTP/1.1", 414},
		{"a long header", "GET /api/v1/jobs HTTP/1.1\r\nX: " + strings.Repeat("x", 40000), 431},
		{"many fields", "GET /api/v1/jobs HTTP/1.1\r\n" + strings.TrimSpace(strings.Repeat("X: 1234567890123456789012345678901234567890\r\n", 1000)), 431},
		{"nul in a path", "GET /api/v1/jobs/prod/%00 HTTP/1.1", 404},
		{"no text in a path", "GET /api/v1/jobs/prod/%ff%fe HTTP/1.1", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			response := raw(t, address, c.request+"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			if response.StatusCode != c.status || response.Header.Get("Content-Type") != "application/problem+json" || response.Header.Get("Location") != "" {
				body, _ := io.ReadAll(response.Body)
				t.Errorf("%s, %s, to %q: %.300s", response.Status, response.Header.Get("Content-Type"), response.Header.Get("Location"), body)
			}
		})
	}
	if response := raw(t, address, "GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n"); response.StatusCode != 431 {
		t.Errorf("a header of a megabyte: %s", response.Status)
	}
}

// raw sends a request as it is written.
func raw(t *testing.T, address, request string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(c, request) }() // all of it may not be taken
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestAStreamThatIsOnlyAskedAboutEnds(t *testing.T) {
	d := newDashboard(t, Config{Book: fourJobs(t)})
	client := http.Client{Timeout: 20 * time.Second}
	for range 3 {
		response, err := client.Head("http://" + live(t, d) + "/api/v1/events/stream")
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
	}
	if d.Streams() != 0 {
		t.Errorf("%d streams are open", d.Streams())
	}
}

func TestRequestsAtTheLimitsAreServed(t *testing.T) {
	address := live(t, newDashboard(t, Config{Book: fourJobs(t)}))
	for _, request := range []string{
		"GET /api/v1/jobs?q=" + strings.Repeat("x", longestWords) + " HTTP/1.1",
		"GET /api/v1/jobs HTTP/1.1\r\nX: " + strings.Repeat("x", mostFields-100),
	} {
		if response := raw(t, address, request+"\r\nHost: localhost\r\n\r\n"); response.StatusCode != http.StatusOK {
			t.Errorf("%.60s: %s", request, response.Status)
		}
	}
	r, err := http.Get(fmt.Sprintf("http://%s/healthz", address))
	if err != nil || r.StatusCode != http.StatusOK {
		t.Error(r, err)
	}
}
