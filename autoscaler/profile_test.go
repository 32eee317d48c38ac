package autoscaler

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// improvement is an option that profile sluice presets, and what it makes of one
// situation under profile reference: off, its default there, and on.
type improvement struct {
	// value is what switches it on; true if empty.
	value string
	// also is what the situation needs besides.
	also      map[string]string
	situation func(t *testing.T, config map[string]string) string
	off, on   string
}

var withCounters = map[string]string{"sluice.estimator": "counters"}

var improvements = map[string]improvement{
	"sluice.enabled": {
		also: map[string]string{"job.autoscaler.enabled": ""},
		situation: func(t *testing.T, config map[string]string) string {
			delete(config, "job.autoscaler.enabled")
			on, err := options.Enabled(options.FromMap(config))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(on.Enabled)
		},
		off: "false", on: "true",
	},
	"sluice.estimator": {
		value: "counters",
		// The meters are still on their way up: they show a quarter of the rate.
		situation: situation{meters: 0.25}.decide,
		off:       "work 4 -> 32", on: "work 4 -> 8",
	},
	"sluice.recent-rate.enabled": {
		also:      withCounters,
		situation: situation{stepTo: 2800}.decide,
		off:       "work 4 -> 12", on: "work 4 -> 16",
	},
	"sluice.catch-up.in-headroom.enabled": {
		also:      map[string]string{"job.autoscaler.catch-up.duration": "5 min"},
		situation: situation{lag: 60_000}.decide,
		off:       "work 4 -> 9", on: "work 4 -> 8",
	},
	"sluice.skew.enabled": {
		also:      withCounters,
		situation: situation{hot: 0.9}.decide,
		off:       "work 4 -> 8", on: "work 4 (skewed-not-scalable)",
	},
	"sluice.saturated.no-shrink.enabled": {
		situation: situation{meters: 5}.decide,
		off:       "work 4 -> 2", on: "work 4 (saturated-not-shrunk)",
	},
	"sluice.alignment.cap-at-partitions": {
		situation: situation{partitions: 5, alone: true}.decide,
		off:       "work 4 -> 8", on: "work 4 -> 5",
	},
	"sluice.parallelism-limits.pull-into-range": {
		also:      map[string]string{"job.autoscaler.vertex.max-parallelism": "3"},
		situation: situation{meters: 1.45}.decide, // its size is right
		off:       "work 4 (steady)", on: "work 4 -> 3",
	},
	"sluice.scale-down.judge-executed": {
		also:      map[string]string{"job.autoscaler.scale-down.interval": "20 s"},
		situation: situation{meters: 5, waiting: 3, figure: true}.decide,
		off:       "work 4 -> 3, expects 2500/s", on: "work 4 -> 3, expects 3750/s",
	},
	"sluice.scale-down.never-up": {
		also:      map[string]string{"job.autoscaler.scale-down.interval": "20 s"},
		situation: situation{meters: 5, waiting: 6}.decide, // recommended when it had more than 4
		off:       "work 4 -> 6", on: "work 4 (steady)",
	},
	"sluice.scale-down.slotwise": {
		also:      map[string]string{"job.autoscaler.vertex.exclude.ids": "source"}, // which keeps its 4
		situation: situation{meters: 5, wide: 4}.decide,
		off:       "work 4 -> 2", on: "work 4 (frees-no-slot)",
	},
	"sluice.counter-resets.as-borders": {
		also:      map[string]string{"job.autoscaler.metrics.busy-time.aggregator": "AVG", "job.autoscaler.utilization.min": "0.1"},
		situation: situation{resetAt: 6, alone: true}.decide,
		off:       "work 4 -> 2", on: "work 4 -> 8",
	},
	"sluice.fractional-rates.enabled": {
		situation: situation{scale: 1.0 / 1000}.decide, // it does 1/s of 1.4/s, which is 1 in whole records
		off:       "work 4 (within-bounds)", on: "work 4 -> 8",
	},
	"sluice.quota.partial.enabled": {
		also: map[string]string{"sluice.estimator": "counters", "job.autoscaler.quota.cpu": "7.5"},
		situation: func(t *testing.T, config map[string]string) string {
			_, report := overQuota(t, config)
			return fmt.Sprintf("work 4 -> %d", report.Decision.Vertices[1].To)
		},
		off: "work 4 -> 6", on: "work 4 -> 5",
	},
	"sluice.unknown-rate.tolerated": {
		also: withCounters,
		situation: func(t *testing.T, config map[string]string) string {
			s := scripted(t, config)
			s.run("pass 2") // two samples make no rate yet
			return fmt.Sprintf("error event %v", s.told("AutoscalerError: no rate of ingestion is known"))
		},
		off: "error event true", on: "error event false",
	},
	"sluice.extensions.required": {
		also: map[string]string{
			"sluice.estimator":                               "counters",
			"job.autoscaler.scaling.custom-executors":        "g",
			"job.autoscaler.scaling.custom-executor.g.class": "x.Gone",
		},
		situation: func(t *testing.T, config map[string]string) string {
			_, report := fillWith(t, config, func(*Config) {})
			return fmt.Sprintf("scaled %v (%s)", report.Scaled, report.Decision.Reason)
		},
		off: "scaled true (scale)", on: "scaled false (fault)",
	},
	"sluice.custom-executors.drop-unchanged": {
		also: map[string]string{
			"sluice.estimator":                               "counters",
			"job.autoscaler.scaling.custom-executors":        "c",
			"job.autoscaler.scaling.custom-executor.c.class": "x.Cap",
		},
		situation: func(t *testing.T, config map[string]string) string {
			_, report := fillWith(t, config, func(c *Config) { c.Extensions.Executors = map[string]scaling.Executor{"x.Cap": capped(1)} })
			return fmt.Sprintf("scaled %v (%s)", report.Scaled, report.Decision.Reason)
		},
		off: "scaled true (scale)", on: "scaled false (vetoed)",
	},
	"sluice.rescale.guarded": {
		also: withCounters,
		situation: func(t *testing.T, config map[string]string) string {
			delete(config, "sluice.profile") // the test's platform is told in the manner of the reference
			s, h := decided(t, config)
			return fmt.Sprintf("prepared %v, handed over %v", s.told("prepare"), len(h.handed) > 0)
		},
		off: "prepared false, handed over true", on: "prepared true, handed over false",
	},
	"sluice.disabled.keep-state": {
		also: withCounters,
		situation: func(t *testing.T, config map[string]string) string {
			s := scripted(t, config)
			s.run("fill\nscope disabled because\npass")
			return fmt.Sprintf("%d samples are kept", len(s.saved[s.job.Key].Window.Samples))
		},
		off: "0 samples are kept", on: "5 samples are kept",
	},
	"sluice.events.capacity-refused": {
		also: withCounters,
		situation: func(t *testing.T, config map[string]string) string {
			s, _ := fillWith(t, config, func(c *Config) { c.Resources = &room{most: 2} })
			return fmt.Sprintf("told %v", s.told(`ScalingBlocked key "no-capacity"`))
		},
		off: "told false", on: "told true",
	},
	"sluice.events.deduplicate-errors": {
		also: withCounters,
		situation: func(t *testing.T, config map[string]string) string {
			s := scripted(t, config)
			s.run("fail collect no route\npass")
			return fmt.Sprintf("within an interval %v", s.told("event Warning AutoscalerError each 30m0s"))
		},
		off: "within an interval false", on: "within an interval true",
	},
}

