package batch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestOptionsAreRead(t *testing.T) {
	set := func(change func(*Options)) func(slots.Version) Options {
		return func(v slots.Version) Options {
			o := DefaultOptions(v)
			change(&o)
			return o
		}
	}
	tests := []struct {
		name   string
		config map[string]string
		want   func(slots.Version) Options
	}{
		{"defaults", map[string]string{"jobmanager.scheduler": "adaptive", "taskmanager.numberOfTaskSlots": "x"}, DefaultOptions},
		{"all", map[string]string{
			"execution.batch.adaptive.auto-parallelism.enabled":                    "false",
			"execution.batch.adaptive.auto-parallelism.min-parallelism":            "2",
			"execution.batch.adaptive.auto-parallelism.max-parallelism":            " 64 ",
			"execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task":   "1 gb",
			"execution.batch.adaptive.auto-parallelism.default-source-parallelism": "8",
			"jobmanager.partition.hybrid.partition-data-consume-constraint":        "all_producers_finished",
		}, set(func(o *Options) {
			o.AutoParallelism, o.MinParallelism, o.MaxParallelism = false, 2, 64
			o.AverageVolume, o.DefaultSourceParallelism, o.Hybrid = 1<<30, 8, AllProducersFinished
		})},
		{"former names", map[string]string{
			"jobmanager.adaptive-batch-scheduler.min-parallelism":            "2",
			"jobmanager.adaptive-batch-scheduler.max-parallelism":            "64",
			"jobmanager.adaptive-batch-scheduler.avg-data-volume-per-task":   "123",
			"jobmanager.adaptive-batch-scheduler.default-source-parallelism": "8",
		}, set(func(o *Options) {
			o.MinParallelism, o.MaxParallelism, o.AverageVolume, o.DefaultSourceParallelism = 2, 64, 123, 8
		})},
		{"the present name wins", map[string]string{
			"execution.batch.adaptive.auto-parallelism.min-parallelism": "3",
			"jobmanager.adaptive-batch-scheduler.min-parallelism":       "2",
		}, set(func(o *Options) { o.MinParallelism = 3 })},
		{"the default parallelism is the largest", map[string]string{"parallelism.default": "6"}, set(func(o *Options) { o.MaxParallelism = 6 })},
		{
			"unless one is set",
			map[string]string{"parallelism.default": "6", "execution.batch.adaptive.auto-parallelism.max-parallelism": "9"},
			set(func(o *Options) { o.MaxParallelism = 9 }),
		},
		{"a default parallelism of -1 is none", map[string]string{"parallelism.default": "-1"}, DefaultOptions},
		{"skew counts in 2.3", map[string]string{
			"table.optimizer.skewed-join-optimization.skewed-factor":                  "2.5",
			"table.optimizer.skewed-join-optimization.skewed-threshold":               "1 mb",
			"$internal.execution.batch.adaptive.skewed-optimization.skewed-threshold": "2mb",
		}, set(func(o *Options) {
			if o.Version != slots.V1_20 {
				o.SkewedFactor, o.SkewedThreshold = 2.5, 2<<20
			}
		})},
		{"speculative execution changes what hybrid exchanges wait for", map[string]string{
			"jobmanager.adaptive-batch-scheduler.speculative.enabled": "TRUE",
			"slow-task-detector.check-interval":                       "5 s",
			"slow-task-detector.execution-time.baseline-ratio":        "0.5",
		}, set(func(o *Options) {
			o.Hybrid, o.Speculative.Enabled = OnlyFinishedProducers, true
			o.Speculative.CheckInterval, o.Speculative.Ratio = 5*time.Second, 0.5
		})},
	}
	for _, tt := range tests {
		for _, v := range versions {
			got, err := ReadOptions(tt.config, v)
			if err != nil {
				t.Errorf("%v %s: %v", v, tt.name, err)
			} else if diff := cmp.Diff(tt.want(v), got); diff != "" {
				t.Errorf("%v %s: (-want +got)\n%s", v, tt.name, diff)
			}
		}
	}
}

