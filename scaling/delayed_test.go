package scaling

import (
	"testing"
	"time"
)

func TestWishesOfOtherVerticesWaitOn(t *testing.T) {
	wish := Recommendation{At: at(0), Parallelism: 3}
	one, _, _ := DelayedScaleDown(nil).trigger("v", wish, time.Minute)
	both, _, _ := one.trigger("w", Recommendation{At: at(10), Parallelism: 2}, time.Minute)
	if len(one) != 1 || len(both) != 2 || both["v"].Recommended[0] != wish || !both["w"].FirstTrigger.Equal(at(10)) {
		t.Errorf("first %+v, then %+v", one, both)
	}
	if left := both.without("v"); len(left) != 1 || len(left["w"].Recommended) != 1 || len(both) != 2 {
		t.Errorf("without v: %+v of %+v", left, both)
	}
	if left := both.without("unknown"); len(left) != 2 {
		t.Errorf("without one that does not wait: %+v", left)
	}
}

// While no interval has passed since the first wish nothing is due; then what was
// wished longer ago than that is forgotten.
func TestADelayedScaleDownIsDueWhenItsIntervalHasPassed(t *testing.T) {
	var d DelayedScaleDown
	for _, step := range []struct {
		seconds           float64
		parallelism, head int
		due               bool
	}{
		{0, 5, 5, false},
		{20, 3, 5, false},
		{59.999, 2, 5, false},
		{60, 2, 5, true},
		{60.001, 2, 3, true},
		{80, 1, 3, true},
		{81, 1, 2, true},
		{90, 4, 4, true},
		{95, 1, 4, true},
	} {
		var head Recommendation
		var due bool
		d, head, due = d.trigger("v", Recommendation{At: at(step.seconds), Parallelism: step.parallelism}, time.Minute)
		if head.Parallelism != step.head || due != step.due {
			t.Errorf("at %v s: %d, due %v, want %d, %v", step.seconds, head.Parallelism, due, step.head, step.due)
		}
	}
}
