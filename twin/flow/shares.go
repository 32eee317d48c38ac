package flow

import "slices"

// shares is what part of a vertex's records each subtask gets; together 1.
func (v *Vertex) shares(parallelism int) []float64 {
	p := float64(parallelism)
	shares := make([]float64, parallelism)
	for i := range shares {
		shares[i] = v.evenShare(i, parallelism)
	}
	switch {
	case v.Skew > 1 && parallelism > 1:
		hottest := min(v.Skew/p, 1)
		for i := range shares {
			shares[i] = (1 - hottest) / (p - 1)
		}
		shares[0] = hottest
	case len(v.HotKeys) > 0:
		rest := max(1-sum(v.HotKeys), 0)
		for i := range shares {
			shares[i] *= rest
		}
		for k, share := range v.HotKeys { // the hottest apart from each other, as far as there is room
			shares[k%parallelism] += share
		}
	}
	return shares
}

// evenShare is that of a subtask if all keys are alike: the key groups of
// its range.
func (v *Vertex) evenShare(subtask, parallelism int) float64 {
	if v.KeyGroups == 0 {
		return 1 / float64(parallelism)
	}
	begin := (subtask*v.KeyGroups + parallelism - 1) / parallelism
	end := ((subtask+1)*v.KeyGroups + parallelism - 1) / parallelism
	return float64(end-begin) / float64(v.KeyGroups)
}

// partitionShares are those of a source's partitions of what arrives; together 1.
// A source without partitions has one that all subtasks read.
func (s *Source) partitionShares() []float64 {
	shares := make([]float64, max(s.Partitions, 1))
	for i := range shares {
		shares[i] = 1 / float64(len(shares))
	}
	if total := sum(s.PartitionShares); total > 0 {
		for i, share := range s.PartitionShares {
			shares[i] = share / total
		}
	}
	return shares
}

// dealt is how much of a value by partition each subtask of a source has, written
// to out.
func (s *Source) dealt(byPartition, out []float64) {
	clear(out)
	if s.Partitions == 0 {
		for i := range out {
			out[i] = byPartition[0] / float64(len(out))
		}
		return
	}
	for p, value := range byPartition {
		out[p%len(out)] += value
	}
}

// owns says whether a subtask has anything to read from.
func (s *Source) owns(subtask int) bool {
	return s.Endless || s.Partitions == 0 || subtask < s.Partitions
}

// hottest is the largest share; 0 of none.
func hottest(shares []float64) float64 {
	if len(shares) == 0 {
		return 0
	}
	return slices.Max(shares)
}
