package scaling

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// grown is a decision for vertices a, b, … that run at from and are to have to
// subtasks; each subtask does 100 records/s, and all are outside their bounds.
func grown(c *Config, from, to []int, change func(*Vertex)) (Input, *Outcome) {
	plan := make([]Vertex, len(from))
	out := &Outcome{Evaluation: &Evaluation{}, Decision: Decision{Scale: true, Reason: ReasonScale}}
	for i := range plan {
		plan[i] = Vertex{ID: VertexID('a' + rune(i)), Parallelism: from[i], MaxParallelism: 128}
		if change != nil {
			change(&plan[i])
		}
		out.Evaluation.Vertices = append(out.Evaluation.Vertices, VertexEvaluation{TrueProcessingRate: 100 * float64(from[i])})
		reason := ReasonScaleUp
		switch {
		case to[i] < from[i]:
			reason = ReasonScaleDown
		case to[i] == from[i]:
			reason = ReasonSteady
		}
		out.Decision.Vertices = append(out.Decision.Vertices, VertexDecision{
			Vertex: plan[i].ID, From: from[i], To: to[i], Recommended: to[i], Planned: to[i], Outside: to[i] != from[i], ExpectedRate: 100 * float64(to[i]), Reason: reason,
		})
	}
	topology := &Topology{Vertices: plan}
	topology.link()
	return Input{Config: c, Topology: topology}, out
}

// atMost lets the sum of all vertices reach a number.
func atMost(n int) func(Parallelism) bool {
	return func(p Parallelism) bool {
		sum := 0
		for _, v := range p {
			sum += v
		}
		return sum <= n
	}
}

func tos(d *Decision) []int {
	var all []int
	for i := range d.Vertices {
		all = append(all, d.Vertices[i].To)
	}
	return all
}

func TestScaleUpsAreConfinedToWhatFits(t *testing.T) {
	even := func(c *Config) { c.Alignment = AlignEvenlySpread }
	balanced := func(c *Config) { c.Alignment = AlignBalanced }
	hashed := func(v *Vertex) { v.Inputs = []Edge{{From: v.ID, Ship: ShipHash}} }
	partitions := func(n int) func(*Vertex) { return func(v *Vertex) { v.Partitions = n } }
	tests := []struct {
		name     string
		from, to []int
		most     int
		config   func(*Config)
		vertex   func(*Vertex)
		want     []int
		share    float64
	}{
		{"all of it fits", []int{1, 4}, []int{3, 8}, 11, nil, nil, []int{3, 8}, 1},
		{"half of the load", []int{2, 2}, []int{8, 8}, 8, nil, nil, []int{4, 4}, 0.5},
		{"the same share of what each needs", []int{1, 1, 1}, []int{4, 8, 16}, 14, nil, nil, []int{2, 4, 8}, 0.5},
		{"one that has its share keeps what it has", []int{6, 2}, []int{8, 8}, 10, nil, nil, []int{6, 4}, 0.5},
		{"the narrowest grows first", []int{4, 4}, []int{5, 10}, 11, nil, nil, []int{4, 7}, 0.7},
		{"one slot is not given to one of two that both need it", []int{4, 4}, []int{8, 8}, 9, nil, nil, []int{8, 8}, 0},
		{"scale-downs make room", []int{8, 2}, []int{4, 8}, 10, nil, nil, []int{4, 6}, 0.75},
		{"scale-downs stay where nothing else fits", []int{8, 2}, []int{7, 8}, 9, nil, nil, []int{7, 2}, 0.25},
		{"steady ones stay", []int{5, 1}, []int{5, 4}, 7, nil, nil, []int{5, 2}, 0.5},
		{"nothing fits", []int{4, 2}, []int{8, 4}, 6, nil, nil, []int{8, 4}, 0},
		{"nothing fits, not even what runs", []int{4, 2}, []int{8, 4}, 1, nil, nil, []int{8, 4}, 0},
		{"a divisor of the key groups below the limit", []int{4}, []int{64}, 40, even, hashed, []int{32}, 0.5},
		{"no divisor of the key groups fits", []int{4}, []int{64}, 7, even, hashed, []int{64}, 0},
		{"one that lightens the fullest subtask", []int{4}, []int{64}, 41, balanced, hashed, []int{32}, 0.5},
		{"more subtasks lighten none", []int{6}, []int{12}, 11, balanced, partitions(12), []int{12}, 0},
		{"without alignment the number counts", []int{4}, []int{64}, 41, func(c *Config) { c.Alignment = AlignOff }, hashed, []int{41}, 41.0 / 64},
		{"a custom mode aligns", []int{4}, []int{64}, 41, func(c *Config) {
			c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: toTens{}}
		}, nil, []int{40}, 0.625},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			if tt.config != nil {
				tt.config(&c)
			}
			in, out := grown(&c, tt.from, tt.to, tt.vertex)
			got := out.Confine(in, atMost(tt.most), 99, 7)
			if !slices.Equal(tos(&out.Decision), tt.want) {
				t.Errorf("got %v, want %v", tos(&out.Decision), tt.want)
			}
			if unchanged := slices.Equal(tt.want, tt.to); got.Worth != (!unchanged || tt.share == 1) || (got.Worth && math.Abs(got.Share-tt.share) > 1e-9) {
				t.Errorf("got %+v, want share %v", got, tt.share)
			}
		})
	}
}

