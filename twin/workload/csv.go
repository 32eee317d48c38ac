package workload

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

// CSV says how to read a table. The zero value reads a time and a number.
type CSV struct {
	// Time and Value are columns, by name or by number from 1 on; default the
	// first and the second. Time "none" is for evenly spaced rows, Step apart, of
	// which the value is then the first column.
	Time, Value string
	Step        time.Duration
	// Header says whether the first row has names; nil to see by itself.
	Header *bool
	// Comma separates columns; default a comma.
	Comma rune
	// Sort brings rows into the order of time; otherwise one that is out of order
	// is an error.
	Sort bool
}

// Series is what a table holds: values at times since its first, ascending.
type Series struct {
	// Start is the first time: the Unix epoch in a table without dates.
	Start  time.Time
	At     []time.Duration
	Values []float64
}

// maxRows bounds a table.
const maxRows = 1 << 22

// ReadCSV reads a table. Times are seconds (also with decimals), seconds,
// milliseconds or finer since the epoch, RFC 3339, or YYYY-MM-DD HH:MM:SS in UTC;
// values are finite and at least 0. Errors begin with the name and the line.
func ReadCSV(name string, r io.Reader, c CSV) (*Series, error) {
	t, err := newTable(name, r, c)
	if err != nil {
		return nil, err
	}
	for {
		record, err := t.rows.Read()
		if errors.Is(err, io.EOF) {
			return t.series()
		}
		if err != nil {
			return nil, t.unreadable(err)
		}
		if err := t.take(record); err != nil {
			return nil, err
		}
	}
}

// table is one that is being read.
type table struct {
	CSV
	name  string
	rows  *csv.Reader
	taken []row
	seen  int
	// time and value are the columns, from 0 on; time is -1 for none.
	time, value int
	unit        time.Duration // of times that are numbers
}

type row struct {
	at    instant
	value float64
	line  int
}

// instant is a time in seconds and nanoseconds since the epoch.
type instant struct{ seconds, nanos int64 }

func (i instant) compare(j instant) int {
	if i.seconds != j.seconds {
		return sign(i.seconds - j.seconds)
	}
	return sign(i.nanos - j.nanos)
}

func sign(x int64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

func newTable(name string, r io.Reader, c CSV) (*table, error) {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	t := &table{CSV: c, name: name, rows: csv.NewReader(b)}
	t.rows.FieldsPerRecord, t.rows.TrimLeadingSpace, t.rows.ReuseRecord, t.rows.Comment = -1, true, true, '#'
	if c.Comma != 0 {
		t.rows.Comma = c.Comma
	}
	if c.Time == noTime {
		if err := checkTime("the step", c.Step, time.Millisecond); err != nil {
			return nil, fmt.Errorf("%s: without a time column, %w", name, err)
		}
	}
	return t, nil
}

const noTime = "none"

func (t *table) fail(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", t.name, line, fmt.Sprintf(format, args...))
}

func (t *table) unreadable(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return t.fail(parse.Line, "not readable as CSV: %s", parse.Err)
	}
	return fmt.Errorf("%s: %w", t.name, err)
}

func (t *table) take(record []string) error {
	line, _ := t.rows.FieldPos(0)
	t.seen++
	if t.seen == 1 {
		header, err := t.begin(line, record)
		if err != nil || header {
			return err
		}
	}
	if len(t.taken) == maxRows {
		return t.fail(line, "more than %d rows", maxRows)
	}
	if len(record) <= max(t.time, t.value) {
		return t.fail(line, "%d columns; want at least %d", len(record), 1+max(t.time, t.value))
	}
	next := row{line: line}
	var err error
	if next.value, err = number(record[t.value]); err != nil {
		return t.fail(line, "the value %s: %s", yamlfile.Quoted(record[t.value]), err)
	}
	if next.at, err = t.instant(record); err != nil {
		return t.fail(line, "the time %s: %s", yamlfile.Quoted(record[t.time]), err)
	}
	if n := len(t.taken); n > 0 && !t.Sort && next.at.compare(t.taken[n-1].at) <= 0 {
		return t.fail(line, "the time %s is not after the one in line %d (sort: true brings rows into order)", yamlfile.Quoted(record[t.time]), t.taken[n-1].line)
	}
	t.taken = append(t.taken, next)
	return nil
}

