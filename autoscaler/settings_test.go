package autoscaler

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/excluded"
	"github.com/sluice-project/sluice/scaling/tuning"
)

func TestSettingsOfNothingAreThePresetsOfProfileSluice(t *testing.T) {
	got := settingsOf(t, nil)
	want := scaling.DefaultConfig()
	want.Estimator = scaling.Counters{}
	want.RecentRate, want.CatchUpInHeadroom, want.Skew, want.KeepSaturated, want.CapAtPartitions = true, true, true, true, true
	want.PullIntoRange, want.JudgeExecuted, want.NeverUp, want.Slotwise, want.ResetsAreBorders, want.FractionalRates = true, true, true, true, true, true
	want.Excluded = []scaling.VertexID{}
	if diff := cmp.Diff(want, got.Scaling, cmpopts.IgnoreUnexported(excluded.Periods{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rest := *got
	rest.Scaling = scaling.Config{}
	wantRest := Settings{
		Profile: options.ProfileSluice, EventInterval: 30 * time.Minute, RescaleTimeout: 10 * time.Minute,
		DeduplicateErrors: true, TolerateUnknownRates: true, RequireExtensions: true, DropUnchanged: true, Guarded: true, ReportCapacityRefusals: true,
		Tuning: TuningSettings{
			Config: tuning.Config{Overhead: 0.2, Compensation: true, Buffers: tuning.Buffers{PerChannel: 2, Floating: 8, SegmentSize: 32 << 10}},
			Spec:   tuning.DefaultSpec(), SlotsPerTaskManager: 1, Quota: tuning.Unlimited(), PartialQuota: true,
		},
	}
	if diff := cmp.Diff(wantRest, rest, cmpopts.IgnoreUnexported(Settings{}, excluded.Periods{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettingsOfProfileReferenceAreTheReference(t *testing.T) {
	got := settingsOf(t, map[string]string{"sluice.profile": "reference", "job.autoscaler.enabled": "true"})
	want := scaling.DefaultConfig()
	want.Estimator, want.Excluded = scaling.Reference{}, []scaling.VertexID{}
	if diff := cmp.Diff(want, got.Scaling, cmpopts.IgnoreUnexported(excluded.Periods{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.RequireExtensions || got.DropUnchanged || got.Guarded || got.TolerateUnknownRates || got.ReportCapacityRefusals || got.DeduplicateErrors || got.Tuning.PartialQuota || got.Profile != options.ProfileReference {
		t.Errorf("an improvement is on: %+v", got)
	}
}

// Every option reaches its field, each with a value that is not the default.
func TestEachOptionReachesItsField(t *testing.T) {
	tests := []struct {
		key, value string
		got        func(*Settings) any
		want       any
	}{
		{"scaling.enabled", "false", func(s *Settings) any { return s.Scaling.ScalingEnabled }, false},
		{"vertex.exclude.ids", "a;b", func(s *Settings) any { return s.Scaling.Excluded }, []scaling.VertexID{"a", "b"}},
		{"metrics.window", "3 min", func(s *Settings) any { return s.Scaling.MetricsWindow }, 3 * time.Minute},
		{"stabilization.interval", "7 s", func(s *Settings) any { return s.Scaling.Stabilization }, 7 * time.Second},
		{"metrics.busy-time.aggregator", "MIN", func(s *Settings) any { return s.Scaling.Aggregator }, scaling.AggregateMin},
		{"metrics.busy-time.aggregator", "AVG", func(s *Settings) any { return s.Scaling.Aggregator }, scaling.AggregateAvg},
		{"utilization.target", "0.5", func(s *Settings) any { return s.Scaling.TargetUtilization }, 0.5},
		{"utilization.max", "0.9", func(s *Settings) any { return s.Scaling.UtilizationMax }, 0.9},
		{"utilization.min", "0.2", func(s *Settings) any { return s.Scaling.UtilizationMin }, 0.2},
		{"target.utilization.boundary", "0.5", func(s *Settings) any { return []float64{s.Scaling.UtilizationMin + 0.5, s.Scaling.UtilizationMax} }, []float64{0.7, 1.2}},
		{"vertex.min-parallelism", "3", func(s *Settings) any { return s.Scaling.MinParallelism }, 3},
		{"vertex.max-parallelism", "7", func(s *Settings) any { return s.Scaling.MaxParallelism }, 7},
		{"scale-up.max-factor", "2", func(s *Settings) any { return s.Scaling.ScaleUpMaxFactor }, 2.0},
		{"scale-down.max-factor", "0.3", func(s *Settings) any { return s.Scaling.ScaleDownMaxFactor }, 0.3},
		{"scale-down.interval", "2 min", func(s *Settings) any { return s.Scaling.ScaleDownInterval }, 2 * time.Minute},
		{"catch-up.duration", "0 s", func(s *Settings) any { return s.Scaling.CatchUp }, time.Duration(0)},
		{"restart.time", "20 s", func(s *Settings) any { return s.Scaling.Restart }, 20 * time.Second},
		{"restart.time-tracking.enabled", "true", func(s *Settings) any { return s.Scaling.RestartTracking }, true},
		{"restart.time-tracking.limit", "4 min", func(s *Settings) any { return s.Scaling.RestartTrackingLimit }, 4 * time.Minute},
		{"backlog-processing.lag-threshold", "1 min", func(s *Settings) any { return s.Scaling.BacklogLagThreshold }, time.Minute},
		{"observed-true-processing-rate.lag-threshold", "9 s", func(s *Settings) any { return s.Scaling.ObservedLagThreshold }, 9 * time.Second},
		{"observed-true-processing-rate.switch-threshold", "0.4", func(s *Settings) any { return s.Scaling.ObservedSwitchThreshold }, 0.4},
		{"observed-true-processing-rate.min-observations", "5", func(s *Settings) any { return s.Scaling.ObservedMinObservations }, 5},
		{"scaling.effectiveness.detection.enabled", "true", func(s *Settings) any { return s.Scaling.EffectivenessDetection }, true},
		{"scaling.effectiveness.threshold", "0.3", func(s *Settings) any { return s.Scaling.EffectivenessThreshold }, 0.3},
		{"memory.gc-pressure.threshold", "0.6", func(s *Settings) any { return s.Scaling.GCPressureThreshold }, 0.6},
		{"memory.heap-usage.threshold", "0.8", func(s *Settings) any { return s.Scaling.HeapUsageThreshold }, 0.8},
		{"history.max.count", "9", func(s *Settings) any { return s.Scaling.HistoryMaxCount }, 9},
		{"history.max.age", "2 h", func(s *Settings) any { return s.Scaling.HistoryMaxAge }, 2 * time.Hour},
		{"scaling.event.interval", "5 min", func(s *Settings) any { return s.EventInterval }, 5 * time.Minute},
		{"scaling.parallelism-alignment.mode", "EVENLY_SPREAD", func(s *Settings) any { return s.Scaling.Alignment }, scaling.AlignEvenlySpread},
		{"scaling.parallelism-alignment.mode", "OFF", func(s *Settings) any { return s.Scaling.Alignment }, scaling.AlignOff},
		{"scaling.key-group.partitions.adjust.mode", "EVENLY_SPREAD", func(s *Settings) any { return s.Scaling.Alignment }, scaling.AlignLegacyEvenlySpread},
		{"scaling.key-group.partitions.adjust.mode", "MAXIMIZE_UTILISATION", func(s *Settings) any { return s.Scaling.Alignment }, scaling.AlignLegacyMaximizeUtilisation},
		{"observed-scalability.enabled", "true", func(s *Settings) any { return s.Scaling.ObservedScalability }, true},
		{"quota.cpu", "4.5", func(s *Settings) any { return s.Tuning.Quota.CPU }, 4.5},
		{"quota.memory", "3 gb", func(s *Settings) any { return s.Tuning.Quota.Memory }, int64(3 << 30)},
		{"memory.tuning.enabled", "true", func(s *Settings) any { return s.Tuning.Enabled }, true},
		{"memory.tuning.overhead", "0.4", func(s *Settings) any { return s.Tuning.Config.Overhead }, 0.4},
		{"memory.tuning.maximize-managed-memory", "true", func(s *Settings) any { return s.Tuning.Config.MaximizeManaged }, true},
		{"memory.tuning.scale-down-compensation.enabled", "false", func(s *Settings) any { return s.Tuning.Config.Compensation }, false},
		{"excluded.periods", "9:00-10:00;11:00-12:00", func(s *Settings) any { return s.Scaling.ExcludedPeriods.String() }, "9:00-10:00, 11:00-12:00"},
		{"sluice.parallelism-limits.pull-into-range", "false", func(s *Settings) any { return s.Scaling.PullIntoRange }, false},
		{"sluice.scale-down.judge-executed", "false", func(s *Settings) any { return s.Scaling.JudgeExecuted }, false},
		{"sluice.scale-down.never-up", "false", func(s *Settings) any { return s.Scaling.NeverUp }, false},
		{"sluice.scale-down.slotwise", "false", func(s *Settings) any { return s.Scaling.Slotwise }, false},
		{"sluice.counter-resets.as-borders", "false", func(s *Settings) any { return s.Scaling.ResetsAreBorders }, false},
		{"sluice.fractional-rates.enabled", "false", func(s *Settings) any { return s.Scaling.FractionalRates }, false},
		{"sluice.quota.partial.enabled", "false", func(s *Settings) any { return s.Tuning.PartialQuota }, false},
		{"sluice.unknown-rate.tolerated", "false", func(s *Settings) any { return s.TolerateUnknownRates }, false},
		{"sluice.extensions.required", "false", func(s *Settings) any { return s.RequireExtensions }, false},
		{"sluice.custom-executors.drop-unchanged", "false", func(s *Settings) any { return s.DropUnchanged }, false},
		{"sluice.rescale.guarded", "false", func(s *Settings) any { return s.Guarded }, false},
		{"sluice.events.capacity-refused", "false", func(s *Settings) any { return s.ReportCapacityRefusals }, false},
		{"sluice.estimator", "reference", func(s *Settings) any { return s.Scaling.Estimator }, scaling.Reference{}},
		{"sluice.recent-rate.enabled", "false", func(s *Settings) any { return s.Scaling.RecentRate }, false},
		{"sluice.catch-up.in-headroom.enabled", "false", func(s *Settings) any { return s.Scaling.CatchUpInHeadroom }, false},
		{"sluice.skew.enabled", "false", func(s *Settings) any { return s.Scaling.Skew }, false},
		{"sluice.saturated.no-shrink.enabled", "false", func(s *Settings) any { return s.Scaling.KeepSaturated }, false},
		{"sluice.alignment.cap-at-partitions", "false", func(s *Settings) any { return s.Scaling.CapAtPartitions }, false},
		{"sluice.events.deduplicate-errors", "false", func(s *Settings) any { return s.DeduplicateErrors }, false},
		{"sluice.rescale.timeout", "3 min", func(s *Settings) any { return s.RescaleTimeout }, 3 * time.Minute},
		{"sluice.allow-without-checkpoints", "true", func(s *Settings) any { return s.AllowWithoutCheckpoints }, true},
		{"sluice.checkpoint.max-age", "90 s", func(s *Settings) any { return s.CheckpointMaxAge }, 90 * time.Second},
	}
	for _, tt := range tests {
		key := tt.key
		if !strings.HasPrefix(key, "sluice.") {
			key = "job.autoscaler." + key
		}
		t.Run(key+" "+tt.value, func(t *testing.T) {
			if got := tt.got(settingsOf(t, map[string]string{key: tt.value})); !cmp.Equal(tt.want, got) {
				t.Errorf("is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestThePresentAlignmentModeWinsOverTheDeprecatedOne(t *testing.T) {
	got := settingsOf(t, map[string]string{
		"job.autoscaler.scaling.parallelism-alignment.mode":       "OFF",
		"job.autoscaler.scaling.key-group.partitions.adjust.mode": "EVENLY_SPREAD",
	})
	if got.Scaling.Alignment != scaling.AlignOff {
		t.Errorf("alignment is %v", got.Scaling.Alignment)
	}
}

func TestUnknownAlignmentModeIsBalancedInProfileReference(t *testing.T) {
	got := settingsOf(t, map[string]string{
		"sluice.profile": "reference", "job.autoscaler.enabled": "true", "job.autoscaler.scaling.parallelism-alignment.mode": "sideways",
	})
	if got.Scaling.Alignment != scaling.AlignBalanced {
		t.Errorf("alignment is %v", got.Scaling.Alignment)
	}
}

func TestWrongSettingsNameTheKey(t *testing.T) {
	for key, value := range map[string]string{
		"job.autoscaler.metrics.window":         "3 fortnights",
		"job.autoscaler.utilization.target":     "1.5",
		"job.autoscaler.vertex.min-parallelism": "0",
		"sluice.rescale.timeout":                "0 s",
		"sluice.checkpoint.max-age":             "soon",
		"job.autoscaler.scaling.enabled":        "perhaps",
		"sluice.estimator":                      "guess",
	} {
		_, err := SettingsOf(options.FromMap(map[string]string{key: value}))
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s gives %v", key, value, err)
		}
	}
}

func TestSettingsOfAJobAreReadOnce(t *testing.T) {
	job := &JobContext{Settings: &Settings{RescaleTimeout: time.Hour}}
	got, err := SettingsFor(job)
	if err != nil || got != job.Settings {
		t.Errorf("got %v, %v", got, err)
	}
}

func settingsOf(t *testing.T, values map[string]string) *Settings {
	t.Helper()
	got, err := SettingsOf(options.FromMap(values))
	if err != nil {
		t.Fatal(err)
	}
	return got
}
