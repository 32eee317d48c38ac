package workload

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/options"
)

var friday = Context{Start: time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC), Seed: 7, ReadFile: func(name string) ([]byte, error) {
	if name != "load.csv" {
		return nil, errGone
	}
	return []byte("ts;rps\n1;20\n0;10\n"), nil
}}

func TestEveryKindOfCurveIsReadFromYAML(t *testing.T) {
	for text, want := range map[string][]at{
		"500":                  {{0, 500}},
		"2.5M":                 {{0, 2.5e6}},
		"constant: 25k":        {{0, 25e3}},
		"constant: 1e3":        {{0, 1000}},
		"\"500\"":              {{0, 500}},
		"steps: {0 s: 500}":    {{0, 500}},
		"steps: {0: 1, 1h: 2}": {{0, 1}, {time.Hour, 2}},
		"steps:\n  0 s: 500\n  30 s: 2500 # up\n  90 s: 500\n":      {{30 * time.Second, 2500}, {time.Hour, 500}},
		"steps: {at: {0 s: 1, 1 min: 2}, length: 2 min, end: loop}": {{time.Minute, 2}, {2 * time.Minute, 1}},
		"lines: {0 s: 100, 10 min: 900}":                            {{5 * time.Minute, 500}},
		"lines: {at: {0 s: 100, 10 min: 900}, end: silence}":        {{5 * time.Minute, 500}, {time.Hour, 0}},
		"ramp: {from: 0, to: 2k, start: 1 min, over: 10 min}":       {{6 * time.Minute, 1000}},
		"sine: {low: 200, high: 1000, period: 1 h, peak: 30 min}":   {{0, 200}, {30 * time.Minute, 1000}},
		"day: {low: 200, high: 1000, peak: 20:00}":                  {{20 * time.Hour, 1000}, {8 * time.Hour, 200}},
		"day: {high: 1000}": {{14 * time.Hour, 1000}, {2 * time.Hour, 0}},
		"day: {points: {\"00:00\": 300, \"06:00\": 150, \"12:00\": 1000}}":                                  {{0, 300}, {3 * time.Hour, 225}, {18 * time.Hour, 650}},
		"week: {of: 100, factors: {sat: 0.6, Sunday: 0.5}, holidays: {2026-12-25: 0.3}}":                    {{0, 30}, {day, 60}, {2 * day, 50}, {3 * day, 100}, {7 * day, 100}},
		"week: {of: 100, factors: {sat: 0.5}, blend: 4 h}":                                                  {{day, 75}, {36 * time.Hour, 50}},
		"spike: {peak: 5k, base: 1k, at: 10 h, rise: 2 min, hold: 30 min, decay: 1 h, every: 24 h}":         {{0, 1000}, {10*time.Hour + time.Minute, 3000}, {34*time.Hour + 2*time.Minute, 5000}},
		"random-walk: {start: 5, step: 0, max: 10}":                                                         {{time.Hour, 5}},
		"random-walk: {start: 5, down: 0, up: 0, min: 1, max: 10, length: 2 h, every: 5 min, end: silence}": {{time.Hour, 5}, {3 * time.Hour, 0}},
		"growth: {rate: 0}":                             {{time.Hour, 0}},
		"decline: {rate: 0, seed: 3}":                   {{0, 2000}, {time.Hour, 2000}},
		"cosine: {mean: 12k, amplitude: 10k, noise: 0}": {{0, 22e3}, {30 * time.Minute, 2e3}},
		"convergence: {}":                               {{0, 0}, {20 * time.Minute, 2e6}, {time.Hour, 1e6}},
		"trace: cars":                                   {{0, 10670}, {2 * time.Second, 10666}},
		"trace: nyc-taxi":                               {{0, 10844 / 1800.0}},
		"trace: {name: ads, scale: 2, from: 1 s}":       {{0, 2 * 7796}},
		"trace: {name: ads, peak: 1000, end: loop}":     {{0, 7796 * 1000 / 29225.0}},
		"trace: {file: load.csv, comma: \";\", sort: true, header: true, time: ts, value: rps, interpolate: hold, per: step}": {{0, 10}, {time.Second, 20}},
		"sum: [100, {ramp: {to: 100, over: 10 s}}]":                    {{5 * time.Second, 150}},
		"product:\n- 100\n- ramp: {to: 1, over: 10 s}\n":               {{5 * time.Second, 50}},
		"scale: {of: 100, by: 2}":                                      {{0, 200}},
		"limit: {of: {ramp: {to: 100, over: 10 s}}, min: 20, max: 60}": {{0, 20}, {5 * time.Second, 50}, {9 * time.Second, 60}},
		"noise: {of: 100, share: 0, every: 5 s, seed: 1}":              {{0, 100}},
	} {
		c, err := ParseCurve("load.yaml", []byte(text), friday)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		for _, w := range want {
			if got := c.Rate(w.t); math.Abs(got-w.want) > 1e-6*math.Max(1, w.want) {
				t.Errorf("%s\nhas %v at %s, want %v", text, got, w.t, w.want)
			}
		}
	}
}

