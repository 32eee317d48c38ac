package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/statetest"
)

var (
	keptA = autoscaler.JobKey{Cluster: "eu", Job: "2e819aac5a1b4c7d9e0f1a2b3c4d5e6f"}
	keptB = autoscaler.JobKey{Cluster: "us", Job: "2e819aac5a1b4c7d9e0f1a2b3c4d5e6f"}
	keptC = autoscaler.JobKey{Job: "77777777777777777777777777777777"}
)

func openDatabase(t *testing.T, address string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.OpenAsIs(context.WithoutCancel(t.Context()), target)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// remembered makes a store in which the jobs have as many samples as are given,
// and returns its directory.
func remembered(t *testing.T, format options.StateFormat, samples map[autoscaler.JobKey]int) string {
	t.Helper()
	dir := t.TempDir()
	db := openDatabase(t, "sqlite:"+filepath.Join(dir, connect.File))
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, err := stateStoreOn(db, format, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, n := range samples {
		if err := store.Put(t.Context(), key, statetest.Example(n)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// did runs a command that has to succeed and returns what it wrote.
func did(t *testing.T, args ...string) string {
	t.Helper()
	got := runCommand(t, args...)
	if got.code != exitDone || got.stderr != "" {
		t.Fatalf("sluice %q: exit code %d\n%s", args, got.code, got.stderr)
	}
	return got.stdout
}

// refused runs a command that has to fail and returns its error.
func refused(t *testing.T, code int, args ...string) string {
	t.Helper()
	got := runCommand(t, args...)
	if got.code != code || got.stdout != "" {
		t.Fatalf("sluice %q: exit code %d, want %d\n%s%s", args, got.code, code, got.stdout, got.stderr)
	}
	return got.stderr
}

func TestWhatIsExportedIsImportedWhole(t *testing.T) {
	t.Parallel()
	from := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 3, keptB: 0, keptC: 1})
	whole := did(t, "state", "export", "--data", from)
	for _, output := range []string{"yaml", "json"} {
		text := file(t, "state.txt", did(t, "state", "export", "--data", from, "-o", output))
		for _, format := range []string{"sluice", "reference"} {
			to := t.TempDir()
			inFormat := "sluice.state.format=" + format
			if said := did(t, "state", "import", "--data", to, "-D", inFormat, text); !strings.Contains(said, connect.File+": wrote what is remembered of 3 jobs\n") {
				t.Errorf("import said %q", said)
			}
			if diff := cmp.Diff(whole, did(t, "state", "export", "--data", to, "-D", inFormat)); diff != "" {
				t.Errorf("%s by %s (-exported +imported and exported):\n%s", format, output, diff)
			}
		}
	}
}

func TestStateMovesFromDatabaseToDatabase(t *testing.T) {
	t.Parallel()
	from := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 3, keptC: 1})
	whole := did(t, "state", "export", "--data", from)
	java := "sqlite:" + filepath.Join(t.TempDir(), "java.db")
	did(t, "state", "export", "--data", from, "--format", "reference", java)
	back := t.TempDir()
	did(t, "state", "import", "--data", back, "--format", "reference", java)
	copied := "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
	did(t, "state", "export", "--data", back, copied)
	if diff := cmp.Diff(whole, did(t, "state", "export", "--store", copied)); diff != "" {
		t.Errorf("after a round (-want +got):\n%s", diff)
	}
	// In one database, from table to table.
	here := remembered(t, options.FormatReference, map[autoscaler.JobKey]int{keptA: 3, keptC: 1})
	did(t, "state", "import", "--data", here, "--format", "reference", "sqlite:"+filepath.Join(here, connect.File))
	if diff := cmp.Diff(whole, did(t, "state", "export", "--data", here)); diff != "" {
		t.Errorf("from table to table (-want +got):\n%s", diff)
	}
}

// Where Java alone was, nothing of ours is made.
func TestADatabaseOfJavaIsReadAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]func(testing.TB) *realdb.Server{"postgres": realdb.Postgres, "mariadb": realdb.MariaDB} {
		t.Run(name, func(t *testing.T) {
			address := server(t).NewDatabase(t)
			db := openDatabase(t, address)
			defer db.Close()
			for _, statement := range []string{
				"CREATE TABLE t_flink_autoscaler_state_store (id bigint NOT NULL, update_time timestamp NOT NULL, job_key varchar(191) NOT NULL, state_type varchar(100) NOT NULL, state_value text NOT NULL)",
				"INSERT INTO t_flink_autoscaler_state_store VALUES (1, '2026-07-01 12:00:00', '" + string(keptC.Job) + "', 'parallelismOverrides', '{v1: ''3''}')",
			} {
				if _, err := db.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			did(t, "state", "import", "--data", dir, "--format", "reference", address)
			want := "---\nsluice-state: 1\njob: \"" + string(keptC.Job) + "\"\noverrides:\n  v1: 3\n"
			if diff := cmp.Diff(want, did(t, "state", "show", "7777", "--data", dir)); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			if version, err := db.Version(t.Context()); err != nil || version != 0 {
				t.Errorf("tables were made: version %d, %v", version, err)
			}
			if said := refused(t, exitFailed, "state", "import", "--data", t.TempDir(), address); !strings.Contains(said, "needs version 1") {
				t.Errorf("of Sluice's own tables, which are not there: %s", said)
			}
			if said := refused(t, exitFailed, "state", "show", "7777", "--store", address); strings.Contains(said, realdb.Password) || !strings.Contains(said, "sluice state migrate") {
				t.Errorf("of Sluice's own tables, which are not there: %s", said)
			}
		})
	}
}

