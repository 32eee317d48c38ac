package workload

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func wantText(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error is %v\nwant …%s…", err, text)
		}
	}
}

func TestTablesAreReadInEveryForm(t *testing.T) {
	no, yes := false, true
	monday := time.Date(2026, 7, 6, 12, 0, 0, 0, time.UTC)
	epoch := time.Unix(0, 0).UTC()
	second, minute := []time.Duration{0, time.Second}, []time.Duration{0, time.Minute}
	for name, c := range map[string]struct {
		text  string
		csv   CSV
		start time.Time
		at    []time.Duration
	}{
		"with a header":              {"timestamp,value\n0,10\n1,20\n", CSV{}, epoch, second},
		"without one":                {"0,10\n1,20\n", CSV{}, epoch, second},
		"without one, as is said":    {"0,10\n1,20\n", CSV{Header: &no}, epoch, second},
		"with a header of numbers":   {"1,2\n0,10\n1,20\n", CSV{Header: &yes}, epoch, second},
		"with a mark and CRLF":       {"\ufefftimestamp,value\r\n0,10\r\n1,20\r\n", CSV{}, epoch, second},
		"with comments and blanks":   {"# made by hand\nt, v\n\n0, 10\n1, 20\n", CSV{}, epoch, second},
		"columns by name":            {"id,rps,ts\nx,10,0\ny,20,1\n", CSV{Time: "ts", Value: "rps"}, epoch, second},
		"columns by number":          {"x,10,0\ny,20,1\n", CSV{Time: "3", Value: "2"}, epoch, second},
		"a column by name alone":     {"0,x,10\n1,y,20\n", CSV{Value: "3"}, epoch, second},
		"semicolons":                 {"0;10\n1;20\n", CSV{Comma: ';'}, epoch, second},
		"evenly spaced values":       {"rate\n10\n20\n", CSV{Time: "none", Step: time.Minute}, epoch, minute},
		"decimals of seconds":        {"0.5,10\n1.5,20\n", CSV{}, epoch.Add(500 * time.Millisecond), second},
		"negative seconds":           {"-0.5,10\n0.5,20\n", CSV{}, epoch.Add(-500 * time.Millisecond), second},
		"epoch seconds":              {"1783339200,10\n1783339201,20\n", CSV{}, monday, second},
		"epoch milliseconds":         {"1783339200000,10\n1783339201000,20\n", CSV{}, monday, second},
		"epoch microseconds":         {"1783339200000000,10\n1783339201000000,20\n", CSV{}, monday, second},
		"epoch nanoseconds":          {"1783339200000000000,10\n1783339201000000000,20\n", CSV{}, monday, second},
		"dates and times":            {"2026-07-06 12:00:00,10\n2026-07-06 12:01:00,20\n", CSV{}, monday, minute},
		"RFC 3339":                   {"2026-07-06T14:00:00+02:00,10\n2026-07-06T12:00:01Z,20\n", CSV{}, monday, second},
		"out of order, to be sorted": {"1,20\n0,10\n", CSV{Sort: true}, epoch, second},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV("load.csv", strings.NewReader(c.text), c.csv)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&Series{c.start, c.at, []float64{10, 20}}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestABadRowIsNamedByItsLine(t *testing.T) {
	no := false
	for text, c := range map[string]struct {
		csv  CSV
		want string
	}{
		"":                               {CSV{}, "load.csv: no row with a value"},
		"timestamp,value\n":              {CSV{}, "load.csv: no row with a value"},
		"t,v\n0,1\n1,many\n":             {CSV{}, `load.csv:3: the value "many": want a number from 0`},
		"0,1\n1,-5\n":                    {CSV{}, `load.csv:2: the value "-5"`},
		"0,1\n1,NaN\n":                   {CSV{}, `load.csv:2: the value "NaN"`},
		"0,1\n1,1e999\n":                 {CSV{}, `load.csv:2: the value "1e999"`},
		"0,1\nsoon,1\n":                  {CSV{}, `load.csv:2: the time "soon": want seconds, RFC 3339, or`},
		"0,1\n1e300,1\n":                 {CSV{}, `load.csv:2: the time "1e300": out of range`},
		"0,1\n1\n":                       {CSV{}, "load.csv:2: 1 columns; want at least 2"},
		"0,1\n\n5,1\n4,1\n":              {CSV{}, `load.csv:4: the time "4" is not after the one in line 3 (sort: true`},
		"0,1\n5,1\n5,1\n":                {CSV{}, "is not after the one in line 2"},
		"5,1\n0,1\n5,2\n":                {CSV{Sort: true}, "load.csv:3: the same time as in line 1"},
		"t,v\n\"0,1\n":                   {CSV{}, "load.csv:2: not readable as CSV"},
		"ts,rps\n0,1\n":                  {CSV{Value: "rsp"}, `load.csv:1: no column is called "rsp"; there are "ts", "rps"`},
		"ts,rps\n0,2\n":                  {CSV{Value: "1"}, "column 1 is both the time and the value"},
		"ts,rps\n0,3\n":                  {CSV{Value: "rps", Header: &no}, "given by name, but the table has no header"},
		"ts,rps\n0,4\n":                  {CSV{Time: "none"}, "without a time column, the step is 0s"},
		"0,1\n9999999999,1\n":            {CSV{}, "load.csv:2: more than 100 years after the first row in line 1"},
		"a\n" + strings.Repeat("x", 500): {CSV{Value: "1", Time: "2"}, "load.csv:2: 1 columns"},
	} {
		_, err := ReadCSV("load.csv", strings.NewReader(text), c.csv)
		wantText(t, err, c.want)
	}
}

func TestBundledTracesAreWhatTheirSourcesSay(t *testing.T) {
	for name, want := range map[string]struct {
		rows        int
		start       string
		low, high   float64
		mean        float64
		span        time.Duration
		seconds     float64 // of a step, for what counts per step
		gapsAllowed bool
	}{
		"ads":          {64_800, "2022-08-28T22:00:00Z", 5861, 29225, 14256.05, 18 * time.Hour, 1, false},
		"cars":         {64_803, "2021-12-19T15:12:56Z", 10130, 37563, 18360.57, 18*time.Hour + 3*time.Second, 1, false},
		"elb":          {4032, "2014-04-10T00:04:00Z", 1, 656, 61.837, 14*day + 40*time.Minute, 300, true},
		"nyc-taxi":     {10_320, "2014-07-01T00:00:00Z", 8, 39197, 15137.57, 215 * day, 1800, false},
		"twitter-aapl": {15_902, "2015-02-26T21:42:53Z", 0, 13479, 85.552, 15_902 * 5 * time.Minute, 300, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, perStep, err := Bundled(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Values) != want.rows || s.Start.Format(time.RFC3339) != want.start || perStep != (want.seconds > 1) {
				t.Errorf("%d rows from %s, per step %t", len(s.Values), s.Start, perStep)
			}
			c := must(Trace{PerStep: perStep}.Curve(s)).(*pieces)
			if c.length() != want.span {
				t.Errorf("it lasts %s, want %s", c.length(), want.span)
			}
			low, high := math.Inf(1), 0.0
			for _, at := range s.At {
				low, high = math.Min(low, c.Rate(at)), math.Max(high, c.Rate(at))
			}
			if !near(low*want.seconds, want.low, 1e-12) || !near(high*want.seconds, want.high, 1e-12) {
				t.Errorf("from %v to %v a step", low*want.seconds, high*want.seconds)
			}
			share := 1e-4
			if want.gapsAllowed {
				share = 0.01
			}
			if mean := c.Mean(0, c.length()) * want.seconds; !near(mean, want.mean, share) {
				t.Errorf("mean %v a step, want %v", mean, want.mean)
			}
		})
	}
	if _, _, err := Bundled("nyc-taxy"); err == nil || !strings.Contains(err.Error(), `"nyc-taxy"; there are "ads", `) || !strings.Contains(err.Error(), "did you mean nyc-taxi?") {
		t.Errorf("%v", err)
	}
}

func TestATraceIsCutScaledAndRepeated(t *testing.T) {
	series := &Series{At: []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, Values: []float64{60, 120, 0, 60}}
	for name, c := range map[string]struct {
		trace Trace
		want  []at
	}{
		"as it is":       {Trace{}, []at{{0, 60}, {30 * time.Second, 90}, {time.Minute, 120}, {3 * time.Minute, 60}, {day, 60}}},
		"held":           {Trace{Held: true}, []at{{0, 60}, {30 * time.Second, 60}, {time.Minute, 120}, {2 * time.Minute, 0}}},
		"counts":         {Trace{PerStep: true}, []at{{0, 1}, {30 * time.Second, 1.5}, {time.Minute, 2}}},
		"looping":        {Trace{End: Loop}, []at{{4*time.Minute - 1, 60}, {5 * time.Minute, 120}, {9 * time.Minute, 120}}},
		"then silent":    {Trace{End: Silence}, []at{{4*time.Minute - 1, 60}, {4 * time.Minute, 0}}},
		"from a time on": {Trace{From: 90 * time.Second}, []at{{0, 60}, {30 * time.Second, 0}, {90 * time.Second, 60}}},
		"a part, looping": {Trace{From: 30 * time.Second, Length: time.Minute, End: Loop}, []at{
			{0, 90}, {30 * time.Second, 120}, {time.Minute - 1, 60}, {time.Minute, 90}, {90 * time.Second, 120},
		}},
		"twice as fast":      {Trace{Speed: 2}, []at{{15 * time.Second, 90}, {30 * time.Second, 120}, {time.Minute, 0}}},
		"half as fast":       {Trace{Speed: 0.5, End: Loop}, []at{{2 * time.Minute, 120}, {10 * time.Minute, 120}}},
		"scaled":             {Trace{Scale: 10}, []at{{time.Minute, 1200}}},
		"to a peak":          {Trace{Peak: 6000}, []at{{0, 3000}, {time.Minute, 6000}}},
		"to a mean":          {Trace{Mean: 600, Held: true}, []at{{0, 600}, {time.Minute, 1200}}},
		"resampled":          {Trace{Resample: 2 * time.Minute}, []at{{time.Minute, 75}, {2 * time.Minute, 60}, {3 * time.Minute, 45}}},
		"resampled and held": {Trace{Resample: 2 * time.Minute, Held: true}, []at{{0, 90}, {2*time.Minute - 1, 90}, {2 * time.Minute, 30}}},
	} {
		t.Run(name, func(t *testing.T) {
			curve := must(c.trace.Curve(series))
			for _, w := range c.want {
				if got := curve.Rate(w.t); math.Abs(got-w.want) > 1e-6*math.Max(1, w.want) {
					t.Errorf("%v at %s, want %v", got, w.t, w.want)
				}
			}
		})
	}
	curve := must(Trace{Speed: 2, Mean: 600, From: time.Minute, Length: 2 * time.Minute}.Curve(series))
	if got := curve.Mean(0, time.Minute); !near(got, 600, 1e-9) {
		t.Errorf("the mean that was asked for is %v", got)
	}
	if diff := cmp.Diff([]float64{60, 120, 0, 60}, series.Values); diff != "" {
		t.Errorf("the series was changed: %s", diff)
	}
}

var errGone = errors.New("gone")