// Every wrong curve is told with its line and what would be right.
func TestWrongCurvesAreToldByLine(t *testing.T) {
	deep := strings.Repeat("{scale: {by: 1, of: ", 40) + "1" + strings.Repeat("}}", 40)
	for text, want := range map[string]string{
		"":                                       "load.yaml: empty",
		"# nothing\n":                            "load.yaml: empty",
		"a: [":                                   "load.yaml:1: not readable as YAML",
		"500\n---\n500\n":                        "load.yaml:3: a second document",
		"fast":                                   `load.yaml:1: a curve: "fast": want a number from 0 to 1e+12, such as 500, 25k or 2.5M`,
		"-5":                                     `"-5": want a number`,
		".inf":                                   `".inf": want a number`,
		"0x10":                                   `"0x10": want a number`,
		"growth":                                 "growth has no value",
		"[1, 2]":                                 `load.yaml:1: a curve: want "key: value"`,
		"{}":                                     "want one key that says of which kind it is, got 0",
		"\nsteps: {0 s: 1}\nlines: {0 s: 2}":     "load.yaml:2: a curve: want one key that says of which kind it is, got 2",
		"\nsin: {high: 5}":                       "load.yaml:2: sin: no such kind of curve; did you mean sine?",
		"sine:\n  high: 5\n  perid: 1 h\n":       "load.yaml:3: sine: unknown key \"perid\"; there are low, high, period, peak; did you mean period?",
		"sine: {high: 5}":                        "sine: period is missing",
		"sine: {high: 5, high: 6, period: 1 h}":  "already defined",
		"sine: {high: 5, period: 1}":             `sine: period: "1": want a unit, such as "1 s"`,
		"sine: {high: 5, period: soon}":          `sine: period: "soon": want a whole number and a unit`,
		"sine: {high: 5, period: 900000 d}":      `"900000 d": want at most 100 years`,
		"sine: {high: [5], period: 1 h}":         "sine: high: want a plain value",
		"sine: {high: 5, period: 1 ms}":          "load.yaml:1: sine: the period is 1ms; want 1 s to a year",
		"constant:":                              "a curve: constant: want a plain value",
		"steps:\n  10 s: 1\n  5 s: 2\n":          "load.yaml:3: steps: 5 s is not after the time before it",
		"steps:\n  10 s: 1\n  20: 2\n":           `load.yaml:3: steps: "20": want a unit`,
		"steps: 5":                               `steps: want "key: value"`,
		"steps: {}":                              "steps: no point given",
		"steps: {at: {0 s: 1}, end: lop}":        `steps: end: "lop": want hold, loop or silence; did you mean loop?`,
		"day: {high: 5, points: {\"00:00\": 1}}": "points, or low, high and peak",
		"day: {points: {\"24:00\": 1}}":          `points: "24:00": want a time of the day, such as "06:30"`,
		"week:\n  of: 1\n  factors: {caturday: 1}":         `load.yaml:3: factors: "caturday": want mon, tue`,
		"week: {of: 1, factors: {sat: 1, Saturday: 2}}":    `"Saturday" is the same day as one before`,
		"week: {of: 1, holidays: {25.12.: 1}}":             `holidays: "25.12.": want a date such as 2026-07-01`,
		"week: {factors: {sat: 1}}":                        "week: of is missing",
		"spike: {peak: 5, base: 6, hold: 1 s}":             "spike: the peak 5 is below the base, 6",
		"spike: {peak: 5}":                                 "spike: the spike lasts no time",
		"random-walk: {step: 1, up: 2}":                    "step, or down and up",
		"random-walk: {seed: -1}":                          `random-walk: seed: "-1": want a whole number`,
		"trace: add":                                       `no trace is called "add"`,
		"trace: {}":                                        "want name for a bundled trace, or file for one of your own",
		"trace: {name: ads, comma: \";\"}":                 "comma says how a file is read",
		"trace: {file: other.csv}":                         "trace: file: gone",
		"trace: {file: load.csv, comma: \";\"}":            `trace: load.csv:3: the time "0" is not after the one in line 2`,
		"trace: {file: load.csv, comma: \";;\"}":           `trace: comma: ";;": want ","`,
		"trace: {name: ads, per: hour}":                    `trace: per: "hour": want second or step`,
		"trace: {name: ads, sort: maybe, file: x}":         "want name for a bundled trace",
		"trace: {file: load.csv, comma: \";\", sort: yes}": `trace: sort: "yes": want true or false`,
		"sum: 5":                         "sum: want a list of curves",
		"sum: []":                        "sum: want a list of curves",
		"sum:\n- 1\n- 2\n- fast\n":       `load.yaml:4: a curve: "fast"`,
		"limit: {of: 1, min: 5, max: 3}": "limit: the least rate 5 is above the most, 3",
		"noise: {of: 1, share: 2}":       "noise: the share is 2; want 0 to 1",
		"sum: &a [*a]":                   "load.yaml:1: ",
		deep:                             "nested more than 32 deep",
		"sum: [" + strings.Repeat("1,", 1200) + "1]": "more than 1000 curves",
		"constant: " + strings.Repeat("1", 1<<20):    "larger than 1048576 bytes",
	} {
		_, err := ParseCurve("load.yaml", []byte(text), friday)
		wantText(t, err, want)
	}
	_, err := ParseCurve("load.yaml", []byte("trace: {file: load.csv}"), Context{})
	wantText(t, err, "no files are read here")
}

