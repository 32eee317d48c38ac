package collect

import (
	"context"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// settleWithin is when the list of a source's metric names is taken as it is,
// even if it was different each time: some connectors name metrics after files.
const settleWithin = 2 * time.Minute

// sourceMemory is what is remembered of a source for one run of its job.
type sourceMemory struct {
	question question
	// partitions is the largest number seen: a consumer that has not registered
	// all of them yet must not make the source look smaller.
	partitions int

	// settled is true once two readings of the list agreed.
	settled bool
	// print stands for the newest list, seen unchanged since printSince.
	print      fingerprint
	printSince time.Time
	// firstAt and listedAt are when the list was read first and last.
	firstAt, listedAt time.Time

	// counter is the one that was found to count records read.
	counter role
	last    counts
}

// fingerprint tells lists of names apart without keeping them; the order of the
// names does not matter.
type fingerprint struct {
	count int
	sum   uint64
}

func fingerprintOf(names []string) fingerprint {
	f := fingerprint{count: len(names)}
	for _, name := range names {
		h := uint64(14695981039346656037) // FNV-1a
		for i := range len(name) {
			h = (h ^ uint64(name[i])) * 1099511628211
		}
		f.sum += h
	}
	return f
}

// listNames reads the lists of metric names: of a source after each start of the
// job until two readings agree, and later in turn, one source a pass.
func (p *countersPass) listNames(ctx context.Context) error {
	due := p.refreshDue()
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		if !v.IsSource() || v.Finished {
			continue
		}
		m := p.memory.source(v.ID)
		if m.settled && v.ID != due {
			continue
		}
		names, err := readNames(ctx, p.job, v.ID)
		if err != nil {
			return err
		}
		m.learn(names, v.Name, p.sample.At, p.fetch)
	}
	return nil
}

// refreshDue is the source whose settled list is oldest, if it is old enough.
func (p *countersPass) refreshDue() (due scaling.VertexID) {
	oldest := p.sample.At.Add(-p.namesRefresh)
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		if !v.IsSource() || v.Finished {
			continue
		}
		m := p.memory.source(v.ID)
		if m.settled && !m.listedAt.After(oldest) && (due == "" || m.listedAt.Before(oldest)) {
			due, oldest = v.ID, m.listedAt
		}
	}
	return due
}

// learn takes a list in. Two readings agree when they are the same and so far
// apart that the JobManager had time to fetch new ones in between.
func (m *sourceMemory) learn(names []string, vertexName string, at time.Time, fetch time.Duration) {
	again := !m.listedAt.IsZero()
	if !again {
		m.firstAt = at
	}
	m.listedAt = at
	if seen := fingerprintOf(names); !again || seen != m.print {
		m.print, m.printSince, again = seen, at, false
	}
	agreed := again && len(names) > 0 && at.Sub(m.printSince) >= fetch
	m.settled = m.settled || agreed || at.Sub(m.firstAt) >= settleWithin
	if len(names) == 0 {
		return
	}
	m.question = questionOf(names, vertexName)
	m.partitions = max(m.partitions, countPartitions(names))
}

// drop forgets the list, which has a name that Flink no longer knows.
func (m *sourceMemory) drop() {
	m.question, m.settled = question{}, false
	m.firstAt, m.listedAt, m.print = time.Time{}, time.Time{}, fingerprint{}
}
