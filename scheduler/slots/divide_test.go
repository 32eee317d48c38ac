package slots

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// vertices builds a job graph of "group lower..upper" entries.
func vertices(t *testing.T, specs ...string) []Vertex {
	t.Helper()
	all := make([]Vertex, len(specs))
	for i, spec := range specs {
		v := &all[i]
		if _, err := fmt.Sscanf(spec, "%s %d..%d", &v.Group, &v.Bounds.Lower, &v.Bounds.Upper); err != nil {
			t.Fatalf("vertex %q: %v", spec, err)
		}
		v.ID, v.MaxParallelism = VertexID(fmt.Sprintf("v%d", i)), 128
	}
	return all
}

func TestDivide(t *testing.T) {
	tests := []struct {
		name        string
		job         []string
		slots       int
		parallelism []int // nil: no plan
		groups      []GroupSlots
	}{
		{
			"a narrow vertex stays at its upper bound",
			[]string{"g 1..4", "g 1..4", "g 1..2"},
			3,
			[]int{3, 3, 2},
			[]GroupSlots{{"g", 3}},
		},
		{
			"the last of equal groups has the remainder",
			[]string{"a 1..4", "b 1..4"},
			5,
			[]int{2, 3},
			[]GroupSlots{{"a", 2}, {"b", 3}},
		},
		{
			"the group with the smallest range is served first",
			[]string{"b 1..4", "a 1..2"},
			5,
			[]int{3, 2},
			[]GroupSlots{{"b", 3}, {"a", 2}},
		},
		{
			"lower bounds that do not fit",
			[]string{"a 3..3", "b 1..10"},
			3, nil, nil,
		},
		{
			"lower bounds that just fit",
			[]string{"a 3..3", "b 1..10"},
			4,
			[]int{3, 1},
			[]GroupSlots{{"a", 3}, {"b", 1}},
		},
		{
			"more slots than can be used",
			[]string{"a 1..4", "b 1..4"},
			20,
			[]int{4, 4},
			[]GroupSlots{{"a", 4}, {"b", 4}},
		},
		{
			"what a group cannot use is left for the others",
			[]string{"a 1..2", "b 1..9", "c 1..9"},
			12,
			[]int{2, 5, 5},
			[]GroupSlots{{"a", 2}, {"b", 5}, {"c", 5}},
		},
		{
			"a group's minimum is its largest lower bound, and lifts the others",
			[]string{"a 1..4", "a 3..4", "b 1..4"},
			4,
			[]int{3, 3, 1},
			[]GroupSlots{{"a", 3}, {"b", 1}},
		},
		{
			"two groups whose vertices take turns in the graph",
			[]string{"default 1..4", "g 1..2", "default 1..4"},
			5,
			[]int{3, 2, 3},
			[]GroupSlots{{"default", 3}, {"g", 2}},
		},
		{"no slots", []string{"a 1..1"}, 0, nil, nil},
		{"exactly the declared total", []string{"a 1..4", "b 1..3"}, 7, []int{4, 3}, []GroupSlots{{"a", 4}, {"b", 3}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan, ok := Divide(vertices(t, tt.job...), tt.slots)
			if ok != (tt.parallelism != nil) {
				t.Fatalf("Divide gave a plan: %v", ok)
			}
			if diff := cmp.Diff(Plan{tt.parallelism, tt.groups}, plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNeededAndLeastAreSumsOfTheGroupsLargest(t *testing.T) {
	job := vertices(t, "a 1..4", "b 2..3", "a 3..3")
	if got := Needed(job); got != 4+3 {
		t.Errorf("Needed = %d, want 7", got)
	}
	if got := Least(job); got != 3+2 {
		t.Errorf("Least = %d, want 5", got)
	}
}

// jobs draws job graphs of up to eight vertices in up to four groups.
func jobs() *rapid.Generator[[]Vertex] {
	return rapid.Custom(func(t *rapid.T) []Vertex {
		all := make([]Vertex, rapid.IntRange(1, 8).Draw(t, "vertices"))
		for i := range all {
			lower := rapid.IntRange(1, 5).Draw(t, "lower")
			upper := lower + rapid.IntRange(0, 8).Draw(t, "range")
			all[i] = Vertex{
				ID:             VertexID(fmt.Sprintf("v%d", i)),
				Group:          rapid.SampledFrom([]string{"default", "g1", "g2", "g3"}).Draw(t, "group"),
				Bounds:         Bounds{lower, upper},
				MaxParallelism: rapid.IntRange(upper, 128).Draw(t, "max"),
			}
		}
		return all
	})
}

func TestDividedGroupsFitTheSlotsAndKeepTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		job := jobs().Draw(t, "job")
		slots := rapid.IntRange(0, 60).Draw(t, "slots")
		plan, ok := Divide(job, slots)
		if ok != (Least(job) <= slots) {
			t.Fatalf("a plan: %v, with %d slots for at least %d", ok, slots, Least(job))
		}
		if !ok {
			return
		}
		given, of := 0, map[string]int{}
		for _, g := range plan.Groups {
			given += g.Slots
			of[g.Group] = g.Slots
		}
		if want := min(slots, Needed(job)); given != want {
			t.Fatalf("%d slots given out of %d, of which %d can be used", given, slots, want)
		}
		for i, v := range job {
			p := plan.Parallelism[i]
			if p < v.Bounds.Lower || p > v.Bounds.Upper || p > of[v.Group] {
				t.Fatalf("%s runs with %d, bounds %v, group has %d", v.ID, p, v.Bounds, of[v.Group])
			}
		}
	})
}

func TestMoreSlotsNeverLowerAParallelismOfASingleGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		job := jobs().Draw(t, "job")
		for i := range job {
			job[i].Group = "default"
		}
		slots := rapid.IntRange(Least(job), 60).Draw(t, "slots")
		fewer, _ := Divide(job, slots)
		more, _ := Divide(job, slots+1)
		for i := range job {
			if more.Parallelism[i] < fewer.Parallelism[i] {
				t.Fatalf("%d slots: %v, one more: %v", slots, fewer.Parallelism, more.Parallelism)
			}
		}
	})
}