func TestAFileOfRowsHasWhatTheReferenceKeeps(t *testing.T) {
	from := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 2})
	text := did(t, "state", "export", "--data", from, "--format", "reference")
	var kinds []string
	for line := range strings.Lines(text) {
		var row map[string]string
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row["job_key"] != keptA.String() || len(row) != 3 {
			t.Errorf("row %v", row)
		}
		kinds = append(kinds, row["state_type"])
	}
	if diff := cmp.Diff([]string{"scalingHistory", "scalingTracking", "collectedMetrics", "delayedScaleDown"}, kinds); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	to := t.TempDir()
	did(t, "state", "import", "--data", to, "--format", "reference", file(t, "rows", text))
	if diff := cmp.Diff(text, did(t, "state", "export", "--data", to, "--format", "reference")); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
}

func TestImportReplacesNothingUnlessForced(t *testing.T) {
	t.Parallel()
	from := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 3, keptC: 1})
	text := file(t, "state.yaml", did(t, "state", "export", "--data", from))
	for _, format := range []options.StateFormat{options.FormatSluice, options.FormatReference} {
		to := remembered(t, format, map[autoscaler.JobKey]int{keptA: 2})
		store := []string{"--data", to, "-D", "sluice.state.format=" + string(format)}
		before := did(t, append([]string{"state", "export"}, store...)...)
		said := refused(t, exitFailed, append([]string{"state", "import", text}, store...)...)
		if !strings.Contains(said, "remembers 1 of 2 jobs already, and nothing was written: "+keptA.String()+" (--force replaces them)") {
			t.Errorf("refused with: %s", said)
		}
		if diff := cmp.Diff(before, did(t, append([]string{"state", "export"}, store...)...)); diff != "" {
			t.Errorf("a refused import wrote (-before +after):\n%s", diff)
		}
		did(t, append([]string{"state", "import", text, "--force"}, store...)...)
		if diff := cmp.Diff(content(t, text), did(t, append([]string{"state", "export"}, store...)...)); diff != "" {
			t.Errorf("a forced import (-want +got):\n%s", diff)
		}
	}
}

