package collect

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

var ofSource = []string{
	"Source__b.numRecordsIn", "Source__a.numRecordsIn", "Source__a.numRecordsInPerSecond", "Source__a.numRecordsOut",
	"Source__a.numRecordsOutPerSecond", "Source__b.pendingRecords", "Source__a.pendingRecords", "0.Source__a.numRecordsOut",
	"busyTimeMsPerSecond", "backPressuredTimeMsPerSecond", "numRecordsInPerSecond", "numRecordsIn", "idleTimeMsPerSecond",
}

func TestReferenceAsksForTheFirstOfSeveralNames(t *testing.T) {
	t.Parallel()
	downstream := []scaling.Edge{{From: "source"}}
	for _, test := range []struct {
		name   string
		inputs []scaling.Edge
		names  []string
		want   string
	}{
		{
			"source", nil, ofSource,
			"Source__a.numRecordsIn Source__a.numRecordsInPerSecond Source__a.numRecordsOut Source__a.pendingRecords " +
				"Source__b.pendingRecords backPressuredTimeMsPerSecond busyTimeMsPerSecond",
		},
		{"other vertex", downstream, ofSource, "busyTimeMsPerSecond numRecordsInPerSecond"},
		{"other vertex that counts nothing", downstream, []string{"busyTimeMsPerSecond"}, "busyTimeMsPerSecond"},
	} {
		all, err := selectNames(test.names, &scaling.Vertex{ID: "v", Inputs: test.inputs})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var got []string
		for _, s := range all {
			got = append(got, s.name)
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestReferenceMissesRequiredMetrics(t *testing.T) {
	t.Parallel()
	for missing, name := range map[string]string{
		"BUSY_TIME_PER_SEC":                  "busyTimeMsPerSecond",
		"BACKPRESSURE_TIME_PER_SEC":          "backPressuredTimeMsPerSecond",
		"SOURCE_TASK_NUM_RECORDS_IN_PER_SEC": "Source__a.numRecordsInPerSecond",
		"SOURCE_TASK_NUM_RECORDS_IN":         "Source__a.numRecordsIn",
	} {
		names := strings.Fields(strings.ReplaceAll(" "+strings.Join(ofSource[1:], " ")+" ", " "+name+" ", " "))
		_, err := selectNames(names, &scaling.Vertex{ID: "f362c87f"})
		var is *MissingMetricError
		if !errors.As(err, &is) || err.Error() != "Could not find required metric "+missing+" for f362c87f" {
			t.Errorf("without %s: error %v", name, err)
		}
	}
}

func TestValuesOfOneMetricAreMerged(t *testing.T) {
	t.Parallel()
	value := func(least, most, sum, skew float64) flink.AggregatedMetric {
		return flink.AggregatedMetric{
			ID: "m", Min: flink.Number(least), Max: flink.Number(most), Avg: flink.Number(sum / 2), Sum: flink.Number(sum), Skew: flink.Number(skew),
		}
	}
	var r readings
	for _, v := range []flink.AggregatedMetric{value(1, 9, 10, 5), value(2, 7, 9, 30), value(0, 3, 3, 1)} {
		r.add(pendingRecords, v)
	}
	got := r.values[pendingRecords]
	want := flink.AggregatedMetric{ID: "m-m-m", Min: flink.Number(0), Max: flink.Number(9), Sum: flink.Number(22), Skew: flink.Number(30)}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b flink.Float) bool { return a == b })); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	r.add(pendingRecords, flink.AggregatedMetric{Sum: flink.Null})
	if sum := r.sum(pendingRecords); !math.IsNaN(sum) {
		t.Errorf("a sum with null in it is %v, want NaN", sum)
	}
}

func TestSourceIsAskedByItsOperators(t *testing.T) {
	t.Parallel()
	task := []string{"numRecordsIn", "numRecordsOut", "accumulateBusyTimeMs", "accumulateIdleTimeMs", "accumulateBackPressuredTimeMs", "busyTimeMsPerSecond"}
	for _, test := range []struct {
		name, vertex string
		names        []string
		want         string
	}{
		{
			"a source and what is chained to it", "Source: orders -> parse",
			[]string{"Source__orders.numRecordsIn", "Source__orders.numRecordsOut", "Source__orders.numRecordsInPerSecond", "parse.numRecordsIn", "Source__orders.pendingRecords"},
			"Source__orders.numRecordsIn:1 Source__orders.numRecordsOut:2 Source__orders.pendingRecords:5",
		},
		{
			"two sources chained to one vertex", "Source: a, Source: b -> join",
			[]string{"Source__a.numRecordsIn", "Source__b.numRecordsIn", "join.numRecordsIn"},
			"Source__a.numRecordsIn:1 Source__b.numRecordsIn:1",
		},
		{
			"an operator that reports pending records", "orders -> parse",
			[]string{"parse.numRecordsIn", "orders.numRecordsIn", "orders.pendingRecords"},
			"orders.numRecordsIn:1 orders.pendingRecords:5",
		},
		{
			"the first of the chain", "my orders.v2 -> parse",
			[]string{"parse.numRecordsIn", "my_orders_v2.numRecordsIn", "my_orders_v2.numRecordsOut"},
			"my_orders_v2.numRecordsIn:1 my_orders_v2.numRecordsOut:2",
		},
		{
			"groups within the source", "Source: orders",
			[]string{"Source__orders.reader.numRecordsIn", "Source__orders.numRecordsIn"},
			"Source__orders.numRecordsIn:1",
		},
		{"no operator at all", "orders", nil, ""},
	} {
		q := questionOf(append(test.names, task...), test.vertex)
		var got []string
		for i, id := range q.ids {
			got = append(got, id+":"+string('0'+rune(q.roles[i])))
		}
		want := strings.Fields(test.want + " numRecordsIn:3 numRecordsOut:4 accumulateBusyTimeMs:6 accumulateIdleTimeMs:7 accumulateBackPressuredTimeMs:8")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestListsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	a := fingerprintOf([]string{"one", "two", "three"})
	if b := fingerprintOf([]string{"three", "one", "two"}); a != b {
		t.Errorf("another order: %v and %v", a, b)
	}
	for _, other := range [][]string{{"one", "two"}, {"one", "two", "thr"}, {"one", "two", "three", "four"}, nil} {
		if b := fingerprintOf(other); a == b {
			t.Errorf("%v looks the same", other)
		}
	}
}
