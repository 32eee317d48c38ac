package options

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// referenceTable opens a table recorded from the reference autoscaler.
func referenceTable(t *testing.T, name string) *vectortables.File {
	t.Helper()
	return vectortables.Open(t, "units/"+name+".json", "testdata/"+name+".json.gz")
}

func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return v
}

// asJSON reads one option and gives its value as the table has it.
func asJSON[T any](t *testing.T, o Option[T], text string, convert func(T) any) any {
	t.Helper()
	v, err := Get(FromMap(map[string]string{o.Key: text}), o)
	if err != nil {
		return "ERROR " + problemOf(o.Key, err).Text
	}
	return convert(v)
}

func same[T any](v T) any { return v }

func TestValuesAreReadAsInTheReference(t *testing.T) {
	readers := map[string]func(t *testing.T, text string) any{
		"duration": func(t *testing.T, text string) any {
			return asJSON(t, MetricsWindow, text, func(d time.Duration) any { return float64(d.Milliseconds()) })
		},
		"memory": func(t *testing.T, text string) any {
			return asJSON(t, QuotaMemory, text, func(m Memory) any { return float64(m) })
		},
		"boolean": func(t *testing.T, text string) any { return asJSON(t, ScalingEnabled, text, same) },
		"double":  func(t *testing.T, text string) any { return asJSON(t, UtilizationTarget, text, jsonDouble) },
		"int": func(t *testing.T, text string) any {
			return asJSON(t, VertexMaxParallelism, text, func(n int) any { return float64(n) })
		},
		"enum busy-time.aggregator": func(t *testing.T, text string) any {
			return asJSON(t, MetricsBusyTimeAggregator, text, func(a BusyTimeAggregator) any { return string(a) })
		},
		"list": func(t *testing.T, text string) any { return asJSON(t, ExcludedPeriods, text, jsonList) },
	}
	table := referenceTable(t, "config-parse")
	for row := range vectortables.Rows[[]json.RawMessage](table) {
		kind, text := decode[string](t, row[0]), decode[string](t, row[1])
		read, ok := readers[kind]
		if !ok {
			t.Fatalf("no reader for %q", kind)
		}
		if diff := cmp.Diff(decode[any](t, row[2]), read(t, text)); diff != "" {
			table.Errorf("%s %q (-reference +ours):\n%s", kind, text, diff)
		}
	}
}

func jsonDouble(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return javaDouble(f)
	}
	return f + 0 // -0 is 0 in the table
}

func jsonList(elements []string) any {
	list := make([]any, len(elements))
	for i, e := range elements {
		list[i] = e
	}
	return list
}

func TestConfigurationsAreValidatedAsInTheReference(t *testing.T) {
	table := referenceTable(t, "validation")
	for row := range vectortables.Rows[[]json.RawMessage](table) {
		config := decode[map[string]string](t, row[0])
		want := strings.TrimPrefix(decode[string](t, row[1]), "EXCEPTION ")
		config[ProfileOption.Key] = string(ProfileReference)
		got := ""
		if problems := Validate(FromMap(config)); len(problems) > 0 {
			got = problems[0].Text
		}
		if got != want {
			table.Errorf("%v\nwant %q\ngot  %q", config, want, got)
		}
	}
}
