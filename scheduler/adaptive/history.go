package adaptive

import "slices"

// archive moves the failures of an execution into the exception history: one
// entry, with the first failure at its head.
func (s *Scheduler) archive(x *execution) {
	if len(x.failures) == 0 {
		return
	}
	entry := x.failures[0]
	entry.Concurrent = slices.Clone(x.failures[1:])
	s.exceptions = append(s.exceptions, entry)
	x.failures = nil
	if over := len(s.exceptions) - max(0, s.opts.ExceptionHistory); over > 0 {
		s.exceptions = slices.Delete(s.exceptions, 0, over)
		s.exceptionsTruncated = true
	}
}

// newestFirst is the exception history as views have it.
func (s *Scheduler) newestFirst() []Exception {
	all := slices.Clone(s.exceptions)
	slices.Reverse(all)
	return all
}
