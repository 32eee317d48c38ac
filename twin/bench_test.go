package twin

import (
	"fmt"
	"math"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin/flow"
)

// wave goes up and down once a day.
type wave struct{ low, high float64 }

func (w wave) Mean(from, to time.Duration) float64 {
	at := (from + to).Seconds() / 2
	return w.low + (w.high-w.low)*(1-math.Cos(at*2*math.Pi/86400))/2
}

func (w wave) Next(time.Duration) (time.Duration, bool) { return 0, false }

// shop is a job of eight vertices with two sources.
func shop(name string) JobSpec {
	spec := JobSpec{Name: name, Loads: map[string]Load{}}
	for i, cost := range []float64{0.1, 0.1, 0.5, 0.5, 1, 0.4, 0.3, 0.2} {
		v := flow.Vertex{Name: fmt.Sprintf("v%d", i), Cost: flow.Cost{Seconds: cost / 1000}}
		if i < 2 {
			v.Source = &flow.Source{Partitions: 16}
			spec.Loads[v.Name] = Load{Curve: wave{200, 2000}}
		}
		spec.Graph.Vertices = append(spec.Graph.Vertices, v)
		spec.Vertices = append(spec.Vertices, VertexSpec{})
	}
	spec.Graph.Vertices[5].State = flow.State{BytesPerRecord: 50, Window: 10 * time.Minute}
	for _, e := range [][2]int{{0, 2}, {1, 3}, {2, 4}, {3, 4}, {4, 5}, {5, 6}, {6, 7}} {
		spec.Graph.Edges = append(spec.Graph.Edges, flow.Edge{From: e[0], To: e[1], Selectivity: 1, Exchange: flow.Hash})
	}
	return spec
}

func shopRig(b testing.TB, jobs int) *rig {
	c := Config{Options: map[string]string{
		"execution.checkpointing.interval": "1 min", "taskmanager.numberOfTaskSlots": "8",
	}}
	for range 2 * jobs {
		c.TaskManagers = append(c.TaskManagers, TaskManager{})
	}
	r := newRig(b, c)
	for i := range jobs {
		r.submit(shop(fmt.Sprintf("shop %d", i)))
	}
	r.pass(time.Minute)
	return r
}

// BenchmarkDay is a virtual day of eight vertices by itself.
func BenchmarkDay(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := shopRig(b, 1)
		for range 8640 {
			r.pass(10 * time.Second)
		}
	}
}

// BenchmarkDayWithAutoscaler is the same with an autoscaler that looks every ten
// seconds: it has the twin's answers as values, or as JSON.
func BenchmarkDayWithAutoscaler(b *testing.B) {
	for _, bodies := range []string{"values", "json"} {
		b.Run(bodies, func(b *testing.B) {
			config, _, err := options.Load(options.LoadInput{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			began := cpu()
			for b.Loop() {
				r := shopRig(b, 1)
				transport := r.Transport()
				if bodies == "json" {
					transport = asText{transport}
				}
				l := newLoop(r, config, 10*time.Second, transport)
				l.turns(24 * time.Hour)
				b.ReportMetric(float64(len(r.journal.actions)), "actions")
			}
			b.ReportMetric((cpu()-began).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// cpu is what this process has used so far, so that a machine with other work does
// not count.
func cpu() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkHourOfJobs is a virtual hour of many jobs that are looked at every ten
// seconds.
func BenchmarkHourOfJobs(b *testing.B) {
	for _, jobs := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(jobs), func(b *testing.B) {
			began := cpu()
			for b.Loop() {
				r := shopRig(b, jobs)
				for range 360 {
					r.pass(10 * time.Second)
					r.ask("GET", "/jobs/overview")
					for _, id := range r.Jobs() {
						r.ask("GET", "/jobs/"+id)
					}
				}
			}
			b.ReportMetric(float64((cpu()-began).Milliseconds())/float64(b.N*jobs), "cpu-ms/job")
		})
	}
}

// BenchmarkRestore is a twin that is restored at the end of a day of one job, of which
// somebody asked every ten seconds.
func BenchmarkRestore(b *testing.B) {
	r := shopRig(b, 1)
	for range 8640 {
		r.pass(10 * time.Second)
		r.ask("GET", "/jobs/"+r.Jobs()[0]+"/vertices/"+hexID("v4")+"/subtasks/metrics")
	}
	snapshot := r.Snapshot()
	b.ResetTimer()
	began := cpu()
	for b.Loop() {
		_, err := Restore(snapshot)
		r.do(err)
	}
	b.ReportMetric((cpu()-began).Seconds()/float64(b.N), "cpu-s/op")
}

// BenchmarkMemory is what a job holds after a while.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name string
		jobs int
		over time.Duration
	}{{"an hour", 50, time.Hour}, {"a day", 10, 24 * time.Hour}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				r := shopRig(b, c.jobs)
				for range c.over / (10 * time.Second) {
					r.pass(10 * time.Second)
					r.ask("GET", "/jobs/"+r.Jobs()[0])
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(c.jobs), "B/job")
				runtime.KeepAlive(r)
			}
		})
	}
}
