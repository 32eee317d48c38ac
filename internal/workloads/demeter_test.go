package workloads

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/workload"
)

// seeds are those of the runs of a policy: as many as were published in the roomy
// model, one in the other, and one of what hangs on no start of the job.
func seeds(m Model, p Policy) []uint64 {
	if m.Name == "tight" || p.Options == nil {
		return []uint64{1}
	}
	return []uint64{1, 2, 3}
}

// atOnce is how many runs happen at a time.
const atOnce = 2

// task is one run of 18 hours.
type task struct {
	trace  *Trace
	model  Model
	policy Policy
	seed   uint64
}

// figuresOf lets runs happen side by side.
func figuresOf(t *testing.T, tasks []task) []Figures {
	t.Helper()
	figures, room := make([]Figures, len(tasks)), make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, k := range tasks {
		wait.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			f, err := k.model.RunTrace(t.Context(), k.trace, k.policy, k.seed)
			if err != nil {
				t.Error(err)
			}
			figures[i] = f
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return figures
}

// The models are found by trying: what comes of some capacities and durations of a
// redeployment stands beside what was published.
func TestCalibration(t *testing.T) {
	inFull(t)
	var fixed, operator strings.Builder
	for i := range traces {
		trace := &traces[i]
		calibrateFixed(t, &fixed, trace)
		calibrateOperator(t, &operator, trace)
	}
	hold(t, "fixed", "| | capacity of 24, records/s | later than 5 s | published |\n|---|---|---|---|\n"+fixed.String())
	hold(t, "operator", "| | capacity of 24 | stopped for | TaskManager-hours | redeployments | later than 5 s | p99 lag, thousand records |\n|---|---|---|---|---|---|---|\n"+operator.String())
}

func calibrateFixed(t *testing.T, b *strings.Builder, trace *Trace) {
	var tasks []task
	tight, roomy := models(trace)[0], models(trace)[1]
	capacities := []float64{0.98 * tight.Capacity, 0.99 * tight.Capacity, tight.Capacity, 1.01 * tight.Capacity, roomy.Capacity}
	for _, c := range capacities {
		near := tight
		near.Capacity = c
		tasks = append(tasks, task{trace, near, policies()[0], 1})
	}
	for i, f := range figuresOf(t, tasks) {
		capacity := fmt.Sprintf("%.0f", capacities[i])
		switch capacities[i] {
		case tight.Capacity:
			capacity = "**" + capacity + "** (tight)"
			if math.Abs(f.Late-trace.Fixed.Late) > 0.003 {
				t.Errorf("%s: late for %.2f %%; published are %.2f %%", trace.Name, 100*f.Late, 100*trace.Fixed.Late)
			}
		case roomy.Capacity:
			capacity = "**" + capacity + "** (roomy)"
		}
		fmt.Fprintf(b, "| %s | %s | %.2f %% | %.2f %% |\n", trace.Name, capacity, 100*f.Late, 100*trace.Fixed.Late)
	}
}

func calibrateOperator(t *testing.T, b *strings.Builder, trace *Trace) {
	var tasks []task
	for _, m := range models(trace) {
		for _, by := range []time.Duration{-5 * time.Second, 0, 5 * time.Second} {
			near := m
			near.Redeploy += by
			tasks = append(tasks, task{trace, near, policies()[1], 1})
		}
	}
	for i, f := range figuresOf(t, tasks) {
		m := tasks[i].model
		stopped := fmt.Sprint(m.Redeploy)
		if i%3 == 1 {
			stopped = "**" + stopped + "** (" + m.Name + ")"
		}
		fmt.Fprintf(b, "| %s | %.0f | %s | %.0f | %d | %.1f %% | %.0f |\n", trace.Name, m.Capacity, stopped, f.TaskManagerHours, f.Rescales, 100*f.Late, f.Lag/1000)
	}
	o := trace.Operator
	fmt.Fprintf(b, "| %s | | *published* | %.0f | %d | %.1f %% | %.0f to %.0f |\n", trace.Name, o.TaskManagerHours, o.Rescales, 100*o.Late, o.Lag/1000, o.LagTo/1000)
}

// What comes of the traces, beside what was published of them. What is asserted is
// little: the page has the numbers.
func TestTraces(t *testing.T) {
	inFull(t)
	for i := range traces {
		trace := &traces[i]
		t.Run(trace.Name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("Published:\n\n" + figuresTable([]Row{
				trace.Fixed.row("fixed 24"), trace.Operator.row("operator autoscaler 1.6"),
				trace.Reactive.row("Reactive Mode, Kubernetes at 35 % CPU"), trace.Demeter.row("Demeter"),
			}))
			for _, m := range models(trace) {
				rows := traceRows(t, trace, m)
				fmt.Fprintf(&b, "\nIn the twin, %s (24 TaskManagers can do %.0f/s):\n\n%s", m.Name, m.Capacity, figuresTable(rows))
				lessThanTheOperator(t, trace, rows)
			}
			hold(t, trace.Name, b.String())
		})
	}
}

func traceRows(t *testing.T, trace *Trace, m Model) []Row {
	t.Helper()
	var tasks []task
	for _, p := range policies() {
		for _, seed := range seeds(m, p) {
			tasks = append(tasks, task{trace, m, p, seed})
		}
	}
	var rows []Row
	for i, f := range figuresOf(t, tasks) {
		if name := tasks[i].policy.Name; len(rows) == 0 || rows[len(rows)-1].Name != name {
			rows = append(rows, Row{Name: name})
		}
		rows[len(rows)-1].Runs = append(rows[len(rows)-1].Runs, f)
	}
	return rows
}

