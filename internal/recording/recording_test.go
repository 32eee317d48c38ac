package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func exchange(seconds int, method, path, body string) Exchange {
	return Exchange{At: at(seconds), Method: method, Path: path, Status: 200, Body: []byte(body)}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := []Exchange{
		exchange(0, "GET", "/jobs?a=<b>&c", `{"x":"<é\u0001\n"}`+"\n"),
		{At: at(1), Method: "PUT", Path: "/jobs", Status: 404, Sent: []byte(`{"a":1}`), Body: []byte("\xff\x00binary")},
		{At: at(2), Method: "POST", Path: "/jars", Status: 204, Sent: []byte("\xfe")},
	}
	var first, second bytes.Buffer
	for _, file := range []*bytes.Buffer{&first, &second} {
		if err := Write(file, want); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same exchanges give other bytes")
	}
	got, err := Read(&first)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, changed (-written +read):\n%s", err, diff)
	}
}

func TestAPlainFileIsReadToo(t *testing.T) {
	got, err := Read(strings.NewReader(`{"at":"2026-01-02T03:04:05.678Z","method":"GET","path":"/jobs","status":200,"body":"{}"}` + "\n"))
	if diff := cmp.Diff([]Exchange{exchange(0, "GET", "/jobs", "{}")}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestBrokenFilesSayWhere(t *testing.T) {
	const good = `{"at":"2026-01-02T03:04:05Z","method":"GET","path":"/jobs","status":200}` + "\n"
	for text, want := range map[string]string{
		good + `{"at":`:                        "read recording: exchange 2: unexpected EOF",
		good + `{"at":"x"}`:                    "read recording: exchange 2: ",
		good + good + `{"method":"GET"}`:       "read recording: exchange 3 lacks at, method, path or status",
		strings.ReplaceAll(good, "/jobs", "j"): "read recording: exchange 1 lacks",
		"\x1f\x8bnot gzip":                     "read recording: ",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want …%s…", text, err, want)
		}
	}
}

func TestOfACutFileTheBeginningIsRead(t *testing.T) {
	var file bytes.Buffer
	writer := NewWriter(&file)
	if err := errors.Join(writer.Write(exchange(0, "GET", "/a", "{}")), writer.Flush()); err != nil {
		t.Fatal(err)
	}
	flushed := file.Len()
	if err := errors.Join(writer.Write(exchange(1, "GET", "/b", "{}")), writer.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(file.Bytes()[:flushed+3]))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1 || got[0].Path != "/a" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestThePlayerAnswersWithTheNewestUpToItsClock(t *testing.T) {
	player := play(t,
		exchange(10, "GET", "/jobs/overview", "at 10"),
		exchange(0, "GET", "/v1/jobs/overview", "at 0"),
		exchange(20, "GET", "/jobs/overview", "at 20"),
		exchange(5, "PUT", "/jobs/overview", "put"),
	)
	steps := []struct {
		advance int
		want    string
	}{{0, "at 0"}, {9, "at 0"}, {10, "at 10"}, {4, "at 10"}, {19, "at 10"}, {100, "at 20"}}
	for _, step := range steps {
		player.Advance(at(step.advance))
		if got := ask(t, player, "GET", "http://any:1/jobs/overview"); got != step.want {
			t.Errorf("at %d: %q, want %q", step.advance, got, step.want)
		}
	}
	if first, last := player.Span(); !first.Equal(at(0)) || !last.Equal(at(20)) || !player.Now().Equal(at(100)) {
		t.Errorf("from %s to %s, now %s", first, last, player.Now())
	}
	if got := ask(t, player, "PUT", "http://any:1/v1/jobs/overview"); got != "put" {
		t.Errorf("PUT is answered with %q", got)
	}
}

func TestTheOrderOfAQueryDoesNotMatter(t *testing.T) {
	player := play(t,
		exchange(0, "GET", "/metrics?get=b[1],a,c&agg=min,max", "values"),
		exchange(0, "GET", "/metrics", "names"),
		exchange(0, "GET", "/metrics?get=a", "one"),
	)
	for uri, want := range map[string]string{
		"/metrics?agg=max,min&get=c,b%5B1%5D,a":    "values",
		"/v1/metrics?get=a,b%5B1%5D,c&agg=min,max": "values",
		"/metrics":       "names",
		"/metrics?get=a": "one",
	} {
		if got := ask(t, player, "GET", "http://any"+uri); got != want {
			t.Errorf("%s is answered with %q, want %q", uri, got, want)
		}
	}
}

func TestWhatWasNotRecordedIsNamed(t *testing.T) {
	player := play(t, exchange(0, "GET", "/a", ""), exchange(7, "GET", "/b", ""))
	for uri, want := range map[string]string{
		"/c":   "play recording: GET /c was not recorded",
		"/a?x": "play recording: GET /a?x was not recorded",
		"/b":   "play recording: GET /b was first recorded at 2026-01-02T03:04:12.678Z, after 2026-01-02T03:04:05.678Z",
	} {
		response, err := player.RoundTrip(httptest.NewRequest("GET", "http://any"+uri, nil))
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := NewPlayer(nil); err == nil {
		t.Error("an empty recording can be played")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := player.RoundTrip(httptest.NewRequest("GET", "http://any/a", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled request is answered: %v", err)
	}
}

func TestTheRecorderWritesWhatThePlayerAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/jobs", http.StatusTemporaryRedirect)
		case "/torn":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		default:
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "got "+string(body))
		}
	}))
	defer server.Close()
	var file bytes.Buffer
	writer := NewWriter(&file)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	clock := 0
	recorder := NewRecorder(transport, func() time.Time { clock++; return at(clock) }, writer)

	request, err := http.NewRequestWithContext(context.Background(), "PUT", server.URL+"/jobs?x=1", strings.NewReader("sent"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer hunter2")
	response, err := recorder.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "got sent" {
		t.Errorf("the caller got %q, %v", body, err)
	}
	_ = response.Body.Close()
	_ = ask(t, recorder, "GET", server.URL+"/moved")
	torn, err := recorder.RoundTrip(httptest.NewRequest("GET", server.URL+"/torn", nil))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(torn.Body); string(body) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("of a torn body the caller got %q, %v", body, err)
	}
	_ = torn.Body.Close()
	if err := errors.Join(recorder.Err(), writer.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&file)
	want := []Exchange{{At: at(1), Method: "PUT", Path: "/jobs?x=1", Status: 202, Sent: []byte("sent"), Body: []byte("got sent")}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAFullDiskStopsTheRecordingOnly(t *testing.T) {
	next := play(t, exchange(0, "GET", "/a", strings.Repeat("x", 1<<20)))
	recorder := NewRecorder(next, func() time.Time { return start }, NewWriter(fullDisk{}))
	for range 3 {
		if got := ask(t, recorder, "GET", "http://any/a"); len(got) != 1<<20 {
			t.Fatal("the answer was lost")
		}
	}
	if !errors.Is(recorder.Err(), errFull) {
		t.Errorf("error is %v", recorder.Err())
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func play(t *testing.T, exchanges ...Exchange) *Player {
	t.Helper()
	player, err := NewPlayer(exchanges)
	if err != nil {
		t.Fatal(err)
	}
	return player
}

func ask(t *testing.T, transport http.RoundTripper, method, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
