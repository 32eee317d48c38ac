package script

import (
	"cmp"
	"slices"
)

// Groups that want the same are served in an order that Flink leaves to a hash. To compare, they get what they got in the
// order of the job, and their vertices the parallelism that follows.

// untied is an observation of a running job in which tied groups stand in that order.
func (j Job) untied(o Observation) Observation {
	if o.Status != "RUNNING" || len(o.Bounds) != len(j.Vertices) || len(o.Parallelism) != len(j.Vertices) {
		return o
	}
	lower, upper := make([]int, len(o.Bounds)), make([]int, len(o.Bounds))
	for i, b := range o.Bounds {
		lower[i], upper[i] = b.Lower, b.Upper
	}
	o.Groups, o.Parallelism = j.dealt(lower, upper, o.Groups, o.Parallelism)
	return o
}

// untiedRecord does the same for a record that has a new parallelism.
func (j Job) untiedRecord(r RescaleRecord) RescaleRecord {
	if len(r.Slots) != len(j.Groups()) || len(r.After) == 0 || slices.Contains(r.After, -1) {
		return r
	}
	after := make([]int, len(r.Slots))
	for i, s := range r.Slots {
		after[i] = s.After
	}
	after, r.After = j.dealt(r.Sufficient, r.Desired, after, r.After)
	r.Slots = slices.Clone(r.Slots)
	for i := range r.Slots {
		r.Slots[i].After = after[i]
	}
	return r
}

// dealt sorts the slots of groups that want the same. What is not tied stays as it is.
func (j Job) dealt(lower, upper, groups, parallelism []int) ([]int, []int) {
	names := j.Groups()
	type wants struct{ least, most int }
	want := make([]wants, len(names))
	for i, v := range j.Vertices {
		g := slices.Index(names, v.Group)
		want[g] = wants{max(want[g].least, lower[i]), max(want[g].most, upper[i])}
	}
	groups, parallelism = slices.Clone(groups), slices.Clone(parallelism)
	tied := make([]bool, len(groups))
	for g := range groups {
		for h := g + 1; h < len(groups); h++ {
			if want[g] == want[h] && cmp.Less(groups[h], groups[g]) {
				groups[g], groups[h] = groups[h], groups[g]
				tied[g], tied[h] = true, true
			}
		}
	}
	for i, v := range j.Vertices {
		if g := slices.Index(names, v.Group); tied[g] {
			parallelism[i] = min(upper[i], groups[g])
		}
	}
	return groups, parallelism
}
