// Package webhook tells events to receivers over HTTP: each event is a POST with a
// JSON body, signed with HMAC where a secret is given.
//
// An event is delivered at least once, those of a job in their order. What a
// receiver does not take waits, in the database where there is one, so that it
// outlives the process; else in memory. Start with [Handler.Handle], which queues,
// and send.go, which delivers.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"text/template"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/repeat"
	"github.com/sluice-project/sluice/sqldb"
)

// Config is one receiver and what it wants to hear.
type Config struct {
	// Name tells it from others in the log and in the database.
	Name string
	// URL is where to post to. It is not shown: it may hold a secret.
	URL sqldb.Secret
	// Secret signs the requests; none when it is empty.
	Secret sqldb.Secret
	// Headers are sent with each request.
	Headers map[string]sqldb.Secret
	// Body renders what is sent; nil for the JSON of [Message].
	Body *template.Template
	// Types and Reasons are those of the events to tell; none means all.
	Types   []autoscaler.EventType
	Reasons []string
	// Timeout is for one request; default 10 s.
	Timeout time.Duration
	// Capacity is how many events wait at most; default 10,000. Of more the oldest go.
	Capacity int
	// First and Longest are the pauses after a failure, which double; default 1 s and
	// 5 min. A quarter of each is left to chance.
	First, Longest time.Duration
	// Grace is how long the end takes for events that only memory holds; default 5 s.
	Grace time.Duration

	// Transport carries the requests; nil for Go's own.
	Transport http.RoundTripper
	// DB keeps what waits; nil keeps it in memory.
	DB *sqldb.DB
	// Owner names the process among those that share the database.
	Owner string
	Now   func() time.Time
	// Clock gives the time since some fixed point, and never goes back: by it the
	// process says in the database that it is alive. nil is the process's own.
	Clock func() time.Duration
	Log   *slog.Logger

	// beat is the time between two looks at the database; default beatEvery.
	beat time.Duration
}

// Handler queues events for one receiver. It is safe for concurrent use.
type Handler struct {
	cfg     Config
	client  *http.Client
	told    repeat.Filter
	journal *journal // nil without a database

	mu    sync.Mutex
	queue []*delivery
	// lost counts what went since the queue was full, until it is said; dropped counts
	// it from the beginning.
	lost    int
	dropped int64
	wake    chan struct{}
	// saving is held while deliveries go into the journal, so that they get there in
	// their order.
	saving sync.Mutex
}

// delivery is an event that waits for its receiver.
type delivery struct {
	message Message
	// row is where it stands in the database, 0 for nowhere.
	row int64
	// sending is true during an attempt.
	sending bool
}

var _ autoscaler.EventHandler = (*Handler)(nil)

// New returns a handler that delivers while [Handler.Run] runs. It fails where the
// address is none, or a value is out of its range.
func New(cfg Config) (*Handler, error) {
	u, err := url.Parse(string(cfg.URL))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("webhook %s: its URL is not one such as https://host/path", cfg.Name)
	}
	if cfg.Timeout < 0 || cfg.Capacity < 0 {
		return nil, fmt.Errorf("webhook %s: the timeout and the size of the queue have to be positive", cfg.Name)
	}
	cfg.Timeout = orDefault(cfg.Timeout, 10*time.Second)
	cfg.First, cfg.Longest = orDefault(cfg.First, time.Second), orDefault(cfg.Longest, 5*time.Minute)
	cfg.Grace, cfg.beat = orDefault(cfg.Grace, 5*time.Second), orDefault(cfg.beat, beatEvery)
	if cfg.Capacity == 0 {
		cfg.Capacity = 10_000
	}
	h := &Handler{cfg: cfg, wake: make(chan struct{}, 1)}
	h.client = &http.Client{
		Transport: cfg.Transport, Timeout: cfg.Timeout,
		// A signed request is for the address that was configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if cfg.Clock == nil {
		began := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(began) }
	}
	if cfg.DB != nil {
		h.journal = &journal{db: cfg.DB, webhook: cfg.Name, owner: cfg.Owner, clock: cfg.Clock, log: cfg.Log}
	}
	return h, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// Handle implements [autoscaler.EventHandler]. It takes the event and never fails:
// what a receiver does not take is said in the log. With a database it returns
// when the event is there, unless the database does not answer.
func (h *Handler) Handle(ctx context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	if !h.wants(&e) || h.told.Repeated(job.Key, e) {
		return nil
	}
	d := &delivery{message: messageOf(job, &e)}
	if h.journal != nil && h.journal.answers() {
		// One after another: events go into the database in their order. What cannot
		// follow at once leaves that to the housekeeping, which also says why.
		h.saving.Lock()
		defer h.saving.Unlock()
		if h.journal.answers() && h.allSaved() {
			d.row, _ = h.journal.save(ctx, d.message)
		}
	}
	h.add(d)
	return nil
}

func (h *Handler) wants(e *autoscaler.Event) bool {
	return (len(h.cfg.Types) == 0 || slices.Contains(h.cfg.Types, e.Type)) &&
		(len(h.cfg.Reasons) == 0 || slices.Contains(h.cfg.Reasons, e.Reason))
}

func (h *Handler) add(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, d)
	h.bound()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// bound drops the oldest deliveries that are too many.
func (h *Handler) bound() {
	for len(h.queue) > h.cfg.Capacity {
		i := 0
		if h.queue[0].sending && len(h.queue) > 1 {
			i = 1
		}
		if row := h.queue[i].row; row != 0 {
			h.journal.forget(row)
		}
		h.queue = slices.Delete(h.queue, i, i+1)
		h.lost++
		h.dropped++
	}
}

// head is the delivery whose turn it is, nil when nothing waits.
func (h *Handler) head() *delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		return nil
	}
	return h.queue[0]
}

// sending notes that an attempt begins or ends.
func (h *Handler) sending(d *delivery, yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.sending = yes
}

// done takes a delivery out of the queue.
func (h *Handler) done(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.queue, d); i >= 0 {
		h.queue = slices.Delete(h.queue, i, i+1)
	}
	if d.row != 0 {
		h.journal.forget(d.row)
	}
}

// allSaved tells whether what waits stands in the database.
func (h *Handler) allSaved() bool { return len(h.unsaved()) == 0 }

// unsaved are the deliveries that only memory holds.
func (h *Handler) unsaved() []*delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	var unsaved []*delivery
	for _, d := range h.queue {
		if d.row == 0 {
			unsaved = append(unsaved, d)
		}
	}
	return unsaved
}

// Dropped is how many events went untold since the queue was full.
func (h *Handler) Dropped() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dropped
}

// Waiting is how many events wait for their receiver.
func (h *Handler) Waiting() int { return h.waiting() }

func (h *Handler) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.queue)
}
