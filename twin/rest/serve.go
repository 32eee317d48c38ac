package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// headTime bounds how long a client takes to say what it wants, farewell how
	// long requests may go on at the end.
	headTime = 10 * time.Second
	farewell = 2 * time.Second
)

// Listen listens at an address, such as 127.0.0.1:8081. Without a host it is the
// loopback.
func Listen(address string) (net.Listener, error) {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", address, err)
	}
	return l, nil
}

// Serve moves the clock, as Run does, and answers requests meanwhile. It closes the
// listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{Handler: s, ReadHeaderTimeout: headTime}
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(l)
		cancel()
	}()
	err := s.Run(ctx)
	last, done := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer done()
	if server.Shutdown(last) != nil {
		_ = server.Close() // who does not end is cut off
	}
	if broken := <-ended; !errors.Is(broken, http.ErrServerClosed) {
		return fmt.Errorf("answer requests: %w", broken)
	}
	return err
}
