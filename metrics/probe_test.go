package metrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// ticking is a clock that is a fifth of a second later at each look.
func ticking() func() time.Time {
	at := noon
	return func() time.Time {
		at = at.Add(200 * time.Millisecond)
		return at
	}
}

// failing is a store that does nothing, and fails so.
type failing struct{ err error }

func (f failing) Get(context.Context, autoscaler.JobKey) (autoscaler.State, error) {
	return autoscaler.State{Overrides: scaling.Parallelism{"work": 2}}, f.err
}
func (f failing) Put(context.Context, autoscaler.JobKey, autoscaler.State) error { return f.err }
func (f failing) Remove(context.Context, autoscaler.JobKey) error                { return f.err }
func (f failing) Flush(context.Context) error                                    { return f.err }

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestCallsOfTheStateStoreAreTimedAndTheirFailuresCountedByKind(t *testing.T) {
	probe := NewProbe(ticking())
	gone := errors.New("gone")
	for _, err := range []error{nil, fmt.Errorf("put: %w", autoscaler.ErrStateConflict), gone, errors.New("broken")} {
		store := probe.Store(failing{err}, func(err error) bool { return errors.Is(err, gone) })
		state, got := store.Get(t.Context(), key(0))
		if !errors.Is(got, err) || state.Overrides["work"] != 2 {
			t.Errorf("get: %v and %v, want what the store said", state.Overrides, got)
		}
		for op, got := range map[string]error{"put": store.Put(t.Context(), key(0), state), "remove": store.Remove(t.Context(), key(0)), "flush": store.Flush(t.Context())} {
			if !errors.Is(got, err) {
				t.Errorf("%s: %v, want %v", op, got, err)
			}
		}
	}
	text := scrape(t, made(t, Config{Book: bookOf(t, 0, ""), Probe: probe}))
	for _, op := range []string{"get", "put", "remove", "flush"} {
		wantLines(t, text,
			`sluice_state_store_duration_seconds_count{op="`+op+`"} 4`,
			`sluice_state_store_duration_seconds_bucket{op="`+op+`",le="0.1"} 0`,
			`sluice_state_store_duration_seconds_bucket{op="`+op+`",le="0.25"} 4`,
			`sluice_state_store_errors_total{kind="conflict",op="`+op+`"} 1`,
			`sluice_state_store_errors_total{kind="away",op="`+op+`"} 1`,
			`sluice_state_store_errors_total{kind="other",op="`+op+`"} 1`)
	}
}

func TestRequestsAreTimedAndTheirFailuresCountedByKind(t *testing.T) {
	probe := NewProbe(ticking())
	client, err := flink.New(flink.Config{
		Addresses: []string{"http://127.0.0.1:1"},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return probe.Transport(func() string { return "prod" }, next)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.JobsOverview(t.Context()); err == nil {
		t.Fatal("port 1 answers")
	}
	wantLines(t, scrape(t, made(t, Config{Book: bookOf(t, 0, ""), Probe: probe, Clients: map[string]*flink.Client{"": client}, Unnamed: "prod"})),
		`sluice_rest_duration_seconds_count{cluster="prod"} 1`,
		`sluice_rest_requests_total{cluster="prod"} 1`,
		`sluice_rest_errors_total{cluster="prod",kind="unreachable"} 1`,
		`sluice_rest_errors_total{cluster="prod",kind="malformed"} 0`)
}

func TestNoProbeLaysNothingAround(t *testing.T) {
	var none *Probe
	store := failing{}
	if got := none.Store(store, nil); got != autoscaler.StateStore(store) {
		t.Errorf("the store is wrapped: %T", got)
	}
	if got := none.Transport(nil, http.DefaultTransport); got != http.DefaultTransport {
		t.Errorf("the transport is wrapped: %T", got)
	}
}

func TestOtherPartsTellTheirFigures(t *testing.T) {
	queued := 3.0
	gauge := func(name string) Gauge {
		return Gauge{Name: "sluice_webhook_queue_length", Help: "Events that wait for the receiver.", Labels: map[string]string{"webhook": name}, Value: func() float64 { return queued }}
	}
	m := made(t, Config{Book: bookOf(t, 0, ""), Interval: 10 * time.Second, Gauges: []Gauge{gauge("chat"), gauge("pager\xff")}})
	queued = 5
	wantLines(t, scrape(t, m), `sluice_webhook_queue_length{webhook="chat"} 5`, "sluice_webhook_queue_length{webhook=\"pager\uFFFD\"} 5", `sluice_loop_interval_seconds 10`)
	lost := Gauge{Name: "sluice_webhook_dropped_total", Help: "Events that were dropped.", Counts: true, Value: func() float64 { return 7 }}
	wantLines(t, scrape(t, made(t, Config{Book: bookOf(t, 0, ""), Gauges: []Gauge{lost}})), "# TYPE sluice_webhook_dropped_total counter", "sluice_webhook_dropped_total 7")
	if _, err := New(Config{Book: bookOf(t, 0, ""), Gauges: []Gauge{gauge("chat"), gauge("chat")}}); err == nil {
		t.Error("the same gauge is taken twice")
	}
}
