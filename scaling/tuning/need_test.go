package tuning

import (
	"math"
	"testing"

	"github.com/sluice-project/sluice/scaling"
)

func TestEveryVertexAndEveryStartedTaskManagerCounts(t *testing.T) {
	noGroups := func(r *Rescale) {
		for i := range r.Topology.Vertices {
			r.Topology.Vertices[i].SlotSharingGroup = ""
		}
	}
	tests := []struct {
		name                string
		change              func(*Rescale)
		slots, taskManagers int
	}{
		// Group x has 6 slots and y, whose largest vertex is not rescaled, has 8.
		{"one slot sharing group holds the other's largest", nil, 14, 7},
		{"a slot more is a TaskManager more", func(r *Rescale) { r.Target["a"] = 7 }, 15, 8},
		{"nothing is rescaled", func(r *Rescale) { r.Target = nil }, 10, 5},
		{"a scale-down of the largest", func(r *Rescale) { r.Target["d"] = 1 }, 11, 6},
		{"sharing is not known", noGroups, 8, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := grow(t)
			if tt.change != nil {
				tt.change(&r)
			}
			got, err := Unlimited().Need(&r, 1.5, gib)
			if want := (Need{Slots: tt.slots, TaskManagers: tt.taskManagers, Most: NoLimit}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestAQuotaAllowsWholeTaskManagers(t *testing.T) {
	const all = math.MaxInt64
	tests := []struct {
		name   string
		quota  Quota
		cpu    float64
		memory int64
		most   int
		by     Resource
	}{
		{"cpu", Quota{CPU: 7.5, Memory: all}, 1.5, gib, 5, ResourceCPU},
		{"a little less cpu", Quota{CPU: 7.49, Memory: all}, 1.5, gib, 4, ResourceCPU},
		{"tenths of a core that add up", Quota{CPU: 0.3, Memory: all}, 0.1, gib, 3, ResourceCPU},
		{"no cpu at all", Quota{CPU: 0, Memory: all}, 1.5, gib, 0, ResourceCPU},
		{"memory", Quota{CPU: math.Inf(1), Memory: 5*gib - 1}, 1.5, gib, 4, ResourceMemory},
		{"the scarcer one is named", Quota{CPU: 6, Memory: 5 * gib}, 1.5, gib, 4, ResourceCPU},
		{"the scarcer one is memory", Quota{CPU: 6, Memory: 3 * gib}, 1.5, gib, 3, ResourceMemory},
		{"a size that is not known limits nothing", Quota{CPU: 1, Memory: 1}, 0, 0, NoLimit, ""},
		{"more than there are", Quota{CPU: 1e300, Memory: all}, 1e-3, 1, NoLimit, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := grow(t)
			got, err := tt.quota.Need(&r, tt.cpu, tt.memory)
			if err != nil || got.Most != tt.most || got.By != tt.by {
				t.Errorf("got %+v, %v, want %d by %q", got, err, tt.most, tt.by)
			}
		})
	}
}

func TestANeedOfSlotsNeedsSlots(t *testing.T) {
	for _, slots := range []int{0, -1} {
		r := grow(t)
		r.SlotsPerTaskManager = slots
		if got, err := (Quota{}).Need(&r, 1, 1); err == nil {
			t.Errorf("%d slots: got %+v", slots, got)
		}
	}
}

// Where the reference looks away, the count of the whole job does not.
func TestNeedAndTheReferencesCheckDiffer(t *testing.T) {
	r := grow(t)
	r.Target = scaling.Parallelism{"a": 3}
	q := Quota{CPU: 5, Memory: math.MaxInt64}
	check, err := q.Check(&r, 1, gib)
	if err != nil || check.Exceeded != "" {
		t.Errorf("the reference: %+v, %v", check, err)
	}
	if n, err := q.Need(&r, 1, gib); err != nil || n.TaskManagers != 6 || n.Most != 5 {
		t.Errorf("got %+v, %v", n, err)
	}
}
