package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/eventtest"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// receiver takes events over HTTP, or does not.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	taken    []Message
	bodies   []string
	attempts int
	// ids are those that were taken, and repeated counts what came again: a receiver
	// goes by ids, since an answer may come too late.
	ids      map[string]bool
	repeated int
	// answer says what to answer; nil takes everything.
	answer func(m *Message, w http.ResponseWriter) (status int)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{ids: map[string]bool{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	var m Message
	_ = json.Unmarshal(body, &m) // a template gives something else
	r.mu.Lock()
	answer := r.answer
	r.attempts++
	r.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(&m, w)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if status/100 == 2 && r.ids[m.ID] {
		r.repeated++
	} else if status/100 == 2 {
		r.ids[m.ID] = true
		r.taken, r.bodies, r.requests = append(r.taken, m), append(r.bodies, string(body)), append(r.requests, request)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "the answer\n of the receiver")
}

func (r *receiver) behave(answer func(*Message, http.ResponseWriter) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) func(*Message, http.ResponseWriter) int {
	return func(*Message, http.ResponseWriter) int { return code }
}

func (r *receiver) got() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

func (r *receiver) tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts
}

// texts are the messages that were taken, in their order.
func (r *receiver) texts() []string {
	var texts []string
	for _, m := range r.got() {
		texts = append(texts, m.Message)
	}
	return texts
}

func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ask() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in time", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// logged is a log that a test may read meanwhile.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// begin runs a handler until stop is called or the test ends.
func begin(t *testing.T, cfg Config) (h *Handler, log *logged, stop func()) {
	t.Helper()
	log = &logged{}
	cfg.Log, cfg.Now = slog.New(slog.NewTextHandler(log, nil)), func() time.Time { return noon }
	if cfg.Name == "" {
		cfg.Name = "ops"
	}
	cfg.Owner, cfg.beat = newID(), 50*time.Millisecond
	if cfg.First == 0 {
		cfg.First, cfg.Longest = 5*time.Millisecond, 20*time.Millisecond
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { h.Run(ctx) })
	stop = func() { cancel(); run.Wait() }
	t.Cleanup(stop)
	return h, log, stop
}

func job(id string) *autoscaler.JobContext {
	return &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(id)}, Name: "clicks"}
}

func tell(t *testing.T, h *Handler, id, text string) {
	t.Helper()
	if err := h.Handle(t.Context(), job(id), autoscaler.Event{At: noon, Type: autoscaler.EventNormal, Reason: "Scaling", Message: text}); err != nil {
		t.Fatal(err)
	}
}

func TestHandlerConforms(t *testing.T) {
	eventtest.Run(t, func(t *testing.T) eventtest.Subject {
		r := newReceiver(t)
		h, _, _ := begin(t, Config{URL: sqldb.Secret(r.URL)})
		return eventtest.Subject{Handler: h, Told: func(t *testing.T) []eventtest.Telling {
			eventually(t, "the queue is empty", func() bool { return h.waiting() == 0 })
			var told []eventtest.Telling
			for _, m := range r.got() {
				told = append(told, eventtest.Telling{
					Job:  autoscaler.JobKey{Cluster: m.Cluster, Job: flink.JobID(m.Job)},
					Type: autoscaler.EventType(m.Type), Reason: m.Reason, Message: m.Message,
				})
			}
			return told
		}}
	})
}

