package adaptive

import "time"

// rules120 are the rules of 1.20 for the rescale of a running job: not more
// often than the shortest interval, at once for an increase worth it, and for
// any change after the longest.
type rules120 struct {
	entered time.Time
	// scheduled says that a look at the slots is due; there is one at a time.
	scheduled bool
}

// changed looks at the slots now, or, if the execution is not older than the
// interval, one interval from now. The first call comes as the execution begins,
// so that whatever changes within the interval is seen at its end.
func (r *rules120) changed(s *Scheduler) {
	if s.now.Sub(r.entered) > s.opts.ScalingIntervalMin {
		r.maybe(s)
		return
	}
	if !r.scheduled {
		r.scheduled = true
		s.after(s.opts.ScalingIntervalMin, timerMaybeRescale)
	}
}

func (r *rules120) fire(s *Scheduler, kind timerKind) {
	switch kind {
	case timerMaybeRescale:
		r.maybe(s)
	case timerForceRescale:
		r.force(s)
	}
}

// maybe rescales if it is worth it, and otherwise thinks of the longest interval.
func (r *rules120) maybe(s *Scheduler) {
	r.scheduled = false
	target, changes := s.rescaled()
	switch {
	case changes && s.worthIt(target):
		s.rescale()
	case s.opts.ScalingIntervalMax == 0:
	case s.now.Sub(r.entered) > s.opts.ScalingIntervalMax:
		r.force(s)
	default:
		s.after(s.opts.ScalingIntervalMax, timerForceRescale)
	}
}

// worthIt says whether one vertex shrinks or grows by the least increase. The
// increase is that of one vertex, in spite of the documentation, which means the
// sum.
func (s *Scheduler) worthIt(target []int) bool {
	for v, p := range target {
		delta := p - s.execution.parallelism[v]
		if delta < 0 || delta >= s.opts.MinParallelismIncrease {
			return true
		}
	}
	return false
}

// force rescales for any change.
func (r *rules120) force(s *Scheduler) {
	if _, changes := s.rescaled(); changes {
		s.rescale()
	}
}