func TestEveryFaultOfAFileIsTold(t *testing.T) {
	_, err := ParseCurve("load.yaml", []byte("sum:\n- sine: {high: x, period: 5}\n- ramp: {over: 5}\n"), friday)
	problems, ok := errors.AsType[options.Problems](err)
	if !ok || len(problems) != 3 || problems[2].Source.Line != 3 {
		t.Errorf("%v", err)
	}
}

const shop = `
name: a flash sale and a lost TaskManager
duration: 24 h
start: 2026-07-04
seed: 7
loads:
  orders:
    sum:
    - noise: {of: {day: {low: 200, high: 2k}}, share: 0.1}
    - noise: {of: {day: {low: 200, high: 2k}}, share: 0.1}
    - spike: {peak: 5k, at: 10 h, rise: 2 min, hold: 30 min, decay: 1 h}
  payments: 100
events:
- {at: 11 h, freeze: tm-1, for: 30 s}
- {at: 10 h, kill: tm-2}
- at: 10 h
  add: 2
- {at: 12 h, kill-jobmanager: true, for: 20 s}
- {at: 24 h, fail: orders}
`

func TestAScenarioIsRead(t *testing.T) {
	s, err := ParseScenario("shop.yaml", []byte(shop), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "a flash sale and a lost TaskManager" || s.Duration != 24*time.Hour || s.Start != time.Date(2026, 7, 4, 0, 0, 0, 0, time.UTC) || s.Seed != 7 {
		t.Errorf("%+v", s)
	}
	if len(s.Loads) != 2 || s.Loads[0].Source != "orders" || s.Loads[1].Source != "payments" || s.Loads[1].Curve.Rate(0) != 100 {
		t.Errorf("%+v", s.Loads)
	}
	want := []Event{
		{At: 10 * time.Hour, Action: KillTaskManager, Target: "tm-2"},
		{At: 10 * time.Hour, Action: AddTaskManagers, Count: 2},
		{At: 11 * time.Hour, Action: FreezeTaskManager, Target: "tm-1", For: 30 * time.Second},
		{At: 12 * time.Hour, Action: KillJobManager, For: 20 * time.Second},
		{At: 24 * time.Hour, Action: FailJob, Target: "orders"},
	}
	if diff := cmp.Diff(want, s.Events); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSeedsFollowFromTheScenarioAndThePlace(t *testing.T) {
	parsed := func(text string) sum {
		s, err := ParseScenario("shop.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s.Loads[0].Curve.(sum)
	}
	first, again, other := parsed(shop), parsed(shop), parsed(strings.Replace(shop, "seed: 7", "seed: 8", 1))
	renamed := parsed(strings.Replace(shop, "  orders:", "  returns:", 1))
	at := 5 * time.Hour
	if first[0].Rate(at) != again[0].Rate(at) {
		t.Error("the same scenario has other noise")
	}
	if first[0].Rate(at) == first[1].Rate(at) {
		t.Error("two curves of a source have the same noise")
	}
	if first[0].Rate(at) == other[0].Rate(at) || first[0].Rate(at) == renamed[0].Rate(at) {
		t.Error("another seed or source has the same noise")
	}
}

func TestWrongScenariosAreToldByLine(t *testing.T) {
	const good = "duration: 1 h\nloads: {orders: 1}\n"
	for text, want := range map[string]string{
		"5":                               `shop.yaml:1: a scenario: want "key: value"`,
		"name: x\n":                       "a scenario: duration is missing",
		good + "evnts: []":                "shop.yaml:3: a scenario: unknown key \"evnts\"; there are name, duration, start, seed, loads, events; did you mean events?",
		"duration: 0\nloads: {a: 1}":      "shop.yaml:1: duration: want more than 0",
		"duration: 1 h\nloads: {}":        "shop.yaml:2: loads: want a curve for at least one source",
		"duration: 1 h\nloads: {a: fast}": `shop.yaml:2: a curve: "fast"`,
		"duration: 1 h\nloads:\n  a: 1\n  \"\": 1":            "shop.yaml:4: loads: a source without a name",
		good + "start: tomorrow":                              `shop.yaml:3: a scenario: start: "tomorrow": want a date`,
		good + "seed: x":                                      `seed: "x": want a whole number`,
		good + "events: {at: 1 s}":                            "shop.yaml:3: events: want a list",
		good + "events:\n- {at: 1 s, kil: tm-1}":              "shop.yaml:4: an event: unknown key \"kil\"",
		good + "events:\n- {at: 1 s}":                         "shop.yaml:4: an event: 0 actions; want one of add, stop, kill",
		good + "events:\n- {at: 1 s, kill: a, stop: b}":       "an event: 2 actions",
		good + "events:\n- {kill: a}":                         "an event: at is missing",
		good + "events:\n- {at: 2 h, kill: a}":                "shop.yaml:4: an event: at 2h0m0s, after the end at 1h0m0s",
		good + "events:\n- {at: 1 s, thaw: a, for: 1 s}":      "thaw is not undone; leave for out",
		good + "events:\n- {at: 1 s, add: 0}":                 "add: 0: want 1 to 10000 TaskManagers",
		good + "events:\n- {at: 1 s, kill: }":                 "kill: want a plain value",
		good + "events:\n- {at: 1 s, kill-jobmanager: false}": `kill-jobmanager: "false": want true`,
	} {
		_, err := ParseScenario("shop.yaml", []byte(text), nil)
		wantText(t, err, want)
	}
}

// What the package's comment shows is read as it stands.
func TestTheExamplesOfThePackageCommentAreRight(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(text), "key that says of which kind it is:\n//\n")
	examples, _, _ = strings.Cut(examples, "\n//\n")
	examples = strings.ReplaceAll(examples, "//\t        ", " ") // a line that goes on
	examples = strings.ReplaceAll(examples, ",\n ", ", ")
	n := 0
	for line := range strings.Lines(examples) {
		line = strings.ReplaceAll(strings.TrimPrefix(line, "//\t"), "CURVE", "500")
		c := friday
		c.ReadFile = func(string) ([]byte, error) {
			return []byte("ts,rps\n0,1\n86400,1\n"), nil
		}
		if _, err := ParseCurve("doc.go", []byte(line), c); err != nil {
			t.Errorf("%s%v", line, err)
		}
		n++
	}
	if n < 20 {
		t.Errorf("only %d examples were found", n)
	}
}