// toTens rounds up to whole tens.
type toTens struct{}

func (toTens) Applies(AlignmentInput) bool { return true }
func (toTens) Align(in AlignmentInput) int { return min((in.Target+9)/10*10, in.Upper) }

// What was decided says so and why, and is later judged by what it is.
func TestAConfinedVertexSaysSo(t *testing.T) {
	c := DefaultConfig()
	in, out := grown(&c, []int{2, 9, 8}, []int{8, 10, 4}, nil)
	out.Confine(in, atMost(17), 22, 17)
	want := []VertexDecision{
		{
			Vertex: "a", From: 2, To: 4, Recommended: 8, Planned: 4, Outside: true, ExpectedRate: 400, Reason: ReasonScaleUp,
			Guards: []Guard{{Rule: RuleQuota, Before: 8, After: 4, Have: 22, Limit: 17}},
		},
		{
			Vertex: "b", From: 9, To: 9, Recommended: 10, Planned: 9, Outside: true, ExpectedRate: 900, Reason: ReasonBeyondQuota,
			Guards: []Guard{{Rule: RuleQuota, Before: 10, After: 9, Have: 22, Limit: 17, Blocked: true}},
		},
		{Vertex: "c", From: 8, To: 4, Recommended: 4, Planned: 4, Outside: true, ExpectedRate: 400, Reason: ReasonScaleDown},
	}
	if diff := cmp.Diff(want, out.Decision.Vertices); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	records := out.Executed().History["a"]
	if len(records) != 1 || records[0].To != 4 || records[0].ExpectedRate != 400 {
		t.Errorf("the history holds %+v", records)
	}
	if out.Executed().History["b"] != nil {
		t.Error("a vertex that is held is in the history")
	}
}

// What would not have been a reason to restart the job is none after the rest was
// taken away.
func TestWhatIsLeftMustBeWorthARestart(t *testing.T) {
	c := DefaultConfig()
	in, out := grown(&c, []int{8, 2}, []int{7, 8}, nil)
	out.Decision.Vertices[0].Outside = false
	if got := out.Confine(in, atMost(9), 1, 1); got.Worth || !slices.Equal(tos(&out.Decision), []int{7, 8}) || len(out.Decision.Vertices[1].Guards) != 0 {
		t.Errorf("got %+v: %+v", got, out.Decision.Vertices)
	}
}

func TestConfinedDecisionsKeepTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultConfig()
		c.Alignment = Alignment(rapid.IntRange(0, 4).Draw(t, "alignment"))
		n := rapid.IntRange(1, 5).Draw(t, "vertices")
		from, to := make([]int, n), make([]int, n)
		hash := make([]bool, n)
		for i := range n {
			from[i], to[i] = rapid.IntRange(1, 64).Draw(t, "from"), rapid.IntRange(1, 128).Draw(t, "to")
			hash[i] = rapid.Bool().Draw(t, "hash")
		}
		decide := func() (Input, *Outcome) {
			return grown(&c, from, to, func(v *Vertex) {
				if hash[v.ID[0]-'a'] {
					v.Inputs = []Edge{{From: v.ID, Ship: ShipHash}}
				}
			})
		}
		// A quota that allows what is there is fulfilled, and a larger one gives no
		// vertex less.
		shrunk := 0
		for i := range n {
			shrunk += min(from[i], to[i])
		}
		less := shrunk + rapid.IntRange(0, 200).Draw(t, "quota")
		more := less + rapid.IntRange(0, 50).Draw(t, "more")
		confine := func(most int) (Parallelism, Confinement) {
			in, out := decide()
			got := out.Confine(in, atMost(most), 0, 0)
			if !got.Worth {
				kept := Parallelism{}
				for _, v := range out.Decision.Vertices {
					kept[v.Vertex] = min(v.From, v.To)
				}
				return kept, got
			}
			target := out.Decision.Target()
			for i, v := range out.Decision.Vertices {
				if to[i] <= from[i] && v.To != to[i] || v.To < min(from[i], to[i]) || v.To > max(from[i], to[i]) {
					t.Errorf("%d -> %d becomes %d", from[i], to[i], v.To)
				}
			}
			if !atMost(most)(target) {
				t.Errorf("%v exceed %d", target, most)
			}
			return target, got
		}
		a, _ := confine(less)
		b, _ := confine(more)
		for id := range a {
			if a[id] > b[id] {
				t.Errorf("%s gets %d of a quota of %d and %d of %d", id, a[id], less, b[id], more)
			}
		}
		if again, _ := confine(less); !maps.Equal(a, again) {
			t.Errorf("%v, and then %v", a, again)
		}
	})
}

// Where nothing has to be aligned, not one more level fits.
func TestTheQuotaIsUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultConfig()
		c.Alignment = AlignOff
		from, to := []int{0, 0, 0}, []int{0, 0, 0}
		sum := 0
		for i := range from {
			from[i] = rapid.IntRange(1, 20).Draw(t, "from")
			to[i] = from[i] + rapid.IntRange(1, 40).Draw(t, "growth")
			sum += from[i]
		}
		most := sum + rapid.IntRange(0, 60).Draw(t, "quota")
		in, out := grown(&c, from, to, nil)
		if got := out.Confine(in, atMost(most), 0, 0); got.Share == 1 {
			return
		}
		got := from
		if !slices.Equal(tos(&out.Decision), to) {
			got = tos(&out.Decision)
		}
		// The next level is that of the vertices with the least of what they need.
		lowest := math.Inf(1)
		for i := range got {
			if got[i] < to[i] {
				lowest = math.Min(lowest, float64(got[i]+1)/float64(to[i]))
			}
		}
		next := 0
		for i := range got {
			next += max(got[i], int(math.Ceil(lowest*float64(to[i])-1e-9)))
		}
		if next <= most {
			t.Errorf("%v of %v, from %v: %d of %d are used, the next level is %d", got, to, from, sum, most, next)
		}
	})
}

func ExampleOutcome_Confine() {
	c := DefaultConfig()
	c.Alignment = AlignOff
	topology, err := NewTopology([]Vertex{{ID: "source", Parallelism: 2}, {ID: "work", Parallelism: 4, Inputs: []Edge{{"source", ShipRebalance}}}})
	if err != nil {
		panic(err)
	}
	out := Outcome{
		Evaluation: &Evaluation{Vertices: make([]VertexEvaluation, 2)},
		Decision: Decision{Scale: true, Vertices: []VertexDecision{
			{Vertex: "source", From: 2, To: 4, Outside: true}, {Vertex: "work", From: 4, To: 20, Outside: true},
		}},
	}
	twelve := func(p Parallelism) bool { return p["source"]+p["work"] <= 12 }
	got := out.Confine(Input{Config: &c, Topology: topology}, twelve, 24, 12)
	fmt.Println(got.Worth, got.Share, out.Decision.Target())
	// Output: true 0.5 map[source:2 work:10]
}
