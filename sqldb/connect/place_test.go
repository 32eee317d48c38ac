package connect

import (
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
)

// databases are addresses of new databases of each kind.
var databases = []struct {
	name    string
	address func(testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "sluice.db") }},
	{"postgres", func(t testing.TB) string { return realdb.Postgres(t).NewDatabase(t) }},
	{"mariadb", func(t testing.TB) string { return realdb.MariaDB(t).NewDatabase(t) }},
}

func parse(t testing.TB, address string) Target {
	t.Helper()
	target, _, err := Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func open(t testing.TB, target Target) *sqldb.DB {
	t.Helper()
	db, err := Open(context.WithoutCancel(t.Context()), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// refused tells that an address is not opened, with an error of the kind that
// says what it has to and not the password.
func refused(t *testing.T, target Target, kind sqldb.Kind, says ...string) {
	t.Helper()
	db, err := Open(t.Context(), target)
	if err == nil {
		t.Errorf("opened, want %v", kind)
		_ = db.Close()
		return
	}
	if !errors.Is(err, kind) {
		t.Errorf("%v: not of kind %v", err, kind)
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v: does not say %q", err, text)
		}
	}
	if strings.Contains(err.Error(), realdb.Password) || strings.Contains(err.Error(), url.PathEscape(realdb.Password)) || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("shows the password, or takes several lines: %q", err)
	}
}

func TestASchemaFromTheFutureIsRefused(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			target := parse(t, d.address(t))
			db := open(t, target)
			if v, err := db.Version(t.Context()); err != nil || v != sqldb.SchemaVersion {
				t.Fatalf("version %d, %v", v, err)
			}
			if _, err := db.Exec(t.Context(), "INSERT INTO sluice_schema (version, applied_at) VALUES (?, 0)", 99); err != nil {
				t.Fatal(err)
			}
			refused(t, target, sqldb.KindSchema, db.Place(), "of version 99", "up to version 1", "a newer sluice")
		})
	}
}