// lessThanTheOperator holds the options of the demo to what the
// operator had: fewer TaskManagers, and less lateness than a fifth of it.
func lessThanTheOperator(t *testing.T, trace *Trace, rows []Row) {
	t.Helper()
	for _, f := range rows[len(rows)-1].Runs {
		if f.TaskManagerHours > 0.95*trace.Operator.TaskManagerHours || f.Late > 0.2*trace.Operator.Late {
			t.Errorf("%s, %s: %+v", trace.Name, rows[len(rows)-1].Name, f)
		}
	}
}

// Two hours without an autoscaler, and two with it: what every run of the
// tests holds of the traces.
func TestATraceIsFollowed(t *testing.T) {
	trace := &traces[0]
	fixed := hoursOf(t, trace, policies()[0], 2)
	if math.Abs(fixed.TaskManagerHours-48) > 0.2 || fixed.Late > 0.01 || fixed.Lag > 1000 || fixed.Rescales != 0 {
		t.Errorf("24 TaskManagers for 2 hours: %+v", fixed)
	}
	followed := hoursOf(t, trace, policies()[7], 2)
	if followed.Rescales == 0 || followed.TaskManagerHours > 0.9*fixed.TaskManagerHours || followed.Late > 0.02 {
		t.Errorf("followed for 2 hours: %+v", followed)
	}
}

func hoursOf(t *testing.T, trace *Trace, p Policy, hours time.Duration) Figures {
	t.Helper()
	m := models(trace)[1]
	curve, err := traceCurve(trace.Curve)
	if err != nil {
		t.Fatal(err)
	}
	var count meter
	o := happen(t, &Run{
		Cluster: m.cluster(p, 1), Job: m.job(trace, curve, p), Options: p.Options,
		Every: glance, Turn: count.look, Duration: hours * time.Hour,
	})
	return count.figures(len(o.Rescales))
}

// Overloaded by little, a job has records wait in its buffers long before the source
// shows a lag; they are late there too.
func TestRecordsInBuffersAreLate(t *testing.T) {
	trace := &traces[0]
	curve, err := traceCurve(trace.Curve)
	if err != nil {
		t.Fatal(err)
	}
	m := Model{Capacity: 10_000}
	machines := m.cluster(Policy{}, 1)
	machines.Latencies.Provide = time.Millisecond // nothing waits from the start
	var count meter
	happen(t, &Run{Cluster: machines, Job: m.job(trace, curve, Policy{}), Every: glance, Turn: count.look, Duration: 10 * time.Minute})
	if f := count.figures(0); f.Late < 0.3 || f.Lag > 1000 {
		t.Errorf("%+v", f)
	}
}

// Source and sink on few TaskManagers burden the one core of each: the job can do less
// though the operator between them is as wide as it was.
func TestNarrowVerticesTakeCapacity(t *testing.T) {
	wide, narrow := mostOf(t, machines), mostOf(t, 3)
	if wide < 39_000 || narrow > 0.9*wide {
		t.Errorf("24 / 24 / 24 can do %.0f/s, 3 / 24 / 3 %.0f/s", wide, narrow)
	}
	hold(t, "narrow", fmt.Sprintf("In the roomy model of CARS 24 / 24 / 24 subtasks can do %.0f/s, and 3 / 24 / 3 can do %.0f/s.\n", wide, narrow))
}

// mostOf is what the job can do with so many subtasks of source and sink, in records/s.
func mostOf(t *testing.T, minor int) float64 {
	t.Helper()
	trace := &traces[0]
	m := models(trace)[1]
	curve, err := workload.Constant(60_000)
	if err != nil {
		t.Fatal(err)
	}
	job, rate := m.job(trace, curve, Policy{}), 0.0
	job.Vertices[0].Parallelism, job.Vertices[2].Parallelism = minor, minor
	happen(t, &Run{Cluster: m.cluster(Policy{}, 1), Job: job, Every: glance, Duration: 10 * time.Minute, Turn: func(t *twin.Twin) error {
		rate = t.State().Jobs[0].Flow.Vertices[1].Rate
		return nil
	}})
	return rate
}

// 100 records arrive each second and none comes through from the third on.
func TestLatencyIsTheAgeOfWhatComesNext(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := meter{arrivals: []arrival{{at: start}}}
	for i, c := range []struct {
		waiting float64
		want    time.Duration
	}{{0, 0}, {0, 0}, {0, 0}, {100, time.Second}, {200, 2 * time.Second}, {250, 2500 * time.Millisecond}, {0, 0}} {
		now := start.Add(time.Duration(i+1) * time.Second)
		if got := m.latency(now, float64(100*(i+1)), c.waiting); got != c.want {
			t.Errorf("after %d s with %v waiting: %v, want %v", i+1, c.waiting, got, c.want)
		}
	}
}

func TestTheMeanOfATraceIsWhatIsSaid(t *testing.T) {
	for i := range traces {
		curve, err := traceCurve(traces[i].Curve)
		if err != nil {
			t.Fatal(err)
		}
		if got := curve.Mean(0, traceSpan); math.Abs(got/traces[i].MeanRate-1) > 0.001 {
			t.Errorf("%s: %v/s", traces[i].Name, got)
		}
	}
}
