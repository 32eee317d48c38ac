package flink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Config says how to reach one cluster. Only Addresses is needed.
type Config struct {
	// Addresses are http(s)://host:port[/prefix], or host:port for http. Several
	// are the HA JobManagers of one cluster; the one that answered last is asked
	// first.
	Addresses []string
	// Timeout bounds a whole call, fail-over and body included; default 10 s.
	Timeout time.Duration
	// TLS is used with https addresses.
	TLS TLSConfig
	// BasicUser and BasicPassword are sent as basic authentication, BearerToken
	// as a bearer token; not both. They are sent to Addresses and to no other
	// host, whatever it is that redirects there.
	BasicUser     string
	BasicPassword Secret
	BearerToken   Secret
	// UserAgent names the caller; default "sluice".
	UserAgent string
	// Transport replaces the network, for tests and replay; TLS, DialTimeout and
	// MaxIdleConns are then without effect.
	Transport http.RoundTripper `json:"-"`
	// WrapTransport is laid around whatever transport is used, for recordings;
	// nil for nothing.
	WrapTransport func(http.RoundTripper) http.RoundTripper `json:"-"`
	// DialTimeout bounds the making of a connection; default 3 s, at most half
	// of Timeout.
	DialTimeout time.Duration
	// MaxIdleConns is how many connections are kept for the next requests;
	// default 32.
	MaxIdleConns int
	// MaxBodyBytes bounds a body after decompression; default 64 MiB.
	MaxBodyBytes int64
}

// TLSConfig names files in PEM form.
type TLSConfig struct {
	// CAFile holds certificates that are trusted beside those of the system.
	CAFile string
	// CertFile and KeyFile are shown to servers that ask for a certificate.
	CertFile, KeyFile string
	// ServerName is expected in the server's certificate instead of the host.
	ServerName string
	// InsecureSkipVerify accepts every certificate.
	InsecureSkipVerify bool
}

const (
	defaultTimeout     = 10 * time.Second
	defaultDialTimeout = 3 * time.Second
	defaultIdleConns   = 32
	defaultMaxBody     = 64 << 20
)

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = defaultDialTimeout
	}
	c.DialTimeout = min(c.DialTimeout, c.Timeout/2)
	if c.MaxIdleConns <= 0 {
		c.MaxIdleConns = defaultIdleConns
	}
	if c.MaxBodyBytes <= 0 {
		c.MaxBodyBytes = defaultMaxBody
	}
	if c.UserAgent == "" {
		c.UserAgent = "sluice"
	}
	return c
}

// parseAddresses reads the addresses in their order, without duplicates.
func parseAddresses(texts []string) ([]*url.URL, error) {
	if len(texts) == 0 {
		return nil, errors.New("flink: no address given; want http://host:port")
	}
	var addresses []*url.URL
	seen := map[string]bool{}
	for _, text := range texts {
		address, err := parseAddress(text)
		if err != nil {
			return nil, err
		}
		if !seen[address.String()] {
			seen[address.String()] = true
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

func parseAddress(text string) (*url.URL, error) {
	full := strings.TrimSpace(text)
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	switch {
	case strings.Contains(full, "@"):
		// Not even the host is shown: what stands before the @ may be misread.
		return nil, errors.New("flink: address with a user or password in it; give them as basic user and password")
	case err != nil:
		return nil, fmt.Errorf("flink: address %q is not a URL; want http://host:port", text)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("flink: address %q has the scheme %q; want http or https", text, u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("flink: address %q names no host; want http://host:port", text)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("flink: address %q has a query or fragment; want http://host:port[/prefix]", text)
	}
	if err := checkPort(u); err != nil {
		return nil, fmt.Errorf("flink: address %q: %w", text, err)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

func checkPort(u *url.URL) error {
	if u.Port() == "" {
		if strings.HasSuffix(u.Host, ":") {
			return errors.New("no port after the colon")
		}
		return nil
	}
	if _, err := net.LookupPort("tcp", u.Port()); err != nil || u.Port() == "0" {
		return fmt.Errorf("port %s is not between 1 and 65535", u.Port())
	}
	return nil
}

// authorization is the value of the header, or "" for none.
func (c Config) authorization() (string, error) {
	basic := c.BasicUser != "" || c.BasicPassword != ""
	switch {
	case basic && c.BearerToken != "":
		return "", errors.New("flink: both basic authentication and a bearer token given; want one")
	case c.BasicUser == "" && c.BasicPassword != "":
		return "", errors.New("flink: a basic password without a basic user")
	case basic:
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth(c.BasicUser, c.BasicPassword.Reveal())
		return request.Header.Get("Authorization"), nil
	case c.BearerToken == "":
		return "", nil
	}
	token := strings.TrimSpace(c.BearerToken.Reveal())
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("flink: the bearer token has spaces, line ends or other characters that no header can carry")
	}
	return "Bearer " + token, nil
}

// transport makes the one pool of connections of a client.
func (c Config) transport() (http.RoundTripper, error) {
	if c.Transport != nil {
		return c.Transport, nil
	}
	tlsConfig, err := c.TLS.load()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: c.DialTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   c.DialTimeout,
		MaxIdleConns:          c.MaxIdleConns,
		MaxIdleConnsPerHost:   c.MaxIdleConns,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}, nil
}

func (t TLSConfig) load() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify,
	}
	if t.CAFile != "" {
		pool, err := loadCA(t.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, errors.New("flink: a client certificate needs both a certificate file and a key file")
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("flink: load client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func loadCA(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("flink: read CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("flink: CA file %s holds no certificate in PEM form", file)
	}
	return pool, nil
}
