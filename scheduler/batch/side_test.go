package batch

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestWhereASkewedSubpartitionIsCut(t *testing.T) {
	cells := [][]int64{{5}, {5}, {10}, {1}, {1}, {30}, {1}}
	tests := []struct {
		name              string
		threshold, target int64
		want              string
	}{
		{"not at the threshold", 53, 10, "0-6:0"},
		{"above it, into pieces below the target", 52, 11, "0-1:0 2:0 3-4:0 5:0 6:0"},
		{"a piece does not come to the target", 52, 10, "0:0 1:0 2:0 3-4:0 5:0 6:0"},
		{"one that is larger stands alone", 52, 1, "0:0 1:0 2:0 3:0 4:0 5:0 6:0"},
	}
	for _, tt := range tests {
		s := &side{partitions: 7, columns: []int64{53}, cells: cells, threshold: tt.threshold, target: tt.target}
		var blocks [][]Block
		var sum int64
		for _, one := range s.cut(0) {
			blocks = append(blocks, []Block{one.Block})
			sum += one.bytes
		}
		if got := show(blocks); got != tt.want || sum != 53 {
			t.Errorf("%s: got %s of %d bytes, want %s", tt.name, got, sum, tt.want)
		}
	}
	whole := &side{partitions: 7, columns: []int64{53}, threshold: 1, target: 1}
	if got := whole.cut(0); len(got) != 1 {
		t.Errorf("a side that must not be cut is cut: %v", got)
	}
}

func TestWhatIsSkewed(t *testing.T) {
	tests := []struct {
		columns   []int64
		factor    float64
		threshold int64
		want      int64
	}{
		{[]int64{1, 9, 4}, 2, 5, 8},       // twice the middle one
		{[]int64{1, 9, 4, 5}, 2, 5, 8},    // 4.5, rounded down
		{[]int64{0, 0, 0, 900}, 2, 1, 2},  // at least 1
		{[]int64{1, 9, 4}, 2, 500, 500},   // never below the threshold
		{[]int64{1, 9, 3}, 1.5, 1, 4},     // 4.5, rounded down
		{[]int64{7}, 1e300, 1, 1<<63 - 1}, // nothing is
	}
	for _, tt := range tests {
		if got := skewThreshold(tt.columns, tt.factor, tt.threshold); got != tt.want {
			t.Errorf("%v: above %d, want %d", tt.columns, got, tt.want)
		}
	}
	for _, tt := range []struct{ threshold, perTask, want int64 }{{100, 5, 5}, {100, 3, 4}, {0, 3, 3}, {5, 1, 2}} {
		if got := target([]int64{1, 9, 4, 2}, tt.threshold, tt.perTask); got != tt.want {
			t.Errorf("threshold %d, %d a task: pieces below %d, want %d", tt.threshold, tt.perTask, got, tt.want)
		}
	}
}

// Each piece of one side meets each of the other, the first side slowest.
func TestSidesAreCombined(t *testing.T) {
	o := options(slots.V2_3, 6, 16)
	o.AverageVolume, o.SkewedThreshold, o.SkewedFactor = 1, 1, 1
	left := of(1, hash(t, "1,9,1,1,1,1,1 1,9,1,1,1,1,1"))
	right := of(2, hash(t, "1,8,1,1,1,1,1 1,8,1,1,1,1,1 1,8,1,1,1,1,1"))
	left.IntraCorrelated, right.IntraCorrelated = false, false
	// Given in the other order, the sides are those of their type numbers.
	c, err := newDecider(o, Vertex{}, []Input{right, left})
	if err != nil {
		t.Fatal(err)
	}
	sides, err := c.sides([]int{0, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	lanes, err := combine(sides)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int{{0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8}}
	if diff := cmp.Diff(want, [][]int{lanes[0].order, lanes[1].order}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What a task has of one side already counts once: two pieces of the one side and
// the other are 30 MiB.
func TestAPieceThatComesTwiceCountsOnce(t *testing.T) {
	o := options(slots.V2_3, 1, 2)
	o.AverageVolume, o.SkewedThreshold, o.SkewedFactor = 10*mib, mib, 1
	left, right := of(1, hash(t, "0,10 0,10 0,10")), of(2, hash(t, "0,10"))
	left.IntraCorrelated = false
	d, err := Decide(o, Vertex{}, []Input{left, right})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(d.Blocks[0])+"; "+show(d.Blocks[1]), "0-1:1+0-2:0 2:1; 0:0-1 0:1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := d.Why[len(d.Why)-1]; got.Rule != RuleLarger || got.PerTask != 30*mib {
		t.Errorf("%+v", got)
	}
}

// Inputs that are read alike are added up, and cut only if they can be cut at
// the same partitions.
func TestInputsOfOneSideAreAddedUp(t *testing.T) {
	tests := []struct {
		other string
		want  string
	}{
		{"1,9,1,1,1 1,9,1,1,1", "5: 0-1:0 0:1 1:1 0-1:2-3 0-1:4; 0-1:0 0:1 1:1 0-1:2-3 0-1:4 | volume skew-split even-data"},
		{"1,9,1,1,1", "4: 0-1:0 0-1:1 0-1:2-3 0-1:4; 0:0 0:1 0:2-3 0:4 | volume even-data"},
	}
	for _, tt := range tests {
		o := options(slots.V2_3, 1, 16)
		o.AverageVolume, o.SkewedThreshold = 8*mib, mib
		one, other := hash(t, "1,9,1,1,1 1,9,1,1,1"), hash(t, tt.other)
		one.IntraCorrelated, other.IntraCorrelated = false, false
		if got := decided(o, Vertex{}, []Input{one, other}); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	one, other := hash(t, "1,1"), hash(t, "1,1")
	one.Name, other.IntraCorrelated = "first", false
	got := decided(options(slots.V2_3, 1, 2), Vertex{ID: "v"}, []Input{one, other})
	if want := "vertex v: inputs first and hash are of type 0 and differ in whether keys must stay together: want both alike"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
