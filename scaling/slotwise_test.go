package scaling

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNothingBecomesNarrowerThanTheWidestOfItsGroup(t *testing.T) {
	cases := map[string]struct {
		from, to []int
		groups   []string
		most     []int // of each vertex, 128 if nil
		want     []int
		// held are the vertices that stay for the sake of no slot.
		held []int
	}{
		"narrower together":             {from: []int{24, 24}, to: []int{12, 3}, groups: []string{"x", "x"}, want: []int{12, 12}},
		"nothing to be freed":           {from: []int{24, 24}, to: []int{24, 3}, groups: []string{"x", "x"}, want: []int{24, 24}, held: []int{1}},
		"the other grows":               {from: []int{6, 4}, to: []int{3, 8}, groups: []string{"x", "x"}, want: []int{6, 8}, held: []int{0}},
		"a group of its own":            {from: []int{24, 24}, to: []int{24, 3}, groups: []string{"x", "y"}, want: []int{24, 3}},
		"the widest of three":           {from: []int{24, 24, 24}, to: []int{3, 9, 6}, groups: []string{"x", "x", "x"}, want: []int{9, 9, 9}},
		"narrow from the start":         {from: []int{24, 4}, to: []int{12, 2}, groups: []string{"x", "x"}, want: []int{12, 4}, held: []int{1}},
		"a group that is not known":     {from: []int{24, 24}, to: []int{24, 3}, groups: []string{"", ""}, want: []int{24, 3}},
		"its own limit is lower":        {from: []int{24, 24}, to: []int{24, 3}, groups: []string{"x", "x"}, most: []int{128, 5}, want: []int{24, 5}},
		"growth is none of its concern": {from: []int{4, 24}, to: []int{6, 24}, groups: []string{"x", "x"}, want: []int{6, 24}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := sluiceProfile()
			in, out := grown(&c, tc.from, tc.to, nil)
			most := tc.most
			for i := range in.Topology.Vertices {
				in.Topology.Vertices[i].SlotSharingGroup = tc.groups[i]
				if tc.most == nil {
					most = append(most, 128)
				}
			}
			d := decider{Input: in, c: &c, evaluation: out.Evaluation}
			d.keepWithGroup(out.Decision.Vertices, most)
			if diff := cmp.Diff(tc.want, tos(&out.Decision)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var held []int
			for i := range out.Decision.Vertices {
				v := &out.Decision.Vertices[i]
				if v.Reason == ReasonFreesNoSlot {
					held = append(held, i)
				}
				if widened := v.To != tc.to[i]; widened == v.Outside && tc.to[i] < tc.from[i] {
					t.Errorf("vertex %d: widened is %v, a reason for a rescale is %v", i, widened, v.Outside)
				}
				if v.To < v.From && v.ExpectedRate != 100*float64(v.To) {
					t.Errorf("vertex %d is expected to do %v/s at %d", i, v.ExpectedRate, v.To)
				}
			}
			if diff := cmp.Diff(tc.held, held); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

// A source that is idle asks for fewer subtasks in every pass. As long as the vertex
// beside it needs the slots that is no rescale.
func TestAnIdleSourceBesideAWideVertexCausesNoRescale(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "s", Parallelism: 8, MaxParallelism: 128, SlotSharingGroup: "x"},
		{ID: "t", Parallelism: 8, MaxParallelism: 128, SlotSharingGroup: "x", Inputs: []Edge{{"s", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	decide := func(slotwise bool, busy float64) Decision {
		c := sluiceProfile()
		c.ScaleDownInterval, c.CatchUp, c.Slotwise = 0, 0, slotwise
		c.Estimator = fixed{measured(1000, 0.05), measured(1000, busy)}
		return Decide(Input{Config: &c, Topology: topology, Full: true}).Decision
	}
	if d := decide(true, 0.62); d.Scale || d.Reason != ReasonWithinBounds {
		t.Errorf("slotwise, beside a vertex within its bounds: %v (%s): %+v", d.Scale, d.Reason, d.Vertices)
	}
	if d := decide(false, 0.62); !d.Scale {
		t.Errorf("each by itself it is not scaled: %s", d.Reason)
	}
	if got := tos(new(decide(true, 0.2))); cmp.Diff([]int{4, 4}, got) != "" {
		t.Errorf("with a vertex that shrinks: %v, want 4 and 4", got)
	}
}

// Whatever is decided, being slotwise takes no slot more than was asked for before,
// and shrinks nothing further.
func TestSlotwiseTakesNoSlotMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "vertices")
		parallelism := rapid.SliceOfN(rapid.IntRange(1, 40), n, n)
		from, to := parallelism.Draw(t, "from"), parallelism.Draw(t, "to")
		groups := rapid.SliceOfN(rapid.SampledFrom([]string{"", "x", "y"}), n, n).Draw(t, "groups")
		c := sluiceProfile()
		in, out := grown(&c, from, to, nil)
		most := make([]int, n)
		for i := range most {
			in.Topology.Vertices[i].SlotSharingGroup, most[i] = groups[i], math.MaxInt32
		}
		slots := func() map[string]int {
			widest := map[string]int{}
			for i, p := range tos(&out.Decision) {
				widest[groups[i]] = max(widest[groups[i]], p)
			}
			return widest
		}
		before := slots()
		d := decider{Input: in, c: &c, evaluation: out.Evaluation}
		d.keepWithGroup(out.Decision.Vertices, most)
		if diff := cmp.Diff(before, slots()); diff != "" {
			t.Fatalf("slots of each group (-before +after):\n%s", diff)
		}
		for i, p := range tos(&out.Decision) {
			if p < to[i] || p > max(from[i], to[i]) {
				t.Fatalf("vertex %d of %d was to have %d and has %d", i, from[i], to[i], p)
			}
		}
	})
}
