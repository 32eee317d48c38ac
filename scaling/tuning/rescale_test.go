package tuning

import (
	"math"
	"testing"

	"github.com/sluice-project/sluice/scaling"
)

func TestTaskManagersAreCountedFromSlots(t *testing.T) {
	tests := []struct {
		name       string
		used       float64
		perTM      int
		now, after int
	}{
		{"vertices share slots: 4 to 7", 4, 2, 2, 4},
		{"vertices do not: 6 to 10", 6, 2, 3, 5},
		{"not known: the sum", math.NaN(), 4, 0, 3},
		{"a fraction is cut", 4.9, 1, 4, 7},
		{"no slots at all", 4, 0, math.MaxInt32, math.MaxInt32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Rescale{
				Topology:  topologyOf(t, scaling.Vertex{ID: "a", Parallelism: 4}, scaling.Vertex{ID: "b", Parallelism: 3}),
				Target:    scaling.Parallelism{"a": 7},
				SlotsUsed: tt.used, SlotsPerTaskManager: tt.perTM,
			}
			if now, after := r.TaskManagers(); now != tt.now || after != tt.after {
				t.Errorf("got %d and %d, want %d and %d", now, after, tt.now, tt.after)
			}
		})
	}
}

func TestCapacityIsAskedForTaskManagersOfKnownSize(t *testing.T) {
	r := shrink(t)
	for _, unknown := range []struct {
		cpu    float64
		memory int64
	}{{0, gib}, {-1, gib}, {math.NaN(), gib}, {1, 0}, {1, -1}} {
		if q, asked := r.CapacityRequest(unknown.cpu, unknown.memory); asked {
			t.Errorf("%+v: asked %+v", unknown, q)
		}
	}
	want := CapacityRequest{TaskManagersNow: 10, TaskManagersAfter: 5, CPU: 1.5, Memory: gib}
	if q, asked := r.CapacityRequest(1.5, gib); !asked || q != want {
		t.Errorf("got %+v, %v, want %+v", q, asked, want)
	}
	if _, asked := r.CapacityRequest(0.1, 1); !asked {
		t.Error("a very small TaskManager is one too")
	}
}

func TestCapacityIsAskedForAsInEveryRecordedDecision(t *testing.T) {
	asked := 0
	for _, d := range recordedDecisions(t) {
		r := d.rescale(t)
		q, ask := r.CapacityRequest(d.CPU, d.taskManager(t))
		if ask != (d.Check != nil) {
			t.Errorf("%s: asked %v, want %v", d.Of, ask, d.Check != nil)
		}
		if !ask {
			continue
		}
		asked++
		want := CapacityRequest{
			TaskManagersNow: int(d.Check[0]), TaskManagersAfter: int(d.Check[1]), CPU: d.Check[2], Memory: int64(d.Check[3]),
		}
		if q != want {
			t.Errorf("%s: got %+v, want %+v", d.Of, q, want)
		}
	}
	if asked < 20 {
		t.Errorf("asked %d times", asked)
	}
}

// taskManager is the size of a TaskManager after the decision: the tuned one
// where tuning is applied.
func (d *decision) taskManager(t *testing.T) int64 {
	t.Helper()
	if d.Enabled {
		return sizeIn(t, d.Overrides["taskmanager.memory.process.size"])
	}
	return sizeIn(t, d.Config["taskmanager.memory.process.size"])
}
