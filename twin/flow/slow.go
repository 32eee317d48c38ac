package flow

// Slow slows the machines down by at least so much, since others want their CPU too:
// a factor from 1 on for each, in the order of the deployment. It says how many cores
// the subtasks on each would use now if they were slowed down by just that; the
// result is overwritten by the next call. Of a job that does not run it is none.
func (j *Job) Slow(machines []float64) []float64 {
	if !j.m.Running {
		return nil
	}
	for m, factor := range machines {
		j.m.Machines[m].Slowdown, j.m.Slowdowns[m] = factor, factor
	}
	j.setPrices(j.m.Now)
	j.fills()
	j.capacities()
	j.network.solve()
	j.deal()
	return j.cpu()
}
