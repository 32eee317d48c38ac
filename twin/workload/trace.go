package workload

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

// Trace makes a load of a series.
type Trace struct {
	// PerStep says that a value counts what came up to the next, not a rate: it is
	// divided by the usual step of the series.
	PerStep bool
	// Held keeps each value until the next, without lines between them.
	Held bool
	// From leaves out what is before, Length what is after that much; 0 for all.
	From, Length time.Duration
	// Resample averages over so long; 0 for the series as it is.
	Resample time.Duration
	// Speed lets it pass so many times as fast; 0 is 1.
	Speed float64
	// Scale multiplies the rates; Mean or Peak says instead what the mean or the
	// highest shall be, in records/s. 0 for none, at most one of them.
	Scale, Mean, Peak float64
	End               End
}

// Curve makes a curve of a series.
func (t Trace) Curve(s *Series) (Curve, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	p, err := t.path(s)
	if err != nil {
		return nil, err
	}
	c := t.cut(p.pieces())
	if t.Resample > 0 {
		if c, err = resampled(c, t.Resample, t.Held); err != nil {
			return nil, err
		}
	}
	if c, err = t.faster(c); err != nil {
		return nil, err
	}
	if err := t.level(c); err != nil {
		return nil, err
	}
	c.close(c.popLength(), c.to[len(c.to)-1], t.End)
	return c, nil
}

func (t Trace) check() error {
	given := 0
	for _, v := range [...]float64{t.Scale, t.Mean, t.Peak} {
		if v != 0 {
			given++
		}
	}
	switch {
	case given > 1:
		return errors.New("scale, mean and peak each say how high it is; want one of them")
	case t.Speed != 0 && !(t.Speed >= 1e-6 && t.Speed <= 1e6):
		return fmt.Errorf("the speed is %v; want 0.000001 to 1000000", t.Speed)
	case t.Resample != 0 && (t.Resample < time.Millisecond || t.Resample > horizon):
		return fmt.Errorf("the step to resample to is %s; want 1 ms to 100 years", t.Resample)
	}
	return errors.Join(
		checkTime("from", t.From, 0), checkTime("the length", t.Length, 0),
		checkRate("the scale", t.Scale), checkRate("the mean", t.Mean), checkRate("the peak", t.Peak),
	)
}

// path is the whole series, one step longer than to its last value.
func (t Trace) path(s *Series) (Path, error) {
	if len(s.At) == 0 || len(s.At) != len(s.Values) {
		return Path{}, errors.New("the series is empty")
	}
	step := s.step()
	by := 1.0
	if t.PerStep {
		by = 1 / step.Seconds()
	}
	p := Path{Straight: !t.Held}
	for i, at := range s.At {
		p.Points = append(p.Points, Point{at, s.Values[i] * by})
	}
	p.Length = min(s.At[len(s.At)-1]+step, horizon)
	if _, err := p.Curve(); err != nil {
		return Path{}, err
	}
	if t.From >= p.Length {
		return Path{}, fmt.Errorf("from is %s; the series ends at %s", t.From, p.Length)
	}
	return p, nil
}