func TestDefaultMaxParallelism(t *testing.T) {
	for p, want := range map[int]int{
		-1: 128, 0: 128, 1: 128, 85: 128, 86: 256, 100: 256, 170: 256, 171: 256, 172: 512,
		1000: 2048, 21845: 32768, 32768: 32768, 1 << 40: 32768,
	} {
		if got := DefaultMaxParallelism(p); got != want {
			t.Errorf("DefaultMaxParallelism(%d) = %d, want %d", p, got, want)
		}
	}
}

func TestKeyGroups(t *testing.T) {
	tests := []struct{ subtask, parallelism, most, first, last int }{
		{0, 1, 128, 0, 127},
		{0, 3, 128, 0, 42},
		{1, 3, 128, 43, 85},
		{2, 3, 128, 86, 127},
		{3, 4, 4, 3, 3},
	}
	for _, tt := range tests {
		if first, last := KeyGroups(tt.subtask, tt.parallelism, tt.most); first != tt.first || last != tt.last {
			t.Errorf("KeyGroups(%d, %d, %d) = %d, %d; want %d, %d",
				tt.subtask, tt.parallelism, tt.most, first, last, tt.first, tt.last)
		}
	}
}

func TestEveryKeyGroupHasOneOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, MaxParallelismLimit).Draw(t, "max parallelism")
		parallelism := rapid.IntRange(1, min(most, 500)).Draw(t, "parallelism")
		next := 0
		for i := range parallelism {
			first, last := KeyGroups(i, parallelism, most)
			if first != next || last < first {
				t.Fatalf("subtask %d owns %d..%d, expected to begin at %d", i, first, last, next)
			}
			next = last + 1
		}
		if next != most {
			t.Fatalf("%d of %d key groups have an owner", next, most)
		}
	})
}

func TestVersionIsWrittenAsFlinkDoes(t *testing.T) {
	if got := fmt.Sprint(V1_20, V2_3, Version(0)); got != "1.20 2.3 Version(0)" {
		t.Error(got)
	}
}
