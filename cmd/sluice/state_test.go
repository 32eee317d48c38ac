package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

// Killed in the middle of a window, sluice goes on with the samples that it had.
func TestAKilledProcessGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "made", "here", connect.File) },
		"postgres": func(t *testing.T) string { return realdb.Postgres(t).NewDatabase(t) },
		"mariadb":  func(t *testing.T) string { return realdb.MariaDB(t).NewDatabase(t) },
	} {
		t.Run(name, func(t *testing.T) {
			url := url(t)
			store := []string{"--store", url}
			switch name {
			case "sqlite":
				store = []string{"--data", filepath.Dir(strings.TrimPrefix(url, "sqlite:"))}
			case "mariadb":
				store = []string{"-D", "autoscaler.standalone.state-store.type=JDBC", "-D", "autoscaler.standalone.jdbc.url=jdbc:" + url}
			}
			cluster := startFlink(t, 50)
			args := append([]string{"--flink", cluster.URL, "-D", "job.autoscaler.metrics.window=60s"}, store...)
			first := runSluice(t, args...)
			eventually(t, "sluice is at work", func() bool { return len(cluster.asked()) > 20 })
			db := opened(t, url)
			eventually(t, "there are samples", func() bool { n, _ := samples(t, db); return n >= 5 })
			_ = first.cmd.Process.Kill()
			first.exitCode()
			had, oldest := samples(t, db)
			second := runSluice(t, args...)
			eventually(t, "there are more", func() bool { n, _ := samples(t, db); return n > had })
			if _, now := samples(t, db); now != oldest {
				t.Errorf("the oldest sample is of %d, and was of %d", now, oldest)
			}
			second.terminate()
			if strings.Contains(second.text(), realdb.Password) || !strings.Contains(second.text(), "state is kept in a database") {
				t.Error("the log shows the password, or does not say where state is")
			}
		})
	}
}

func opened(t *testing.T, url string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// samples are how many there are, and when the oldest was taken.
func samples(t *testing.T, db *sqldb.DB) (n, oldest int64) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT COUNT(*), COALESCE(MIN(taken_at), 0) FROM sluice_sample").Scan(&n, &oldest); err != nil {
		t.Fatal(err)
	}
	return n, oldest
}

// outageTime is how long a database is away at least: minutes in the full suite.
// It is read before TestMain clears the environment.
var outageTime = map[bool]time.Duration{true: 3 * time.Minute}[os.Getenv("SLUICE_REAL") == "full"]

// The server is stopped while a job needs to be scaled.
func TestAnOutageOfTheDatabaseHoldsOrGoesOnAsConfigured(t *testing.T) {
	t.Parallel()
	for policy, scales := range map[string]bool{"hold": false, "continue": true} {
		t.Run(policy, func(t *testing.T) {
			cluster := startFlink(t, 50)
			server := realdb.NewPostgres(t, realdb.Config{})
			url := server.NewDatabase(t) + "?connect_timeout=1&statement_timeout=1s"
			sluice := runSluice(t, "--flink", cluster.URL, "--store", url, "-D", "sluice.state.on-outage="+policy)
			eventually(t, "sluice is at work", func() bool { return looks(cluster) > 5 })
			server.Stop(t)
			eventually(t, "the outage is told", func() bool { return len(sluice.events("StateStoreUnavailable")) > 0 })
			cluster.setLoad(250)
			before := looks(cluster)
			<-time.After(outageTime)
			eventually(t, "there were 40 looks", func() bool { return looks(cluster) > before+40 })
			if puts := cluster.puts(); (len(puts) > 0) != scales {
				t.Errorf("during the outage: %v", puts)
			}
			server.Start(t)
			<-time.After(min(outageTime, 40*time.Second)) // after minutes tries are that rare
			eventually(t, "its end is told", func() bool { return len(sluice.events("StateStoreAvailable")) > 0 })
			eventually(t, "work runs at 4", func() bool { return cluster.parallelism() == 4 })
			if code := sluice.terminate(); code != exitDone {
				t.Errorf("exit code %d", code)
			}
			if away, back := sluice.events("StateStoreUnavailable"), sluice.events("StateStoreAvailable"); len(away) != 1 || len(back) != 1 {
				t.Errorf("told %d times that the store is away, and %d times that it is back", len(away), len(back))
			}
			if errors := sluice.events("AutoscalerError"); len(errors) > 0 {
				t.Errorf("told besides: %v", errors)
			}
			if len(cluster.puts()) != 1 {
				t.Errorf("%d PUTs, want 1", len(cluster.puts()))
			}
		})
	}
}

func looks(f *fakeFlink) (n int) {
	for _, r := range f.asked() {
		if r.path == "/jobs/overview" {
			n++
		}
	}
	return n
}

func TestAStoreThatCannotBeOpenedIsNamedInOneLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "sluice.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	const url = "postgres://me:geheim@127.0.0.1:1/sluice"
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"damaged":    {[]string{"--data", folder}, exitFailed, "SQLite file " + folder + "/sluice.db is damaged or not a database"},
		"no folder":  {[]string{"--data", folder + "/sluice.db"}, exitFailed, "SQLite file " + folder + "/sluice.db/sluice.db"},
		"no server":  {[]string{"--store", url}, exitFailed, "PostgreSQL at 127.0.0.1:1, database sluice, user me does not answer"},
		"both":       {[]string{"--data", folder, "--store", url}, exitUsage, "--data and --store both name a store"},
		"no address": {[]string{"--store", "db:5432"}, exitUsage, `--store: address of a database: "db" is none that sluice knows`},
		"no JDBC":    {[]string{"-D", "autoscaler.standalone.state-store.type=JDBC"}, exitUsage, "autoscaler.standalone.jdbc.url: it names no database"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runCommand(t, append([]string{"run", "--flink", "http://127.0.0.1:1"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 || strings.Contains(got.stderr, "geheim") {
				t.Errorf("exit code %d: %s, want %d: %s", got.code, got.stderr, c.code, c.want)
			}
		})
	}
}
