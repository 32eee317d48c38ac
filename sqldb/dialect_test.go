package sqldb

import (
	"strings"
	"testing"
)

func TestPlaceholdersAreThoseOfTheDialect(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1": "SELECT 1",
		"UPDATE t SET a = ?, b = '?' WHERE c IN (?, ?)": "UPDATE t SET a = $1, b = '?' WHERE c IN ($2, $3)",
		`SELECT "a?" FROM t WHERE b = 'it''s ?' || ?`:   `SELECT "a?" FROM t WHERE b = 'it''s ?' || $1`,
		"SELECT ?" + strings.Repeat(", ?", 11):          "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12",
	} {
		for range 2 { // the second time from memory
			if got := Postgres.Rebind(query); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		if SQLite.Rebind(query) != query || MySQL.Rebind(query) != query {
			t.Errorf("%s is changed for a dialect that reads it as it is", query)
		}
	}
}

// Every name is one that all dialects take, in particular not longer than
// PostgreSQL's 63 characters, which it would cut without a word.
func TestNamesOfTablesAreOurs(t *testing.T) {
	for _, d := range []Dialect{SQLite, Postgres, MySQL} {
		seen := map[string]bool{}
		for i, statements := range versions {
			for _, s := range statements(d) {
				words := strings.Fields(strings.ReplaceAll(s, "UNIQUE ", ""))
				name := words[5]
				ours := strings.HasPrefix(name, "sluice_") || strings.Contains(s, " t_flink_autoscaler_") // whose names are the reference's
				if words[0] != "CREATE" || !ours || len(name) > 63 {
					t.Errorf("%s, version %d: %q is not ours: %s", d, i+1, name, s)
				}
				if seen[name] {
					t.Errorf("%s: %s is there twice", d, name)
				}
				seen[name] = true
			}
		}
	}
}
