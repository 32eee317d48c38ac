package sqlevents

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/sqldb"
)

// The table's times are without a zone: they are in UTC. MySQL's column holds
// whole seconds, and would round.
const layout = "2006-01-02 15:04:05.000"

// moment is a time as the table takes it.
func moment(d sqldb.Dialect, t time.Time) string {
	t = t.UTC()
	if d == sqldb.MySQL {
		t = t.Truncate(time.Second)
	}
	return t.Format(layout)
}

// instant reads a time of the table, whatever a driver makes of it.
type instant struct{ time.Time }

// Scan implements [database/sql.Scanner].
func (i *instant) Scan(value any) error {
	var text string
	switch v := value.(type) {
	case time.Time:
		i.Time = time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
		return nil
	case []byte:
		text = string(v)
	case string:
		text = v
	default:
		return fmt.Errorf("a time of an event is a %T", value)
	}
	var err error
	if i.Time, err = time.Parse("2006-01-02 15:04:05.999999999", text); err != nil {
		i.Time, err = time.Parse(time.RFC3339Nano, text)
	}
	return err
}
