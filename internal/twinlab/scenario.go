package twinlab

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

// Scenario is what is run on both sides. It has no autoscaler without Settings.
type Scenario struct {
	Name    string
	Version string // of Flink, as realflink has it
	// Options are Flink's, on top of those of realflink.
	Options             map[string]string
	TaskManagers, Slots int
	Jobs                []Job
	// Settings are the autoscaler's; nil is none at work.
	Settings map[string]string
	// Interval is the time from one look at the cluster to the next where no autoscaler looks.
	Interval time.Duration
	// Quiet is how long the jobs run before the autoscaler starts, or the watching.
	Quiet time.Duration
	// Length is how long the autoscaler works, or the watching lasts; 0 of a scenario that was recorded elsewhere.
	Length time.Duration
	// FollowOnly is set where the autoscaler's decisions in the twin are not held against the real ones.
	FollowOnly bool
}

// Job is one of a scenario.
type Job struct {
	Spec realflink.JobSpec
	// Load are the rates from a time on, counted from the start of the watching; before the first it is Spec.Rate.
	Load []Level
	// Backlog is how long a topic is filled at BacklogRate before the job starts.
	Backlog     time.Duration
	BacklogRate float64
}

// Level is a rate in records/s from a time on.
type Level struct {
	At   time.Duration
	Rate float64
}

// stale puts Flink's own staleness in the place of realflink's.
func stale() map[string]string {
	return map[string]string{"metrics.fetcher.update-interval": "10000", "web.refresh-interval": "3000"}
}

// sine is a stair of steps of five seconds along a sine from its lowest point on.
func sine(from, until time.Duration, low, high float64, period time.Duration) []Level {
	const stair = 5 * time.Second
	var levels []Level
	for at := from; at < until; at += stair {
		phase := 2 * math.Pi * (at - from + stair/2).Seconds() / period.Seconds()
		levels = append(levels, Level{at, math.Round(low + (high-low)*(1-math.Cos(phase))/2)})
	}
	return levels
}

// ID names the files of a scenario: its name with Flink's version.
func (s Scenario) ID() string { return s.Name + "-" + s.Version }

// settings are the autoscaler's, shorter than one would have them, so that minutes show what else takes hours.
func settings(window, stabilization, scaleDown, restart string) map[string]string {
	return map[string]string{
		"autoscaler.standalone.control-loop.interval": "5s",
		"job.autoscaler.metrics.window":               window,
		"job.autoscaler.stabilization.interval":       stabilization,
		"job.autoscaler.scale-down.interval":          scaleDown,
		"job.autoscaler.restart.time":                 restart,
		"job.autoscaler.catch-up.duration":            "5min",
		// So the clusters were scaled that were recorded.
		"sluice.scale-down.slotwise": "false",
	}
}

func quick() map[string]string { return settings("30s", "10s", "20s", "10s") }

// even is a load job whose subtasks get the same each.
func even(name string, rate float64, parallelism int) realflink.JobSpec {
	return realflink.JobSpec{Name: name, Rate: rate, Parallelism: parallelism, EvenKeys: true}
}

// The scenarios that have a section of their own on the page.
const (
	halfHour  = "half-hour"
	saturated = "saturated"
)

// Scenarios are all there are.
func Scenarios() []Scenario {
	// The recording that the other tests of the repository use; its loads were read off its counters.
	all := []Scenario{{
		Name: "first-step", Version: realflink.Flink23, TaskManagers: 2, Slots: 4,
		Jobs: []Job{{Spec: even("step", 500, 1)}}, Settings: quick(),
	}}
	for _, version := range []string{realflink.Flink23, realflink.Flink120} {
		all = append(all, halfHourOn(version), stepOn(version), sineOn(version), backlogOn(version), twoJobsOn(version), saturatedOn(version))
	}
	return all
}

// halfHourOn is the long one. Its levels lie between the edges at which another size would be wanted.
func halfHourOn(version string) Scenario {
	loads := append([]Level{{120 * time.Second, 2450}, {330 * time.Second, 1050}, {570 * time.Second, 3850}, {780 * time.Second, 500}},
		sine(1000*time.Second, 1840*time.Second, 500, 2900, 420*time.Second)...)
	return Scenario{
		Name: halfHour, Version: version, Options: stale(), TaskManagers: 2, Slots: 6,
		Jobs:     []Job{{Spec: even("shop", 500, 1), Load: loads}},
		Settings: settings("1min", "20s", "1min", "15s"), Quiet: 45 * time.Second, Length: 1860 * time.Second,
	}
}

func stepOn(version string) Scenario {
	return Scenario{
		Name: "step", Version: version, Options: stale(), TaskManagers: 2, Slots: 4,
		Jobs:     []Job{{Spec: even("step", 500, 1), Load: []Level{{100 * time.Second, 2450}, {250 * time.Second, 500}}}},
		Settings: quick(), Quiet: 45 * time.Second, Length: 400 * time.Second,
	}
}

func sineOn(version string) Scenario {
	return Scenario{
		Name: "sine", Version: version, Options: stale(), TaskManagers: 2, Slots: 4,
		Jobs:     []Job{{Spec: even("sine", 500, 1), Load: sine(60*time.Second, 480*time.Second, 500, 2900, 240*time.Second)}},
		Settings: quick(), Quiet: 45 * time.Second, Length: 480 * time.Second,
	}
}

// backlogOn reads a topic that is behind.
func backlogOn(version string) Scenario {
	return Scenario{
		Name: "kafka", Version: version, Options: stale(), TaskManagers: 3, Slots: 4,
		Jobs: []Job{{
			Spec:    realflink.JobSpec{Name: "kafka", Topic: &realflink.Topic{Name: "events", Partitions: 12}, Rate: 1200},
			Backlog: 30 * time.Second, BacklogRate: 4000,
		}},
		Settings: quick(), Quiet: 5 * time.Second, Length: 480 * time.Second, FollowOnly: true,
	}
}

func twoJobsOn(version string) Scenario {
	return Scenario{
		Name: "two-jobs", Version: version, Options: stale(), TaskManagers: 2, Slots: 6,
		Jobs: []Job{
			{Spec: even("a", 500, 1), Load: []Level{{120 * time.Second, 2450}}},
			{Spec: even("b", 1050, 2), Load: []Level{{260 * time.Second, 300}}},
		},
		Settings: quick(), Quiet: 45 * time.Second, Length: 400 * time.Second,
	}
}

// saturatedOn is that of experiments 21 and 22 of the schedulers' specification, without an autoscaler.
func saturatedOn(version string) Scenario {
	return Scenario{
		Name: saturated, Version: version, Options: stale(), TaskManagers: 1, Slots: 2,
		Jobs: []Job{{Spec: realflink.JobSpec{Name: "saturated", Rate: 100000, Chain: []realflink.ChainVertex{
			{Name: "source", Parallelism: 2, Cost: 2 * time.Millisecond},
			{Name: "work", Parallelism: 2, Cost: 10 * time.Millisecond},
			{Name: "count", Parallelism: 2},
		}}}},
		Interval: 5 * time.Second, Length: 720 * time.Second,
	}
}