func TestSeveralProcessesMayMakeTheTablesAtOnce(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			target := parse(t, d.address(t))
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					db, err := Open(context.WithoutCancel(t.Context()), target)
					if err != nil {
						t.Error(err)
						return
					}
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestAServerThatDoesNotLetUsInIsNamed(t *testing.T) {
	for name, server := range map[string]func(testing.TB) *realdb.Server{"postgres": realdb.Postgres, "mariadb": realdb.MariaDB} {
		t.Run(name, func(t *testing.T) {
			s := server(t)
			right := parse(t, s.NewDatabase(t))
			wrong := right
			wrong.Server.Password = "wrong" + sqldb.Secret(realdb.Password)
			refused(t, wrong, sqldb.KindDenied, s.Address(), "user "+realdb.User, "check user, password")
			wrong = right
			wrong.Server.Database = "nobodys"
			refused(t, wrong, sqldb.KindDenied, s.Address(), "database nobodys")
			wrong = right
			wrong.Server.TLS.Mode = sqldb.TLSRequire
			refused(t, wrong, sqldb.KindTLS, s.Address(), "gives no encrypted connection as asked for")
			wrong = right
			wrong.Server.Address = closedPort(t)
			refused(t, wrong, sqldb.KindUnavailable, wrong.Server.Address, "does not answer")
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestTLSIsAsAskedFor(t *testing.T) {
	servers := map[string]*realdb.Server{"postgres": realdb.NewPostgres(t, realdb.Config{TLS: true}), "mariadb": realdb.NewMariaDB(t, realdb.Config{TLS: true})}
	others := map[string]string{"postgres": "mariadb", "mariadb": "postgres"}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			other := servers[others[name]]
			target := parse(t, s.NewDatabase(t))
			for _, tls := range []sqldb.TLS{
				{},
				{Mode: sqldb.TLSPrefer},
				{Mode: sqldb.TLSRequire},
				{Mode: sqldb.TLSVerifyCA, CAFile: s.CAFile()},
				{Mode: sqldb.TLSVerifyFull, CAFile: s.CAFile()},
			} {
				target.Server.TLS = tls
				if db := open(t, target); !encrypted(t, db) {
					t.Errorf("%+v: not encrypted", tls)
				}
			}
			target.Server.TLS = sqldb.TLS{Mode: sqldb.TLSDisable}
			if db := open(t, target); encrypted(t, db) {
				t.Error("encrypted, though disabled")
			}
			for _, mode := range []sqldb.TLSMode{sqldb.TLSVerifyCA, sqldb.TLSVerifyFull} {
				target.Server.TLS = sqldb.TLS{Mode: mode, CAFile: other.CAFile()}
				refused(t, target, sqldb.KindTLS, s.Address())
			}
			target.Server.TLS = sqldb.TLS{Mode: sqldb.TLSVerifyFull, CAFile: "/nowhere/ca.pem"}
			if _, err := Open(t.Context(), target); err == nil || !strings.Contains(err.Error(), "/nowhere/ca.pem") {
				t.Errorf("without the file of authorities: %v", err)
			}
		})
	}
}

func encrypted(t *testing.T, db *sqldb.DB) bool {
	t.Helper()
	if db.Dialect() == sqldb.Postgres {
		var on bool
		if err := db.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&on); err != nil {
			t.Fatal(err)
		}
		return on
	}
	var name, cipher string
	if err := db.QueryRow(t.Context(), "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
		t.Fatal(err)
	}
	return cipher != ""
}

func TestStatementsHaveADeadlineAndConnectionsComeBack(t *testing.T) {
	sleep := map[string]string{"postgres": "SELECT pg_sleep(30)", "mariadb": "SELECT SLEEP(30)"}
	servers := map[string]*realdb.Server{"postgres": realdb.NewPostgres(t, realdb.Config{}), "mariadb": realdb.NewMariaDB(t, realdb.Config{})}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := parse(t, s.NewDatabase(t))
			target.Server.Deadlines = sqldb.Deadlines{Connect: time.Second, Statement: time.Second, Transaction: 2 * time.Second}
			db := open(t, target)
			serves := func() {
				t.Helper()
				for range 3 { // each of the connections
					if _, err := db.Exec(t.Context(), "DELETE FROM sluice_job"); err != nil {
						t.Errorf("does not serve: %v", err)
					}
				}
			}
			fails := func(query string) {
				t.Helper()
				began := time.Now()
				rows, err := db.Query(t.Context(), query)
				if err == nil {
					rows.Next()
					err = errors.Join(rows.Err(), rows.Close())
				}
				if took := time.Since(began); !errors.Is(err, sqldb.KindUnavailable) || took > 10*time.Second {
					t.Errorf("after %s: %v", took, err)
				}
			}
			serves()
			fails(sleep[name])
			serves()
			s.Freeze(t)
			fails("SELECT 1")
			if _, err := db.Exec(t.Context(), "DELETE FROM sluice_job"); !errors.Is(err, sqldb.KindUnavailable) {
				t.Errorf("frozen: %v", err)
			}
			s.Thaw(t)
			serves()
			s.Kill(t)
			fails("SELECT 1")
			s.Start(t)
			serves()
		})
	}
}

// Two transactions that take the same rows in opposite order wait for each other:
// the database ends one, which begins anew. SQLite lets one in at a time.
func TestTransactionsThatStandInEachOthersWayAreRepeated(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db := open(t, parse(t, d.address(t)))
			for i := range 2 {
				if _, err := db.Exec(t.Context(), "INSERT INTO sluice_job (cluster, job_id, version, writer, updated_at) VALUES ('c', ?, 0, '', 0)", string(rune('a'+i))); err != nil {
					t.Fatal(err)
				}
			}
			runs := cross(t, db)
			var a, b int
			if err := db.QueryRow(t.Context(), "SELECT MIN(version), MAX(version) FROM sluice_job").Scan(&a, &b); err != nil || a != 2 || b != 2 {
				t.Errorf("counted %d and %d, want 2 and 2: %v", a, b, err)
			}
			if again := runs > 2; again != (db.Dialect() != sqldb.SQLite) {
				t.Errorf("ran %d times", runs)
			}
		})
	}
}

// cross takes two rows in both orders at once, and says in how many attempts.
func cross(t *testing.T, db *sqldb.DB) int {
	t.Helper()
	var runs [2]int
	var both, first sync.WaitGroup
	first.Add(2)
	for i, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		both.Go(func() {
			err := db.InTx(t.Context(), func(tx *sqldb.Tx) error {
				runs[i]++
				for n, row := range order {
					if _, err := tx.Exec(t.Context(), "UPDATE sluice_job SET version = version + 1 WHERE job_id = ?", row); err != nil {
						return err
					}
					if n == 0 && runs[i] == 1 && db.Dialect() != sqldb.SQLite {
						first.Done()
						first.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	return runs[0] + runs[1]
}
