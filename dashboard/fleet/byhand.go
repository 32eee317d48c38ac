package fleet

import (
	"context"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
)

var _ decisions.HandRecorder = (*Book)(nil)

// RecordByHand implements [decisions.HandRecorder]: what a person set is a rescale like
// others, and says nothing of where the job stands. It never fails.
func (b *Book) RecordByHand(_ context.Context, key autoscaler.JobKey, e decisions.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if j, known := b.jobs[key]; known {
		b.setByHand(j, key, e)
		b.move()
	}
	return nil
}

func (b *Book) setByHand(j *job, key autoscaler.JobKey, e decisions.Entry) {
	e.Cluster = key.Cluster
	j.said = e.Fingerprint()
	j.decide(b.press.pack(&e), b.numberOf(j, &e), true)
	j.last = briefOf(&e, j.decided)
	j.scaled, j.rescale = e.Time, j.last
}

// ofPasses are the entries that passes came to, in their order.
func ofPasses(past []decisions.Entry) []decisions.Entry {
	all := make([]decisions.Entry, 0, len(past))
	for i := range past {
		if past[i].ByHand == nil {
			all = append(all, past[i])
		}
	}
	return all
}
