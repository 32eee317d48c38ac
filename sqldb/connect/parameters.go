package connect

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/sqldb"
)

// tlsModes are the values of sslmode, sslMode and tls of all drivers.
var tlsModes = map[string]sqldb.TLSMode{
	"disable": sqldb.TLSDisable, "disabled": sqldb.TLSDisable, "false": sqldb.TLSDisable,
	"allow": sqldb.TLSPrefer, "prefer": sqldb.TLSPrefer, "preferred": sqldb.TLSPrefer,
	"require": sqldb.TLSRequire, "required": sqldb.TLSRequire, "trust": sqldb.TLSRequire, "skip-verify": sqldb.TLSRequire,
	"verify-ca": sqldb.TLSVerifyCA, "verify_ca": sqldb.TLSVerifyCA,
	"verify-full": sqldb.TLSVerifyFull, "verify_identity": sqldb.TLSVerifyFull, "verify-identity": sqldb.TLSVerifyFull, "true": sqldb.TLSVerifyFull,
}

// parameters reads what stands behind the question mark.
func (t *Target) parameters(given url.Values, jdbc bool) (ignored []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		set, known := settings[strings.ToLower(name)]
		if !known && jdbc {
			ignored = append(ignored, name)
			continue
		}
		if !known {
			return nil, fmt.Errorf("address of a database: parameter %s is not known: want user, password, host, sslmode, sslrootcert, sslcert, sslkey, connections, connect_timeout or statement_timeout", name)
		}
		if err := set(t, name, given.Get(name)); err != nil {
			return nil, fmt.Errorf("address of a database: %w", err)
		}
	}
	return ignored, nil
}

// setting takes the value of a parameter by the name that it was given.
type setting func(t *Target, name, value string) error

// settings are the parameters by their names in lower case.
var settings = map[string]setting{
	"user":     plain(func(s *sqldb.Server) *string { return &s.User }),
	"password": func(t *Target, _, value string) error { t.Server.Password = sqldb.Secret(value); return nil },
	"host":     (*Target).socket,

	"sslmode": (*Target).tls, "tls": (*Target).tls, "ssl": (*Target).tls, "usessl": (*Target).tls,
	"sslrootcert": caFile, "serversslcert": caFile, "ca": caFile,
	"sslcert": certFile, "cert": certFile,
	"sslkey": keyFile, "key": keyFile,

	"connections": (*Target).connections, "pool_max_conns": (*Target).connections,
	"connect_timeout": (*Target).connectTimeout, "statement_timeout": (*Target).statementTimeout,
}

var (
	caFile   = plain(func(s *sqldb.Server) *string { return &s.TLS.CAFile })
	certFile = plain(func(s *sqldb.Server) *string { return &s.TLS.CertFile })
	keyFile  = plain(func(s *sqldb.Server) *string { return &s.TLS.KeyFile })
)

// plain is a parameter of which any text will do.
func plain(of func(*sqldb.Server) *string) setting {
	return func(t *Target, _, value string) error {
		*of(&t.Server) = value
		return nil
	}
}

// socket is the host as libpq writes a directory.
func (t *Target) socket(name, value string) error {
	if !strings.HasPrefix(value, "/") {
		return fmt.Errorf("%s: want the path of a socket; another host stands before the database", name)
	}
	t.Server.Address = value
	return nil
}

func (t *Target) connections(name, value string) (err error) {
	if t.Server.Connections, err = strconv.Atoi(value); err != nil || t.Server.Connections < 1 {
		return fmt.Errorf("%s: want a number of at least 1", name)
	}
	return nil
}

func (t *Target) connectTimeout(name, value string) error {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 1 {
		return fmt.Errorf("%s: want seconds, at least 1", name)
	}
	t.Server.Deadlines.Connect = time.Duration(seconds) * time.Second
	return nil
}

func (t *Target) statementTimeout(name, value string) (err error) {
	d := &t.Server.Deadlines.Statement
	if *d, err = time.ParseDuration(value); err != nil || *d <= 0 {
		return fmt.Errorf("%s: want a duration such as 10s", name)
	}
	return nil
}

// tls reads a mode. A driver's plain `ssl=true` asks for a certificate that is
// verified, `useSSL=true` for encryption alone.
func (t *Target) tls(name, value string) error {
	mode, known := tlsModes[strings.ToLower(value)]
	if !known {
		return fmt.Errorf("%s=%s: want disable, prefer, require, verify-ca or verify-full", name, value)
	}
	if strings.EqualFold(name, "useSSL") && mode == sqldb.TLSVerifyFull {
		mode = sqldb.TLSRequire
	}
	t.Server.TLS.Mode = mode
	return nil
}
