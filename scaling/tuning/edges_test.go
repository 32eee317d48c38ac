package tuning

import (
	"math"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/scaling"
)

// The larger of two vertices of a group counts, in whatever order they stand.
func TestTheLargestVertexOfAGroupCounts(t *testing.T) {
	for _, order := range [][2]int{{4, 2}, {2, 4}} {
		r := Rescale{
			Topology: topologyOf(t,
				scaling.Vertex{ID: "a", Parallelism: order[0], SlotSharingGroup: "x"},
				scaling.Vertex{ID: "b", Parallelism: order[1], SlotSharingGroup: "x"}),
			Target:              scaling.Parallelism{"a": order[0] + 4, "b": order[1] + 4},
			SlotsPerTaskManager: 1,
		}
		got, err := Quota{CPU: 100, Memory: math.MaxInt64}.Check(&r, 1, gib)
		if err != nil || got.SlotsNow != 4 || got.SlotsAfter != 8 {
			t.Errorf("of %v: %+v, %v", order, got, err)
		}
	}
}

func TestWithoutSlotSharingGroupsNothingIsJudged(t *testing.T) {
	r := Rescale{Topology: topologyOf(t, scaling.Vertex{ID: "a", Parallelism: 2}), Target: scaling.Parallelism{"a": 4}}
	if got, err := (Quota{CPU: 1, Memory: 1}).Check(&r, 1, 1); err != nil || got.Judged {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestATaskManagerMayHaveOneSlot(t *testing.T) {
	r := grow(t)
	r.SlotsPerTaskManager = 1
	if got, err := Unlimited().Need(&r, 1, gib); err != nil || got.TaskManagers != 14 {
		t.Errorf("got %+v, %v", got, err)
	}
	r.SlotsPerTaskManager = 0
	if _, err := Unlimited().Need(&r, 1, gib); err == nil {
		t.Error("a TaskManager without slots is taken for one")
	}
}

func TestSharesThatDoNotFitAreRefused(t *testing.T) {
	for _, tt := range []struct {
		n      int64
		factor float64
		want   int64
		fits   bool
	}{
		{1 << 62, 1.5, 3 << 61, true},
		{1 << 62, 2, 0, false}, // 2^63
		{1 << 62, 4, 0, false}, // 2^64
		{1 << 62, 4.5, 0, false},
		{1, 1e300, 0, false},
	} {
		if got, fits := times(tt.n, tt.factor); got != tt.want || fits != tt.fits {
			t.Errorf("%d times %v: %d, %v", tt.n, tt.factor, got, fits)
		}
	}
	huge := Range{Max: math.MaxInt64, Fraction: 0.5}
	if size, err := huge.of("pool", math.MaxInt64); err == nil {
		t.Errorf("a pool of %d bytes", size)
	}
}

func TestRangesAndSizesBelowZeroAreRefused(t *testing.T) {
	if _, err := (Range{Max: gib, Fraction: -0.1}).of("pool", gib); err == nil {
		t.Error("a share below 0")
	}
	if err := (Range{Max: gib, Fraction: 1}).holds("pool", mib); err == nil {
		t.Error("a size in a range that is none")
	}
	s := DefaultSpec()
	s.Process, s.TaskOffHeap = Bytes(4*gib), -1
	if _, err := s.Derive(); err == nil || !strings.Contains(err.Error(), "-1 bytes") {
		t.Errorf("a pool of -1 bytes: %v", err)
	}
}

func TestWhatExceedsFlinksMemoryIsSaidToExceedItBySomething(t *testing.T) {
	s := DefaultSpec()
	s.Flink, s.TaskHeap, s.Managed = Bytes(gib), Bytes(gib), Bytes(gib)
	if _, err := s.Derive(); err == nil || strings.Contains(err.Error(), "by -") || !strings.Contains(err.Error(), " by ") {
		t.Errorf("got %v", err)
	}
}

func TestAQuotaThatIsUsedUpAllowsNothing(t *testing.T) {
	r := grow(t)
	for _, tt := range []struct {
		quota Quota
		most  int
		by    Resource
	}{
		{Quota{CPU: -3, Memory: math.MaxInt64}, 0, ResourceCPU},
		{Quota{CPU: math.Inf(1), Memory: -5 * gib}, 0, ResourceMemory},
		{Quota{CPU: 6, Memory: 4 * gib}, 4, ResourceCPU}, // both allow as many: the first is named
	} {
		if got, err := tt.quota.Need(&r, 1.5, gib); err != nil || got.Most != tt.most || got.By != tt.by {
			t.Errorf("%+v: %+v, %v", tt.quota, got, err)
		}
	}
}
