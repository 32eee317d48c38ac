package dashboard

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
)

// listen opens an event stream; its lines come until the test ends.
func listen(t *testing.T, url string, headers ...string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/events/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the stream is answered with %s", response.Status)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer response.Body.Close()
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// hear waits for a line that contains the text.
func hear(t *testing.T, lines <-chan string, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("the stream ended before %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-deadline:
			t.Fatalf("%q was not heard", text)
		}
	}
}

func tellBook(t *testing.T, b *fleet.Book, message string) {
	t.Helper()
	job := &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: "j"}, Name: "orders"}
	if err := b.Handle(context.Background(), job, autoscaler.Event{At: began, Reason: "Scaling", Message: message}); err != nil {
		t.Fatal(err)
	}
}

func TestEventsComeAsTheyHappen(t *testing.T) {
	book := fleet.NewBook(func() time.Time { return began })
	tellBook(t, book, "before")
	server := served(t, Config{Book: book})
	lines := listen(t, server.URL)
	hear(t, lines, "retry:")
	tellBook(t, book, "first")
	hear(t, lines, `"message":"first"`)
	again := listen(t, server.URL, "Last-Event-ID", "1")
	hear(t, again, `"message":"first"`)
	tellBook(t, book, "second")
	hear(t, lines, `"message":"second"`)
	hear(t, again, `"message":"second"`)
	// A number of an earlier process is larger than any of this one.
	restarted := listen(t, server.URL, "Last-Event-ID", "99")
	hear(t, restarted, "retry:")
	tellBook(t, book, "third")
	hear(t, restarted, `"message":"third"`)
}

func TestAThousandStreamsLeaveRoomForOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("left to the full run")
	}
	book := busyBook(t, 10)
	server := served(t, Config{Book: book})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	streams := make([]<-chan string, 1000)
	for i := range streams {
		streams[i] = listen(t, server.URL)
	}
	for i := range 50 {
		tellBook(t, book, fmt.Sprint("news ", i))
	}
	for _, lines := range streams {
		hear(t, lines, `"news 49"`)
	}
	response, err := http.Get(server.URL + "/api/v1/jobs")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("others are not served: %v %v", response, err)
	}
	_ = response.Body.Close()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 200<<20 {
		t.Errorf("1,000 streams, both ends of them, hold %d MiB", grown>>20)
	}
	for range mostStreams - len(streams) {
		listen(t, server.URL)
	}
	response, err = http.Get(server.URL + "/api/v1/events/stream")
	if err != nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stream too many: %v %v, want 503", response, err)
	}
	if err == nil {
		_ = response.Body.Close()
	}
}
