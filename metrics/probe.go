package metrics

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-project/sluice/autoscaler"
)

// Probe measures what the process waits for, as it happens: requests to clusters and
// calls of the state store. It is made before the parts that it is laid around, and
// given to [New] afterwards. A nil probe measures nothing. It is safe for concurrent
// use.
type Probe struct {
	now     func() time.Time
	store   *prometheus.HistogramVec
	refused *prometheus.CounterVec
	rest    *prometheus.HistogramVec
	// uses and failures are those of the other stores in the database.
	uses     *prometheus.HistogramVec
	failures *prometheus.CounterVec
}

// waits are the bounds of its histograms, in seconds.
var waits = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// The operations of a state store, and what can be wrong with one.
const (
	opGet, opPut, opRemove, opFlush        = "get", "put", "remove", "flush"
	kindConflict, kindAway, kindOtherStore = "conflict", "away", "other"
)

// NewProbe returns a probe; now is its clock.
func NewProbe(now func() time.Time) *Probe {
	p := &Probe{
		now: now,
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_state_store_duration_seconds", Help: "Time that a call of the state store took.", Buckets: waits,
		}, []string{"op"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_state_store_errors_total", Help: "Calls of the state store that failed, by kind: conflict (another process wrote first), away, other.",
		}, []string{"op", "kind"}),
		rest: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_rest_duration_seconds", Help: "Time from a request to the cluster's REST interface to the head of its answer, or to its failure.", Buckets: waits,
		}, []string{"cluster"}),
		uses: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_database_duration_seconds", Help: "Time that a use of the database by a store other than that of states took.", Buckets: waits,
		}, []string{"store", "op"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_database_errors_total", Help: "Uses of the database by a store other than that of states that failed.",
		}, []string{"store", "op"}),
	}
	return p
}

// Store is a state store whose calls are measured. away tells whether an error means
// that the store as a whole does not serve; nil where [autoscaler.ErrStoreAway] does.
func (p *Probe) Store(next autoscaler.StateStore, away func(error) bool) autoscaler.StateStore {
	if p == nil {
		return next
	}
	if away == nil {
		away = func(err error) bool { return errors.Is(err, autoscaler.ErrStoreAway) }
	}
	for _, op := range []string{opGet, opPut, opRemove, opFlush} {
		for _, kind := range []string{kindConflict, kindAway, kindOtherStore} {
			p.refused.WithLabelValues(op, kind)
		}
	}
	return &probedStore{probe: p, next: next, away: away}
}

// probedStore is a store whose calls are measured.
type probedStore struct {
	probe *Probe
	next  autoscaler.StateStore
	away  func(error) bool
}

var _ autoscaler.StateStore = (*probedStore)(nil)

// Get implements [autoscaler.StateStore].
func (s *probedStore) Get(ctx context.Context, key autoscaler.JobKey) (state autoscaler.State, err error) {
	err = s.call(opGet, func() error {
		state, err = s.next.Get(ctx, key)
		return err
	})
	return state, err
}

// Put implements [autoscaler.StateStore].
func (s *probedStore) Put(ctx context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	return s.call(opPut, func() error { return s.next.Put(ctx, key, state) })
}

// Remove implements [autoscaler.StateStore].
func (s *probedStore) Remove(ctx context.Context, key autoscaler.JobKey) error {
	return s.call(opRemove, func() error { return s.next.Remove(ctx, key) })
}

// Flush implements [autoscaler.StateStore].
func (s *probedStore) Flush(ctx context.Context) error {
	return s.call(opFlush, func() error { return s.next.Flush(ctx) })
}

func (s *probedStore) call(op string, do func() error) error {
	p := s.probe
	began := p.now()
	err := do()
	p.store.WithLabelValues(op).Observe(p.now().Sub(began).Seconds())
	switch {
	case err == nil:
	case errors.Is(err, autoscaler.ErrStateConflict):
		p.refused.WithLabelValues(op, kindConflict).Inc()
	case s.away(err):
		p.refused.WithLabelValues(op, kindAway).Inc()
	default:
		p.refused.WithLabelValues(op, kindOtherStore).Inc()
	}
	return err
}

// Transport carries requests to a cluster, and measures them. name is asked for the
// cluster's name at the first request.
func (p *Probe) Transport(name func() string, next http.RoundTripper) http.RoundTripper {
	if p == nil {
		return next
	}
	return &probedTransport{
		probe: p, next: next,
		seconds: sync.OnceValue(func() prometheus.Observer { return p.rest.WithLabelValues(name()) }),
	}
}

type probedTransport struct {
	probe   *Probe
	next    http.RoundTripper
	seconds func() prometheus.Observer
}

// RoundTrip implements [http.RoundTripper].
func (t *probedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	began := t.probe.now()
	answer, err := t.next.RoundTrip(r)
	t.seconds().Observe(t.probe.now().Sub(began).Seconds())
	return answer, err
}

// CloseIdleConnections closes those of the transport below, if it has any.
func (t *probedTransport) CloseIdleConnections() {
	if below, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}
