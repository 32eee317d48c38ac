package collect

import (
	"context"
	"strings"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// role is what a metric of a source is asked for.
type role uint8

const (
	roleNone role = iota
	operatorIn
	operatorOut
	taskIn
	taskOut
	lag
	busyTime
	idleTime
	blockedTime
	roleCount
)

// taskRoles are the metrics of the task as a whole.
var taskRoles = map[string]role{
	"numRecordsIn":                  taskIn,
	"numRecordsOut":                 taskOut,
	"accumulateBusyTimeMs":          busyTime,
	"accumulateIdleTimeMs":          idleTime,
	"accumulateBackPressuredTimeMs": blockedTime,
}

// recordCounters are the counters that may say how many records a source has
// read, the best first. Which of them counts at all depends on version and
// connector.
var recordCounters = [...]role{operatorIn, operatorOut, taskIn, taskOut}

// question is what is asked of a source: ids and what each is for.
type question struct {
	ids   []string
	roles []role
	// asked counts the ids of each role.
	asked [roleCount]int
}

func (q *question) add(id string, r role) {
	q.ids = append(q.ids, strings.Clone(id))
	q.roles = append(q.roles, r)
	q.asked[r]++
}

// countsRecords tells whether any record counter is asked for.
func (q *question) countsRecords() bool {
	for _, r := range recordCounters {
		if q.asked[r] > 0 {
			return true
		}
	}
	return false
}

// questionOf picks what to ask of a source out of its list of metric names. The
// name of the vertex leads to its first operator where none is called a source.
func questionOf(names []string, vertexName string) question {
	var q question
	isSource := sourceOperators(names, vertexName)
	for _, name := range names {
		operator, counter, _ := cutLast(name, '.')
		switch {
		case strings.HasSuffix(name, suffixPending):
			q.add(name, lag)
		case counter == "numRecordsIn" && isSource(operator):
			q.add(name, operatorIn)
		case counter == "numRecordsOut" && isSource(operator):
			q.add(name, operatorOut)
		default:
			if r := taskRoles[name]; r != roleNone {
				q.add(name, r)
			}
		}
	}
	return q
}

// sourceOperators tells which operators of a vertex read from outside: those
// that Flink calls sources (several, where sources are chained to what reads
// them), else those that report pending records, else the first of the chain.
func sourceOperators(names []string, vertexName string) func(operator string) bool {
	var called, pending bool
	pendingOf := map[string]bool{}
	for _, name := range names {
		operator, metric, ok := cutLast(name, '.')
		if !ok || strings.Contains(operator, ".") {
			continue
		}
		called = called || strings.HasPrefix(operator, sourcePrefix)
		if metric == "pendingRecords" {
			pending, pendingOf[operator] = true, true
		}
	}
	switch {
	case called:
		return func(operator string) bool {
			return strings.HasPrefix(operator, sourcePrefix) && !strings.Contains(operator, ".")
		}
	case pending:
		return func(operator string) bool { return pendingOf[operator] }
	}
	head, _, _ := strings.Cut(vertexName, " -> ")
	head = flink.InMetricName(head)
	return func(operator string) bool { return operator == head }
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// reply holds the sums of what a source answered, by role.
type reply struct {
	sums [roleCount]float64
	// known is false for a role of which a value is missing or makes no sense.
	known [roleCount]bool
}

func (q *question) read(answer []flink.AggregatedMetric) reply {
	var r reply
	var got [roleCount]int
	for i := range answer {
		for j, id := range q.ids {
			v, sent := answer[i].Sum.Value()
			if id != answer[i].ID || !sent || !sane(v) {
				continue
			}
			r.sums[q.roles[j]] += v
			got[q.roles[j]]++
		}
	}
	for role := range r.known {
		r.known[role] = got[role] > 0 && got[role] == q.asked[role]
	}
	return r
}

// takeSource replaces what the details say of a source by what its own metrics
// say, which are of one moment and count what its operator read.
func (p *countersPass) takeSource(ctx context.Context, v *scaling.Vertex, s *scaling.VertexSample, entry *flink.Vertex) error {
	m := p.memory.source(v.ID)
	v.Partitions = m.partitions
	details := s.Measures
	if v.Finished {
		m.last.restore(&s.Measures)
		p.keepIdle(v, &s.Measures)
		return nil
	}
	s.Measures = scaling.Measures{}
	if len(m.question.ids) > 0 {
		answer, err := readMetrics(ctx, p.job, v.ID, m.question.ids, flink.AggSum)
		if err != nil {
			return err
		}
		if len(answer) == 0 {
			// One unknown name makes Flink leave out all: the list has to be read again.
			m.drop()
			setTimes(&s.Measures, &entry.Metrics)
			return nil
		}
		m.apply(m.question.read(answer), &s.Measures)
	}
	if m.settled && !m.question.countsRecords() {
		setByTask(&s.Measures, &details, m)
	}
	for _, measure := range fallbacks(&m.question) {
		if value, ok := details.Get(measure); ok {
			s.Set(measure, value)
		}
	}
	m.last.keep(&s.Measures)
	return nil
}

// fallbacks are the measures that the details have to give, since the source's
// own metrics do not hold them. The times go together: they make up one clock.
func fallbacks(q *question) []scaling.Measure {
	var all []scaling.Measure
	if q.asked[taskOut] == 0 {
		all = append(all, scaling.NumRecordsOut)
	}
	if q.asked[busyTime] == 0 || q.asked[idleTime] == 0 || q.asked[blockedTime] == 0 {
		all = append(all, scaling.AccumulatedBusyTime, scaling.AccumulatedIdleTime, scaling.AccumulatedBackpressuredTime)
	}
	return all
}

// apply turns a reply into measures.
func (m *sourceMemory) apply(r reply, to *scaling.Measures) {
	if records, ok := m.recordsRead(r); ok {
		to.Set(scaling.NumRecordsIn, records)
	}
	set := func(name scaling.Measure, from role) {
		if r.known[from] {
			to.Set(name, r.sums[from])
		}
	}
	set(scaling.NumRecordsOut, taskOut)
	set(scaling.Lag, lag)
	if m.question.asked[busyTime] > 0 && m.question.asked[idleTime] > 0 && m.question.asked[blockedTime] > 0 {
		set(scaling.AccumulatedBusyTime, busyTime)
		set(scaling.AccumulatedIdleTime, idleTime)
		set(scaling.AccumulatedBackpressuredTime, blockedTime)
	}
}

// recordsRead is the number of records read by the counter that was found to
// count. It stays the same for a run: another one's number would look like a
// jump.
func (m *sourceMemory) recordsRead(r reply) (float64, bool) {
	zero := false
	for _, c := range recordCounters {
		if m.counter != roleNone {
			break
		}
		if r.known[c] && r.sums[c] > 0 {
			// A list that is not complete yet may lack the operator's counters.
			if !m.settled && c != operatorIn && c != operatorOut {
				return 0, false
			}
			m.counter = c
		}
		zero = zero || r.known[c]
	}
	if m.counter == roleNone {
		return 0, zero
	}
	return r.sums[m.counter], r.known[m.counter]
}

// setByTask takes the records of the job's details for a source that has no
// counter among its metrics.
func setByTask(to, details *scaling.Measures, m *sourceMemory) {
	in, hasIn := details.Get(scaling.NumRecordsIn)
	out, hasOut := details.Get(scaling.NumRecordsOut)
	if m.counter == roleNone {
		switch {
		case hasIn && in > 0:
			m.counter = taskIn
		case hasOut && out > 0:
			m.counter = taskOut
		}
	}
	if m.counter == taskOut {
		in, hasIn = out, hasOut
	}
	if hasIn {
		to.Set(scaling.NumRecordsIn, in)
	}
}

// counts are the newest counters of a source. After it has finished Flink has
// them no more.
type counts struct {
	in, out       float64
	hasIn, hasOut bool
	reportsLag    bool
}

func (c *counts) keep(m *scaling.Measures) {
	if v, ok := m.Get(scaling.NumRecordsIn); ok {
		c.in, c.hasIn = v, true
	}
	if v, ok := m.Get(scaling.NumRecordsOut); ok {
		c.out, c.hasOut = v, true
	}
	_, hasLag := m.Get(scaling.Lag)
	c.reportsLag = c.reportsLag || hasLag
}

// restore puts the newest counters into the sample of a finished source, with
// nothing left to read.
func (c *counts) restore(m *scaling.Measures) {
	if c.hasIn {
		m.Set(scaling.NumRecordsIn, c.in)
	}
	if c.hasOut {
		m.Set(scaling.NumRecordsOut, c.out)
	}
	if c.reportsLag {
		m.Set(scaling.Lag, 0)
	}
}
