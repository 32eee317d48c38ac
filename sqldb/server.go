package sqldb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
)

// Server is how to reach a database server.
type Server struct {
	// Address is host:port, or the path of a socket.
	Address string
	// Database and User are names; Password may be empty.
	Database, User string
	Password       Secret
	TLS            TLS
	// Connections bounds how many are open at once; default 10.
	Connections int
	Deadlines   Deadlines
}

// MaxConnections is Connections or its default.
func (s *Server) MaxConnections() int {
	if s.Connections > 0 {
		return s.Connections
	}
	return 10
}

// Secret is text that no log and no error shows.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// TLSMode says how much of a connection is encrypted and proven.
type TLSMode string

// The modes, from least to most. The empty mode is TLSPrefer.
const (
	// TLSDisable: never encrypted.
	TLSDisable TLSMode = "disable"
	// TLSPrefer: encrypted if the server can, by any certificate.
	TLSPrefer TLSMode = "prefer"
	// TLSRequire: encrypted, by any certificate.
	TLSRequire TLSMode = "require"
	// TLSVerifyCA: encrypted, by a certificate of an authority that we know.
	TLSVerifyCA TLSMode = "verify-ca"
	// TLSVerifyFull: the certificate names the host too.
	TLSVerifyFull TLSMode = "verify-full"
)

// TLS is how a connection is encrypted. Files are PEM.
type TLS struct {
	Mode TLSMode
	// CAFile holds the authorities; empty means those of the system.
	CAFile string
	// CertFile and KeyFile are shown to the server; both or none.
	CertFile, KeyFile string
}

// Config is the TLS of connections to a host; nil without encryption. It fails
// when a file cannot be read or the mode is unknown.
func (t TLS) Config(host string) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if err := t.files(config); err != nil {
		return nil, err
	}
	switch t.Mode {
	case TLSDisable:
		return nil, nil
	case "", TLSPrefer, TLSRequire:
		config.InsecureSkipVerify = true
	case TLSVerifyCA:
		config.InsecureSkipVerify = true // the chain is verified below, the name is not
		config.VerifyConnection = verifyChain(config)
	case TLSVerifyFull:
	default:
		return nil, fmt.Errorf("TLS mode %q: want %s, %s, %s, %s or %s", t.Mode, TLSDisable, TLSPrefer, TLSRequire, TLSVerifyCA, TLSVerifyFull)
	}
	return config, nil
}

func (t TLS) files(config *tls.Config) error {
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return fmt.Errorf("read the certificate authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read the certificate authorities: %s holds no PEM certificate", t.CAFile)
		}
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("a TLS certificate and its key belong together: name both or none")
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return fmt.Errorf("read the TLS certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return nil
}

func verifyChain(config *tls.Config) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}
		between := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: between})
		return err
	}
}
