package realdb

import (
	"cmp"
	"database/sql"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/go-sql-driver/mysql"
)

var mariadb = &kind{
	name: "MariaDB", scheme: "mariadb", as: "mysql",
	missing: func() error { _, _, err := mariadbPrograms(); return err },
	prepare: prepareMariaDB,
	open:    openMariaDB,
	admin:   "root", adminDatabase: "mysql",
	setUp: []string{
		"CREATE USER " + User + "@'%' IDENTIFIED BY '" + Password + "'",
		"GRANT ALL PRIVILEGES ON *.* TO " + User + "@'%'",
	},
	stop: syscall.SIGTERM,
}

func mariadbPrograms() (server, install string, err error) {
	server, noServer := findProgram("mariadbd")
	install, noInstall := findProgram("mariadb-install-db")
	if cmp.Or(noServer, noInstall) != nil {
		return "", "", errors.New("MariaDB's mariadbd or mariadb-install-db is not installed (Debian: mariadb-server)")
	}
	return server, install, nil
}

// findProgram looks where servers lie too, which is not in everyone's PATH.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	return path, nil
}

func prepareMariaDB(s *Server, c Config) ([]string, error) {
	server, install, err := mariadbPrograms()
	if err != nil {
		return nil, err
	}
	name := s.kind.as
	if u, err := user.Current(); err == nil && os.Getuid() != 0 {
		name = u.Username
	}
	data := filepath.Join(s.dir, "data")
	if err := s.runOnce(install, "--no-defaults", "--user="+name, "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"); err != nil {
		return nil, err
	}
	args := []string{
		server, "--no-defaults", "--datadir=" + data, "--bind-address=" + loopback, "--port=" + strconv.Itoa(s.port),
		"--socket=" + filepath.Join(s.dir, "s"), "--pid-file=" + filepath.Join(s.dir, "pid"), "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
		"--innodb-doublewrite=OFF", "--performance-schema=OFF", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
	}
	if c.TLS {
		cert, key, err := s.certificate()
		if err != nil {
			return nil, err
		}
		args = append(args, "--ssl-cert="+cert, "--ssl-key="+key, "--ssl-ca="+s.ca)
	}
	return args, nil
}

func openMariaDB(s *Server, user, password, database string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = user, password, "tcp", s.Address(), database
	c.Timeout = connectTimeout
	c.Logger = log.New(io.Discard, "", 0) // while a server starts, each attempt would be a line
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