// step is the usual one: the median. A single value stands for a second.
func (s *Series) step() time.Duration {
	if len(s.At) < 2 {
		return time.Second
	}
	steps := make([]time.Duration, len(s.At)-1)
	for i := range steps {
		steps[i] = s.At[i+1] - s.At[i]
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// cut takes the part that is wanted.
func (t Trace) cut(c *pieces) *pieces {
	end := c.length()
	if t.Length > 0 && t.Length < end-t.From {
		end = t.From + t.Length
	}
	if t.From == 0 && end == c.length() {
		return c
	}
	var part pieces
	for i := range c.from {
		from, to := max(c.at[i], t.From), min(c.at[i+1], end)
		if from >= to {
			continue
		}
		last := c.to[i]
		if to < c.at[i+1] {
			last = c.on(i, to)
		}
		part.add(from-t.From, c.on(i, from), last)
	}
	part.close(end-t.From, part.to[len(part.to)-1], Hold)
	return &part
}

// resampled has the mean of each interval, in its middle or over all of it.
func resampled(c *pieces, every time.Duration, held bool) (*pieces, error) {
	if n := c.length() / every; n > maxRows {
		return nil, fmt.Errorf("%d values after resampling; want at most %d: a greater step", n, maxRows)
	}
	p := Path{Straight: !held, Length: c.length()}
	for at := time.Duration(0); at < c.length(); at += every {
		end := min(at+every, c.length())
		point := Point{at, c.Mean(at, end)}
		if !held {
			point.At += (end - at) / 2
		}
		p.Points = append(p.Points, point)
	}
	return p.pieces(), nil
}

// faster compresses the time.
func (t Trace) faster(c *pieces) (*pieces, error) {
	if t.Speed == 0 || t.Speed == 1 {
		return c, nil
	}
	for i, at := range c.at {
		scaled := float64(at) / t.Speed
		if scaled > float64(horizon) {
			return nil, fmt.Errorf("at speed %v it lasts longer than 100 years", t.Speed)
		}
		c.at[i] = time.Duration(scaled)
		if i > 0 && c.at[i] <= c.at[i-1] {
			return nil, fmt.Errorf("at speed %v two values fall on the same nanosecond", t.Speed)
		}
	}
	c.close(c.popLength(), 0, Hold) // the sums are new
	return c, nil
}

// popLength takes the end off, for close to put it back.
func (p *pieces) popLength() time.Duration {
	length := p.length()
	p.at = p.at[:len(p.at)-1]
	return length
}

// level brings the rates to the height that is wanted.
func (t Trace) level(c *pieces) error {
	by, of := 1.0, 0.0
	switch {
	case t.Scale != 0:
		by = t.Scale
	case t.Mean != 0:
		of = c.Mean(0, c.length())
		by = t.Mean / of
	case t.Peak != 0:
		of = max(slices.Max(c.from), slices.Max(c.to))
		by = t.Peak / of
	}
	if (t.Mean != 0 || t.Peak != 0) && of == 0 {
		return errors.New("the series is 0 throughout: no mean or peak can be given to it")
	}
	for i := range c.from {
		c.from[i], c.to[i] = min(c.from[i]*by, maxResult), min(c.to[i]*by, maxResult)
	}
	return nil
}

//go:embed traces
var bundled embed.FS

// named are the bundled traces, and which of them count per step.
var named = []struct {
	name    string
	perStep bool
}{{"ads", false}, {"cars", false}, {"elb", true}, {"nyc-taxi", true}, {"twitter-aapl", true}}

// TraceNames are those of the bundled traces, in alphabetical order. Where they
// come from, and their licences, is said in traces/README.md.
func TraceNames() []string {
	names := make([]string, len(named))
	for i, n := range named {
		names[i] = n.name
	}
	return names
}

// Bundled reads a bundled trace and tells whether its values count per step.
func Bundled(name string) (s *Series, perStep bool, err error) {
	for _, n := range named {
		if n.name == name {
			s, err = readBundled(name)
			return s, n.perStep, err
		}
	}
	return nil, false, fmt.Errorf("no trace is called %q; there are %s%s", name, list(TraceNames(), 20), yamlfile.Suggestion(name, TraceNames()))
}

func readBundled(name string) (*Series, error) {
	packed, err := bundled.ReadFile("traces/" + name + ".csv.gz")
	if err != nil {
		return nil, err
	}
	return readMaybePacked(name+".csv", packed, CSV{})
}

// maxUnpacked bounds what a compressed table may come to, in bytes.
const maxUnpacked = 256 << 20

// readMaybePacked reads a table that may be compressed with gzip.
func readMaybePacked(name string, contents []byte, c CSV) (*Series, error) {
	if !bytes.HasPrefix(contents, []byte{0x1f, 0x8b}) {
		return ReadCSV(name, bytes.NewReader(contents), c)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(contents))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	bounded := &io.LimitedReader{R: unpacked, N: maxUnpacked + 1}
	s, err := ReadCSV(name, bounded, c)
	if bounded.N == 0 {
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxUnpacked)
	}
	return s, err
}
