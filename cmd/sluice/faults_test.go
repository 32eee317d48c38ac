package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// Nothing is scaled on what is missing or makes no sense: that is said once, and
// as soon as the answers are right again scaling goes on. The load has risen when
// the fault begins, so that with right answers there would be a rescale.
func TestNothingIsScaledWhileFlinkMisbehaves(t *testing.T) {
	cases := []struct {
		name string
		// on is the end of the paths that the fault concerns; empty for all.
		on    string
		fault func(http.Handler) http.Handler
		// says is part of the one warning.
		says string
	}{
		{"the details lack a counter of a source", "/metrics", replaced(`"id":"Source__numbers.numRecordsIn","sum"`, `"id":"Source__numbers.numRecordsIn","other"`), "no rate of ingestion"},
		{"the details lack the counters", jobDetails, replaced(`"read-records":`, `"other":`), "no decision"},
		{"a counter is null", jobDetails, replaced(`"read-records":`, `"read-records":null,"other":`), "no decision"},
		{"a counter is negative", jobDetails, replaced(`"read-records":`, `"read-records":-`), "no decision"},
		{"a counter is a text", jobDetails, replaced(`"read-records":`, `"read-records":"many","other":`), "many"},
		{"busy time is NaN", jobDetails, replaced(`"accumulated-busy-time":`, `"accumulated-busy-time":"NaN","other":`), "no decision"},
		{"the source's sums are NaN", "/metrics", replaced(`"sum":`, `"sum":"NaN","other":`), "no rate of ingestion"},
		{"the source's sums are negative", "/metrics", replaced(`"sum":`, `"sum":-`), "no rate of ingestion"},
		{"metrics are an empty list", "/metrics", instead(http.StatusOK, `[]`), "no rate of ingestion"},
		{"details without vertices", jobDetails, replaced(`"vertices":`, `"other":`), `"vertices" is missing`},
		{"an internal error", jobDetails, instead(http.StatusInternalServerError, `{"errors":["Internal server error.","<Exception on server side:\njava.lang.NullPointerException\n\tat org.apache.flink.Some.method(Some.java:1)\n\nEnd of exception on server side>"]}`), "NullPointerException"},
		{"a body that breaks off", jobDetails, truncated(), "broke off"},
		{"half a body that claims to be whole", jobDetails, halved, "cut off"},
		{"an error page of a proxy", jobDetails, instead(http.StatusBadGateway, `<html><body><h1>502 Bad Gateway</h1></body></html>`), "502 Bad Gateway"},
		{"an HTML page in the place of metrics", "/metrics", instead(http.StatusOK, `<!DOCTYPE html><html>Please log in</html>`), "Please log in"},
		{"an error page of a proxy before everything", "", instead(http.StatusServiceUnavailable, `<html>maintenance</html>`), "cluster does not answer"},
		{"the connection is reset", jobDetails, reset, "reset"},
		{"the answer comes after the deadline", jobDetails, slow, "no answer within"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := startFlink(t, 50)
			file := filepath.Join(t.TempDir(), "decisions.jsonl")
			sluice := runSluice(t, "--flink", cluster.URL, "--decisions", file, "-D", "job.autoscaler.flink.rest-client.timeout=2s")
			eventually(t, "the window is full", func() bool { return strings.Contains(content(t, file), "within-bounds") })

			var faults atomic.Int64
			cluster.suffer(func(next http.Handler) http.Handler { return onPath(c.on, &faults, c.fault(next), next) })
			began := time.Now()
			cluster.setLoad(250)
			eventually(t, "the fault is met for more than a window", func() bool {
				return faults.Load() >= 5 && time.Since(began) > 4*time.Second
			})
			if puts := cluster.puts(); len(puts) > 0 {
				t.Errorf("rescaled on bad metrics: %v", puts)
			}
			warnings := sluice.log(func(l logLine) bool { return l.Level == "WARN" || l.Level == "ERROR" })
			if len(warnings) != 1 || !strings.Contains(warnings[0].said(), c.says) {
				t.Errorf("%d warnings for %d faulty answers, want one that says %q", len(warnings), faults.Load(), c.says)
				for _, w := range warnings[:min(3, len(warnings))] {
					t.Log(w.said())
				}
			}

			cluster.suffer(nil)
			eventually(t, "the job is rescaled when the fault is over", func() bool { return cluster.parallelism() > 1 })
			if code := sluice.terminate(); code != exitDone {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// Of one vertex without counters nothing is concluded about its neighbours: what
// it feeds would seem to have nothing to do.
func TestAVertexWithoutCountersShrinksNobody(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	sluice := runSluice(t, "--flink", cluster.URL, "-D", "job.autoscaler.scale-down.interval=0s")
	eventually(t, "work runs at 4", func() bool { return cluster.parallelism() == 4 })
	eventually(t, "the rescale is over", func() bool { return len(sluice.events("Rescaled")) == 1 })

	var faults atomic.Int64
	cluster.suffer(func(next http.Handler) http.Handler { return onPath(jobDetails, &faults, incomplete(work)(next), next) })
	began := time.Now()
	eventually(t, "the fault is met for more than a window", func() bool {
		return faults.Load() >= 5 && time.Since(began) > 4*time.Second
	})
	if puts := cluster.puts(); len(puts) != 1 {
		t.Errorf("rescaled on bad metrics: %v", puts[1:])
	}
	if unusable := sluice.events("MetricsUnusable"); len(unusable) != 1 {
		t.Errorf("%d events MetricsUnusable, want 1", len(unusable))
	}
}

// jobDetails is the end of the path of the job's details.
const jobDetails = "0123456789abcdef0123456789abcdef"

// onPath serves what ends in suffix with a fault, and counts that.
func onPath(suffix string, count *atomic.Int64, faulty, right http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			right.ServeHTTP(w, r)
			return
		}
		count.Add(1)
		faulty.ServeHTTP(w, r)
	})
}

// instead answers with something else.
func instead(status int, body string) fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
}

// replaced changes the right answer.
func replaced(from, to string) fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(strings.ReplaceAll(answerOf(next, r), from, to)))
		})
	}
}

func answerOf(next http.Handler, r *http.Request) string {
	right := httptest.NewRecorder()
	next.ServeHTTP(right, r)
	return right.Body.String()
}

// incomplete sends the job's details without the counters of one vertex.
func incomplete(id flink.VertexID) fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var details flink.JobDetails
			if err := json.Unmarshal([]byte(answerOf(next, r)), &details); err != nil {
				panic(err)
			}
			for i := range details.Vertices {
				if details.Vertices[i].ID == id {
					details.Vertices[i].Metrics = flink.IOMetrics{}
				}
			}
			reply(w, details)
		})
	}
}

// halved sends half of the right answer as if it were all.
func halved(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := answerOf(next, r)
		_, _ = w.Write([]byte(body[:len(body)/2]))
	})
}

// truncated closes the connection in the body, each time a little further on.
func truncated() fault {
	var n atomic.Int64
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := answerOf(next, r)
			_, _ = w.Write([]byte(body[:len(body)/2+int(n.Add(1))]))
			_ = http.NewResponseController(w).Flush()
			closeConnection(w, -1)
		})
	}
}

// reset resets the connection without an answer.
func reset(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { closeConnection(w, 0) })
}

// closeConnection closes with a linger time in seconds: 0 makes it a reset, a
// negative one is the usual close.
func closeConnection(w http.ResponseWriter, linger int) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(linger)
	}
	_ = connection.Close()
}

// slow answers when the caller has given up.
func slow(http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}
