package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stubbed answers as a running Sluice does that watches one job, orders, whose vertex
// work runs at 2.
type stubbed struct {
	*httptest.Server
	mu sync.Mutex
	// runs is the parallelism of work, and lower and upper are its bounds.
	runs, lower, upper int
	// after is how often it is looked at before it runs at the upper bound.
	after  int
	events []map[string]any
	asked  []string
	// silent lets requests wait until they are given up.
	silent bool
	status int
}

const stubJob = "0123456789abcdef0123456789abcdef"

var stubNoon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func startStub(t *testing.T) *stubbed {
	t.Helper()
	s := &stubbed{runs: 2, lower: 1, upper: 2}
	s.tell("Scaling", "the first", 0)
	s.tell("Rescaled", "the second", time.Second)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// tell adds an event.
func (s *stubbed) tell(reason, message string, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, map[string]any{
		"seq": len(s.events) + 1, "cluster": "-", "job": stubJob, "name": "orders", "at": stubNoon.Add(after), "type": "Normal", "reason": reason, "message": message, "times": 1,
	})
}

// set changes it while nobody asks.
func (s *stubbed) set(change func(*stubbed)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *stubbed) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.String())
	silent, status := s.silent, s.status
	s.mu.Unlock()
	if silent {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is seen that the other side goes away
		<-r.Context().Done()
		return
	}
	w.Header().Set("Sluice-Now", strconv.FormatInt(stubNoon.Add(time.Minute).UnixMilli(), 10))
	if status != 0 {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"title": "no", "status": %d, "detail": "not now"}`, status)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := s.answer(r)
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"status": 404, "detail": "nothing is at " + r.URL.Path}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *stubbed) answer(r *http.Request) any {
	const job = "/jobs/-/" + stubJob
	vertex := map[string]any{"vertex": "0b", "name": "work", "lower": s.lower, "upper": s.upper, "parallelism": s.runs, "maxParallelism": 128}
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v1"); path {
	case "/jobs":
		return map[string]any{"hold": nil, "next": nil, "jobs": []any{map[string]any{
			"cluster": "-", "job": stubJob, "name": "orders", "state": "steady", "why": "", "since": stubNoon, "seen": stubNoon, "parallelism": s.runs, "wanted": s.runs,
			"source": 1250.25, "target": 1300, "capacity": 2012, "lag": 0, "busy": 0.62, "scaled": nil,
		}}}
	case job + "/decisions":
		decision := map[string]any{
			"id": 1, "time": stubNoon, "job": stubJob, "name": "orders", "scope": "scale", "action": "hold", "reason": "within-bounds", "vertices": []any{},
		}
		return map[string]any{"decisions": []any{decision}, "next": nil}
	case "/events", job + "/events":
		return map[string]any{"events": s.events}
	case job + "/requirements":
		if s.after--; s.after < 0 {
			s.runs, vertex["parallelism"] = s.upper, s.upper
		}
		return map[string]any{"vertices": []any{vertex}}
	case job + "/pause", job + "/resume", "/pause", "/resume":
		return map[string]any{"hold": map[string]any{"by": "anna", "since": stubNoon, "until": nil, "text": "held by anna until it is resumed"}}
	case job + "/rescale":
		var request struct {
			Vertices []struct{ Upper, Lower int }
			DryRun   bool
		}
		if json.NewDecoder(r.Body).Decode(&request) != nil || len(request.Vertices) != 1 {
			return nil
		}
		changed := request.Vertices[0].Upper != s.upper
		vertex["upper"] = request.Vertices[0].Upper
		if !request.DryRun {
			s.upper = request.Vertices[0].Upper
		}
		return map[string]any{"vertices": []any{vertex}, "changed": changed, "applied": changed && !request.DryRun}
	}
	return nil
}
