package batch

// smallest is the smallest volume from low to high, both included, that is
// legal, if all above it are; -1 if high is not.
func smallest(low, high int64, legal func(int64) bool) int64 {
	if !legal(high) {
		return -1
	}
	for low <= high {
		if mid := (low + high) / 2; legal(mid) {
			high = mid - 1
		} else {
			low = mid + 1
		}
	}
	return high + 1
}

// largest is the largest volume from low to high, both included, that is legal,
// if all below it are; -1 if low is not.
func largest(low, high int64, legal func(int64) bool) int64 {
	if !legal(low) {
		return -1
	}
	for low <= high {
		if mid := (low + high) / 2; legal(mid) {
			low = mid + 1
		} else {
			high = mid - 1
		}
	}
	return low - 1
}

// search is the distribution of neighbouring pieces to tasks by volume.
type search struct {
	bounds
	// perTask is the volume that a task should read. The volumes searched are
	// between low, the least piece, and high, that of all.
	perTask, low, high int64
	// count is the number of tasks that a volume makes; it never grows with it.
	count func(volume int64) int
}

// run finds the volume whose number of tasks is within the bounds, and the rule
// it went by; false if there is none.
func (s search) run() (volume int64, because Rule, found bool) {
	volume, because = s.perTask, RuleEvenData
	switch tasks := s.count(s.perTask); {
	case tasks < s.least:
		volume, because = s.lower(), RuleSmaller
	case tasks > s.most:
		volume, because = smallest(s.perTask, s.high, func(v int64) bool { return s.count(v) <= s.most }), RuleLarger
	}
	return volume, because, s.legal(s.count(volume))
}

// lower is the smallest volume that makes as many tasks as the largest one that
// makes enough: the smaller, the more even.
func (s search) lower() int64 {
	volume := largest(s.low, s.perTask, func(v int64) bool { return s.count(v) >= s.least })
	tasks := s.count(volume)
	return smallest(s.low, volume, func(v int64) bool { return s.count(v) == tasks })
}