func TestATextWithAnErrorIsNotImportedInPart(t *testing.T) {
	from := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 1, keptC: 1})
	whole := did(t, "state", "export", "--data", from)
	after := strconv.Itoa(strings.Count(whole, "\n") + 1)
	for name, c := range map[string]struct {
		text, said string
		args       []string
	}{
		"a wrong field":    {whole + "bonds: {}\n", "line " + after + `: unknown field "bonds"`, nil},
		"no job":           {"# nothing\n", "there is no job in it", nil},
		"no reference row": {`{"job_key":"a","state_type":"scalingHistory","state_value":"{"}` + "\n", "job a: read scalingHistory", []string{"--format", "reference"}},
		"an unknown type":  {"\n" + `{"job_key":"a","state_type":"other","state_value":"{"}` + "\n", `line 2: unknown state_type "other"`, []string{"--format", "reference"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "state.yaml", c.text)
			to := t.TempDir()
			said := refused(t, exitFailed, append([]string{"state", "import", "--data", to, path}, c.args...)...)
			if !strings.Contains(said, path+": ") || !strings.Contains(said, c.said) {
				t.Errorf("said %s, want %s", said, c.said)
			}
			if made, err := os.ReadDir(to); err != nil || len(made) > 0 {
				t.Errorf("it made %v, %v", made, err)
			}
		})
	}
}

