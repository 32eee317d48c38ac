package flink

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
)

func TestFloatsTellAbsentNullAndNumbersApart(t *testing.T) {
	tests := map[string]struct {
		body   string
		sent   bool
		finite bool
		want   float64
	}{
		"absent":            {`{}`, false, false, 0},
		"null":              {`{"avg":null}`, false, false, 0},
		"zero":              {`{"avg":0.0}`, true, true, 0},
		"integer":           {`{"avg":12}`, true, true, 12},
		"Java's exponent":   {`{"avg":3.9879968E7}`, true, true, 39879968},
		"negative":          {`{"avg":-1.5}`, true, true, -1.5},
		"not a number":      {`{"avg":"NaN"}`, true, false, math.NaN()},
		"infinity":          {`{"avg":"Infinity"}`, true, false, math.Inf(1)},
		"negative infinity": {`{"avg":"-Infinity"}`, true, false, math.Inf(-1)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			// By hand and by reflection must agree.
			var metric AggregatedMetric
			var distribution struct {
				Avg Float `json:"avg,omitzero"`
			}
			for _, into := range []any{&metric, &distribution} {
				if err := json.Unmarshal([]byte(test.body), into); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range []Float{metric.Avg, distribution.Avg} {
				v, sent := f.Value()
				_, finite := f.Finite()
				if sent != test.sent || finite != test.finite || v != test.want && !(math.IsNaN(v) && math.IsNaN(test.want)) {
					t.Errorf("%s is %v, sent %t, finite %t", test.body, v, sent, finite)
				}
			}
			encoded, err := json.Marshal(distribution)
			if err != nil {
				t.Fatal(err)
			}
			var again struct {
				Avg Float `json:"avg,omitzero"`
			}
			if err := json.Unmarshal(encoded, &again); err != nil || again.Avg.String() != distribution.Avg.String() {
				t.Errorf("%s comes back as %s (%v)", test.body, encoded, err)
			}
		})
	}
}

func TestWrongNumbersAreNamedWithTheirPath(t *testing.T) {
	tests := map[string]struct {
		body string
		into any
		want string
	}{
		"word for a float":       {`[{"id":"a","avg":"much"}]`, new([]AggregatedMetric), `at avg: "much" where float64 belongs`},
		"boolean for a float":    {`[{"id":"a","avg":true}]`, new([]AggregatedMetric), `at avg: true where float64 belongs`},
		"number beyond a float":  {`[{"id":"a","avg":1e999}]`, new([]AggregatedMetric), `at avg: 1e999 where float64 belongs`},
		"number for an id":       {`[{"id":7}]`, new([]AggregatedMetric), `at id: 7 where string belongs`},
		"null for a metric":      {`[null]`, new([]AggregatedMetric), `null where flink.AggregatedMetric belongs`},
		"percentile":             {`{"p50":"x"}`, new(Distribution), `at p50: "x" where float64 belongs`},
		"counter":                {`{"jid":"j","state":"S","vertices":[{"id":"v","metrics":{"read-records":"12"}}]}`, new(JobDetails), `at vertices.metrics.read-records: "12" where int64 belongs`},
		"fraction for a counter": {`{"jid":"j","state":"S","vertices":[{"id":"v","metrics":{"read-records":1.5}}]}`, new(JobDetails), `at vertices.metrics.read-records: 1.5 where int64 belongs`},
		"flag":                   {`{"jid":"j","state":"S","vertices":[{"id":"v","metrics":{"read-bytes-complete":"yes"}}]}`, new(JobDetails), `at vertices.metrics.read-bytes-complete: "yes" where bool belongs`},
		"list of counters":       {`{"jid":"j","state":"S","vertices":[{"id":"v","metrics":[1]}]}`, new(JobDetails), `at vertices.metrics: [1] where flink.IOMetrics belongs`},
		"parallelism":            {`{"jid":"j","state":"S","vertices":[{"id":"v","parallelism":"4"}]}`, new(JobDetails), `at vertices.parallelism: "4" where int belongs`},
		"tasks":                  {`{"jid":"j","state":"S","vertices":[{"id":"v","tasks":{"RUNNING":"x"}}]}`, new(JobDetails), `at vertices.tasks.RUNNING: "x" where int belongs`},
		"vertex":                 {`{"jid":"j","state":"S","vertices":["v"]}`, new(JobDetails), `at vertices: "v" where flink.Vertex belongs`},
		"no vertices":            {`{"jid":"j","state":"RUNNING"}`, new(JobDetails), `"vertices" is missing`},
		"no vertex id":           {`{"jid":"j","state":"S","vertices":[{}]}`, new(JobDetails), `in vertices[0]: "id" is missing`},
		"requirements":           {`{"v":{}}`, new(ResourceRequirements), `in v: "parallelism" is missing`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := decode([]byte(test.body), test.into); !containsText(err, test.want) {
				t.Errorf("error is %v\nwant …%s…", err, test.want)
			}
		})
	}
}

