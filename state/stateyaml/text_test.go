package stateyaml_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/statetest"
	"github.com/sluice-project/sluice/state/stateyaml"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestReadingGivesBackWhatWasWrittenToTheBit(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer, stateyaml.Entry) error{
		"YAML": func(b *bytes.Buffer, e stateyaml.Entry) error { return stateyaml.Write(b, e) },
		"JSON": func(b *bytes.Buffer, e stateyaml.Entry) error { return stateyaml.WriteJSON(b, e) },
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := []stateyaml.Entry{
					{Key: autoscaler.JobKey{Job: "12e4"}, State: statetest.DrawState(t)},
					{Key: autoscaler.JobKey{Cluster: "http://a:8081", Job: "12e4"}, State: statetest.DrawState(t)},
					{Key: autoscaler.JobKey{Cluster: "true", Job: "0x1"}},
				}
				var text bytes.Buffer
				for _, e := range want {
					if err := write(&text, e); err != nil {
						t.Fatal(err)
					}
				}
				got, err := stateyaml.Read(text.Bytes())
				if err != nil {
					t.Fatalf("%v in\n%s", err, &text)
				}
				if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
					t.Fatalf("written and read (-want +got):\n%s\n%s", diff, &text)
				}
			})
		})
	}
}

func TestMarshalledStateIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := statetest.DrawState(t)
		text, err := stateyaml.MarshalState(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stateyaml.UnmarshalState(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Version 1 of the form is what other builds have written: this file never
// changes but by additions.
func TestVersion1OfTheForm(t *testing.T) {
	const file = "testdata/version1.yaml"
	want := []stateyaml.Entry{
		{Key: autoscaler.JobKey{Job: "3c1d0a4be1f64e7c9a1d5a3c3e3a5c61"}, State: example()},
		{Key: autoscaler.JobKey{Cluster: "eu", Job: "3c1d0a4be1f64e7c9a1d5a3c3e3a5c61"}},
	}
	var text bytes.Buffer
	for _, e := range want {
		if err := stateyaml.Write(&text, e); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), text.String()); diff != "" {
		t.Errorf("form (-golden +written):\n%s", diff)
	}
	got, err := stateyaml.Read(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

func example() autoscaler.State {
	s := statetest.Example(2)
	s.Overrides = scaling.Parallelism{"v1": 2}
	s.Changes.Overrides = map[string]string{"taskmanager.memory.process.size": "1 gb"}
	s.Changes.Removals = []string{"taskmanager.memory.size"}
	s.Scaling.Tracking = append(s.Scaling.Tracking, scaling.RestartRecord{At: time.Date(2026, 7, 1, 13, 0, 0, 0, time.UTC)})
	return s
}

func TestWhatIsWrongIsToldWithItsLine(t *testing.T) {
	const job = "---\nsluice-state: 1\njob: a\n"
	for text, want := range map[string]string{
		job + "bonds: {}\n":                                                                           `line 4: unknown field "bonds"`,
		job + "bounds:\n  v1: {flor: 1}\n":                                                            `line 5: unknown field "flor"`,
		job + "bounds:\n  v1: {floor: x}\n":                                                           `line 5: cannot unmarshal string`,
		job + "samples:\n- at: 12:00\n":                                                               `line 5: want a time such as 2026-07-01T12:00:00.5Z, not "12:00"`,
		job + "restarts:\n- at: 2026-07-01T12:00:00Z\n  took: 4\n":                                    `line 6: want a duration such as 1m4.2s, not "4"`,
		job + "samples:\n- at: 2026-07-01T12:00:00Z\n  global: {GC_PRESSURE: much}\n":                 `line 6: want a number, not "much"`,
		job + "samples:\n- at: 2026-07-01T12:00:00Z\n  global: {GC_PRESSURE: {}}\n":                   `line 6: want a number`,
		job + "samples:\n- at: 2026-07-01T12:00:00Z\n  vertices:\n  - id: v\n    measures: {LAGS: 1}": `line 8: unknown field "LAGS"`,
		job + "samples:\n- at: 2026-07-01T12:00:00Z\n- at: 2026-07-01T12:00:00Z\n":                    `line 2: job a: samples: want them in order of time`,
		job + "act: {decided: 2026-07-01T12:00:00Z, phase: begun}\n":                                  `line 2: job a: act: want phase intended`,
		job + "act: [\n":                     `line 4: sequence end token ']' not found`,
		job + "job: b\n":                     `line 4: mapping key "job" already defined`,
		job + job:                            `line 5: job a is there already, at line 2`,
		"job: a\n":                           `line 1: want a document that begins with sluice-state: 1`,
		"---\nsluice-state: 2\nnew: field\n": `line 2: sluice-state: 2 is of another build of sluice; this one reads 1`,
		"# begins\n---\nsluice-state: 1\n":   `line 3: want the id of a job`,
		"- a\n":                              `line 1: sequence was used where mapping is expected`,
		"just text\n":                        `line 1: string was used where mapping is expected`,
		`{"sluice-state":1,"job":"a"}` + "\n\n" + `{"sluice-state":1,"job":"b","bonds":{}}`: `line 3: json: unknown field "bonds"`,
		`{"sluice-state":1,"job":"a"} {}`: `line 1: `,
		`{"sluice-state":2}`:              `line 1: sluice-state: 2 is of another build`,
	} {
		t.Run(want, func(t *testing.T) {
			entries, err := stateyaml.Read([]byte(text))
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s\ngave %v and error %v, want %s", text, entries, err, want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

func TestATextWithoutJobsHasNone(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "---\n# nothing\n"} {
		if entries, err := stateyaml.Read([]byte(text)); err != nil || len(entries) > 0 {
			t.Errorf("%q: %v, %v", text, entries, err)
		}
	}
}

func FuzzReadNeverPanics(f *testing.F) {
	var text bytes.Buffer
	if err := stateyaml.Write(&text, stateyaml.Entry{Key: autoscaler.JobKey{Job: "a"}, State: statetest.Example(1)}); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := stateyaml.Read(text)
		if err != nil {
			return
		}
		for _, e := range entries {
			var again bytes.Buffer
			if err := stateyaml.Write(&again, e); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// day is the state of a job of eight vertices with a full window.
func day() autoscaler.State {
	s := statetest.Example(0)
	start := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for i := range 90 {
		sample := scaling.Sample{At: start.Add(time.Duration(i) * 10 * time.Second), RunningSince: start}
		sample.Global.Set(scaling.HeapMaxUsageRatio, 0.25)
		for j := range 8 {
			v := scaling.VertexSample{Vertex: scaling.VertexID(fmt.Sprintf("%032x", j)), Parallelism: 4}
			for m := range scaling.AccumulatedBackpressuredTime + 1 {
				v.Set(m, float64(1_000_000_000+i*(10_000+1000*int(m)+j)))
			}
			sample.Vertices = append(sample.Vertices, v)
		}
		s.Window.Samples = append(s.Window.Samples, sample)
	}
	return s
}

func BenchmarkWrite(b *testing.B) {
	var text bytes.Buffer
	e := stateyaml.Entry{Key: autoscaler.JobKey{Job: "a"}, State: day()}
	for b.Loop() {
		text.Reset()
		if err := stateyaml.Write(&text, e); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(text.Len()))
}

func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	if err := stateyaml.Write(&text, stateyaml.Entry{Key: autoscaler.JobKey{Job: "a"}, State: day()}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := stateyaml.Read(text.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(text.Len()))
}
