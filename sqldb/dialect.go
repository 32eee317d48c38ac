package sqldb

import (
	"strconv"
	"strings"
	"sync"
)

// Dialect is a kind of SQL.
type Dialect uint8

// The dialects. MySQL is that of MariaDB too.
const (
	SQLite Dialect = iota
	Postgres
	MySQL
)

// String is the name of the database.
func (d Dialect) String() string { return [...]string{"SQLite", "PostgreSQL", "MySQL"}[d] }

// Rebind puts the dialect's own placeholders in the place of each `?` that
// stands outside of quotes.
func (d Dialect) Rebind(query string) string {
	if d != Postgres || !strings.Contains(query, "?") {
		return query
	}
	if known, ok := rebound.Load(query); ok {
		return known.(string)
	}
	numbered := number(query)
	rebound.Store(query, numbered)
	return numbered
}

// rebound keeps what was rebound once: there are as many as statements in the
// code.
var rebound sync.Map

func number(query string) string {
	var b strings.Builder
	n, quote := 0, byte(0)
	for i := range len(query) {
		c := query[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Upsert is a statement that inserts one row, or sets its other columns where a
// row with the same keys is there. Values are those of the keys, then those of
// the others, each once.
func (d Dialect) Upsert(table string, keys, others []string) string {
	all := append(append([]string{}, keys...), others...)
	var b strings.Builder
	b.WriteString("INSERT INTO " + table + " (" + strings.Join(all, ", ") + ") VALUES (" + Placeholders(len(all)) + ")")
	if d == MySQL {
		b.WriteString(" ON DUPLICATE KEY UPDATE ")
	} else {
		b.WriteString(" ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET ")
	}
	for i, c := range others {
		if i > 0 {
			b.WriteString(", ")
		}
		if d == MySQL {
			b.WriteString(c + " = VALUES(" + c + ")")
		} else {
			b.WriteString(c + " = excluded." + c)
		}
	}
	return b.String()
}

// Placeholders is n times `?`, with commas between.
func Placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}
