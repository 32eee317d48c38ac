package dashboard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	// headerTimeout and readTimeout end connections that send too slowly.
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	// writeTimeout ends those that take too slowly; event streams set their own.
	writeTimeout = 60 * time.Second
	idleTimeout  = 2 * time.Minute
	mostHeader   = 64 << 10
	// lastAnswers is how long requests may go on after the end was asked for.
	lastAnswers = 3 * time.Second
)

// Address is an address to listen at: one without a host is the loopback.
func Address(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return text
}

// CheckAddress refuses an address beyond the loopback at which nobody is asked who
// is there, unless that is what is wanted.
func CheckAddress(address string, a Access, insecure bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address: want HOST:PORT or :PORT", address)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() || a.needed() || insecure {
		return nil
	}
	return fmt.Errorf("%s is reached from other machines, and nobody is asked who is there: give --operator-token-file (and --viewer-token-file), or sluice.server.user-header behind a proxy that signs people in; --insecure serves it to everybody", address)
}

// Exposed says in a sentence that tokens can be read on their way to an address;
// empty where they cannot, or there are none.
func Exposed(address string, a Access, secure bool) string {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	if secure || host == "localhost" || err == nil && ip.IsLoopback() || a.OperatorToken == "" && a.ViewerToken == "" {
		return ""
	}
	return "tokens and sessions go to " + address + " in the clear, and whoever is on the way can read them: give sluice.server.tls-cert-file and sluice.server.tls-key-file, or listen at the loopback behind a proxy that speaks TLS"
}

// URL is where a listener is reached from this machine.
func URL(at net.Addr, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	host := at.String()
	if tcp, is := at.(*net.TCPAddr); is && tcp.IP.IsUnspecified() {
		host = fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return scheme + "://" + host
}

// Serve serves a handler until ctx ends, over TLS if secure is not nil. Slow and
// silent clients are cut, and their number is bounded, for each address and in all.
func Serve(ctx context.Context, l net.Listener, secure *tls.Config, h http.Handler) error {
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler: kept(h), ConnContext: noted, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: mostHeader, BaseContext: func(net.Listener) context.Context { return base },
	}
	if d, is := h.(*Dashboard); is { // what clients do wrong is no news
		server.ErrorLog = slog.NewLogLogger(d.cfg.Logger.Handler(), slog.LevelDebug)
	}
	var at net.Listener = placed{l, newPlaces(mostConnections, mostSilent)}
	if secure != nil {
		at = tls.NewListener(at, secure)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(at) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the page: %w", err)
	case <-ctx.Done():
	}
	cut() // event streams would never end
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	err := server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if broken := <-ended; !errors.Is(broken, http.ErrServerClosed) {
		err = errors.Join(err, broken)
	}
	return err
}
