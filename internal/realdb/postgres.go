package realdb

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

var postgres = &kind{
	name: "PostgreSQL", scheme: "postgres", as: "postgres",
	missing: func() error { _, err := postgresPrograms(); return err },
	prepare: preparePostgres,
	open:    openPostgres,
	admin:   "postgres", adminDatabase: "postgres",
	setUp: []string{"CREATE ROLE " + User + " LOGIN CREATEDB PASSWORD '" + Password + "'"},
	stop:  syscall.SIGINT,
}

// postgresPrograms is the folder of the newest installed server's programs.
func postgresPrograms() (string, error) {
	for _, folder := range slices.Backward(postgresFolders()) {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("PostgreSQL's initdb is not installed (Debian: postgresql)")
}

// postgresFolders are those of Debian, oldest version first, then that of PATH.
func postgresFolders() []string {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(folders, func(a, b string) int { return postgresVersion(a) - postgresVersion(b) })
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	return folders
}

func postgresVersion(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

func preparePostgres(s *Server, c Config) ([]string, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	if err := s.runOnce(filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	settings := []string{
		"listen_addresses='" + loopback + "'", "port=" + strconv.Itoa(s.port), "unix_socket_directories=''",
		"fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "autovacuum=off",
	}
	if c.TLS {
		cert, key, err := s.certificate()
		if err != nil {
			return nil, err
		}
		settings = append(settings, "ssl=on", "ssl_cert_file='"+cert+"'", "ssl_key_file='"+key+"'")
	}
	if err := appendTo(filepath.Join(data, "postgresql.conf"), strings.Join(settings, "\n")+"\n"); err != nil {
		return nil, err
	}
	access := "host all postgres " + loopback + "/32 trust\nhost all all " + loopback + "/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(access), 0o600); err != nil {
		return nil, err
	}
	return []string{filepath.Join(programs, "postgres"), "-D", data}, nil
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func openPostgres(s *Server, user, password, database string) (*sql.DB, error) {
	u := url.URL{Scheme: "postgres", User: url.User(user), Host: s.Address(), Path: "/" + database, RawQuery: "sslmode=disable"}
	if password != "" {
		u.User = url.UserPassword(user, password)
	}
	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, err
	}
	c.ConnectTimeout = connectTimeout
	return stdlib.OpenDB(*c), nil
}