func TestBadOptionsAreRefusedByName(t *testing.T) {
	const auto = "execution.batch.adaptive.auto-parallelism."
	tests := []struct {
		config map[string]string
		want   string
	}{
		{
			map[string]string{auto + "min-parallelism": "5", auto + "max-parallelism": "4"},
			auto + "max-parallelism: 4 is below " + auto + "min-parallelism: 5: want it at least as large",
		},
		{
			map[string]string{auto + "min-parallelism": "5", "parallelism.default": "4"},
			`parallelism.default: "4": it is the largest parallelism, since ` + auto + "max-parallelism is not set, and below " + auto + "min-parallelism: 5: want it at least as large",
		},
		{
			map[string]string{auto + "min-parallelism": "129"},
			auto + "max-parallelism: 128 is below " + auto + "min-parallelism: 129: want it at least as large",
		},
		{map[string]string{auto + "min-parallelism": "0"}, auto + "min-parallelism: 0: it must be 1 or more"},
		{map[string]string{auto + "max-parallelism": "40000"}, auto + "max-parallelism: 40000: it must be 32768 or less"},
		{map[string]string{auto + "max-parallelism": "many"}, auto + `max-parallelism: "many": want a whole number`},
		{map[string]string{auto + "max-parallelism": "9999999999"}, auto + `max-parallelism: "9999999999": want a whole number`},
		{map[string]string{auto + "default-source-parallelism": "0"}, auto + `default-source-parallelism: "0": it must be 1 or more`},
		{
			map[string]string{"jobmanager.adaptive-batch-scheduler.default-source-parallelism": "-1"},
			`jobmanager.adaptive-batch-scheduler.default-source-parallelism: "-1": it must be 1 or more`,
		},
		{map[string]string{auto + "avg-data-volume-per-task": "16 mib"}, auto + `avg-data-volume-per-task: "16 mib": want a whole number and a unit, such as "16 mb" (b, kb, mb, gb or tb)`},
		{map[string]string{auto + "avg-data-volume-per-task": "-1"}, auto + `avg-data-volume-per-task: "-1": want a whole number and a unit, such as "16 mb" (b, kb, mb, gb or tb)`},
		{map[string]string{auto + "avg-data-volume-per-task": "9999999 tb"}, auto + `avg-data-volume-per-task: "9999999 tb": want at most 9223372036854775807 bytes`},
		{map[string]string{auto + "enabled": "yes"}, auto + `enabled: "yes": want true or false`},
		{map[string]string{"table.optimizer.skewed-join-optimization.skewed-factor": "0"}, "table.optimizer.skewed-join-optimization.skewed-factor: 0: it must be above 0"},
		{map[string]string{"table.optimizer.skewed-join-optimization.skewed-factor": "NaN"}, `table.optimizer.skewed-join-optimization.skewed-factor: "NaN": want a number`},
		{map[string]string{"table.optimizer.skewed-join-optimization.skewed-threshold": "0"}, "table.optimizer.skewed-join-optimization.skewed-threshold: 0 bytes: it must be above 0"},
		{
			map[string]string{"jobmanager.partition.hybrid.partition-data-consume-constraint": "some"},
			`jobmanager.partition.hybrid.partition-data-consume-constraint: "SOME": want one of UNFINISHED_PRODUCERS, ONLY_FINISHED_PRODUCERS, ALL_PRODUCERS_FINISHED`,
		},
		{
			map[string]string{"execution.batch.speculative.enabled": "true", "jobmanager.partition.hybrid.partition-data-consume-constraint": "UNFINISHED_PRODUCERS"},
			"jobmanager.partition.hybrid.partition-data-consume-constraint: UNFINISHED_PRODUCERS: speculative execution reads finished producers only: want ONLY_FINISHED_PRODUCERS or ALL_PRODUCERS_FINISHED",
		},
		{
			map[string]string{"execution.batch.speculative.enabled": "true", "slow-task-detector.check-interval": "0"},
			"slow-task-detector.check-interval: 0s: it must be above 0",
		},
		{map[string]string{"slow-task-detector.check-interval": "soon"}, `slow-task-detector.check-interval: "soon": it does not start with a number`},
	}
	for _, tt := range tests {
		if _, err := ReadOptions(tt.config, slots.V2_3); err == nil || err.Error() != tt.want {
			t.Errorf("%v:\ngot  %v\nwant %s", tt.config, err, tt.want)
		}
	}
}

func TestSkewDoesNotCountIn120(t *testing.T) {
	if _, err := ReadOptions(map[string]string{"table.optimizer.skewed-join-optimization.skewed-factor": "many"}, slots.V1_20); err != nil {
		t.Error(err)
	}
}

// FuzzReadOptions: whatever the configuration, there are options that the
// scheduler takes, or an error.
func FuzzReadOptions(f *testing.F) {
	f.Add("2", "64", "16 mb", "8", "4.0", "true")
	f.Add("5", "4", "", "-1", "x", "")
	f.Add("1", "1", "9999999999999999999 tb", "٣", "1e999", "TRUE")
	f.Fuzz(func(t *testing.T, least, most, volume, source, factor, speculative string) {
		config := map[string]string{
			keyMin: least, keyMax: most, keyVolume: volume, keySource: source,
			keySkewFactor: factor, keySpeculative.name: speculative,
		}
		for _, v := range versions {
			o, err := ReadOptions(config, v)
			if err != nil {
				continue
			}
			if err := o.Check(); err != nil {
				t.Fatalf("%v: read, and then refused: %v", config, err)
			}
			if _, err := Decide(o, Vertex{}, nil); err != nil {
				t.Fatalf("%v: %v", config, err)
			}
		}
	})
}
