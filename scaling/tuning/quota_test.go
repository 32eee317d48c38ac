package tuning

import (
	"math"
	"testing"

	"github.com/sluice-project/sluice/scaling"
)

// grow is a job of two slot sharing groups, x of a (2 to 6) and b (2 to 3), y of
// c (4 to 5) and d, which stays at 8, on TaskManagers of 2 slots: 6 slots become
// 11, by the quota's count 3 TaskManagers become 5.
func grow(t *testing.T) Rescale {
	t.Helper()
	return Rescale{
		Topology: topologyOf(t,
			scaling.Vertex{ID: "a", Parallelism: 2, SlotSharingGroup: "x"},
			scaling.Vertex{ID: "b", Parallelism: 2, SlotSharingGroup: "x"},
			scaling.Vertex{ID: "c", Parallelism: 4, SlotSharingGroup: "y"},
			scaling.Vertex{ID: "d", Parallelism: 8, SlotSharingGroup: "y"}),
		Target:              scaling.Parallelism{"a": 6, "b": 3, "c": 5, "d": 8},
		SlotsPerTaskManager: 2,
	}
}

func TestQuotaCountsTheFullTaskManagersOfRescaledVertices(t *testing.T) {
	r := grow(t)
	got, err := Quota{CPU: 100, Memory: math.MaxInt64}.Check(&r, 1.5, gib)
	want := QuotaVerdict{
		Judged: true, SlotsNow: 6, SlotsAfter: 11, TaskManagersNow: 3, TaskManagersAfter: 5, CPU: 7.5, Memory: 5 * gib,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestQuotaIsExceededAboveItsLimit(t *testing.T) {
	cpu := func(x float64) Quota { return Quota{CPU: x, Memory: math.MaxInt64} }
	memory := func(n int64) Quota { return Quota{CPU: math.Inf(1), Memory: n} }
	tests := []struct {
		name   string
		quota  Quota
		change func(*Rescale)
		cpu    float64
		want   Resource
	}{
		{"cpu at its limit", cpu(7.5), nil, 1.5, ""},
		{"cpu above", cpu(7.4), nil, 1.5, ResourceCPU},
		{"cpu not known", cpu(1), nil, 0, ""},
		{"memory at its limit", memory(5 * gib), nil, 1.5, ""},
		{"memory above", memory(5*gib - 1), nil, 1.5, ResourceMemory},
		{"both: cpu is named", Quota{CPU: 1, Memory: 1}, nil, 1.5, ResourceCPU},
		{"no quota", Unlimited(), nil, 1.5, ""},
		{"a rescale that needs no further TaskManager", cpu(0), func(r *Rescale) { r.Target = scaling.Parallelism{"a": 3} }, 1.5, ""},
		{"a rescale that needs one more", cpu(0), func(r *Rescale) { r.Target = scaling.Parallelism{"a": 4} }, 1.5, ResourceCPU},
		{"a scale-down", cpu(0), func(r *Rescale) { r.Target = scaling.Parallelism{"d": 1} }, 1.5, ""},
		{"no slot sharing group known", cpu(0), func(r *Rescale) {
			for i := range r.Topology.Vertices {
				r.Topology.Vertices[i].SlotSharingGroup = ""
			}
		}, 1.5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := grow(t)
			if tt.change != nil {
				tt.change(&r)
			}
			v, err := tt.quota.Check(&r, tt.cpu, gib)
			if err != nil || v.Exceeded != tt.want {
				t.Errorf("got %+v, %v, want %q", v, err, tt.want)
			}
		})
	}
}

func TestAQuotaNeedsSlots(t *testing.T) {
	r := grow(t)
	r.SlotsPerTaskManager = 0
	if v, err := (Quota{CPU: 1, Memory: 1}).Check(&r, 1, 1); err == nil {
		t.Errorf("got %+v", v)
	}
	if v, err := Unlimited().Check(&r, 1, 1); err != nil || v.Judged {
		t.Errorf("without a quota: got %+v, %v", v, err)
	}
}

func TestQuotaIsReachedAsInEveryRecordedDecision(t *testing.T) {
	reached := 0
	for _, d := range recordedDecisions(t) {
		if d.Check != nil && !d.Allowed {
			continue // the platform refused before the quota was asked
		}
		r := d.rescale(t)
		v, err := d.quota(t).Check(&r, d.CPU, d.taskManager(t))
		if err != nil || (v.Exceeded != "") != d.QuotaReached {
			t.Errorf("%s: got %+v, %v, want reached %v", d.Of, v, err, d.QuotaReached)
		}
		if d.QuotaReached {
			reached++
		}
	}
	if reached < 20 {
		t.Errorf("reached %d times", reached)
	}
}
