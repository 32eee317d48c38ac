package rest

import (
	"context"
	"errors"
	"testing"
	"time"
)

// At full speed hours pass while requests are answered, and the end of the context
// ends it all.
func TestServeMovesTheClockAndAnswers(t *testing.T) {
	s := serve(t, Max, "2.3")
	s.server.now = time.Now
	l, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	if host := l.Addr().String(); host[:9] != "127.0.0.1" {
		t.Errorf("without a host it listens at %s", host)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l) }()
	s.http.Close()
	s.http.URL = "http://" + l.Addr().String()
	for {
		if c := must[clockBody](s, "GET", "/twin/v1/clock", ""); c.Now.Sub(c.Start) > time.Hour {
			break
		}
	}
	s.http.Client().CloseIdleConnections()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}
