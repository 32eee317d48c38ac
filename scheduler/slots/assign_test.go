package slots

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// freeSlots are slots named "tm1/0 tm1/1 …", in that order.
func freeSlots(t *testing.T, list string) []Slot {
	t.Helper()
	var all []Slot
	for _, name := range strings.Fields(list) {
		tm, index, found := strings.Cut(name, "/")
		s := Slot{Allocation: AllocationID(name), TaskManager: TaskManagerID(tm)}
		if _, err := fmt.Sscan(index, &s.Index); !found || err != nil {
			t.Fatalf("slot %q: %v", name, err)
		}
		all = append(all, s)
	}
	return all
}

// shown is a placement as "group.index: v0.0 v1.0 @ slot".
func shown(all []Placement) []string {
	var lines []string
	for _, p := range all {
		var tasks []string
		for _, s := range p.Subtasks {
			tasks = append(tasks, fmt.Sprintf("%d.%d", s.Vertex, s.Index))
		}
		lines = append(lines, fmt.Sprintf("%s.%d: %s @ %s", p.Group, p.Index, strings.Join(tasks, " "), p.Slot.Allocation))
	}
	return lines
}

func TestAssign(t *testing.T) {
	tests := []struct {
		name        string
		versions    []Version
		job         []string
		parallelism []int
		free        string
		balance     LoadBalance
		application bool
		minimal     bool
		want        []string
	}{
		{
			name: "slot i holds subtask i of each vertex of the group",
			job:  []string{"g 1..2", "h 1..1", "g 1..1"}, parallelism: []int{2, 1, 1},
			free: "tm1/0 tm1/1 tm2/0",
			want: []string{"g.0: 0.0 2.0 @ tm1/0", "g.1: 0.1 @ tm1/1", "h.0: 1.0 @ tm2/0"},
		},
		{
			name: "too few slots",
			job:  []string{"g 1..2"}, parallelism: []int{2}, free: "tm1/0",
		},
		{
			name: "an application takes whole TaskManagers, the freest first",
			job:  []string{"g 1..3"}, parallelism: []int{3},
			free: "tm1/0 tm2/0 tm3/0 tm2/1", application: true, minimal: true,
			want: []string{"g.0: 0.0 @ tm2/0", "g.1: 0.1 @ tm2/1", "g.2: 0.2 @ tm1/0"},
		},
		{
			name: "a session takes slots as they come, whatever is preferred",
			job:  []string{"g 1..3"}, parallelism: []int{3},
			free: "tm1/0 tm2/0 tm3/0 tm2/1", minimal: true,
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm2/0", "g.2: 0.2 @ tm3/0"},
		},
		{
			name: "an application that prefers nothing takes slots as they come",
			job:  []string{"g 1..2"}, parallelism: []int{2},
			free: "tm1/0 tm2/0 tm2/1", application: true,
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm2/0"},
		},
		{
			name: "an application that needs every slot does not sort them",
			job:  []string{"g 1..3"}, parallelism: []int{3},
			free: "tm1/0 tm2/0 tm2/1", application: true, minimal: true,
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm2/0", "g.2: 0.2 @ tm2/1"},
		},
		{
			name: "2.3 spreads slots by the share of each TaskManager", versions: []Version{V2_3},
			job: []string{"g 1..4"}, parallelism: []int{4}, balance: BalanceSlots,
			free: "tm1/0 tm1/1 tm1/2 tm1/3 tm2/0 tm2/1",
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm2/0", "g.2: 0.2 @ tm1/1", "g.3: 0.3 @ tm1/2"},
		},
		{
			name: "1.20 spreads slots in the ResourceManager only", versions: []Version{V1_20},
			job: []string{"g 1..2"}, parallelism: []int{2}, balance: BalanceSlots,
			free: "tm1/0 tm1/1 tm2/0",
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm1/1"},
		},
		{
			name: "packing is the ResourceManager's too",
			job:  []string{"g 1..2"}, parallelism: []int{2}, balance: BalanceMinResources,
			free: "tm1/0 tm2/0 tm2/1",
			want: []string{"g.0: 0.0 @ tm1/0", "g.1: 0.1 @ tm2/0"},
		},
		{
			name: "2.3 spreads the tasks of narrow vertices over the slots of the group", versions: []Version{V2_3},
			job: []string{"g 1..3", "g 1..2", "g 1..2"}, parallelism: []int{3, 2, 2}, balance: BalanceTasks,
			free: "tm1/0 tm1/1 tm1/2",
			want: []string{"g.0: 0.0 1.0 2.1 @ tm1/0", "g.1: 0.1 1.1 @ tm1/1", "g.2: 0.2 2.0 @ tm1/2"},
		},
		{
			name: "2.3 starts a vertex that fills the group at the first slot, and turns only narrow ones", versions: []Version{V2_3},
			job: []string{"g 1..2", "g 1..3", "g 1..2"}, parallelism: []int{2, 3, 2}, balance: BalanceTasks,
			free: "tm1/0 tm1/1 tm1/2",
			want: []string{"g.0: 0.0 1.0 2.1 @ tm1/0", "g.1: 0.1 1.1 @ tm1/1", "g.2: 1.2 2.0 @ tm1/2"},
		},
		{
			name: "2.3 gives the heaviest slots first, to the TaskManager with the fewest tasks", versions: []Version{V2_3},
			job:         []string{"light 1..2", "heavy 1..1", "heavy 1..1", "heavy 1..1"},
			parallelism: []int{2, 1, 1, 1}, balance: BalanceTasks,
			free: "tm1/0 tm1/1 tm2/0 tm2/1",
			want: []string{"light.0: 0.0 @ tm2/0", "light.1: 0.1 @ tm2/1", "heavy.0: 1.0 2.0 3.0 @ tm1/0"},
		},
		{
			name: "1.20 knows no balance of tasks", versions: []Version{V1_20},
			job: []string{"g 1..2", "g 1..1", "g 1..1"}, parallelism: []int{2, 1, 1}, balance: BalanceTasks,
			free: "tm1/0 tm1/1",
			want: []string{"g.0: 0.0 1.0 2.0 @ tm1/0", "g.1: 0.1 @ tm1/1"},
		},
	}
	for _, tt := range tests {
		versions := tt.versions
		if versions == nil {
			versions = []Version{V1_20, V2_3}
		}
		for _, v := range versions {
			t.Run(fmt.Sprintf("%s/%s", tt.name, v), func(t *testing.T) {
				got, ok := Assign(AssignInput{
					Version: v, Vertices: vertices(t, tt.job...), Parallelism: tt.parallelism,
					Slots: freeSlots(t, tt.free), LoadBalance: tt.balance,
					Application: tt.application, PreferMinimalTaskManagers: tt.minimal,
				})
				if ok != (tt.want != nil) {
					t.Fatalf("assigned: %v", ok)
				}
				if diff := cmp.Diff(tt.want, shown(got)); diff != "" {
					t.Errorf("placements (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// residences are where one vertex ran: subtask i in the i-th of the slots, with as
// much state each.
func residences(v Vertex, bytes int64, slots ...AllocationID) []Residence {
	var all []Residence
	for i, a := range slots {
		first, last := KeyGroups(i, len(slots), v.MaxParallelism)
		all = append(all, Residence{Vertex: v.ID, Allocation: a, First: first, Last: last, StateBytes: bytes})
	}
	return all
}

func TestAssignByState(t *testing.T) {
	tests := []struct {
		name     string
		job      []string
		previous func(job []Vertex) []Residence
		p        []int
		free     string
		want     string // of both versions, or
		want120  string
		want23   string
	}{
		{
			name: "each subtask returns to its slot",
			job:  []string{"g 1..3"}, p: []int{3}, free: "tm1/0 tm1/1 tm2/0",
			previous: func(job []Vertex) []Residence { return residences(job[0], 1000, "tm2/0", "tm1/1", "tm1/0") },
			want:     "tm2/0 tm1/1 tm1/0",
		},
		{
			name: "of half as many, each takes the smaller allocation of its two halves",
			job:  []string{"g 1..2"}, p: []int{2}, free: "tm2/1 tm2/0 tm1/1 tm1/0",
			previous: func(job []Vertex) []Residence {
				return residences(job[0], 1000, "tm2/1", "tm2/0", "tm1/1", "tm1/0")
			},
			want: "tm2/0 tm1/0",
		},
		{
			name: "of twice as many, one of each pair stays and the others take what remains",
			job:  []string{"g 1..4"}, p: []int{4}, free: "tm1/0 tm1/1 tm2/0 tm2/1",
			previous: func(job []Vertex) []Residence { return residences(job[0], 1000, "tm2/0", "tm1/1") },
			want:     "tm2/0 tm1/0 tm1/1 tm2/1",
		},
		{
			name: "a slot that is gone counts for nothing",
			job:  []string{"g 1..2"}, p: []int{2}, free: "tm1/0 tm1/1",
			previous: func(job []Vertex) []Residence { return residences(job[0], 1000, "tm9/0", "tm1/0") },
			want:     "tm1/1 tm1/0",
		},
		{
			name: "2.3 weighs state, 1.20 counts key groups",
			job:  []string{"g 1..1", "g 1..1"}, p: []int{1, 1}, free: "tm1/0 tm1/1",
			previous: func(job []Vertex) []Residence {
				return append(residences(job[0], 10, "tm1/0"), residences(job[1], 1_000_000, "tm1/1")...)
			},
			want120: "tm1/0", want23: "tm1/1", // 1.20: equal scores
		},
		{
			name: "2.3 counts a slot without state once",
			job:  []string{"g 1..1", "g 1..1"}, p: []int{1, 1}, free: "tm1/0 tm1/1",
			previous: func(job []Vertex) []Residence {
				return append(residences(job[0], 0, "tm1/0"), residences(job[1], 1, "tm1/1")...)
			},
			want120: "tm1/0", want23: "tm1/1", // 2.3: 1 against 128 × 1 byte
		},
		{
			name: "what several vertices find in a slot adds up",
			job:  []string{"g 1..1", "g 1..1", "g 1..1"}, p: []int{1, 1, 1}, free: "tm1/0 tm1/1",
			previous: func(job []Vertex) []Residence {
				all := residences(job[0], 1000, "tm1/0")
				return append(append(all, residences(job[1], 1000, "tm1/1")...), residences(job[2], 1000, "tm1/1")...)
			},
			want: "tm1/1",
		},
		{
			name: "nothing known of the vertices",
			job:  []string{"g 1..2"}, p: []int{2}, free: "tm1/0 tm1/1 tm2/0",
			previous: func([]Vertex) []Residence { return []Residence{{Vertex: "other", Allocation: "tm2/0", Last: 127}} },
			want:     "tm1/0 tm1/1",
		},
	}
	for _, tt := range tests {
		for v, want := range map[Version]string{V1_20: tt.want + tt.want120, V2_3: tt.want + tt.want23} {
			t.Run(fmt.Sprintf("%s/%s", tt.name, v), func(t *testing.T) {
				job := vertices(t, tt.job...)
				got, ok := Assign(AssignInput{
					Version: v, Vertices: job, Parallelism: tt.p, Slots: freeSlots(t, tt.free), Previous: tt.previous(job),
					Application: true, PreferMinimalTaskManagers: true, LoadBalance: BalanceSlots, // none of which counts
				})
				if !ok {
					t.Fatal("not assigned")
				}
				var slots []Slot
				for _, p := range got {
					slots = append(slots, p.Slot)
				}
				wantNames(t, "slots", slots, want)
			})
		}
	}
}

func TestResidencesThatOwnAKeyGroup(t *testing.T) {
	homes := []Residence{{First: 0, Last: 9}, {First: 10, Last: 19}, {First: 20, Last: 29}}
	for _, tt := range []struct{ first, last, from, to int }{
		{0, 9, 0, 1}, {9, 10, 0, 2}, {10, 10, 1, 2}, {5, 25, 0, 3}, {29, 40, 2, 3}, {30, 40, 3, 3},
	} {
		if diff := cmp.Diff(homes[tt.from:tt.to], overlapping(homes, tt.first, tt.last)); diff != "" {
			t.Errorf("of %d..%d (-want +got):\n%s", tt.first, tt.last, diff)
		}
	}
}

func TestWorthOfAResidence(t *testing.T) {
	// 64 key groups, 16 of which are wanted.
	for _, tt := range []struct {
		bytes           int64
		want120, want23 int64
	}{
		{0, 16, 1},
		{1, 16, 16},   // at least a byte each
		{100, 16, 16}, // 100/64 = 1
		{6400, 16, 16 * 100},
		{1 << 40, 16, 1 << 38},
	} {
		r := Residence{First: 0, Last: 63, StateBytes: tt.bytes}
		if got := r.worth(V1_20, 48, 90); got != tt.want120 {
			t.Errorf("1.20, %d bytes: %d, want %d", tt.bytes, got, tt.want120)
		}
		if got := r.worth(V2_3, 48, 90); got != tt.want23 {
			t.Errorf("2.3, %d bytes: %d, want %d", tt.bytes, got, tt.want23)
		}
		if got := r.worth(V2_3, 64, 90); got != 0 {
			t.Errorf("2.3, no key group in common: %d", got)
		}
	}
}

// assignments draws a job with its plan and at least the slots that it needs.
func assignments(t *rapid.T) (in AssignInput, needed int) {
	job := jobs().Draw(t, "job")
	plan, ok := Divide(job, rapid.IntRange(Least(job), 60).Draw(t, "slots"))
	if !ok {
		t.Fatal("no plan")
	}
	width := map[string]int{}
	for i, v := range job {
		width[v.Group] = max(width[v.Group], plan.Parallelism[i])
	}
	for _, n := range width {
		needed += n
	}
	var free []Slot
	for i := range rapid.IntRange(needed, needed+10).Draw(t, "free slots") {
		tm := rapid.IntRange(1, 5).Draw(t, "tm")
		free = append(free, Slot{Allocation: AllocationID(fmt.Sprintf("a%d", i)), TaskManager: TaskManagerID(fmt.Sprintf("tm%d", tm))})
	}
	in = AssignInput{
		Version: rapid.SampledFrom([]Version{V1_20, V2_3}).Draw(t, "version"), Vertices: job, Parallelism: plan.Parallelism, Slots: free,
		LoadBalance:               rapid.SampledFrom([]LoadBalance{BalanceNone, BalanceSlots, BalanceMinResources, BalanceTasks}).Draw(t, "mode"),
		Application:               rapid.Bool().Draw(t, "application"),
		PreferMinimalTaskManagers: rapid.Bool().Draw(t, "minimal"),
	}
	if rapid.Bool().Draw(t, "local recovery") {
		for _, v := range job {
			var homes []AllocationID
			for _, a := range rapid.SliceOfNDistinct(rapid.IntRange(0, 80), 1, v.Bounds.Upper, rapid.ID).Draw(t, "previous") {
				homes = append(homes, AllocationID(fmt.Sprintf("a%d", a)))
			}
			in.Previous = append(in.Previous, residences(v, rapid.Int64Range(0, 1<<30).Draw(t, "bytes"), homes...)...)
		}
	}
	return in, needed
}

// subtasksOf are what runs in the slot, if it may: one of each vertex of the group
// at most, in order.
func subtasksOf(t *rapid.T, job []Vertex, p Placement) []Subtask {
	if len(p.Subtasks) == 0 {
		t.Fatalf("%+v: nothing in it", p)
	}
	for i, s := range p.Subtasks {
		if job[s.Vertex].Group != p.Group || i > 0 && s.Vertex <= p.Subtasks[i-1].Vertex {
			t.Fatalf("%+v: %v is of another group, or out of order", p, s)
		}
	}
	return p.Subtasks
}

func TestEverySubtaskHasOneSlotAndNoSlotIsUsedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, needed := assignments(t)
		placed, ok := Assign(in)
		if !ok || len(placed) != needed {
			t.Fatalf("assigned %v: %d placements, want %d", ok, len(placed), needed)
		}
		taken, times := map[AllocationID]bool{}, map[Subtask]int{}
		for _, p := range placed {
			if taken[p.Slot.Allocation] || !slices.Contains(in.Slots, p.Slot) {
				t.Fatalf("%+v: slot used twice or not free", p)
			}
			taken[p.Slot.Allocation] = true
			for _, s := range subtasksOf(t, in.Vertices, p) {
				times[s]++
			}
		}
		for v, p := range in.Parallelism {
			for i := range p {
				if n := times[Subtask{v, i}]; n != 1 {
					t.Fatalf("subtask %d of vertex %d is placed %d times", i, v, n)
				}
				delete(times, Subtask{v, i})
			}
		}
		if len(times) > 0 {
			t.Fatalf("subtasks that do not exist: %v", times)
		}
		again, _ := Assign(in)
		if diff := cmp.Diff(placed, again); diff != "" {
			t.Fatalf("the same input, another result:\n%s", diff)
		}
	})
}