func TestARequestHoldsTheEventAndIsSigned(t *testing.T) {
	r := newReceiver(t)
	h, _, _ := begin(t, Config{URL: sqldb.Secret(r.URL + "/hook?a=b"), Secret: "key", Headers: map[string]sqldb.Secret{"Authorization": "Bearer x"}})
	e := autoscaler.Event{
		At: noon, Type: autoscaler.EventWarning, Reason: "ScalingReport", Message: "2 <> 3 & \"more\"",
		Changes: []autoscaler.Change{{Vertex: "v", Name: "map", From: 2, To: 3, Capacity: 10.5, ExpectedCapacity: math.Inf(1), TargetRate: math.NaN()}},
	}
	if err := h.Handle(t.Context(), job("j1"), e); err != nil {
		t.Fatal(err)
	}
	eventually(t, "delivery", func() bool { return len(r.got()) == 1 })
	id := r.got()[0].ID
	want := `{"id":"` + id + `","time":"2026-07-01T12:00:00Z","type":"Warning","reason":"ScalingReport","message":"2 <> 3 & \"more\"","cluster":"prod","job":"j1","name":"clicks",` +
		`"changes":[{"vertex":"v","name":"map","from":2,"to":3,"capacity":10.5,"expectedCapacity":null,"targetRate":null}]}`
	if r.bodies[0] != want || len(id) != 32 {
		t.Errorf("got  %s\nwant %s", r.bodies[0], want)
	}
	request := r.requests[0]
	mac := hmac.New(sha256.New, []byte("key"))
	fmt.Fprintf(mac, "%d.%s", noon.Unix(), want)
	headers := map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer x", IDHeader: id,
		SignatureHeader: fmt.Sprintf("t=%d,v1=%s", noon.Unix(), hex.EncodeToString(mac.Sum(nil))),
	}
	for name, value := range headers {
		if got := request.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if request.Method != http.MethodPost || request.URL.String() != "/hook?a=b" {
		t.Errorf("%s %s", request.Method, request.URL)
	}
}

func TestOnlyWhatIsWantedIsTold(t *testing.T) {
	r := newReceiver(t)
	h, _, _ := begin(t, Config{URL: sqldb.Secret(r.URL), Types: []autoscaler.EventType{autoscaler.EventWarning}, Reasons: []string{"ScalingLimited", "End"}})
	for _, e := range []autoscaler.Event{
		{Type: autoscaler.EventNormal, Reason: "ScalingLimited", Message: "normal"},
		{Type: autoscaler.EventWarning, Reason: "Other", Message: "other"},
		{Type: autoscaler.EventWarning, Reason: "ScalingLimited", Message: "both"},
		{Type: autoscaler.EventWarning, Reason: "End", Message: "end"},
	} {
		if err := h.Handle(t.Context(), job("j1"), e); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "delivery", func() bool { return len(r.got()) == 2 })
	if got := r.texts(); !cmp.Equal(got, []string{"both", "end"}) {
		t.Error(got)
	}
}

func TestWhileAReceiverIsAwayNothingIsLostAndTheOrderIsKept(t *testing.T) {
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprint(i))
	}
	for name, broken := range map[string]func(*receiver) func(*Message, http.ResponseWriter) int{
		"500":  func(*receiver) func(*Message, http.ResponseWriter) int { return status(500) },
		"404":  func(*receiver) func(*Message, http.ResponseWriter) int { return status(404) },
		"401":  func(*receiver) func(*Message, http.ResponseWriter) int { return status(401) },
		"slow": func(*receiver) func(*Message, http.ResponseWriter) int { return slow },
		"cut": func(*receiver) func(*Message, http.ResponseWriter) int {
			return func(*Message, http.ResponseWriter) int { panic(http.ErrAbortHandler) }
		},
		"redirects": func(*receiver) func(*Message, http.ResponseWriter) int {
			return func(_ *Message, w http.ResponseWriter) int { w.Header().Set("Location", "/x"); return 307 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			h, log, _ := begin(t, Config{URL: sqldb.Secret(r.URL + "/TOKEN"), Timeout: 100 * time.Millisecond})
			tell(t, h, "j1", want[0])
			eventually(t, "first delivery", func() bool { return len(r.got()) == 1 })
			r.behave(broken(r))
			for _, text := range want[1:] {
				tell(t, h, "j1", text)
			}
			tries := r.tries()
			eventually(t, "attempts", func() bool { return r.tries() >= tries+3 })
			r.behave(nil)
			eventually(t, "all deliveries", func() bool { return h.waiting() == 0 })
			if got := r.texts(); !cmp.Equal(want, got) {
				t.Errorf("%v", got)
			}
			eventually(t, "the end is told", func() bool { return strings.Contains(log.String(), "takes events again") })
			if strings.Count(log.String(), "takes no events") != 1 || strings.Contains(log.String(), "TOKEN") {
				t.Error(log)
			}
		})
	}
}

// slow answers after the handler's deadline.
func slow(_ *Message, _ http.ResponseWriter) int {
	<-time.After(150 * time.Millisecond)
	return 500
}

