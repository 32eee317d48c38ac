package scaling

import (
	"math"
	"testing"
)

// read is a reading of two subtasks; busy and clock are in ms.
func read(subtasks ...Subtask) []reading {
	rs := readingsOf(7)
	rs[6].subtasks = subtasks
	return rs
}

func readTwice(before, after []Subtask) []reading {
	rs := read(after...)
	rs[2].subtasks = before
	return rs
}

func TestSubtasksAreComparedWhereTheirReadingsCanBe(t *testing.T) {
	type want map[string]float64
	half := func(records, busy, clock float64) Subtask { return Subtask{0, records, busy, clock} }
	alone := want{"hot known": 1, "hot share": 0.75, "hot busy": 0.4, "hot capacity": 75}
	after := []Subtask{half(3000, 40000, 100000), half(1000, 10000, 100000)}
	tests := []struct {
		name    string
		samples []reading
		want    want
	}{
		{"the hottest comes first", read(after...), alone},
		{"the hottest comes last", read(after[1], after[0]), alone},
		{"the first of two that are as hot", read(half(3000, 40000, 100000), half(1000, 40000, 100000)), want{"hot known": 1, "hot share": 0.75, "hot busy": 0.4}},
		{"none has done anything", read(half(0, 0, 100000), half(0, 0, 100000)), want{"hot known": 0, "busy": 0.5}},
		{"none has read anything", read(half(0, 40000, 100000), half(0, 10000, 100000)), want{"hot known": 0, "busy": 0.8}},
		{"none was busy", read(half(3000, 0, 100000), half(1000, 0, 100000)), want{"hot known": 0, "busy": 0.5}},
		{"one without a clock", read(after[0], half(1000, 10000, 0)), want{"hot known": 0, "busy": 0.5}},
		{"one whose records are not known", read(after[0], half(math.NaN(), 10000, 100000)), want{"hot known": 0, "busy": 0.5}},
		{"an earlier reading of other attempts", readTwice([]Subtask{{1, 100, 100, 100}, {0, 100, 100, 100}}, after), alone},
		{"one of the second subtask", readTwice([]Subtask{{0, 100, 100, 100}, {1, 100, 100, 100}}, after), alone},
		{"one with a later clock", readTwice([]Subtask{half(100, 100, 100), half(100, 100, 100001)}, after), alone},
		{"one with the same clock", readTwice([]Subtask{half(100, 100, 100), half(100, 100, 100000)}, after), alone},
		{"one with more records", readTwice([]Subtask{half(100, 100, 100), half(1001, 100, 100)}, after), alone},
		{"one with as many records", readTwice([]Subtask{half(0, 20000, 50000), half(1000, 0, 50000)}, after), want{"hot known": 1, "hot share": 1, "hot busy": 0.4, "hot capacity": 150}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rates := countersOf(t, Vertex{ID: "v", Parallelism: 2}, windowOf(tt.samples), nil)
			for name, x := range tt.want {
				if got := figures[name](rates); !(math.Abs(got-x) <= 1e-9) {
					t.Errorf("%s: got %v, want %v", name, got, x)
				}
			}
		})
	}
}

// The vertex's own counters say 50 % on average, whatever its subtasks say.
func TestTheAggregatorNamesASubtask(t *testing.T) {
	three := []Subtask{{0, 1, 40000, 100000}, {0, 1, 10000, 100000}, {0, 1, 25000, 100000}}
	for aggregator, want := range map[Aggregator]float64{AggregateMax: 0.8, AggregateAvg: 0.5, AggregateMin: 0.2} {
		rs := each(read(three...), 0, func(r *reading) { r.parallelism = 3 })
		got := countersOf(t, Vertex{ID: "v", Parallelism: 3}, windowOf(rs), func(c *Config) { c.Aggregator = aggregator })
		if !(math.Abs(got.Busy-want) <= 1e-9) {
			t.Errorf("aggregator %d: %v, want %v", aggregator, got.Busy, want)
		}
	}
}