// begin finds the columns, and tells whether the row has names.
func (t *table) begin(line int, record []string) (header bool, err error) {
	first, second := 0, 1
	if t.CSV.Time == noTime {
		first, second = -1, 0
	}
	named := false
	if t.time, named, err = column(t.CSV.Time, first, record); err != nil {
		return false, t.fail(line, "%s", err)
	}
	header = named
	if t.value, named, err = column(t.CSV.Value, second, record); err != nil {
		return false, t.fail(line, "%s", err)
	}
	header = header || named
	switch {
	case t.time == t.value:
		return false, t.fail(line, "column %d is both the time and the value", 1+t.time)
	case t.Header != nil && header && !*t.Header:
		return false, t.fail(line, "columns are given by name, but the table has no header")
	case t.Header != nil:
		return *t.Header, nil
	case len(record) > t.value && !header:
		_, err := strconv.ParseFloat(strings.TrimSpace(record[t.value]), 64)
		header = err != nil && !errors.Is(err, strconv.ErrRange)
	}
	return header, nil
}

// column finds the one that is asked for, and tells whether by its name.
func column(asked string, otherwise int, names []string) (index int, named bool, err error) {
	if asked == "" || asked == noTime {
		return otherwise, false, nil
	}
	for i, name := range names {
		if strings.TrimSpace(name) == asked {
			return i, true, nil
		}
	}
	if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= 10_000 {
		return n - 1, false, nil
	}
	return 0, false, fmt.Errorf("no column is called %q; there are %s", asked, list(names, 20))
}

// list names up to so many things.
func list(names []string, most int) string {
	var quotedNames []string
	for _, n := range names[:min(most, len(names))] {
		quotedNames = append(quotedNames, yamlfile.Quoted(strings.TrimSpace(n)))
	}
	text := strings.Join(quotedNames, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func number(cell string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	if err != nil || !(v >= 0 && v <= MaxRate) {
		return 0, fmt.Errorf("want a number from 0 to %g", float64(MaxRate))
	}
	return v, nil
}

// series is the result, with times counted from the first.
func (t *table) series() (*Series, error) {
	if len(t.taken) == 0 {
		return nil, fmt.Errorf("%s: no row with a value", t.name)
	}
	if t.Sort {
		slices.SortStableFunc(t.taken, func(a, b row) int { return a.at.compare(b.at) })
	}
	first := t.taken[0].at
	s := &Series{Start: time.Unix(first.seconds, first.nanos).UTC()}
	for i, r := range t.taken {
		if i > 0 && r.at.compare(t.taken[i-1].at) == 0 {
			return nil, t.fail(max(r.line, t.taken[i-1].line), "the same time as in line %d", min(r.line, t.taken[i-1].line))
		}
		seconds := r.at.seconds - first.seconds
		if seconds >= int64(horizon/time.Second) {
			return nil, t.fail(r.line, "more than 100 years after the first row in line %d", t.taken[0].line)
		}
		s.At = append(s.At, time.Duration(seconds)*time.Second+time.Duration(r.at.nanos-first.nanos))
		s.Values = append(s.Values, r.value)
	}
	return s, nil
}

// instant reads the time of a row.
func (t *table) instant(record []string) (instant, error) {
	if t.time < 0 {
		if time.Duration(len(t.taken)) > horizon/t.Step {
			return instant{}, errors.New("more than 100 years after the first")
		}
		d := t.Step * time.Duration(len(t.taken))
		return instant{int64(d / time.Second), int64(d % time.Second)}, nil
	}
	text := strings.TrimSpace(record[t.time])
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return t.numeric(v)
	}
	for _, layout := range [...]string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return instant{at.Unix(), int64(at.Nanosecond())}, nil
		}
	}
	return instant{}, errors.New("want seconds, RFC 3339, or YYYY-MM-DD HH:MM:SS")
}

// numeric reads a time that is a number. Its size in the first row tells the unit:
// seconds since the epoch have ten digits, milliseconds thirteen.
func (t *table) numeric(v float64) (instant, error) {
	if math.IsNaN(v) || math.Abs(v) >= 1e19 {
		return instant{}, errors.New("out of range")
	}
	if t.unit == 0 {
		t.unit = time.Second
		for _, finer := range [...]struct {
			from float64
			unit time.Duration
		}{{1e11, time.Millisecond}, {1e14, time.Microsecond}, {1e17, time.Nanosecond}} {
			if math.Abs(v) >= finer.from {
				t.unit = finer.unit
			}
		}
	}
	whole, part := math.Modf(v)
	perSecond := float64(time.Second / t.unit)
	seconds := math.Floor(whole / perSecond)
	if math.Abs(seconds) > 1e11 {
		return instant{}, errors.New("out of range")
	}
	// What is left of a second is below 1e9 units, which a float64 holds with room.
	nanos := math.Round((whole - seconds*perSecond + part) * float64(t.unit))
	if nanos < 0 || nanos >= 1e9 {
		carry := math.Floor(nanos / 1e9)
		seconds, nanos = seconds+carry, nanos-carry*1e9
	}
	return instant{int64(seconds), int64(nanos)}, nil
}
