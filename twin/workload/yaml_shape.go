package workload

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

func (r *reader) ramp(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, "from", "to", "start", "over")
	if !f.Require("to", "over") {
		return nil, nil
	}
	return Ramp(f.rate("from", 0), f.rate("to", 0), f.duration("start", 0), f.duration("over", time.Second))
}

func (r *reader) sine(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, "low", "high", "period", "peak")
	if !f.Require("high", "period") {
		return nil, nil
	}
	return Sine{
		Low: f.rate("low", 0), High: f.rate("high", 0), Period: f.duration("period", time.Hour), Peak: f.duration("peak", 0),
	}.Curve()
}

func (r *reader) day(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, "low", "high", "peak", "points")
	if e, given := f.Values["points"]; given {
		if f.Has("low") || f.Has("high") || f.Has("peak") {
			return nil, errors.New("points, or low, high and peak; want one of the two")
		}
		points, ok := r.points(e.At, e.Value, "points", parseClock)
		if !ok {
			return nil, nil
		}
		return DayOf(points, r.context.Start)
	}
	if !f.Require("high") {
		return nil, nil
	}
	const afternoon = 14 * time.Hour
	return DayAndNight(f.rate("low", 0), f.rate("high", 0), read(f, "peak", afternoon, parseClock), r.context.Start)
}

func (r *reader) week(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, "of", "factors", "holidays", "blend")
	if !f.Require("of") {
		return nil, nil
	}
	w := Week{
		Start: r.context.Start, Factors: factors(f, "factors", parseWeekday), Holidays: factors(f, "holidays", parseDate),
		Blend: f.duration("blend", 0),
	}
	factor, err := w.Factor()
	if err != nil {
		return nil, err
	}
	return Product(f.of(c), factor), nil
}

// factors reads a mapping of days to factors.
func factors[K comparable](f fields, key string, parse func(string) (K, error)) map[K]float64 {
	read := map[K]float64{}
	e, given := f.Values[key]
	if !given {
		return read
	}
	for _, e := range f.Mapping(e.Value, e.Value, key) {
		k, err := parse(e.Key)
		if err != nil {
			f.Fail(e.At, "%s: %s", key, err)
			continue
		}
		if _, twice := read[k]; twice {
			f.Fail(e.At, "%s: %s is the same day as one before", key, yamlfile.Quoted(e.Key))
		}
		one := f.reader.one(key, e)
		read[k] = one.rate(e.Key, 1)
	}
	return read
}

func (r *reader) spike(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, "base", "peak", "at", "rise", "hold", "decay", "every")
	if !f.Require("peak") {
		return nil, nil
	}
	return Spike{
		Base: f.rate("base", 0), Peak: f.rate("peak", 0), At: f.duration("at", 0),
		Rise: f.duration("rise", 0), Hold: f.duration("hold", 0), Decay: f.duration("decay", 0), Every: f.duration("every", 0),
	}.Curve()
}

// samplingKeys are those of every pattern.
var samplingKeys = []string{"every", "length", "end", "seed"}

func (f fields) sampling(c curveText) Sampling {
	return Sampling{Every: f.duration("every", 0), Length: f.duration("length", 0), End: f.end(), Seed: f.seed(c)}
}

func (r *reader) walk(c curveText) (Curve, error) {
	var w Walk
	var f fields
	switch c.kind {
	case "growth":
		f = r.fields(c.at, c.value, c.kind, append([]string{"rate"}, samplingKeys...)...)
		w = Growth(f.rate("rate", 2.5e6), 0)
	case "decline":
		f = r.fields(c.at, c.value, c.kind, append([]string{"rate"}, samplingKeys...)...)
		w = Decline(f.rate("rate", 2.5e6), 0)
	default:
		f = r.fields(c.at, c.value, c.kind, append([]string{"start", "step", "down", "up", "min", "max"}, samplingKeys...)...)
		w = RandomWalk(0)
		if f.Has("step") && (f.Has("down") || f.Has("up")) {
			return nil, errors.New("step, or down and up; want one of the two")
		}
		w.Start = f.rate("start", w.Start)
		w.Down = f.rate("step", f.rate("down", w.Down))
		w.Up = f.rate("step", f.rate("up", w.Up))
		w.Min, w.Max = f.rate("min", w.Min), f.rate("max", w.Max)
	}
	w.Sampling = f.sampling(c)
	return w.Curve()
}

func (r *reader) cosine(c curveText) (Curve, error) {
	f := r.fields(c.at, c.value, c.kind, append([]string{"mean", "amplitude", "noise", "period"}, samplingKeys...)...)
	return Cosine{
		Sampling: f.sampling(c), Mean: f.rate("mean", 30e3), Amplitude: f.rate("amplitude", 25e3), Noise: f.rate("noise", 250),
		Period: f.duration("period", 0),
	}.Curve()
}

func (r *reader) trace(c curveText) (Curve, error) {
	if name, plain := yamlfile.Text(c.value); plain {
		s, perStep, err := Bundled(name)
		if err != nil {
			return nil, err
		}
		return Trace{PerStep: perStep}.Curve(s)
	}
	f := r.fields(c.at, c.value, c.kind, "name", "file", "time", "value", "step", "header", "comma", "sort",
		"per", "interpolate", "from", "length", "resample", "speed", "scale", "mean", "peak", "end")
	before := len(r.Problems)
	s, perStep, err := f.table()
	if err != nil {
		return nil, err
	}
	t := Trace{
		PerStep: read(f, "per", perStep, oneOf("second", "step")), Held: read(f, "interpolate", false, oneOf("linear", "hold")),
		From: f.duration("from", 0), Length: f.duration("length", 0), Resample: f.duration("resample", 0),
		Speed: f.rate("speed", 1), Scale: f.rate("scale", 0), Mean: f.rate("mean", 0), Peak: f.rate("peak", 0), End: f.end(),
	}
	if len(r.Problems) > before {
		return nil, nil
	}
	return t.Curve(s)
}

// table reads the series that the fields of a trace name.
func (f fields) table() (s *Series, perStep bool, err error) {
	if f.Has("name") == f.Has("file") {
		return nil, false, errors.New("want name for a bundled trace, or file for one of your own")
	}
	if f.Has("name") {
		for _, key := range [...]string{"time", "value", "step", "header", "comma", "sort"} {
			if f.Has(key) {
				return nil, false, fmt.Errorf("%s says how a file is read; a bundled trace needs none of it", key)
			}
		}
		return Bundled(f.Text("name"))
	}
	c := CSV{
		Time: f.Text("time"), Value: f.Text("value"), Step: f.duration("step", 0),
		Comma: read(f, "comma", 0, parseComma), Sort: f.yes("sort"),
	}
	if f.Has("header") {
		header := f.yes("header")
		c.Header = &header
	}
	name := f.Text("file")
	if f.reader.context.ReadFile == nil {
		return nil, false, fmt.Errorf("file %s: no files are read here", yamlfile.Quoted(name))
	}
	contents, err := f.reader.context.ReadFile(name)
	if err != nil {
		return nil, false, fmt.Errorf("file: %w", err)
	}
	s, err = readMaybePacked(name, contents, c)
	return s, false, err
}
