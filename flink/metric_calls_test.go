package flink

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// metricServer answers every id that it is asked for, the way Flink reads a
// query, and refuses a first line that Flink's server would not take.
func metricServer(t *testing.T, lines *[]string) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.RequestURI + " HTTP/1.1"
		*lines = append(*lines, line)
		if len(line) > 4096 {
			http.Error(w, "too long", http.StatusRequestURITooLong)
			return
		}
		var metrics []map[string]any
		for id := range strings.SplitSeq(r.URL.Query().Get("get"), ",") {
			if strings.HasPrefix(id, "no such") {
				continue
			}
			metric := map[string]any{"id": id}
			for agg := range strings.SplitSeq(r.URL.Query().Get("agg"), ",") {
				metric[agg] = 1.5
			}
			metrics = append(metrics, metric)
		}
		_ = json.NewEncoder(w).Encode(metrics)
	}).URL
}

func TestMetricIdsAreEscapedAndLongListsSplit(t *testing.T) {
	odd := []string{"Calc[2].numRecordsOut", "b[6]__Writer (x)/y.numRecordsIn", "a+b&c=d%20é"}
	many := slices.Clone(odd)
	for i := range 270 {
		many = append(many, fmt.Sprintf("Source__kafka-source.KafkaSourceReader.topic.load[%d].currentOffset", i))
	}
	tests := map[string]struct {
		ids      []string
		requests int
	}{
		"odd ones":           {odd, 1},
		"many":               {many, 6},
		"one that is longer": {[]string{"a", strings.Repeat("b", 3900), "c"}, 3},
		"none":               {nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var lines []string
			c := newClient(t, Config{Addresses: []string{metricServer(t, &lines)}})
			got, err := c.SubtaskMetrics(context.Background(), "j", "v", test.ids, AggMax, AggSum)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, metric := range got {
				ids = append(ids, metric.ID)
				if metric.Max != Number(1.5) || metric.Sum != Number(1.5) || !metric.Min.IsZero() {
					t.Fatalf("aggregates are %+v", metric)
				}
			}
			if !slices.Equal(ids, test.ids) {
				t.Errorf("got %q\nwant %q", ids, test.ids)
			}
			if len(lines) != test.requests {
				t.Errorf("%d requests, want %d", len(lines), test.requests)
			}
		})
	}
}

func TestMetricsThatDoNotExistAreLeftOut(t *testing.T) {
	var lines []string
	c := newClient(t, Config{Addresses: []string{metricServer(t, &lines)}})
	got, err := c.TaskManagerMetrics(context.Background(), []string{"a", "no such", "b"})
	if err != nil || len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnOperatorInTheNameOfAMetric(t *testing.T) {
	for operator, want := range map[string]string{
		"Source: orders, v1.2":   "Source__orders__v1_2",
		strings.Repeat("ab", 60): strings.Repeat("ab", 40),
	} {
		if got := InMetricName(operator); got != want {
			t.Errorf("%q is %q, want %q", operator, got, want)
		}
	}
}
