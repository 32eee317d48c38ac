// Package postgres opens PostgreSQL databases for [sqldb].
package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sluice-project/sluice/sqldb"
)

// Open connects to a server. Later connections are made as they are needed, also
// after the server was away. The error names the server and says what to do.
func Open(ctx context.Context, s sqldb.Server) (*sqldb.DB, error) {
	about := sqldb.Driver{
		Dialect: sqldb.Postgres, Kind: kindOf,
		Place: fmt.Sprintf("PostgreSQL at %s, database %s, user %s", s.Address, s.Database, s.User),
	}
	config, err := configOf(&s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", about.Place, err)
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(s.MaxConnections())
	pool.SetMaxIdleConns(s.MaxConnections())
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db := sqldb.New(pool, pool, about, s.Deadlines)
	if err := db.Check(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func configOf(s *sqldb.Server) (*pgx.ConnConfig, error) {
	// Parsing gives a complete configuration; whatever the environment said for
	// libpq is set over.
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	host, port, err := hostAndPort(s.Address)
	if err != nil {
		return nil, err
	}
	d := s.Deadlines.OrDefault()
	config.Host, config.Port = host, port
	config.Database, config.User, config.Password = s.Database, s.User, string(s.Password)
	config.ConnectTimeout = d.Connect
	config.DialFunc = (&net.Dialer{Timeout: d.Connect, KeepAlive: 15 * time.Second}).DialContext
	config.RuntimeParams = map[string]string{
		"application_name":                    "sluice",
		"statement_timeout":                   milliseconds(d.Statement),
		"lock_timeout":                        milliseconds(d.Statement),
		"idle_in_transaction_session_timeout": milliseconds(d.Transaction),
	}
	config.Fallbacks = nil
	if config.TLSConfig, err = s.TLS.Config(host); err != nil {
		return nil, err
	}
	if strings.HasPrefix(host, "/") {
		config.TLSConfig = nil // a socket of this machine is never encrypted
	}
	if config.TLSConfig != nil && (s.TLS.Mode == "" || s.TLS.Mode == sqldb.TLSPrefer) {
		config.Fallbacks = []*pgconn.FallbackConfig{{Host: host, Port: port}}
	}
	return config, nil
}

func hostAndPort(address string) (string, uint16, error) {
	if strings.HasPrefix(address, "/") {
		return address, 5432, nil
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return host, uint16(port), err
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// kindOf says what an error of the driver means, by the codes of appendix A of
// PostgreSQL's manual.
func kindOf(err error) sqldb.Kind {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return kindOfCode(failure.Code)
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, unproven := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if record || authority || name || invalid || unproven || alert || strings.Contains(err.Error(), "server refused TLS connection") {
		return sqldb.KindTLS
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.Timeout(err) {
		return sqldb.KindUnavailable
	}
	if errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "conn closed") {
		return sqldb.KindUnavailable
	}
	return sqldb.KindOther
}

func kindOfCode(code string) sqldb.Kind {
	switch code {
	case "40001", "40P01", "55P03":
		return sqldb.KindConflict
	case "23505":
		return sqldb.KindDuplicate
	case "53100", "53200", "54000":
		return sqldb.KindFull
	case "25006":
		return sqldb.KindReadOnly
	case "57014", "25P03":
		return sqldb.KindUnavailable
	case "42501", "3D000":
		return sqldb.KindDenied
	case "XX001", "XX002":
		return sqldb.KindCorrupt
	}
	switch code[:2] {
	case "28":
		return sqldb.KindDenied
	case "08", "57", "53": // connection, shut down or starting, too many connections
		return sqldb.KindUnavailable
	}
	return sqldb.KindOther
}