// Profile sluice presets what this table holds and nothing else, and each of its
// options does something by itself.
func TestEachOptionOfProfileSluiceChangesADecisionOfProfileReference(t *testing.T) {
	presets := options.Presets(options.ProfileSluice)
	for _, key := range slices.Sorted(maps.Keys(presets)) {
		if info, _ := options.ByKey(key); info.Scope == options.ScopeProcess {
			continue // it says where things are kept, not what is decided
		}
		i, known := improvements[key]
		if !known {
			t.Errorf("no situation shows what %s does", key)
			continue
		}
		t.Run(key, func(t *testing.T) {
			if i.value == "" {
				i.value = "true"
			}
			if presets[key] != i.value {
				t.Errorf("profile sluice presets %s, the table %s", presets[key], i.value)
			}
			config := map[string]string{"sluice.profile": "reference", "job.autoscaler.enabled": "true"}
			maps.Copy(config, i.also)
			if got := i.situation(t, maps.Clone(config)); got != i.off {
				t.Errorf("off: %s, want %s", got, i.off)
			}
			config[key] = i.value
			if got := i.situation(t, config); got != i.on {
				t.Errorf("on: %s, want %s", got, i.on)
			}
		})
	}
	for key := range improvements {
		if presets[key] == "" {
			t.Errorf("profile sluice does not preset %s", key)
		}
	}
}

// scripted is a script whose job has a configuration.
func scripted(t *testing.T, config map[string]string) *script {
	t.Helper()
	s := newScript(t)
	maps.Copy(s.config, config)
	return s
}

// situation is a full window of 30 s over a job of a source and a vertex named
// work, which is saturated at 4 subtasks and does 1000 records/s of 1400. At a
// utilization of 0.7 it needs 2000/s, that is 8 subtasks.
type situation struct {
	// meters is what the per-second meters show of what the counters do, 1 if 0.
	meters float64
	// scale multiplies each rate, 1 if 0.
	scale float64
	// stepTo is what arrives in the second half of the window; 0 for no change.
	stepTo float64
	// lag is the number of records that wait at the end.
	lag float64
	// hot is the part of the records of work on one subtask.
	hot float64
	// resetAt is the sample with which work's counters begin anew; 0 for none.
	resetAt int
	// alone makes work the source.
	alone      bool
	partitions int
	// wide is the parallelism of the source, 1 if 0.
	wide int
	// waiting is the parallelism to which a scale-down waits; 0 for none.
	waiting int
	// figure prints the rate that is expected too.
	figure bool
}

