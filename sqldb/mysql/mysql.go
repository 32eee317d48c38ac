// Package mysql opens MySQL and MariaDB databases for [sqldb].
package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/sluice-project/sluice/sqldb"
)

// Open connects to a server. Later connections are made as they are needed, also
// after the server was away. The error names the server and says what to do.
func Open(ctx context.Context, s sqldb.Server) (*sqldb.DB, error) {
	about := sqldb.Driver{
		Dialect: sqldb.MySQL, Kind: kindOf,
		Place: fmt.Sprintf("MySQL or MariaDB at %s, database %s, user %s", s.Address, s.Database, s.User),
	}
	config, err := configOf(&s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", about.Place, err)
	}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return nil, about.Failed("open", err)
	}
	pool := sql.OpenDB(readCommitted{connector})
	pool.SetMaxOpenConns(s.MaxConnections())
	pool.SetMaxIdleConns(s.MaxConnections())
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db := sqldb.New(pool, pool, about, s.Deadlines)
	if err := db.Check(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func configOf(s *sqldb.Server) (*driver.Config, error) {
	d := s.Deadlines.OrDefault()
	c := driver.NewConfig()
	c.User, c.Passwd, c.Addr, c.DBName = s.User, string(s.Password), s.Address, s.Database
	c.Net = "tcp"
	if strings.HasPrefix(s.Address, "/") {
		c.Net = "unix"
	}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = d.Connect, d.Transaction, d.Statement
	c.InterpolateParams = true // one round trip a statement
	c.ClientFoundRows = true   // rows found count, not rows changed
	c.Logger = silent{}        // errors are returned
	c.Params = map[string]string{
		"innodb_lock_wait_timeout": strconv.Itoa(max(1, int(d.Statement.Seconds()))),
		"sql_mode":                 "'STRICT_ALL_TABLES'",
	}
	host, _, _ := net.SplitHostPort(s.Address)
	config, err := s.TLS.Config(host)
	if err != nil {
		return nil, err
	}
	if c.Net == "tcp" {
		c.TLS = config
		c.AllowFallbackToPlaintext = s.TLS.Mode == "" || s.TLS.Mode == sqldb.TLSPrefer
	}
	return c, nil
}

// readCommitted gives connections on which a statement reads what is committed
// when it runs, as in the other dialects. The variable's name differs between
// MySQL and MariaDB, the statement does not.
type readCommitted struct{ sqldriver.Connector }

// Connect implements [sqldriver.Connector].
func (c readCommitted) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.(sqldriver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// silent keeps the driver from writing to standard error.
type silent struct{}

func (silent) Print(...any) {}

// kindOf says what an error of the driver means, by the server's numbers.
func kindOf(err error) sqldb.Kind {
	if failure, ok := errors.AsType[*driver.MySQLError](err); ok {
		return kindOfNumber(failure.Number)
	}
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, unproven := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if authority || name || invalid || unproven || alert || errors.Is(err, driver.ErrNoTLS) {
		return sqldb.KindTLS
	}
	if errors.Is(err, driver.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) {
		return sqldb.KindUnavailable
	}
	return sqldb.KindOther
}

func kindOfNumber(number uint16) sqldb.Kind {
	switch number {
	case 1213, 1205, 1020: // deadlock, lock wait, record has changed since last read
		return sqldb.KindConflict
	case 1062:
		return sqldb.KindDuplicate
	case 1021, 1114, 1030, 3:
		return sqldb.KindFull
	case 1290, 1836, 1792:
		return sqldb.KindReadOnly
	case 1034, 1194, 1195, 145:
		return sqldb.KindCorrupt
	case 1044, 1045, 1049, 1142, 1143, 1227, 1698:
		return sqldb.KindDenied
	case 1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1317, 1969, 3024, 1927:
		return sqldb.KindUnavailable
	}
	return sqldb.KindOther
}
