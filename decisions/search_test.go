package decisions

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// entryLine is a line about a job "cluster/id name" at some seconds past noon;
// an action of "scale" rescales work from 1 to the number of seconds.
func entryLine(t *testing.T, seconds int, job, action string) string {
	t.Helper()
	key, name, _ := strings.Cut(job, " ")
	cluster, id, named := strings.Cut(key, "/")
	if !named {
		cluster, id = "", key
	}
	e := Entry{
		Time: noon.Add(time.Duration(seconds) * time.Second), Cluster: cluster, Job: id, Name: name,
		Scope: "scale", Action: action, Reason: string(scaling.ReasonWithinBounds), Vertices: []Vertex{},
	}
	if action == ActionScale {
		e.Reason = string(scaling.ReasonScale)
		e.Vertices = append(e.Vertices, Vertex{ID: "a", Name: "work", From: 1, To: seconds})
	}
	line, err := encodeLine(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// file is lines of entryLine, written "seconds job action".
func file(t *testing.T, entries ...string) string {
	t.Helper()
	var b strings.Builder
	for _, e := range entries {
		var seconds int
		var job, name, action string
		if n, err := fmt.Sscan(e, &seconds, &job, &name, &action); n < 4 {
			t.Fatalf("%q: %v", e, err)
		}
		b.WriteString(entryLine(t, seconds, job+" "+name, action))
	}
	return b.String()
}

func search(t *testing.T, q Query, files ...string) (*Found, error) {
	t.Helper()
	s := NewSearch(q)
	for i, text := range files {
		if err := s.Read(fmt.Sprintf("d.%d", i), iotest.OneByteReader(strings.NewReader(text))); err != nil {
			t.Fatal(err)
		}
	}
	return s.Result()
}

// said is the answer in short: the seconds of the entries, and in brackets that
// of the last rescale.
func said(f *Found) string {
	var parts []string
	for _, e := range f.Entries {
		parts = append(parts, fmt.Sprint(e.Time.Sub(noon).Seconds()))
	}
	if f.Rescale != nil {
		parts = append(parts, fmt.Sprintf("(%v)", f.Rescale.Time.Sub(noon).Seconds()))
	}
	return strings.Join(parts, " ")
}

func instant(t *testing.T, text string) Instant {
	t.Helper()
	at, err := ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSearchFindsTheDecisionsOfAJob(t *testing.T) {
	const day = 24 * 3600
	one := file(t,
		"10 c/ab1 orders hold", "20 c/ab1 orders scale", "25 c/cd2 clicks scale", "30 c/ab1 orders hold", "40 c/ab1 orders scale", "50 c/ab1 orders hold", "60 c/cd2 clicks hold")
	days := file(t, "10 c/ab1 orders hold", "20 c/ab1 orders scale", "30 c/ab1 orders hold",
		fmt.Sprint(day+15, " c/ab1 orders hold"), fmt.Sprint(day+25, " c/ab1 orders scale"), fmt.Sprint(day+35, " c/ab1 orders hold"))
	shuffled := file(t, "40 c/ab1 orders scale", "20 c/ab1 orders scale", "50 c/ab1 orders hold", "10 c/ab1 orders hold", "30 c/ab1 orders hold")
	for name, c := range map[string]struct {
		text  string
		query Query
		want  string
	}{
		"by id":                         {one, Query{Job: "ab1"}, "50 (40)"},
		"by the beginning of the id":    {one, Query{Job: "a"}, "50 (40)"},
		"by name":                       {one, Query{Job: "clicks"}, "60 (25)"},
		"by cluster and id":             {one, Query{Job: "c/ab1"}, "50 (40)"},
		"by cluster and name":           {one, Query{Job: "c/orders"}, "50 (40)"},
		"by cluster and beginning":      {one, Query{Job: "c/a"}, "50 (40)"},
		"the last two":                  {one, Query{Job: "ab1", Last: 2}, "40 50"},
		"the last ten":                  {one, Query{Job: "ab1", Last: 10}, "10 20 30 40 50"},
		"at the time of a decision":     {one, Query{Job: "ab1", At: instant(t, "2026-07-01T12:00:30Z")}, "30 (20)"},
		"at a time between":             {one, Query{Job: "ab1", At: instant(t, "2026-07-01T12:00:49Z")}, "40"},
		"before any rescale":            {one, Query{Job: "ab1", At: instant(t, "2026-07-01T12:00:11Z")}, "10"},
		"after all":                     {one, Query{Job: "ab1", At: instant(t, "2026-07-01T13:00:00Z")}, "50 (40)"},
		"in another zone":               {one, Query{Job: "ab1", At: instant(t, "2026-07-01T14:00:31+02:00")}, "30 (20)"},
		"of day":                        {one, Query{Job: "ab1", At: instant(t, "12:00:31")}, "30 (20)"},
		"of the newest day":             {days, Query{Job: "ab1", At: instant(t, "12:00:30")}, "86425"},
		"of the newest day, before all": {days, Query{Job: "ab1", At: instant(t, "12:00:10 UTC")}, "30 (20)"},
		"of the newest day, to minutes": {days, Query{Job: "ab1", At: instant(t, "12:01")}, "86435 (86425)"},
		"out of order":                  {shuffled, Query{Job: "ab1"}, "50 (40)"},
		"out of order, the last three":  {shuffled, Query{Job: "ab1", Last: 3}, "30 40 50"},
		"out of order, at a time":       {shuffled, Query{Job: "ab1", At: instant(t, "12:00:35")}, "30 (20)"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := search(t, c.query, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := said(found); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// An id goes before a name, and a name before the beginning of an id.
func TestTheBestMatchCounts(t *testing.T) {
	text := file(t, "1 beef2 x hold", "2 beef1 y hold", "3 aa beef hold", "4 beef z hold", "5 beef2 x hold")
	for job, want := range map[string]string{"beef": "4", "bee": "", "beef2": "5", "y": "2"} {
		found, err := search(t, Query{Job: job}, text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is found: %s", job, said(found))
		case want != "" && (err != nil || said(found) != want):
			t.Errorf("%s: %v, %v; want %s", job, found, err, want)
		}
	}
	if found, err := search(t, Query{Job: "beef"}, file(t, "1 beef2 x hold", "2 aa beef hold", "3 beef1 y hold")); err != nil || said(found) != "2" {
		t.Errorf("by name: %v, %v; want 2", found, err)
	}
}

func TestAClusterMayBeAnAddress(t *testing.T) {
	line := file(t, "1 x/ab1 etl/orders hold")
	line = strings.Replace(line, `"cluster":"x"`, `"cluster":"http://jm:8081"`, 1)
	for _, job := range []string{"ab1", "etl/orders", "http://jm:8081/ab1", "http://jm:8081/etl/orders", "http://jm:8081/a", "jm:8081/ab1", "jm:8081/etl/orders"} {
		if _, err := search(t, Query{Job: job}, line); err != nil {
			t.Errorf("%s: %v", job, err)
		}
	}
	for _, job := range []string{"http://jm:8081/", "http://jm:8082/ab1", "jm:8082/ab1", "m:8081/ab1", "orders", "b1"} {
		if _, err := search(t, Query{Job: job}, line); err == nil {
			t.Errorf("%s is found", job)
		}
	}
}

func TestWhatCannotBeAnswered(t *testing.T) {
	var many []string
	for i := range 14 {
		many = append(many, fmt.Sprintf("%d c/%02d job%02d hold", i, i, i))
	}
	for name, c := range map[string]struct {
		text  string
		query Query
		want  string
	}{
		"nothing recorded": {"", Query{Job: "x"}, "d.0: no decision has been recorded"},
		"an unknown job": {
			file(t, "1 c/a A hold", "2 c/b B hold", "3 c/a A hold"),
			Query{Job: "x"},
			`d.0: no decision about a job "x"; there are some about "A" (c/a), "B" (c/b)`,
		},
		"an unknown job of many": {
			file(t, many...),
			Query{Job: "x"},
			`d.0: no decision about a job "x"; there are some about "job13" (c/13), "job12" (c/12), "job11" (c/11), "job10" (c/10), "job09" (c/09), "job08" (c/08), "job07" (c/07), "job06" (c/06), "job05" (c/05), "job04" (c/04), and others`,
		},
		"two jobs of a name": {
			file(t, "1 c/a A hold", "2 d/b A hold", "1 d/b A hold"),
			Query{Job: "A"},
			`"A" is not one job but 2: "A" (d/b), last decided on 2026-07-01 12:00:02 UTC; "A" (c/a), last decided on 2026-07-01 12:00:01 UTC`,
		},
		"one id on two clusters": {
			file(t, "1 c/a A hold", "2 d/a B hold"),
			Query{Job: "a"},
			`"a" is not one job but 2: "B" (d/a), last decided on 2026-07-01 12:00:02 UTC; "A" (c/a), last decided on 2026-07-01 12:00:01 UTC`,
		},
		"a time before all": {
			file(t, "20 c/a A hold", "10 c/a A hold"),
			Query{Job: "a", At: instant(t, "2026-07-01T12:00:09Z")},
			`nothing is known of "A" (c/a) at 2026-07-01 12:00:09 UTC: its first decision here is of 2026-07-01 12:00:10 UTC`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if found, err := search(t, c.query, c.text); err == nil || err.Error() != c.want {
				t.Errorf("got %v, %v\nwant %s", found, err, c.want)
			}
		})
	}
	_, err := search(t, Query{Job: "0"}, file(t, many...))
	if err == nil || strings.Count(err.Error(), ";") != 9 {
		t.Errorf("ten of ten are to be named: %v", err)
	}
	var more []string
	for i := range 13 {
		more = append(more, fmt.Sprintf("%d c/a%02d job hold", i, i))
	}
	if _, err = search(t, Query{Job: "job"}, file(t, more...)); err == nil || !strings.HasSuffix(err.Error(), "; and 3 more") || strings.Count(err.Error(), ";") != 10 {
		t.Errorf("ten of thirteen are to be named: %v", err)
	}
}

func TestLinesThatAreNoDecisions(t *testing.T) {
	whole := file(t, "1 c/a A hold")
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":                {whole + "hello\n", "d: line 2 is no decision: "},
		"no JSON at all":         {"hello", "d: line 1 is no decision: "},
		"an array":               {whole + "\n[]\n", "d: line 3 is no decision: "},
		"an array of others":     {"[\n  7\n]\n", "d: decision 1 is no decision: "},
		"a broken array":         {"[" + whole + whole + "]", "d: decision 2: "},
		"an array, then no JSON": {"[" + whole + "]\nhello", "d: decision 2: invalid character"},
		"no more than a magic":   {"\x1f\x8b", "d: decompress: "},
		"another document":       {`{"at":"2026-01-02T03:04:05Z","method":"GET"}` + "\n", "d: line 1 is no decision: it names no job or no time"},
		"a number as a job":      {`{"time":"2026-01-02T03:04:05Z","job":7}` + "\n", "d: line 1 is no decision: "},
		"two on a line":          {strings.TrimSpace(whole) + whole, "d: line 1 is no decision: "},
		"zeros":                  {whole + "\x00\x00\x00\n", "d: line 2 is no decision: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSearch(Query{Job: "a"})
			if err := s.Read("d", strings.NewReader(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	// What finds a line is right, and the rest is not: only the answer is looked at so closely.
	odd := strings.Replace(whole, `"vertices":[]`, `"vertices":7`, 1)
	if _, err := search(t, Query{Job: "a"}, odd+whole); err != nil {
		t.Errorf("a line that is not the answer: %v", err)
	}
	if _, err := search(t, Query{Job: "a"}, whole+odd); err == nil || !strings.HasPrefix(err.Error(), "d.0: line 2 is no decision: ") {
		t.Errorf("got %v", err)
	}
}

// What is printed as JSON is read like a decisions file, and so is a compressed one.
func TestWhatIsPrintedAsJSONIsReadToo(t *testing.T) {
	one, two := file(t, "1 c/a A hold"), file(t, "2 c/a A scale")
	indented := func(text string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	}
	array := "[" + one + "," + two + "]"
	for name, c := range map[string]struct{ text, want, torn string }{
		"an array":              {array, "2", "[]"},
		"indented":              {indented(array), "2", "[]"},
		"one object":            {indented(one), "1", "[]"},
		"objects":               {indented(one) + indented(two), "2", "[]"},
		"two arrays":            {"[" + one + "]\n[" + two + "]", "2", "[]"},
		"an array and objects":  {"[" + one + "]\n" + indented(two), "2", "[]"},
		"an empty one before":   {"[]\n\n" + array, "2", "[]"},
		"after empty lines":     {"\n\n " + array, "2", "[]"},
		"with carriage returns": {strings.ReplaceAll(indented(two), "\n", "\r\n"), "2", "[]"},
		"cut short":             {array[:len(one)+20], "1", "[d: decision 2 was cut short]"},
		"without its bracket":   {strings.TrimSuffix(array, "]"), "2", "[d: decision 3 was cut short]"},
		"compressed":            {compressed(t, one+two), "2", "[]"},
		"compressed in parts":   {compressed(t, one) + compressed(t, two), "2", "[]"},
		"a compressed array":    {compressed(t, indented(array)), "2", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSearch(Query{Job: "a"})
			if err := s.Read("d", iotest.OneByteReader(strings.NewReader(c.text))); err != nil {
				t.Fatal(err)
			}
			found, err := s.Result()
			if err != nil || said(found) != c.want || fmt.Sprint(s.Torn()) != c.torn {
				t.Errorf("got %v, %v, %s; want %s, %s", found, err, s.Torn(), c.want, c.torn)
			}
		})
	}
	s := NewSearch(Query{Job: "a"})
	if err := s.Read("d", strings.NewReader(compressed(t, one)[:60])); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("a compressed file that was cut short: %v", err)
	}
}

func compressed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A document without an end takes no more memory than the longest that there is.
func TestADocumentWithoutAnEndIsNotReadWhole(t *testing.T) {
	for name, start := range map[string]string{"a line": `{"job":"`, "an array": `[{"job":"`} {
		s := NewSearch(Query{Job: "a"})
		endless := io.LimitReader(io.MultiReader(strings.NewReader(start), letters{}), 4*maxLine)
		if err := s.Read("d", endless); err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// The only decision is given with the rescale before it, whole.
func TestTheLastRescaleIsInTheJSON(t *testing.T) {
	scaled, quiet := file(t, "20 c/a A scale"), file(t, "30 c/a A hold")
	for text, want := range map[string]string{
		quiet:                            quiet,
		scaled:                           scaled,
		file(t, "10 c/a A hold") + quiet: quiet,
		scaled + quiet:                   strings.TrimSuffix(quiet, "}\n") + `,"lastRescale":` + strings.TrimSpace(scaled) + "}",
	} {
		found, err := search(t, Query{Job: "a"}, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(found.JSON()); got != strings.TrimSpace(want) || !json.Valid(found.JSON()) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A crash leaves half a line at the end, and the next process goes on below it.
func TestLinesThatWereCutShortAreLeftOut(t *testing.T) {
	first, second := file(t, "1 c/a A hold"), file(t, "2 c/a A hold")
	for name, c := range map[string]struct {
		text, want string
		torn       string
	}{
		"at the end":             {first + second[:len(second)/2], "1", "[d: line 2 was cut short]"},
		"in the middle":          {first[:20] + "\n" + second, "2", "[d: line 1 was cut short]"},
		"within an escape":       {first + `{"time":"2026\`, "1", "[d: line 2 was cut short]"},
		"after the brace":        {first + `{`, "1", "[d: line 2 was cut short]"},
		"before the end of line": {first + strings.TrimSuffix(second, "\n"), "2", "[]"},
		"by a carriage return":   {strings.ReplaceAll(first+second, "\n", "\r\n"), "2", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSearch(Query{Job: "a"})
			if err := s.Read("d", strings.NewReader(c.text)); err != nil {
				t.Fatal(err)
			}
			found, err := s.Result()
			if err != nil || said(found) != c.want || fmt.Sprint(s.Torn()) != c.torn {
				t.Errorf("got %v, %v, torn %v; want %s, %s", found, err, s.Torn(), c.want, c.torn)
			}
		})
	}
}

// endless gives one byte again and again.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestALineWithoutEndIsGivenUp(t *testing.T) {
	var source endless
	err := NewSearch(Query{Job: "a"}).Read("d", &source)
	if err == nil || !strings.HasPrefix(err.Error(), "d: line 1: it has more than 16 MiB") || source.read > 2*maxLine {
		t.Errorf("got %v after %d bytes", err, source.read)
	}
}

func TestAFaultOfTheReaderIsTold(t *testing.T) {
	broken := errors.New("broken")
	err := NewSearch(Query{Job: "a"}).Read("d", io.MultiReader(strings.NewReader(file(t, "1 c/a A hold")), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "d: line 2: ") {
		t.Errorf("got %v", err)
	}
}

// Older files are needed only where the newest does not hold the answer.
func TestOlderFilesAreReadAsLongAsTheyAreNeeded(t *testing.T) {
	newest := file(t, "30 c/a A hold", "40 c/b B scale")
	older := file(t, "10 c/a A scale", "20 c/a A hold", "20 c/c C hold")
	for name, c := range map[string]struct {
		query       Query
		first, both bool
		want        string
	}{
		"the newest is a rescale":  {Query{Job: "b"}, true, true, "40"},
		"the last rescale is old":  {Query{Job: "a"}, false, true, "30 (10)"},
		"only the old one has it":  {Query{Job: "c"}, false, false, "20"},
		"one is enough":            {Query{Job: "b", Last: 1}, true, true, "40"},
		"more are wanted":          {Query{Job: "a", Last: 2}, false, true, "20 30"},
		"an early time":            {Query{Job: "a", At: instant(t, "12:00:12")}, false, true, "10"},
		"a late time":              {Query{Job: "a", At: instant(t, "12:00:31")}, false, true, "30 (10)"},
		"a late time of a rescale": {Query{Job: "b", At: instant(t, "12:00:41")}, true, true, "40"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSearch(c.query)
			for i, text := range []string{newest, older} {
				if err := s.Read(fmt.Sprintf("d.%d", i), strings.NewReader(text)); err != nil {
					t.Fatal(err)
				}
				if want := []bool{c.first, c.both}[i]; s.Done() != want {
					t.Errorf("done after file %d: %t", i, s.Done())
				}
			}
			if found, err := s.Result(); err != nil || said(found) != c.want {
				t.Errorf("got %v, %v, want %s", found, err, c.want)
			}
		})
	}
}

// What is kept does not grow with the file.
func TestMemoryOfASearchIsBounded(t *testing.T) {
	s := NewSearch(Query{Job: "job", Last: 2})
	for i := range 1000 {
		if err := s.Read("d", strings.NewReader(file(t, fmt.Sprintf("%d c/a%03d job scale", i, i%500), fmt.Sprintf("%d c/b%03d other hold", i, i)))); err != nil {
			t.Fatal(err)
		}
	}
	kept := 0
	for _, c := range s.jobs {
		kept += len(c.newest)
	}
	if kept > 2 || len(s.others) > mostNamed {
		t.Errorf("%d decisions and %d other jobs are kept", kept, len(s.others))
	}
}

func TestTheTextsAreThoseOfTheFile(t *testing.T) {
	line := strings.Replace(file(t, "1 c/a A hold"), `"scope"`, `"invented":{"later":[1,2]},"scope"`, 1)
	found, err := search(t, Query{Job: "a"}, line)
	if err != nil || !bytes.Equal(found.Texts[0], json.RawMessage(strings.TrimSpace(line))) {
		t.Errorf("got %s, %v", found.Texts, err)
	}
}

// What was written is found, with its figures.
func TestARecordedDecisionIsFound(t *testing.T) {
	path := t.TempDir() + "/d"
	f := open(t, path, DefaultMaxBytes, DefaultKeep)
	for _, name := range []string{"steady", "scale", "held"} {
		r := scene(name)
		r.Job = autoscaler.JobKey{Job: flink.JobID(name)}
		record(t, f, r)
	}
	closeFile(t, f)
	text := readText(t, path)
	for _, name := range []string{"steady", "scale", "held"} {
		found, err := search(t, Query{Job: name}, text)
		if err != nil || len(found.Entries) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		var got, want strings.Builder
		r := scene(name)
		r.Job = autoscaler.JobKey{Job: flink.JobID(name)}
		_, _ = WriteExplanation(&got, found.Entries[0], true), WriteExplanation(&want, New(r), true)
		if got.String() != want.String() {
			t.Errorf("got\n%swant\n%s", &got, &want)
		}
	}
}

// A time in whole seconds lasts one: what is shown as 12:00:05 is in force then.
func TestParseInstant(t *testing.T) {
	newest := time.Date(2026, 7, 3, 18, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-07-01T12:00:05Z":      "2026-07-01T12:00:05.999999999Z",
		"2026-07-01T12:00:05.25Z":   "2026-07-01T12:00:05.25Z",
		"2026-07-01T12:00:05+02:00": "2026-07-01T10:00:05.999999999Z",
		"2026-07-01T12:00:05":       "2026-07-01T12:00:05.999999999Z",
		"2026-07-01 12:00:05 UTC":   "2026-07-01T12:00:05.999999999Z",
		"2026-07-01 12:00:05":       "2026-07-01T12:00:05.999999999Z",
		"12:00:05 UTC":              "2026-07-03T12:00:05.999999999Z",
		"12:00:05":                  "2026-07-03T12:00:05.999999999Z",
		"12:00:05.5":                "2026-07-03T12:00:05.5Z",
		"00:00":                     "2026-07-03T00:00:00.999999999Z",
		"23:59":                     "2026-07-03T23:59:00.999999999Z",
	} {
		if got := instant(t, text).on(newest).UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "now", "12", "25:00", "2026-07-01", "12:00:05 CET", "1782907200"} {
		if i, err := ParseInstant(text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q is no time", text)) {
			t.Errorf("%q is %v, %v", text, i, err)
		}
	}
}