func TestShowFindsAJobByWhatNamesItAlone(t *testing.T) {
	dir := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 1, keptB: 2, keptC: 3})
	for word, samples := range map[string]int{
		"eu/2e819aac": 1, "us/" + string(keptB.Job): 2, "7": 3, string(keptC.Job): 3,
	} {
		var shown struct {
			Samples []any `json:"samples"`
		}
		if err := json.Unmarshal([]byte(did(t, "state", "show", word, "--data", dir, "-o", "json")), &shown); err != nil || len(shown.Samples) != samples {
			t.Errorf("show %s: %d samples, want %d: %v", word, len(shown.Samples), samples, err)
		}
	}
	for word, want := range map[string]string{
		"2e81": `job "2e81": several are remembered, ` + keptA.String() + ", " + keptB.String(),
		"9":    `nothing is remembered of job "9"; there are ` + string(keptC.Job),
	} {
		if said := refused(t, exitFailed, "state", "show", word, "--data", dir); !strings.Contains(said, want) {
			t.Errorf("show %s said: %s", word, said)
		}
	}
	if got := did(t, "state", "export", "--data", dir, "--job", "eu/", "--job", "7"); strings.Count(got, "sluice-state:") != 2 {
		t.Errorf("of two jobs: %s", got)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	dir := remembered(t, options.FormatReference, map[autoscaler.JobKey]int{keptC: 1})
	db := openDatabase(t, "sqlite:"+filepath.Join(dir, connect.File))
	if _, err := db.Exec(t.Context(), "UPDATE "+reference.Table+" SET state_value = '{' WHERE state_type = 'scalingHistory'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t, "state", "show", "7", "--data", dir, "-D", "sluice.state.format=reference")
	if got.code != exitFailed || !strings.Contains(got.stderr, "warning: job "+string(keptC.Job)+": set aside what cannot be read: read scalingHistory") ||
		!strings.Contains(got.stderr, "table sluice_set_aside") || strings.Contains(got.stdout, "history:") || !strings.Contains(got.stdout, "samples:") {
		t.Errorf("exit code %d\n%s\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestMigrateMakesTheTablesOnce(t *testing.T) {
	dir := t.TempDir()
	if said := did(t, "state", "migrate", "--data", dir); !strings.HasSuffix(said, connect.File+": made version 1 of its tables\n") {
		t.Errorf("said %s", said)
	}
	if said := did(t, "state", "migrate", "--data", dir); !strings.HasSuffix(said, connect.File+": its tables are of version 1 already\n") {
		t.Errorf("said %s", said)
	}
	db := openDatabase(t, "sqlite:"+filepath.Join(dir, connect.File))
	defer db.Close()
	if _, err := db.Exec(t.Context(), "INSERT INTO sluice_schema (version, applied_at) VALUES (99, 0)"); err != nil {
		t.Fatal(err)
	}
	text := file(t, "s.yaml", "---\nsluice-state: 1\njob: a\n")
	for _, args := range [][]string{{"migrate"}, {"export"}, {"show", "a"}, {"import", text}} {
		if said := refused(t, exitFailed, append([]string{"state"}, append(args, "--data", dir)...)...); !strings.Contains(said, "version 99") {
			t.Errorf("%s of a schema from the future: %s", args, said)
		}
	}
}

func TestWrongUseOfState(t *testing.T) {
	dir := remembered(t, options.FormatSluice, nil)
	for said, args := range map[string][]string{
		`unknown command "exprot"; did you mean "export"?`: {"exprot"},
		"name the store: --data DIRECTORY or --store URL":  {"export"},
		"takes one job":                                 {"show", "--data", dir},
		"takes at most one argument":                    {"import", "a", "b", "--data", dir},
		`--output "xml": want yaml or json`:             {"export", "--data", dir, "-o", "xml"},
		`--format "csv": want yaml or reference`:        {"export", "--data", dir, "--format", "csv"},
		`--format "sql": want yaml or reference`:        {"import", "--data", dir, "--format", "sql", "x"},
		`--format "yaml": want sluice or reference`:     {"export", "--data", dir, "--format", "yaml", "sqlite:x"},
		`"state.yaml" is not the URL of a database; to`: {"export", "--data", dir, "state.yaml"},
		`"oracle" is none that sluice knows`:            {"import", "--data", dir, "oracle://u:secret@h/d"},
		"no such file or directory":                     {"import", "--data", dir, "absent.yaml"},
		"--data and --store both name a store":          {"migrate", "--data", dir, "--store", "sqlite:x"},
	} {
		t.Run(said, func(t *testing.T) {
			got := refused(t, exitUsage, append([]string{"state"}, args...)...)
			if !strings.Contains(got, said) || strings.Contains(got, "secret") {
				t.Errorf("%s", got)
			}
		})
	}
}

// The state of a run is in the reference's table where that is asked for, by the
// profile or by the option.
func TestRunKeepsStateAsTheReference(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"sluice.profile=reference", "sluice.state.format=reference"} {
		t.Run(setting, func(t *testing.T) {
			f := startFlink(t, 50)
			dir := t.TempDir()
			c := runSluice(t, "--flink", f.URL, "--data", dir, "-D", setting, "-D", "sluice.estimator=counters", "-D", "job.autoscaler.enabled=true")
			address := "sqlite:" + filepath.Join(dir, connect.File)
			eventually(t, "a row of metrics", func() bool {
				if _, err := os.Stat(filepath.Join(dir, connect.File)); err != nil {
					return false
				}
				db := openDatabase(t, address)
				defer db.Close()
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				defer cancel()
				var n int
				err := db.QueryRow(ctx, "SELECT COUNT(*) FROM "+reference.Table+" WHERE state_type = 'collectedMetrics'").Scan(&n)
				return err == nil && n == 1
			})
			if code := c.terminate(); code != exitDone {
				t.Errorf("exit code %d\n%s", code, c.text())
			}
			if text := did(t, "state", "export", "--data", dir, "-D", "sluice.state.format=reference"); !strings.Contains(text, "running-since:") {
				t.Errorf("exported %s", text)
			}
		})
	}
}

func TestShowSaysInATableHowMuchIsRemembered(t *testing.T) {
	dir := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 3})
	golden(t, filepath.Join("testdata", "state-show.txt"), did(t, "state", "show", "2e81", "--data", dir, "-o", "table"))
	if got := did(t, "state", "show", "2e81", "--data", dir); !strings.HasPrefix(got, "---\nsluice-state:") {
		t.Errorf("without -o it is %s", got)
	}
}
