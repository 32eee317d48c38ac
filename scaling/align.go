package scaling

// alignment is one question: which parallelism close to a target suits the key
// groups or partitions of a vertex?
type alignment struct {
	mode Alignment
	// groups is the number of key groups or partitions to divide.
	groups int
	// current and target are the parallelism now and the one wanted.
	current, target int
	// bound is the highest parallelism allowed, lower the lowest.
	bound, lower int
}

// alignmentOf builds the question; ok is false for a vertex that has neither
// partitions nor a hash input, for which every parallelism is as good.
func alignmentOf(v *Vertex, target, bound, lower int, mode Alignment) (a alignment, ok bool) {
	a = alignment{mode: mode, groups: v.MaxParallelism, current: v.Parallelism, target: target, bound: bound, lower: lower}
	if v.Partitions > 0 {
		a.groups = v.Partitions
	}
	return a, Alignable(v)
}

// parallelism is the answer. limited is true when a legacy mode could not give
// the target and had to take less (spec section 6.6).
func (a alignment) parallelism() (p int, limited bool) {
	switch a.mode {
	case AlignOff:
		return a.target, false
	case AlignBalanced, AlignLegacyMaximizeUtilisation:
		p = a.scan(true)
	case AlignEvenlySpread, AlignLegacyEvenlySpread:
		p = a.scan(false)
	}
	switch {
	case p != 0:
		return p, false
	case a.mode == AlignLegacyEvenlySpread || a.mode == AlignLegacyMaximizeUtilisation:
		return a.legacyFallback()
	default:
		return a.target, false
	}
}

// scan looks from the target upwards for a divisor of the groups or, where
// loadReducing, for a parallelism at which the fullest subtask has fewer of
// them. It gives 0 when there is none.
func (a alignment) scan(loadReducing bool) int {
	end := min(a.groups, a.bound)
	if a.target <= a.current {
		end = min(a.current, end)
	}
	for p := a.target; p <= end; p++ {
		if a.groups%p == 0 || (loadReducing && a.groups/p < a.groups/a.target) {
			return p
		}
	}
	return 0
}

// legacyFallback goes down from the target to the smallest parallelism with the
// same fullest subtask; one that would turn the direction around blocks.
func (a alignment) legacyFallback() (p int, limited bool) {
	for p = a.target; p > 0; p-- {
		if a.groups/p > a.groups/a.target {
			if a.groups%p != 0 {
				p++
			}
			break
		}
	}
	p = max(p, a.lower)
	up := a.target > a.current
	if (up && p <= a.current) || (!up && p >= a.current) {
		return a.current, true
	}
	return p, p != a.target
}