func (s situation) decide(t *testing.T, config map[string]string) string {
	t.Helper()
	for key, value := range map[string]string{
		"metrics.window": "30 s", "stabilization.interval": "0 s", "scale-down.interval": "0 s", "catch-up.duration": "0 s", "restart.time": "0 s",
	} {
		if _, set := config["job.autoscaler."+key]; !set {
			config["job.autoscaler."+key] = value
		}
	}
	settings := settingsOf(t, config)
	in := scaling.Input{Config: &settings.Scaling, Topology: s.topology(t), Window: s.window(), Full: true, Now: start.Add(30 * time.Second)}
	if s.waiting > 0 {
		since := in.Now.Add(-20 * time.Second)
		in.State.Delayed = scaling.DelayedScaleDown{"work": {FirstTrigger: since, Recommended: []scaling.Recommendation{{At: since, Parallelism: s.waiting, Outside: true}}}}
	}
	out := scaling.Decide(in)
	if len(out.Decision.Vertices) == 0 {
		return string(out.Decision.Reason) + " " + out.Decision.Detail
	}
	v := out.Decision.Vertices[len(out.Decision.Vertices)-1]
	switch {
	case !v.Changed():
		return fmt.Sprintf("%s %d (%s)", v.Vertex, v.From, v.Reason)
	case s.figure:
		return fmt.Sprintf("%s %d -> %d, expects %.0f/s", v.Vertex, v.From, v.To, v.ExpectedRate)
	}
	return fmt.Sprintf("%s %d -> %d", v.Vertex, v.From, v.To)
}

func (s situation) topology(t *testing.T) *scaling.Topology {
	t.Helper()
	work := scaling.Vertex{ID: "work", Parallelism: 4, MaxParallelism: 128, Partitions: s.partitions, SlotSharingGroup: "default"}
	plan := []scaling.Vertex{work}
	if !s.alone {
		plan[0].Inputs = []scaling.Edge{{From: "source", Ship: scaling.ShipRebalance}}
		plan = append(plan, scaling.Vertex{ID: "source", Parallelism: max(s.wide, 1), MaxParallelism: 128, SlotSharingGroup: "default"})
	}
	topology, err := scaling.NewTopology(plan)
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

func (s situation) window() (w scaling.Window) {
	const samples = 13
	meters, scale := max(s.meters, 1), max(s.scale, 1)
	if s.meters > 0 {
		meters = s.meters
	}
	if s.scale > 0 {
		scale = s.scale
	}
	for i := range samples {
		seconds := 2.5 * float64(i)
		sample := scaling.Sample{At: start.Add(time.Duration(seconds * float64(time.Second))), RunningSince: start.Add(-time.Minute)}
		// 1400/s arrive; what is more than the 1000/s that can be done waits.
		arrived := 1400 * seconds
		if s.stepTo > 0 {
			arrived += max(0, seconds-15) * (s.stepTo - 1400)
		}
		clock := 60 + seconds
		if s.resetAt > 0 && i >= s.resetAt {
			clock = seconds - 2.5*float64(s.resetAt) + 1
		}
		for _, v := range []struct {
			id          scaling.VertexID
			parallelism int
			busy        float64
		}{{"source", max(s.wide, 1), 0.1}, {"work", 4, 1}} {
			if v.id == "source" && s.alone {
				continue
			}
			m := scaling.VertexSample{Vertex: v.id, Parallelism: v.parallelism}
			set := func(name scaling.Measure, x float64) { m.Set(name, x) }
			p := float64(v.parallelism)
			set(scaling.NumRecordsIn, 1000*scale*clock)
			set(scaling.NumRecordsOut, 1000*scale*clock)
			set(scaling.NumRecordsInPerSecond, 1000*scale*meters)
			set(scaling.Load, v.busy)
			set(scaling.AccumulatedBusyTime, 1000*p*v.busy*clock)
			set(scaling.AccumulatedIdleTime, 1000*p*(1-v.busy)*clock)
			set(scaling.AccumulatedBackpressuredTime, 0)
			if v.id == "source" || s.alone {
				set(scaling.Lag, scale*(arrived-1000*seconds)+s.lag)
			}
			if v.id == "work" && s.hot > 0 {
				m.Subtasks = []scaling.Subtask{{Records: 1000 * s.hot * clock, Busy: 1000 * clock, Clock: 1000 * clock}}
				for range 3 {
					m.Subtasks = append(m.Subtasks, scaling.Subtask{Records: 1000 * (1 - s.hot) / 3 * clock, Busy: 1000 * clock, Clock: 1000 * clock})
				}
			}
			sample.Vertices = append(sample.Vertices, m)
		}
		w.Samples = append(w.Samples, sample)
	}
	return w
}
