package demo

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
	"github.com/sluice-project/sluice/twin/stage"
)

// LagObjective is how far the job may be behind: more is a violation.
const LagObjective = time.Minute

// Sample is the cluster at one instant, as it is and not as Flink shows it.
type Sample struct {
	At time.Time
	// Running says that records flow.
	Running bool
	// Load is what arrives at all sources together, Capacity what the job could
	// take in of that mix, in records/s; 0 while it does not run.
	Load, Capacity float64
	// Lag is what the source that is furthest behind has not read, in time of what
	// arrives there.
	Lag time.Duration
	// Slots are those that the job has, Parallelism is by vertex.
	Slots       int
	Parallelism []int
	Names       []string
}

// Decision is one change of one vertex.
type Decision struct {
	Time   time.Time `json:"time"`
	Vertex string    `json:"vertex"`
	From   int       `json:"from"`
	To     int       `json:"to"`
	Reason string    `json:"reason"`
}

// Result is what a demo came to.
type Result struct {
	VirtualHours float64 `json:"virtualHours"`
	// WallSeconds is how long it took; it is for the caller to fill in.
	WallSeconds float64 `json:"wallSeconds"`
	// Rescales are changes that the autoscaler asked for.
	Rescales int `json:"rescales"`
	// LagViolationMinutes is for how long the lag was above LagObjective.
	LagViolationMinutes float64 `json:"lagViolationMinutes"`
	// SlotHours are the slots that the job had, over time.
	SlotHours float64 `json:"slotHours"`
	// SlotHoursAtFixedPeak are those of a job that is made once for the highest load
	// of the day at the same utilization.
	SlotHoursAtFixedPeak float64    `json:"slotHoursAtFixedPeak"`
	Decisions            []Decision `json:"decisions"`
}

// tally counts.
type tally struct {
	start, last time.Time
	arrived     []float64 // by source, at the last sample
	fixed       int       // slots for the highest load
	slots, late time.Duration
	rescales    int
	decisions   []Decision
}

func newTally(p *stage.Plan, target float64, start time.Time) tally {
	return tally{start: start, last: start, fixed: fixedPeak(p, target), decisions: []Decision{}}
}

// sample takes one, and lets it count for the time since the one before.
func (t *tally) sample(s twin.State) Sample {
	passed := s.Now.Sub(t.last)
	t.last = s.Now
	sample := Sample{At: s.Now, Slots: s.Slots - s.FreeSlots}
	for i := range s.Jobs {
		t.job(&sample, &s.Jobs[i], passed)
	}
	t.slots += time.Duration(sample.Slots) * passed
	if sample.Lag > LagObjective {
		t.late += passed
	}
	return sample
}

func (t *tally) job(sample *Sample, j *twin.JobState, passed time.Duration) {
	sample.Running = j.Flow.Running
	read, room := 0.0, math.Inf(1)
	source := 0
	for i, v := range j.Vertices {
		sample.Names, sample.Parallelism = append(sample.Names, v.Name), append(sample.Parallelism, v.Parallelism)
		f := &j.Flow.Vertices[i]
		if f.Rate > 0 {
			room = min(room, f.Capacity/f.Rate)
		}
		if f.Source == nil {
			continue
		}
		read += f.Rate
		t.source(sample, source, f.Source, passed)
		source++
	}
	if sample.Running && !math.IsInf(room, 1) {
		sample.Capacity = read * room
	}
}

func (t *tally) source(sample *Sample, i int, s *flow.SourceSnapshot, passed time.Duration) {
	if i == len(t.arrived) {
		t.arrived = append(t.arrived, 0)
	}
	rate := (s.Arrived - t.arrived[i]) / passed.Seconds()
	t.arrived[i] = s.Arrived
	pending := 0.0
	for _, p := range s.Pending {
		pending += p
	}
	sample.Load += rate
	if rate > 0 {
		sample.Lag = max(sample.Lag, time.Duration(pending/rate*float64(time.Second)))
	}
}

// rescale counts one, and returns its changes.
func (t *tally) rescale(r *autoscaler.Report) []Decision {
	t.rescales++
	first := len(t.decisions)
	entry := decisions.New(r)
	for i := range entry.Vertices {
		v := &entry.Vertices[i]
		if v.From == v.To {
			continue
		}
		t.decisions = append(t.decisions, Decision{
			Time: entry.Time, Vertex: v.Name, From: v.From, To: v.To,
			Reason: fmt.Sprintf("%s: it has to do %s/s, and can do %s/s", v.Reason, v.TargetRate, v.TrueProcessingRate),
		})
	}
	return t.decisions[first:]
}

// sentence says what is changed.
func sentence(changes []Decision) string {
	var parts []string
	for _, c := range changes {
		parts = append(parts, fmt.Sprintf("%s %d → %d", strings.TrimPrefix(c.Vertex, "Source: "), c.From, c.To))
	}
	return "rescale " + strings.Join(parts, ", ")
}

// Result is what the demo came to so far.
func (d *Demo) Result() Result {
	t := &d.tally
	hours := t.last.Sub(t.start).Hours()
	return Result{
		VirtualHours: round(hours), Rescales: t.rescales, LagViolationMinutes: round(t.late.Minutes()),
		SlotHours: round(t.slots.Hours()), SlotHoursAtFixedPeak: round(float64(t.fixed) * hours), Decisions: t.decisions,
	}
}

func round(x float64) float64 { return math.Round(x*100) / 100 }