func TestACounterThatWasNotSentIsIncomplete(t *testing.T) {
	for body, want := range map[string]IOMetrics{
		`{"read-records":5,"read-records-complete":true}`:                                 {ReadRecords: 5, ReadRecordsComplete: true},
		`{"read-records-complete":true,"read-records":5}`:                                 {ReadRecords: 5, ReadRecordsComplete: true},
		`{"read-records":5}`:                                                              {ReadRecords: 5},
		`{"read-records-complete":true}`:                                                  {},
		`{"write-bytes":null,"write-bytes-complete":true}`:                                {},
		` { "new" : {"a":["}",1]} , "write-records" : 7 , "write-records-complete":true}`: {WriteRecords: 7, WriteRecordsComplete: true},
		`{}`:   {},
		`null`: {},
	} {
		got := IOMetrics{ReadBytes: 99}
		if body == `null` {
			got = IOMetrics{}
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v; want %+v", body, got, err, want)
		}
	}
}

// The types that are read by hand keep every field, and read as reflection does.
func TestReadingByHandForgetsNoField(t *testing.T) {
	var counts TaskCounts
	fields := reflect.ValueOf(&counts).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetInt(int64(i + 1))
	}
	metrics := IOMetrics{1, true, 2, true, 3, true, 4, true, Number(5), Number(6.5), Number(7)}
	vertex := Vertex{"v", "g", "n\n", 1, 2, "RUNNING", 3, 4, 5, counts, metrics}
	for _, want := range []any{counts, metrics, vertex, AggregatedMetric{"a", Number(1), Number(2), Number(3), Number(4), Number(5)}} {
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want))
		if err := json.Unmarshal(body, got.Interface()); err != nil || got.Elem().Interface() != want {
			t.Errorf("%s is read as %+v, %v", body, got.Elem(), err)
		}
	}
}

func TestIdsWithEscapesAreRead(t *testing.T) {
	var got []AggregatedMetric
	if err := json.Unmarshal([]byte(`[{"id":"a\"\u00e9\\b","x":"\"}","sum":1}]`), &got); err != nil {
		t.Fatal(err)
	}
	if got[0].ID != "a\"é\\b" || got[0].Sum != Number(1) {
		t.Errorf("read as %+v", got[0])
	}
}

func TestTimesConvert(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	if m := MillisOf(at); !m.Time().Equal(at) || m != 1767323045006 {
		t.Errorf("%s is %d", at, m)
	}
	if MillisOf(time.Time{}) != -1 || !Millis(-1).Time().IsZero() || !Millis(0).Time().IsZero() {
		t.Error("an unknown time does not stay unknown")
	}
	if Span(1500).Duration() != 1500*time.Millisecond || SpanOf(time.Second) != 1000 || Span(math.MaxInt64).Duration() != math.MaxInt64 {
		t.Error("a span does not convert")
	}
}
