package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
)

// eventView is one event.
type eventView struct {
	Seq     uint64    `json:"seq"`
	Cluster string    `json:"cluster"`
	Job     string    `json:"job"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Times   int       `json:"times"`
}

func eventViews(events []fleet.Event) []eventView {
	views := make([]eventView, len(events))
	for i, e := range events {
		views[i] = eventView{
			e.Seq, clusterName(e.Job.Cluster), string(e.Job.Job), e.Name, e.At, string(e.Type), e.Reason, e.Message, e.Times,
		}
	}
	return views
}

// How many events one answer has without being asked, and at most.
const (
	defaultEvents = 200
	mostEvents    = 2000
)

func (d *Dashboard) events(r *http.Request) (any, error) { return d.eventsOf(r, nil) }

func (d *Dashboard) jobEvents(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	key := keyOf(r)
	return d.eventsOf(r, &key)
}

func (d *Dashboard) eventsOf(r *http.Request, key *autoscaler.JobKey) (any, error) {
	q := r.URL.Query()
	most, err := count(q, "limit", defaultEvents, mostEvents)
	if err != nil {
		return nil, err
	}
	after, err := numbered(q, "after", "an event", 0)
	if err != nil {
		return nil, err
	}
	bound, err := numbered(q, "before", "an event", 1)
	if err != nil {
		return nil, err
	}
	wanted := most + 1
	if bound > 0 {
		wanted = math.MaxInt
	}
	newest := d.cfg.Book.Events(after, key, wanted)
	slices.Reverse(newest)
	found, next := before(newest, bound, most, func(e *fleet.Event) uint64 { return e.Seq })
	slices.Reverse(found)
	return map[string]any{"events": eventViews(found), "next": next}, nil
}

const (
	// mostStreams is how many event streams may be open at once.
	mostStreams = 2048
	// streamPause is the least time between two messages that something changed.
	streamPause = time.Second
	// streamPulse tells a silent connection from a dead one.
	streamPulse = 15 * time.Second
	// mostNews is how many events one message carries: who knows fewer asks for them.
	mostNews = 50
	// streamWrite is how long a client may take to take a message.
	streamWrite = 10 * time.Second
)

// stream sends events as they come, and that something changed, at most once a
// second. Who falls behind gets the newest events and not all.
func (d *Dashboard) stream(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // has no body, and would have no end
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	select {
	case d.streams <- struct{}{}:
		defer func() { <-d.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d event streams are open already", mostStreams))
		return
	}
	s := streamer{d: d, w: w, out: http.NewResponseController(w), sent: d.startOf(r)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.run(r)
}

// startOf is the number of the last event that the client knows.
func (d *Dashboard) startOf(r *http.Request) uint64 {
	if last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		return min(last, d.newest()) // a number of an earlier process may be larger
	}
	return d.newest()
}

func (d *Dashboard) newest() uint64 {
	if events := d.cfg.Book.Events(0, nil, 1); len(events) > 0 {
		return events[0].Seq
	}
	return 0
}

// streamer is one open stream.
type streamer struct {
	d    *Dashboard
	w    http.ResponseWriter
	out  *http.ResponseController
	sent uint64
}

func (s *streamer) run(r *http.Request) {
	pulse := time.NewTicker(streamPulse)
	defer pulse.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	text := []byte("retry: 3000\n\n")
	for s.send(text) {
		select {
		case <-r.Context().Done():
			return
		case <-pause.C: // not before the pause is over
		}
		moved := s.d.cfg.Book.Moved()
		if text = s.news(); len(text) == 0 {
			select {
			case <-r.Context().Done():
				return
			case <-moved:
				text = append(s.news(), "event: moved\ndata: {}\n\n"...)
			case <-pulse.C:
				text = []byte(": still here\n\n")
			}
		}
		pause.Reset(streamPause)
	}
}

// news are the events since the last that was sent.
func (s *streamer) news() []byte {
	var b bytes.Buffer
	for _, e := range eventViews(s.d.cfg.Book.Events(s.sent, nil, mostNews)) {
		data, _ := json.Marshal(e)
		fmt.Fprintf(&b, "id: %d\nevent: event\ndata: %s\n\n", e.Seq, data)
		s.sent = e.Seq
	}
	return b.Bytes()
}

// send tells whether the client took it.
func (s *streamer) send(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	// The connection's clock is the machine's, whatever that of the jobs is. A writer
	// without deadlines is bounded by its server.
	_ = s.out.SetWriteDeadline(time.Now().Add(streamWrite))
	if _, err := s.w.Write(text); err != nil {
		return false
	}
	if s.out.Flush() != nil {
		return false
	}
	_ = s.out.SetWriteDeadline(time.Time{}) // over HTTP/2 it would end a stream that is merely quiet
	return true
}
