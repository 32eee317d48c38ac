package dashboard

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLS serves the certificate and key of two files (PEM), over HTTP/2 where clients
// know it. When the files change, connections from then on get what they hold; files
// that do not fit together are logged once, and the certificate before them stays. It
// fails if they cannot be read now.
func TLS(certFile, keyFile string, logger *slog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	c.stamp = c.look()
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu    sync.Mutex
	pair  *tls.Certificate
	stamp [2]stamp // of the files when they were read last
}

// stamp tells one content of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

func (c *certificate) look() [2]stamp {
	var all [2]stamp
	for i, file := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(file); err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	c.pair = &pair
	return nil
}

// get is the certificate for a new connection.
func (c *certificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.look(); now != c.stamp {
		c.stamp = now
		if err := c.load(); err != nil {
			c.logger.LogAttrs(hello.Context(), slog.LevelWarn, "the certificate is not renewed", slog.String("error", err.Error()))
		} else {
			c.logger.LogAttrs(hello.Context(), slog.LevelInfo, "the certificate is renewed", slog.String("file", c.certFile))
		}
	}
	return c.pair, nil
}
