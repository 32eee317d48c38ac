package realdb

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// User is who owns the databases, and may make new ones.
const User = "sluice"

// Password is that of [User]. It is of a form that must be written as %-sequences
// in a URL, and stands nowhere else: a test can look for it in what must not
// show it.
const Password = "s3cr3t/of@tests"

// Config is what a server of a test's own may need.
type Config struct {
	// TLS has the server encrypt connections where they are asked to be, with a
	// certificate for 127.0.0.1 and localhost. Without it the server refuses to.
	TLS bool
}

// Server is one database server. Its methods may be called from one test at a
// time, except for [Server.URL] and [Server.NewDatabase].
type Server struct {
	kind *kind
	dir  string
	port int
	ca   string
	args []string
	pid  int // 0 while it is stopped
}

// kind is a database that can be started.
type kind struct {
	name, scheme string
	// missing says which programs are not installed.
	missing func() error
	// prepare makes the data directory and returns the command that runs it.
	prepare func(s *Server, c Config) ([]string, error)
	// as is the user that runs it where root must not.
	as string
	// open is the pool of one user for one database.
	open func(s *Server, user, password, database string) (*sql.DB, error)
	// admin is who makes [User] on the first start, without a password.
	admin, adminDatabase string
	// setUp are the statements that do.
	setUp []string
	// stop is the signal that ends it and every connection in good order.
	stop syscall.Signal
}

var kinds struct {
	sync.Mutex
	shared map[*kind]*Server
}

// Postgres is the PostgreSQL server that all tests of the package share. Where
// PostgreSQL is not installed the test is skipped; with CI=true it fails.
func Postgres(t testing.TB) *Server { t.Helper(); return share(t, postgres) }

// MariaDB is the MariaDB server that all tests of the package share. Where
// MariaDB is not installed the test is skipped; with CI=true it fails.
func MariaDB(t testing.TB) *Server { t.Helper(); return share(t, mariadb) }

// NewPostgres starts a PostgreSQL server for one test.
func NewPostgres(t testing.TB, c Config) *Server { t.Helper(); return own(t, postgres, c) }

// NewMariaDB starts a MariaDB server for one test.
func NewMariaDB(t testing.TB, c Config) *Server { t.Helper(); return own(t, mariadb, c) }

func share(t testing.TB, k *kind) *Server {
	t.Helper()
	require(t, k)
	kinds.Lock()
	defer kinds.Unlock()
	if s := kinds.shared[k]; s != nil {
		return s
	}
	s, err := begin(k, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if kinds.shared == nil {
		kinds.shared = map[*kind]*Server{}
	}
	kinds.shared[k] = s
	return s
}

func own(t testing.TB, k *kind, c Config) *Server {
	t.Helper()
	require(t, k)
	s, err := begin(k, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.pid != 0 {
			s.signal(t, syscall.SIGKILL)
			s.wait()
		}
		s.removeFolder(t)
	})
	return s
}

// Address is the host and port on which it listens.
func (s *Server) Address() string { return net.JoinHostPort(loopback, strconv.Itoa(s.port)) }

// CAFile is the certificate of the authority that signed the server's, in PEM;
// empty without TLS.
func (s *Server) CAFile() string { return s.ca }

// URL is the address of a database on the server, with user and password, such
// as postgres://sluice:…@127.0.0.1:23456/name.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: s.kind.scheme, User: url.UserPassword(User, Password), Host: s.Address(), Path: "/" + database}
	return u.String()
}

var databases atomic.Int64

// NewDatabase makes an empty database and returns its URL. It is dropped when
// the test ends.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	s.Exec(t, "", "CREATE DATABASE "+name)
	t.Cleanup(func() { s.drop(name) })
	return s.URL(name)
}

// drop does what it can: the server may be stopped, or go with its folder.
func (s *Server) drop(name string) {
	statement := "DROP DATABASE IF EXISTS " + name
	if s.kind == postgres {
		statement += " WITH (FORCE)"
	}
	if s.pid != 0 {
		_ = s.exec(User, Password, "", statement)
	}
}

// Exec runs statements as [User] in a database; the empty name is for those that
// are about no database.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	if err := s.exec(User, Password, database, statements...); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) exec(user, password, database string, statements ...string) error {
	if database == "" {
		database = s.kind.adminDatabase
	}
	db, err := s.kind.open(s, user, password, database)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.kind.name, err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %s: %w", s.kind.name, strings.ReplaceAll(statement, Password, "***"), err)
		}
	}
	return nil
}
