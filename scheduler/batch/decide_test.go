package batch

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Each case has the parallelism, what the tasks read of each input, and the
// rules, for both versions if want23 is empty.
func TestDecide(t *testing.T) {
	tests := []struct {
		name        string
		least, most int
		vertex      Vertex
		inputs      []Input
		want        string
		want23      string
	}{
		{
			name: "neighbours are put together up to the volume", least: 1, most: 128,
			inputs: []Input{hash(t, "4,4,4,30,4,4,4,4")},
			want:   "3: 0:0-2 0:3 0:4-7 | volume even-data",
		},
		{
			name: "too many tasks: the least volume that makes few enough", least: 1, most: 2,
			inputs: []Input{hash(t, "4,4,4,30,4,4,4,4")},
			want:   "2: 0:0-3 0:4-7 | volume maximum larger-volume",
		},
		{
			name: "too few tasks: as many as are needed, as even as can be", least: 4, most: 128,
			inputs: []Input{hash(t, "2,2,2,2,2,2")},
			want:   "6: 0:0 0:1 0:2 0:3 0:4 0:5 | volume minimum smaller-volume",
		},
		{
			name: "nothing was written: the least parallelism, one task", least: 1, most: 128,
			inputs: []Input{hash(t, "0,0,0,0 0,0,0,0")},
			want:   "1: 0-1:0-3 | volume minimum even-data",
		},
		{
			name: "nothing was written and several tasks are wanted: by numbers", least: 3, most: 128,
			inputs: []Input{hash(t, "0,0,0,0")},
			want:   "3: 0:0 0:1 0:2-3 | volume minimum even-subpartitions",
			want23: "4: 0:0 0:1 0:2 0:3 | volume minimum even-pieces",
		},
		{
			name: "one huge subpartition is one task's", least: 1, most: 128,
			inputs: []Input{hash(t, "0,0,5000,0 0,0,5000,0")},
			want:   "3: 0-1:0-1 0-1:2 0-1:3 | volume maximum even-data",
			want23: "3: 0-1:0-1 0-1:2 0-1:3 | volume maximum even-data",
		},
		{
			name: "fewer subpartitions than the least parallelism cannot be", least: 3, most: 128,
			inputs: []Input{hash(t, "1,1")},
			want:   "vertex v: input hash: 3 tasks share 2 subpartitions: want at least as many subpartitions as tasks",
		},
		{
			name: "fewer subpartitions than the volume asks for", least: 1, most: 128,
			inputs: []Input{hash(t, "100,100")},
			want:   "2: 0:0 0:1 | volume even-data",
		},
		{
			name: "a broadcast input counts for nothing, however large", least: 1, most: 128,
			inputs: []Input{hash(t, "16,16,16"), broadcast(t, "1000 1000")},
			want:   "3: 0:0 0:1 0:2; 0-1:0 0-1:0 0-1:0 | volume even-data",
		},
		{
			name: "only broadcast inputs: the least parallelism", least: 2, most: 128,
			inputs: []Input{broadcast(t, "1000 1000"), broadcast(t, "1")},
			want:   "2: 0-1:0 0-1:0; 0:0 0:0 | no-volume even-subpartitions",
		},
		{
			name: "a configured parallelism is kept", least: 4, most: 8, vertex: Vertex{Parallelism: 2},
			inputs: []Input{hash(t, "100,0,0,0")},
			want:   "2: 0:0-1 0:2-3 | fixed even-subpartitions",
		},
		{
			name: "so is that of the forward group", least: 4, most: 8, vertex: Vertex{Parallelism: 2, Forward: true},
			inputs: []Input{{Name: "forward", Pattern: Pointwise, IntraCorrelated: true, Bytes: bytes(t, "100 0")}},
			want:   "2: 0:0 1:0 | forward-group even-subpartitions",
		},
		{
			name: "the maximum parallelism of the vertex is below the least", least: 5, most: 8, vertex: Vertex{MaxParallelism: 3},
			inputs: []Input{hash(t, "100,100,100")},
			want:   "3: 0:0 0:1 0:2 | volume vertex-maximum maximum even-data",
		},
		{
			name: "few partitions read pointwise", least: 1, most: 128,
			inputs: []Input{rescale(t, "20,10,10 20,10,10")},
			want:   "5: 0:0 0:1 0:2 1:1-2 1:0 | volume even-subpartitions",
			want23: "6: 0:0 0:1 0:2 1:0 1:1 1:2 | volume even-data",
		},
		{
			name: "many partitions read pointwise", least: 1, most: 128,
			inputs: []Input{rescale(t, "2 2 2 2 20 2 2 2")},
			want:   "3: 0-1:0 2-4:0 5-7:0 | volume even-subpartitions",
			want23: "3: 0-3:0 4:0 5-7:0 | volume even-data",
		},
		{
			name: "two sides of a join", least: 1, most: 128,
			inputs: []Input{of(1, hash(t, "10,2,2,2")), of(2, hash(t, "10,2,2,2"))},
			want:   "2: 0:0 0:1-3; 0:0 0:1-3 | volume even-data",
		},
		{
			name: "sides that were cut differently cannot be", least: 1, most: 128,
			inputs: []Input{of(1, hash(t, "10,2")), of(2, hash(t, "10,2,2"))},
			want:   "vertex v: input hash has 3 subpartitions and input hash has 2: want as many",
		},
		{
			name: "a rebalance is cut anywhere (2.3)", least: 1, most: 128,
			inputs: []Input{rebalance(t, "8,8,8 8,8,8")},
			want:   "3: 0-1:0 0-1:1 0-1:2 | volume even-data",
			want23: "3: 0:0-1 0:2+1:0 1:1-2 | volume even-data",
		},
	}
	for _, tt := range tests {
		for _, v := range versions {
			t.Run(v.String()+" "+tt.name, func(t *testing.T) {
				want := tt.want
				if v == slots.V2_3 && tt.want23 != "" {
					want = tt.want23
				}
				tt.vertex.ID = "v"
				if got := decided(options(v, tt.least, tt.most), tt.vertex, tt.inputs); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// In 2.3 each kind of input has its part of the volume.
func TestKindsShareTheVolume(t *testing.T) {
	tests := []struct {
		name   string
		inputs []Input
		want   string
	}{
		{
			"half of it is rebalanced",
			[]Input{hash(t, "4,4,4,4,4,4"), rebalance(t, "4,4,4,4,4,4")},
			"3: 0:0-1 0:2-3 0:4-5; 0:0-1 0:2-3 0:4-5 | volume even-data even-data",
		},
		{
			"half of it is read pointwise",
			[]Input{hash(t, "4,4,4,4,4,4"), rescale(t, "4,4,4 4,4,4")},
			"3: 0:0-1 0:2-3 0:4-5; 0:0-1 0:2+1:0 1:1-2 | volume even-data even-data",
		},
		{
			"keys stay together, and nothing meets",
			[]Input{{Name: "a", Pattern: AllToAll, IntraCorrelated: true, Bytes: bytes(t, "4,4,4 4,4,4")}},
			"2: 0-1:0-1 0-1:2 | volume even-data",
		},
		{
			"keys stay together in partitions",
			[]Input{{Name: "a", Pattern: Pointwise, IntraCorrelated: true, Bytes: bytes(t, "9,9 1,1 9,9")}},
			"3: 0:0-1 1:0-1 2:0-1 | volume even-data",
		},
	}
	for _, tt := range tests {
		if got := decided(options(slots.V2_3, 1, 128), Vertex{}, tt.inputs); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// A pointwise input is cut into 32 slices a task at most.
func TestPointwiseSlicesAreNotTooFine(t *testing.T) {
	one := Input{Name: "a", Pattern: Pointwise, Bytes: [][]int64{slices.Repeat([]int64{1}, 100), slices.Repeat([]int64{9}, 100)}}
	o := options(slots.V2_3, 2, 2)
	o.AverageVolume = 500
	got := decided(o, Vertex{}, []Input{one})
	// 64 slices: 32 of each partition. 100 + 397 bytes to 503: the cut is 14 of 32 into the second.
	if want := "2: 0:0-99+1:0-42 1:43-99 | volume larger-volume"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHowManySubpartitionsAreWritten(t *testing.T) {
	tests := []struct {
		result Result
		want   int
	}{
		{Result{Pattern: AllToAll, Producers: 7, MaxConsumers: 128}, 128},
		{Result{Pattern: AllToAll, Producers: 7, Consumers: 5, MaxConsumers: 128}, 5},
		{Result{Pattern: AllToAll, Broadcast: true, Producers: 7, MaxConsumers: 128}, 1},
		{Result{Pattern: Pointwise, Forward: true, Producers: 7, MaxConsumers: 128}, 1},
		{Result{Pattern: Pointwise, Producers: 7, MaxConsumers: 128}, 19},
		{Result{Pattern: Pointwise, Producers: 7, Consumers: 14, MaxConsumers: 128}, 2},
		{Result{Pattern: Pointwise, Producers: 7, Consumers: 3, MaxConsumers: 128}, 1},
	}
	for _, tt := range tests {
		if got := Subpartitions(tt.result); got != tt.want {
			t.Errorf("%+v: got %d, want %d", tt.result, got, tt.want)
		}
	}
}

// With an average volume of 0 any data is too much, and none is not.
func TestAnAverageVolumeOfNothing(t *testing.T) {
	for _, v := range versions {
		o := options(v, 2, 4)
		o.AverageVolume = 0
		got := decided(o, Vertex{}, []Input{rescale(t, "1,1 1,1 1,1")})
		if !strings.Contains(got, "| volume maximum ") {
			t.Errorf("%v: got %s", v, got)
		}
		got = decided(o, Vertex{}, []Input{broadcast(t, "1"), rescale(t, "0,0 0,0 0,0")})
		if !strings.Contains(got, "| volume minimum ") {
			t.Errorf("%v: got %s", v, got)
		}
	}
}

// In 1.20 a task reads no more than 32768 subpartitions, however small.
func TestATaskReadsSoManySubpartitionsOnly(t *testing.T) {
	in := hash(t, "0,0,0,0,0")
	in.Bytes = slices.Repeat(in.Bytes, 16_384)
	for v, want := range map[slots.Version]string{
		slots.V1_20: "3: 0-16383:0-1 0-16383:2-3 0-16383:4 | volume subpartitions even-data",
		slots.V2_3:  "1: 0-16383:0-4 | volume minimum even-data",
	} {
		if got := decided(options(v, 1, 128), Vertex{}, []Input{in}); got != want {
			t.Errorf("%v: got  %s\nwant %s", v, got, want)
		}
	}
}

// decided is a decision, or the error, as one line.
func decided(o Options, v Vertex, inputs []Input) string {
	d, err := Decide(o, v, inputs)
	if err != nil {
		return err.Error()
	}
	var blocks []string
	for _, tasks := range d.Blocks {
		blocks = append(blocks, show(tasks))
	}
	return Range{d.Parallelism, d.Parallelism}.String() + ": " + strings.Join(blocks, "; ") + " | " + rules(d.Why)
}

func TestASourceGetsItsParallelism(t *testing.T) {
	tests := []struct {
		name   string
		vertex Vertex
		preset int
		want   string
	}{
		{"that it says", Vertex{Inferred: 5}, 0, "5:  | source-inferred"},
		{"no more than its maximum", Vertex{Inferred: 50, MaxParallelism: 20}, 0, "20:  | source-inferred vertex-maximum"},
		{"the default if it says nothing", Vertex{Inferred: -1}, 7, "7:  | default-source"},
		{"the largest if there is no default", Vertex{}, 0, "64:  | default-source"},
		{"the default, but no more than its maximum", Vertex{MaxParallelism: 3}, 7, "3:  | default-source vertex-maximum"},
		{"that is configured", Vertex{Parallelism: 9, Inferred: 5}, 7, "9:  | fixed"},
	}
	for _, tt := range tests {
		for _, v := range versions {
			o := options(v, 2, 64)
			o.DefaultSourceParallelism = tt.preset
			if got := decided(o, tt.vertex, nil); got != tt.want {
				t.Errorf("%v %s: got %q, want %q", v, tt.name, got, tt.want)
			}
		}
	}
}

// A source that has inputs too says the least.
func TestASourceWithInputsGetsAtLeastWhatItSays(t *testing.T) {
	for _, v := range versions {
		got := decided(options(v, 1, 64), Vertex{ID: "v", Inferred: 4}, []Input{broadcast(t, "1 1")})
		if want := "4: 0-1:0 0-1:0 0-1:0 0-1:0 | no-volume even-subpartitions"; got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
		got = decided(options(v, 1, 3), Vertex{ID: "v", Inferred: 40, MaxParallelism: 50}, []Input{broadcast(t, "1 1")})
		if want := "vertex v: its source has work for 40 tasks, above execution.batch.adaptive.auto-parallelism.max-parallelism: 3: want execution.batch.adaptive.auto-parallelism.default-source-parallelism at most that"; got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}

// In 2.3 a skewed side of a join is cut between partitions, and each piece meets
// all of the other side.
func TestASkewedSideIsCut(t *testing.T) {
	left := of(1, hash(t, "1,300,1,1,1,1 1,300,1,1,1,1 1,300,1,1,1,1"))
	left.IntraCorrelated = false
	right := of(2, hash(t, "1,8,1,1,1,1 1,8,1,1,1,1"))
	got := decided(options(slots.V2_3, 1, 128), Vertex{}, []Input{left, right})
	want := "6: 0-2:0 0:1 1:1 2:1 0-2:2-4 0-2:5; 0-1:0 0-1:1 0-1:1 0-1:1 0-1:2-4 0-1:5 | volume skew-split even-data"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// 2.3 fails a job of more tasks than subpartitions even where each has its own
// piece.
func TestMoreTasksThanSubpartitionsAreRefused(t *testing.T) {
	got := decided(options(slots.V2_3, 1, 128), Vertex{ID: "v"}, []Input{rebalance(t, "12 12 12")})
	if want := "vertex v: input rebalance: 3 tasks share 1 subpartitions: want at least as many subpartitions as tasks"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = decided(options(slots.V2_3, 2, 2), Vertex{ID: "v"}, []Input{rescale(t, "20")})
	if want := "vertex v: input rescale: 2 tasks share 1 subpartitions: want at least as many subpartitions as tasks"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The steps are told in words, with their numbers.
func TestReasonsSpeak(t *testing.T) {
	d, err := Decide(options(slots.V1_20, 1, 2), Vertex{}, []Input{hash(t, "4,4,4,30,4,4,4,4")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range d.Why {
		got = append(got, r.String())
	}
	want := []string{
		"60817408 bytes at 16777216 a task make 4 tasks",
		"4 is above the largest parallelism 2",
		"3 tasks are too many: up to 44040192 bytes a task make 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int64{42 * mib, 16 * mib}, d.Read); diff != "" {
		t.Errorf("read (-want +got)\n%s", diff)
	}
}
