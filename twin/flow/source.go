package flow

import "time"

// sourceMemory is what has arrived at a source, and what of it waits.
type sourceMemory struct {
	Arrived float64
	Log     track     // when the records came
	Pending []float64 // by partition
	Lost    float64   // records skipped because they were no longer there
}

func newSource(s *Source) *sourceMemory {
	m := &sourceMemory{Arrived: s.Backlog, Pending: make([]float64, max(s.Partitions, 1))}
	m.Log.add(0, -s.BacklogSpan.Seconds())
	m.Log.add(s.Backlog, 0)
	for i, share := range s.partitionShares() {
		m.Pending[i] = share * s.Backlog
	}
	return m
}

// lanes are the queues of a source: one for each subtask that reads partitions of
// its own, or one for all. The rates are those of the piece of time at hand.
type lanes struct {
	share     []float64 // of a lane, of what arrives
	backlog   []float64
	arriving  []float64 // records/s
	offered   []float64 // records/s that could be read
	able      []float64 // of the subtasks, records/s
	rate      []float64 // of the lanes
	available []float64 // to read in the piece at hand
}

func newLanes(s *Source, partitions, pending []float64, parallelism int) lanes {
	count := parallelism
	if s.Partitions == 0 || s.Endless {
		count = 1
	}
	l := lanes{
		share: make([]float64, count), backlog: make([]float64, count), arriving: make([]float64, count),
		offered: make([]float64, count), able: make([]float64, parallelism), rate: make([]float64, count),
		available: make([]float64, count),
	}
	s.dealt(partitions, l.share)
	s.dealt(pending, l.backlog)
	return l
}

// offer says what the source could read now, and returns the sum.
func (l *lanes) offer(s *Source) float64 {
	if len(l.offered) == 1 {
		all := sum(l.able)
		l.offered[0] = all
		if !s.Endless && l.backlog[0] <= 0 {
			l.offered[0] = min(l.arriving[0], all)
		}
		return l.offered[0]
	}
	total := 0.0
	for i, able := range l.able {
		l.offered[i] = able
		if l.backlog[i] <= 0 {
			l.offered[i] = min(l.arriving[i], able)
		}
		total += l.offered[i]
	}
	return total
}

// split deals what the source reads to the lanes and its subtasks.
func (l *lanes) split(total float64, bySubtask []float64) {
	if len(l.rate) == 1 {
		l.rate[0] = total
		level(total, l.able, bySubtask)
		return
	}
	level(total, l.offered, l.rate)
	copy(bySubtask, l.rate)
}

// level pours an amount evenly into vessels, none beyond its bound.
func level(amount float64, bounds, out []float64) {
	clear(out)
	left, open := amount, 0
	for _, b := range bounds {
		if b > 0 {
			open++
		}
	}
	if amount >= sum(bounds)*(1-1e-12) {
		copy(out, bounds)
		return
	}
	for open > 0 {
		each, filled := left/float64(open), 0
		for i, b := range bounds {
			if out[i] == 0 && b > 0 && b <= each {
				out[i] = b
				left -= b
				filled++
			}
		}
		if filled == 0 {
			break
		}
		open -= filled
	}
	for i, b := range bounds {
		if out[i] == 0 && b > 0 {
			out[i] = left / float64(open)
		}
	}
}

// settle deals what is left in a lane to its partitions, which have what came to
// them: each was read as far as the others.
func (l *lanes) settle(m *sourceMemory) {
	clear(l.available)
	for p, pending := range m.Pending {
		l.available[p%len(l.available)] += pending
	}
	for p := range m.Pending {
		lane := p % len(l.available)
		if a := l.available[lane]; a > 0 {
			m.Pending[p] *= min(max(l.backlog[lane], 0)/a, 1)
		}
	}
}

// arrive counts what came until now.
func (m *sourceMemory) arrive(partitions []float64, came float64, now time.Duration) {
	m.Arrived += came
	m.Log.add(m.Arrived, now.Seconds())
	for p, share := range partitions {
		m.Pending[p] += share * came
	}
}

// expire drops what nobody has read for so long.
func (m *sourceMemory) expire(partitions []float64, retention, now time.Duration) {
	oldest := (now - retention).Seconds()
	if retention == 0 || oldest < m.Log.Y[0] {
		return
	}
	kept := m.Arrived - m.Log.countAt(oldest)
	for p, share := range partitions {
		if most := share * kept; m.Pending[p] > most*(1+1e-12) {
			m.Lost += m.Pending[p] - most
			m.Pending[p] = most
		}
	}
}

// readUntil is when the record came that stands behind so many of a share.
func (m *sourceMemory) readUntil(pending, share float64) float64 {
	if share <= 0 {
		return m.Log.timeOf(m.Arrived)
	}
	return m.Log.timeOf(m.Arrived - pending/share)
}
