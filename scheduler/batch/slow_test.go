package batch

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestSlowTasksAreFound(t *testing.T) {
	done := func(seconds int, bytes int64) TaskTime {
		return TaskTime{Finished: true, Elapsed: time.Duration(seconds) * time.Second, Read: bytes}
	}
	runs := func(seconds int, bytes int64) TaskTime {
		return TaskTime{Elapsed: time.Duration(seconds) * time.Second, Read: bytes}
	}
	tests := []struct {
		name  string
		tasks []TaskTime
		want  []int
	}{
		{"one runs for half as long again", []TaskTime{done(60, 10), done(60, 10), done(60, 10), runs(90, 10)}, []int{3}},
		{"a little less is not slow", []TaskTime{done(60, 10), done(60, 10), done(60, 10), runs(89, 10)}, nil},
		{"too few have finished", []TaskTime{done(60, 10), done(60, 10), runs(900, 10), runs(900, 10)}, nil},
		{"it reads twice as much", []TaskTime{done(60, 10), done(60, 10), done(60, 10), runs(179, 20)}, nil},
		{"nor has it had a minute", []TaskTime{done(1, 10), done(1, 10), done(1, 10), runs(59, 10)}, nil},
		{"a minute is the least", []TaskTime{done(1, 10), done(1, 10), done(1, 10), runs(60, 10)}, []int{3}},
		{"bytes are not known", []TaskTime{done(60, -1), done(60, -1), done(60, -1), runs(90, -1)}, []int{3}},
		{"nothing is read", []TaskTime{done(60, 0), done(60, 0), done(60, 0), runs(61, 0)}, []int{3}},
		{"the median of the fastest counts", []TaskTime{done(100, 1), done(500, 1), done(40, 1), done(60, 1), done(61, 1), done(62, 1), runs(92, 1), runs(93, 1)}, []int{7}},
		{"the share is rounded to tasks", []TaskTime{done(40, 1), done(60, 1), done(80, 1), done(100, 1), runs(119, 1)}, nil},
		{"the share is rounded to tasks, and now it is slow", []TaskTime{done(40, 1), done(60, 1), done(80, 1), done(100, 1), runs(120, 1)}, []int{4}},
		{"all have finished", []TaskTime{done(60, 1), done(600, 1)}, nil},
		{"none at all", nil, nil},
	}
	for _, tt := range tests {
		if got := SlowTasks(DefaultOptions(slots.V2_3).Speculative, tt.tasks); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	s := DefaultOptions(slots.V2_3).Speculative
	s.Ratio = 0
	if got := SlowTasks(s, []TaskTime{runs(59, 1), runs(60, 1)}); !slices.Equal(got, []int{1}) {
		t.Errorf("with a ratio of 0: %v", got)
	}
}