func TestAnEventThatIsRefusedDoesNotStandInTheWay(t *testing.T) {
	for _, code := range []int{400, 413, 422} {
		r := newReceiver(t)
		r.behave(func(m *Message, _ http.ResponseWriter) int {
			if m.Message == "bad" {
				return code
			}
			return 200
		})
		h, log, _ := begin(t, Config{URL: sqldb.Secret(r.URL)})
		tell(t, h, "j1", "bad")
		tell(t, h, "j1", "good")
		eventually(t, "delivery", func() bool { return len(r.got()) == 1 })
		if r.tries() != 2 || !strings.Contains(log.String(), "refuses") || !strings.Contains(log.String(), "the answer of the receiver") {
			t.Errorf("%d: %d tries, %s", code, r.tries(), log)
		}
	}
}

func TestAReceiverIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	h := &Handler{cfg: Config{First: time.Second, Longest: time.Minute}}
	for _, c := range []struct {
		failures    int
		asked       time.Duration
		least, most time.Duration
	}{
		{failures: 1, least: 750 * time.Millisecond, most: time.Second},
		{failures: 3, least: 3 * time.Second, most: 4 * time.Second},
		{failures: 50, least: 45 * time.Second, most: time.Minute},
		{failures: 1, asked: 10 * time.Minute, least: 10 * time.Minute, most: 10 * time.Minute},
		{failures: 1, asked: 24 * time.Hour, least: time.Hour, most: time.Hour},
	} {
		for range 50 {
			if got := h.backOff(c.failures, c.asked); got < c.least || got > c.most {
				t.Errorf("%+v: %s", c, got)
			}
		}
	}
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, noon.Add(time.Hour).Format(http.TimeFormat): time.Hour, noon.Add(-time.Hour).Format(http.TimeFormat): 0, "": 0, "soon": 0, "-5": 0,
	} {
		if got := retryAfter(text, noon); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestOfTooManyEventsTheOldestGoAndTheLogSaysHowMany(t *testing.T) {
	r := newReceiver(t)
	r.behave(status(503))
	h, log, _ := begin(t, Config{URL: sqldb.Secret(r.URL), Capacity: 5})
	tell(t, h, "j1", "0")
	eventually(t, "an attempt", func() bool { return r.tries() > 0 })
	for i := 1; i < 20; i++ {
		tell(t, h, "j1", fmt.Sprint(i))
	}
	r.behave(nil)
	eventually(t, "delivery", func() bool { return h.waiting() == 0 })
	// The first one may have been under way.
	if got := r.texts(); len(got) != 5 || !cmp.Equal(got[1:], []string{"16", "17", "18", "19"}) {
		t.Error(got)
	}
	eventually(t, "the log", func() bool { return strings.Contains(log.String(), "dropped=") })
}

func TestWithoutADatabaseTheEndSendsWhatWaitsOrSaysHowManyAreLost(t *testing.T) {
	r := newReceiver(t)
	r.behave(status(503))
	h, log, stop := begin(t, Config{URL: sqldb.Secret(r.URL), First: time.Hour, Longest: time.Hour})
	tell(t, h, "j1", "a")
	tell(t, h, "j1", "b")
	eventually(t, "an attempt", func() bool { return r.tries() == 1 })
	r.behave(nil)
	stop()
	if got := r.texts(); !cmp.Equal(got, []string{"a", "b"}) || strings.Contains(log.String(), "lost") {
		t.Error(got, log)
	}
	r.behave(status(503))
	h, log, stop = begin(t, Config{URL: sqldb.Secret(r.URL), First: time.Hour, Longest: time.Hour})
	tell(t, h, "j1", "c")
	stop()
	if !strings.Contains(log.String(), "lost=1") {
		t.Error(log)
	}
}

func TestWhatWaitsInTheDatabaseIsDeliveredByTheNextProcessInOrder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		r := newReceiver(t)
		r.behave(status(500))
		h, _, stop := begin(t, Config{URL: sqldb.Secret(r.URL), DB: sqldbtest.Open(t, url)})
		for i := range 10 {
			tell(t, h, "j1", fmt.Sprint(i))
		}
		stop()
		r.behave(nil)
		db := sqldbtest.Open(t, url)
		h, _, stop = begin(t, Config{URL: sqldb.Secret(r.URL), DB: db})
		tell(t, h, "j1", "10")
		eventually(t, "delivery", func() bool { return len(r.got()) == 11 })
		if got := r.texts(); !cmp.Equal(got, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}) {
			t.Error(got)
		}
		stop()
		for _, table := range []string{"sluice_webhook_queue", "sluice_webhook_sender"} {
			var n int
			if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows stay in %s, %v", n, table, err)
			}
		}
	})
}

