package decisions

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// Query says which decisions are wanted.
type Query struct {
	// Job is a job's id, the beginning of it, or its name, each with or without
	// CLUSTER/ before it. An id goes before a name, a name before a beginning.
	Job string
	// Last is the number of newest decisions; 0 is 1.
	Last int
	// At asks for the decision in force at that time instead.
	At Instant
}

// Found is what a search came to.
type Found struct {
	// Entries stand oldest first.
	Entries []Entry
	// Texts are the entries as they stand in the file.
	Texts []json.RawMessage
	// Rescale is the newest rescale before the only entry, if that is none itself;
	// nil where none is known.
	Rescale *Entry
	// RescaleText is it as it stands in the file.
	RescaleText json.RawMessage
}

// Search looks for decisions in one or more files. It keeps what may be the
// answer and no more. Files may come in any order; give the newest first and ask
// Done before an older one.
type Search struct {
	query Query
	// rank is how well the jobs found match the query, the lowest the best.
	rank rank
	jobs map[autoscaler.JobKey]*candidate
	// others are jobs that do not match, the one seen last at the end.
	others []other
	more   bool
	files  []string
	torn   []string
}

// candidate is a job that may be meant.
type candidate struct {
	key    autoscaler.JobKey
	name   string
	oldest time.Time
	latest time.Time
	// newest are the newest decisions, the oldest of them first, and rescale is the
	// newest that is one.
	newest  []held
	rescale *held
	// at and rescaleAt are the same as of limit, the time that is asked for.
	at, rescaleAt *held
	limit         time.Time
}

// held is a line that is kept, and where it stands.
type held struct {
	at     time.Time
	scale  bool
	text   []byte
	source string
}

type other struct {
	key  autoscaler.JobKey
	name string
}

type rank int

const (
	byID rank = iota
	byName
	byPrefix
	byNothing
)

// NewSearch begins a search.
func NewSearch(q Query) *Search {
	q.Last = max(1, q.Last)
	return &Search{query: q, rank: byNothing, jobs: map[autoscaler.JobKey]*candidate{}}
}

// Read reads a file, which errors call by name. Lines that were cut short are
// left out: see Torn.
func (s *Search) Read(name string, r io.Reader) error {
	s.files = append(s.files, name)
	for line, err := range Lines(r) {
		var torn *TornLineError
		switch {
		case errors.As(err, &torn):
			s.torn = append(s.torn, fmt.Sprintf("%s: %s", name, torn))
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		default:
			s.take(name, &line)
		}
	}
	return nil
}

// Torn names the lines that were left out since they were cut short.
func (s *Search) Torn() []string { return s.torn }

// Done tells whether a file older than those read has nothing to add.
func (s *Search) Done() bool {
	if len(s.jobs) != 1 {
		return len(s.jobs) > 1
	}
	for _, c := range s.jobs {
		switch {
		case s.query.At.set:
			return c.at != nil && (c.at.scale || c.rescaleAt != nil)
		case s.query.Last > 1:
			return len(c.newest) == s.query.Last
		}
		return c.rescale != nil
	}
	return false
}

func (s *Search) take(file string, line *Line) {
	key := autoscaler.JobKey{Cluster: line.Cluster, Job: flink.JobID(line.Job)}
	matched := rankOf(s.query.Job, line)
	if matched == byNothing || matched > s.rank {
		s.pass(other{key, line.Name})
		return
	}
	if matched < s.rank {
		s.rank = matched
		clear(s.jobs)
	}
	c := s.jobs[key]
	if c == nil {
		c = &candidate{key: key, oldest: line.Time}
		s.jobs[key] = c
	}
	c.see(line)
	if len(s.jobs) == 1 { // of several none is the answer
		c.keep(held{
			at: line.Time, scale: line.Action == ActionScale,
			text: bytes.Clone(line.Text), source: file + ": " + line.Place,
		}, s.query)
	}
}

// rankOf tells how a line matches what was asked for.
func rankOf(job string, line *Line) rank {
	best := byNothing
	asked := [...]string{job, ""}
	if line.Cluster != "" {
		asked[1] = behind(job, line.Cluster)
	}
	for _, text := range asked {
		switch {
		case text == "":
		case text == line.Job:
			best = min(best, byID)
		case text == line.Name:
			best = min(best, byName)
		case strings.HasPrefix(line.Job, text):
			best = min(best, byPrefix)
		}
	}
	return best
}

// behind is what stands behind a cluster's name or its address, which may lack
// its scheme; empty where another one stands there.
func behind(job, cluster string) string {
	if rest, found := strings.CutPrefix(job, cluster+"/"); found {
		return rest
	}
	if _, address, found := strings.Cut(cluster, "://"); found {
		if rest, found := strings.CutPrefix(job, address+"/"); found {
			return rest
		}
	}
	return ""
}

// mostNamed is how many jobs an error names.
const mostNamed = 10

