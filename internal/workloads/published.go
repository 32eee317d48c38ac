package workloads

import "github.com/sluice-project/sluice/twin/flow"

// Query is a Nexmark query as DS2 (OSDI'18, table 4) was run on it.
type Query struct {
	Name string
	// Rates are what its sources emit, in records/s.
	Rates []float64
	// Keyed tells whether its main operator is behind a hash exchange.
	Keyed bool
	// Steps are the parallelisms that DS2 gave the main operator, by that at the
	// start. The last of each is the optimum.
	Steps map[int][]int
}

// Optimum is the parallelism at which DS2 stopped.
func (q *Query) Optimum() int {
	steps := q.Steps[starts[0]]
	return steps[len(steps)-1]
}

// Rate is what reaches the main operator, in records/s.
func (q *Query) Rate() float64 {
	sum := 0.0
	for _, r := range q.Rates {
		sum += r
	}
	return sum
}

// starts are the parallelisms from which DS2 was started.
var starts = []int{8, 12, 16, 20, 24, 28}

// slotsOfDS2 is how many slots its cluster had.
const slotsOfDS2 = 36

// nexmark is DS2's table 4. Where the start is the optimum it stands for one step.
var nexmark = []Query{
	{"Q1", []float64{4e6}, false, map[int][]int{8: {12, 16}, 12: {16}, 16: {16}, 20: {16}, 24: {16}, 28: {16}}},
	{"Q2", []float64{4e6}, false, map[int][]int{8: {11, 13, 14}, 12: {14}, 16: {12, 14}, 20: {13, 14}, 24: {14}, 28: {14}}},
	{"Q3", []float64{500e3, 100e3}, true, map[int][]int{8: {16, 20}, 12: {18, 20}, 16: {20}, 20: {20}, 24: {20}, 28: {20}}},
	{"Q5", []float64{500e3}, true, map[int][]int{8: {14, 15, 16}, 12: {16}, 16: {16}, 20: {14, 16}, 24: {14, 16}, 28: {13, 16}}},
	{"Q8", []float64{420e3, 120e3}, true, map[int][]int{8: {10}, 12: {10}, 16: {8, 10}, 20: {8, 10}, 24: {8, 10}, 28: {8, 10}}},
	{"Q11", []float64{1e6}, true, map[int][]int{8: {12, 22, 28}, 12: {22, 28}, 16: {26, 28}, 20: {28}, 24: {28}, 28: {28}}},
}

// meanStepsOfDS2 is the mean that belongs to the table.
const meanStepsOfDS2 = 1.56

// measuredCapacity is what a mapper of Nexmark Q1 processed, in records/s by
// parallelism (ContTune, VLDB 2023).
var measuredCapacity = []flow.Point{
	{X: 1, Y: 529573},
	{X: 2, Y: 966817},
	{X: 4, Y: 1829695},
	{X: 6, Y: 2535502},
	{X: 7, Y: 2936888},
	{X: 8, Y: 3118477},
	{X: 10, Y: 3721099},
	{X: 13, Y: 4624714},
	{X: 15, Y: 4967828},
	{X: 20, Y: 6350677},
	{X: 21, Y: 6465249},
	{X: 25, Y: 7089387},
	{X: 26, Y: 7476391},
}

// capacityAt is the curve at a parallelism: straight lines between its points, and as
// much per subtask as at its end beyond it.
func capacityAt(p float64) float64 {
	points := measuredCapacity
	last := points[len(points)-1]
	if p >= last.X {
		return last.Y * p / last.X
	}
	for i := 1; i < len(points); i++ {
		if a, b := points[i-1], points[i]; p <= b.X {
			return a.Y + (b.Y-a.Y)*(p-a.X)/(b.X-a.X)
		}
	}
	return 0 // not reached
}

// Figures are what a run of 18 hours came to.
type Figures struct {
	// TaskManagerHours are those of all TaskManagers that were there.
	TaskManagerHours float64
	// Rescales is how often the size was changed.
	Rescales int
	// Late is the share of the time in which a record came through later than five
	// seconds, 0 to 1.
	Late float64
	// Lag is the 99th percentile of the records that wait before the source.
	Lag float64
}

// Published are figures of several runs, the lag from the least to the most.
type Published struct {
	Figures
	LagTo float64
}

// Trace is one of Demeter's workloads, and what its authors measured with 24
// TaskManagers (computed from the series that they ship).
type Trace struct {
	Name, Curve string
	// MeanRate is that of the trace, in records/s.
	MeanRate float64
	Fixed    Published // 24 TaskManagers all the time
	Operator Published // the Kubernetes operator's autoscaler 1.6, which redeploys
	Reactive Published // Reactive Mode, sized by Kubernetes at 35 % CPU
	Demeter  Published
}

var traces = []Trace{
	{
		Name: "CARS", Curve: "cars", MeanRate: 18_361,
		Fixed:    Published{Figures{432, 0, 0.012, 97e3}, 97e3},
		Operator: Published{Figures{403, 82, 0.243, 810e3}, 1110e3},
		Reactive: Published{Figures{356, 194, 0.096, 118e3}, 133e3},
		Demeter:  Published{Figures{258, 42, 0.051, 228e3}, 282e3},
	},
	{
		Name: "ADS", Curve: "ads", MeanRate: 14_256,
		Fixed:    Published{Figures{432, 0, 0.0035, 73e3}, 73e3},
		Operator: Published{Figures{384, 87, 0.191, 240e3}, 560e3},
		Reactive: Published{Figures{264, 154, 0.024, 59e3}, 62e3},
		Demeter:  Published{Figures{296, 48, 0.038, 93e3}, 176e3},
	},
}