func TestWhatADeadProcessLeftIsTakenOverByOneThatRuns(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		r := newReceiver(t)
		db := sqldbtest.Open(t, url)
		// A process that has queued and is gone, as after kill -9.
		dead := &journal{db: db, webhook: "ops", owner: "dead", clock: func() time.Duration { return 0 }, log: slog.New(slog.DiscardHandler)}
		for _, text := range []string{"1", "2"} {
			if _, err := dead.save(t.Context(), Message{ID: newID(), Job: "j1", Cluster: "prod", Message: text}); err != nil {
				t.Fatal(err)
			}
		}
		h, _, _ := begin(t, Config{URL: sqldb.Secret(r.URL), DB: db})
		tell(t, h, "j2", "other job")
		tell(t, h, "j1", "3")
		eventually(t, "the other job", func() bool { return len(r.got()) == 1 })
		if _, err := db.Exec(t.Context(), "UPDATE sluice_webhook_sender SET alive_until = 0 WHERE owner = 'dead'"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "all", func() bool { return len(r.got()) == 4 })
		if got := r.texts(); !cmp.Equal(got, []string{"other job", "1", "2", "3"}) {
			t.Error(got)
		}
	})
}

// A save whose answer got lost has left a row that memory does not know, and is
// made again; and a row may be spoilt.
func TestRowsThatMemoryDoesNotKnowStandInNobodysWay(t *testing.T) {
	r := newReceiver(t)
	r.behave(status(503))
	db := sqldbtest.Open(t, "sqlite:"+t.TempDir()+"/w.db")
	h, log, _ := begin(t, Config{URL: sqldb.Secret(r.URL), DB: db})
	lost := Message{ID: newID(), Job: "j1", Cluster: "prod", Message: "lost"}
	if _, err := h.journal.save(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "INSERT INTO sluice_webhook_queue (webhook, owner, job_key, value) VALUES ('ops', ?, 'prod/j1', '{')", h.cfg.Owner); err != nil {
		t.Fatal(err)
	}
	tell(t, h, "j1", "next")
	r.behave(nil)
	eventually(t, "delivery", func() bool { return len(r.got()) == 2 })
	if got := r.texts(); !cmp.Equal(got, []string{"lost", "next"}) || !strings.Contains(log.String(), "cannot be read") {
		t.Error(got, log)
	}
}

func TestWhileTheDatabaseIsAwayTheReceiverIsTold(t *testing.T) {
	s := realdb.NewMariaDB(t, realdb.Config{})
	r := newReceiver(t)
	h, log, stop := begin(t, Config{URL: sqldb.Secret(r.URL), DB: sqldbtest.Open(t, s.NewDatabase(t))})
	tell(t, h, "j1", "before")
	s.Kill(t)
	tell(t, h, "j1", "during")
	eventually(t, "delivery", func() bool { return len(r.got()) == 2 })
	r.behave(status(503))
	tell(t, h, "j1", "waits")
	eventually(t, "the log tells", func() bool { return strings.Contains(log.String(), "in memory alone") })
	s.Start(t)
	eventually(t, "the log tells", func() bool { return strings.Contains(log.String(), "in the database again") })
	stop()
	var n int
	if err := h.cfg.DB.QueryRow(t.Context(), "SELECT COUNT(*) FROM sluice_webhook_queue").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows wait, %v", n, err)
	}
}

func TestAddressesAndSecretsAreShownNowhere(t *testing.T) {
	_, err := New(Config{Name: "ops", URL: "ftp://host/TOKEN"})
	if err == nil || strings.Contains(err.Error(), "TOKEN") {
		t.Error(err)
	}
	h, log, _ := begin(t, Config{URL: "http://127.0.0.1:1/TOKEN", Secret: "TOKEN"})
	tell(t, h, "j1", "a")
	eventually(t, "the log tells", func() bool { return strings.Contains(log.String(), "takes no events") })
	if strings.Contains(log.String(), "TOKEN") || strings.Contains(fmt.Sprintf("%v %+v %#v", h.cfg, h.cfg, h.cfg), "TOKEN") {
		t.Error(log, h.cfg)
	}
}