// pass remembers a job that is not meant, for the case that none is.
func (s *Search) pass(o other) {
	if i := slices.IndexFunc(s.others, func(x other) bool { return x.key == o.key }); i >= 0 {
		s.others = slices.Delete(s.others, i, i+1)
	}
	s.others = append(s.others, o)
	if len(s.others) > mostNamed {
		s.others, s.more = slices.Delete(s.others, 0, 1), true
	}
}

func (c *candidate) see(line *Line) {
	if line.Time.Before(c.oldest) {
		c.oldest = line.Time
	}
	if !line.Time.Before(c.latest) {
		c.latest, c.name = line.Time, line.Name
	}
}

// keep takes a decision in, at the place that its time gives it.
func (c *candidate) keep(h held, q Query) {
	if limit := q.At.on(c.latest); q.At.set && !limit.Equal(c.limit) {
		// Of a later day: all that there was before is before that time.
		c.limit, c.rescaleAt = limit, c.rescale
		if n := len(c.newest); n > 0 {
			c.at = new(held)
			*c.at = c.newest[n-1]
		}
	}
	if q.At.set && !h.at.After(c.limit) {
		c.at = later(c.at, &h)
		if h.scale {
			c.rescaleAt = later(c.rescaleAt, &h)
		}
	}
	if h.scale {
		c.rescale = later(c.rescale, &h)
	}
	i := len(c.newest)
	for i > 0 && c.newest[i-1].at.After(h.at) {
		i--
	}
	if c.newest = slices.Insert(c.newest, i, h); len(c.newest) > q.Last {
		c.newest = slices.Clone(c.newest[1:])
	}
}

func later(a, b *held) *held {
	if a == nil || !b.at.Before(a.at) {
		return b
	}
	return a
}

// Result is the answer. It is an error when no job or more than one matches, or
// when there is nothing about the time that was asked for.
func (s *Search) Result() (*Found, error) {
	switch {
	case len(s.jobs) == 0:
		return nil, s.unknown()
	case len(s.jobs) > 1:
		return nil, s.ambiguous()
	}
	var c *candidate
	for _, c = range s.jobs { // the only one
	}
	if s.query.At.set {
		if c.at == nil {
			return nil, fmt.Errorf("nothing is known of %s at %s: its first decision here is of %s", c, fullMoment(c.limit), fullMoment(c.oldest))
		}
		return found([]held{*c.at}, c.rescaleAt)
	}
	return found(c.newest, c.rescale)
}

func found(entries []held, rescale *held) (*Found, error) {
	var f Found
	for _, h := range entries {
		e, err := h.entry()
		if err != nil {
			return nil, err
		}
		f.Entries, f.Texts = append(f.Entries, e), append(f.Texts, h.text)
	}
	if rescale == nil || len(entries) != 1 || entries[0].scale {
		return &f, nil
	}
	e, err := rescale.entry()
	f.Rescale, f.RescaleText = &e, rescale.text
	return &f, err
}

// JSON is the only entry as it stands in the file, and in it as lastRescale the
// newest rescale before it, where there is one.
func (f *Found) JSON() json.RawMessage {
	text := f.Texts[0]
	if f.Rescale == nil {
		return text
	}
	whole := bytes.TrimSuffix(bytes.TrimSpace(text), []byte("}"))
	return slices.Concat(whole, []byte(`,"lastRescale":`), f.RescaleText, []byte("}"))
}

func (h *held) entry() (Entry, error) {
	var e Entry
	if err := json.Unmarshal(h.text, &e); err != nil {
		return Entry{}, fmt.Errorf("%s is no decision: %w", h.source, err)
	}
	return e, nil
}

func (s *Search) unknown() error {
	where := strings.Join(s.files, ", ")
	if len(s.others) == 0 {
		return fmt.Errorf("%s: no decision has been recorded", where)
	}
	var names []string
	for _, o := range slices.Backward(s.others) {
		names = append(names, o.String())
	}
	if s.more {
		names = append(names, "and others")
	}
	return fmt.Errorf("%s: no decision about a job %q; there are some about %s", where, s.query.Job, strings.Join(names, ", "))
}

// ambiguous lists the jobs, the one decided on last first.
func (s *Search) ambiguous() error {
	jobs := slices.SortedFunc(maps.Values(s.jobs), func(a, b *candidate) int {
		return cmp.Or(b.latest.Compare(a.latest), strings.Compare(a.key.String(), b.key.String()))
	})
	var names []string
	for _, c := range jobs[:min(mostNamed, len(jobs))] {
		names = append(names, fmt.Sprintf("%s, last decided on %s", c, fullMoment(c.latest)))
	}
	if n := len(jobs) - mostNamed; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return fmt.Errorf("%q is not one job but %d: %s", s.query.Job, len(jobs), strings.Join(names, "; "))
}

func (c *candidate) String() string { return other{c.key, c.name}.String() }

func (o other) String() string {
	if o.name == "" {
		return o.key.String()
	}
	return fmt.Sprintf("%q (%s)", o.name, o.key)
}
