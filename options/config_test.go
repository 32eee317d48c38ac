package options

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLegacyKeysAreTriedInOrder(t *testing.T) {
	for _, o := range []struct {
		key  string
		keys []string
	}{
		{UtilizationTarget.Key, []string{
			"job.autoscaler.utilization.target",
			"kubernetes.operator.job.autoscaler.utilization.target",
			"kubernetes.operator.job.autoscaler.target.utilization",
			"job.autoscaler.target.utilization",
		}},
		{ScaleDownInterval.Key, []string{
			"job.autoscaler.scale-down.interval",
			"kubernetes.operator.job.autoscaler.scale-up.grace-period",
			"kubernetes.operator.job.autoscaler.scale-down.interval",
			"job.autoscaler.scale-up.grace-period",
		}},
		{MetricsWindow.Key, []string{"job.autoscaler.metrics.window", "kubernetes.operator.job.autoscaler.metrics.window"}},
		{ControlLoopInterval.Key, []string{"autoscaler.standalone.control-loop.interval", "scalingInterval"}},
	} {
		values := map[string]string{}
		for i, key := range slices.Backward(o.keys) { // add the stronger key each time
			values[key] = fmt.Sprintf("0.%d", i+1)
			if e, _ := Describe(FromMap(values), o.key); e.Value != values[key] {
				t.Errorf("%s does not win over the keys after it: %v", key, e)
			}
		}
	}
}

func TestEveryAlgorithmOptionHasItsOperatorKey(t *testing.T) {
	for _, info := range All() {
		if strings.HasPrefix(info.Key, algorithmPrefix) && !slices.Contains(info.Fallbacks, operatorPrefix+info.Key) {
			t.Errorf("%s cannot be set by %s", info.Key, operatorPrefix+info.Key)
		}
	}
}

func TestTheRegistryIsSound(t *testing.T) {
	seen, variables := map[string]string{}, map[string]string{}
	for _, info := range All() {
		for _, key := range info.keys() {
			if other, twice := seen[key]; twice {
				t.Errorf("%s belongs to %s and %s", key, other, info.Key)
			}
			seen[key] = info.Key
			if other, twice := variables[EnvName(key)]; twice {
				t.Errorf("%s and %s share the variable %s", key, other, EnvName(key))
			}
			variables[EnvName(key)] = key
		}
		if info.Default != nil {
			if err := errors.Join(info.parse(*info.Default), info.check(*info.Default)); err != nil {
				t.Errorf("default of %s: %v", info.Key, err)
			}
		}
		if info.Doc == "" || strings.Contains(info.Doc, "\n") {
			t.Errorf("%s needs one line of documentation", info.Key)
		}
	}
	for profile, values := range presets {
		for key, text := range values {
			info, ok := ByKey(key)
			if !ok || info.Key != key || info.parse(text) != nil || info.check(text) != nil {
				t.Errorf("profile %s sets %s to %q", profile, key, text)
			}
		}
	}
}

func TestAProfilePresetsWhatIsNotSet(t *testing.T) {
	for _, c := range []struct {
		values map[string]string
		want   Estimator
		source string
	}{
		{nil, EstimatorCounters, "profile sluice"},
		{map[string]string{"sluice.profile": "SLUICE"}, EstimatorCounters, "profile sluice"},
		{map[string]string{"sluice.profile": "reference"}, EstimatorReference, "default"},
		{map[string]string{"sluice.profile": "reference", "sluice.estimator": "counters"}, EstimatorCounters, "job"},
		{map[string]string{"sluice.estimator": "reference"}, EstimatorReference, "job"},
	} {
		cfg := FromMap(c.values)
		got, err := Get(cfg, RateEstimator)
		entry, _ := Describe(cfg, RateEstimator.Key)
		if err != nil || got != c.want || entry.Source != c.source {
			t.Errorf("%v: want %s from %s, got %s from %s, %v", c.values, c.want, c.source, got, entry.Source, err)
		}
	}
}

func TestAReaderKeepsTheFirstError(t *testing.T) {
	r := NewReader(FromMap(map[string]string{
		"job.autoscaler.metrics.window": "3 mins", "job.autoscaler.restart.time": "soon", "job.autoscaler.quota.cpu": "2.5",
	}))
	window, restart := Read(r, MetricsWindow), Read(r, RestartTime)
	cpu, cpuSet := ReadOptional(r, QuotaCPU)
	_, memorySet := ReadOptional(r, QuotaMemory)
	if window != 0 || restart != 0 || cpu != 2.5 || !cpuSet || memorySet {
		t.Errorf("got %v, %v, %v %v, %v", window, restart, cpu, cpuSet, memorySet)
	}
	pe, ok := errors.AsType[*ParseError](r.Err())
	if !ok || pe.Key != MetricsWindow.Key {
		t.Errorf("want the error of the window, got %v", r.Err())
	}
}

func TestAnOptionWithoutValueIsNotZero(t *testing.T) {
	if _, err := Get(Config{}, QuotaMemory); !errors.Is(err, ErrUnset) {
		t.Errorf("want ErrUnset, got %v", err)
	}
	if d, err := Get(Config{}, MetricsWindow); d != 15*time.Minute || err != nil {
		t.Errorf("default: got %v, %v", d, err)
	}
}

func TestWhoDecidesWhetherAJobIsScaled(t *testing.T) {
	const ours, theirs, profile = "sluice.enabled", "job.autoscaler.enabled", "sluice.profile"
	for name, c := range map[string]struct {
		file, process, cluster, job, section map[string]string
		want                                 bool
		key, source                          string
	}{
		"nothing is set":               {want: true, key: ours, source: "profile sluice"},
		"nothing is set in reference":  {process: m(profile, "reference"), want: false, key: theirs, source: "default"},
		"reference follows its option": {process: m(profile, "reference"), cluster: m(theirs, "true"), want: true, key: theirs, source: "cluster"},
		"reference obeys ours":         {process: m(profile, "reference", ours, "true"), cluster: m(theirs, "false"), want: true, key: ours, source: "flag"},
		"the process says no":          {process: m(ours, "false"), cluster: m(theirs, "true"), want: false, key: ours, source: "flag"},
		"the process says no, theirs":  {process: m(theirs, "false"), want: false, key: theirs, source: "flag"},
		"a job opts in":                {process: m(theirs, "false"), job: m(theirs, "true"), want: true, key: theirs, source: "job"},
		"a job opts out":               {process: m(ours, "true"), job: m(theirs, "false"), want: false, key: theirs, source: "job"},
		"a job opts out, legacy key":   {process: m(ours, "true"), cluster: m("kubernetes.operator.job.autoscaler.enabled", "false"), want: false, key: theirs, source: "cluster"},
		"the process's no is no job's": {process: m(ours, "true", theirs, "false"), want: true, key: ours, source: "flag"},
		"a section overrules the job":  {job: m(theirs, "false"), section: m(ours, "true"), want: true, key: ours, source: `file (jobs "wordcount")`},
		"a flag is no job":             {file: m(ours, "true"), process: m(theirs, "false"), want: true, key: ours, source: "file"},
		"the job overrules itself":     {job: m(theirs, "false", ours, "true"), want: true, key: ours, source: "job"},
	} {
		process := Config{}.with(layerOf(c.file, Source{Kind: FromFile}), layerOf(c.process, Source{Kind: FromFlag}))
		process.sections = []section{{selector: "wordcount", values: layerOf(c.section, Source{Kind: FromSection, Section: "wordcount"})}}
		got, err := Enabled(Effective(process, Job{Name: "wordcount"}, c.cluster, c.job))
		if err != nil || got.Enabled != c.want || got.Key != c.key || got.Source.String() != c.source {
			t.Errorf("%s: want %v by %s from %s, got %v by %s from %s, %v", name, c.want, c.key, c.source, got.Enabled, got.Key, got.Source, err)
		}
	}
	if _, err := Enabled(FromMap(m(theirs, "yes"))); err == nil {
		t.Error("want an error for yes")
	}
}

// m makes a map of keys and values in turn.
func m(pairs ...string) map[string]string {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return values
}

func TestEffectiveConfigurationRanks(t *testing.T) {
	const key = "job.autoscaler.metrics.window"
	file := `
job.autoscaler.metrics.window: 1 min
jobs:
  0123456789abcdef0123456789abcdef: {job.autoscaler.metrics.window: 7 min}
  orders-eu: {job.autoscaler.metrics.window: 6 min}
  "orders-*": {job.autoscaler.metrics.window: 5 min}
  "*-eu": {job.autoscaler.restart.time: 9 s}
`
	load := func(in LoadInput) Config {
		t.Helper()
		cfg, _, err := Load(in)
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	contents := []byte(file)
	environ := []string{"SLUICE_JOB_AUTOSCALER_METRICS_WINDOW=2 min"}
	flags := []KeyValue{{key, "3 min"}}
	cluster, params := m(key, "4 min"), m(key, "270 s")
	for _, c := range []struct {
		in              LoadInput
		job             Job
		cluster, params map[string]string
		want, source    string
	}{
		{LoadInput{}, Job{Name: "other"}, nil, nil, "15 min", "default"},
		{LoadInput{File: "s.yaml", FileContents: contents}, Job{Name: "other"}, nil, nil, "1 min", "s.yaml:2"},
		{LoadInput{FileContents: contents, Environ: environ}, Job{Name: "other"}, nil, nil, "2 min", "env SLUICE_JOB_AUTOSCALER_METRICS_WINDOW"},
		{LoadInput{FileContents: contents, Environ: environ, Flags: flags}, Job{Name: "other"}, nil, nil, "3 min", "flag"},
		{LoadInput{FileContents: contents, Environ: environ, Flags: flags}, Job{Name: "other"}, cluster, nil, "4 min", "cluster"},
		{LoadInput{FileContents: contents, Environ: environ, Flags: flags}, Job{Name: "other"}, cluster, params, "270 s", "job"},
		{LoadInput{FileContents: contents, Flags: flags}, Job{Name: "orders-us"}, cluster, params, "5 min", `file:6 (jobs "orders-*")`},
		{LoadInput{FileContents: contents, Flags: flags}, Job{Name: "orders-eu"}, cluster, params, "6 min", `file:5 (jobs "orders-eu")`},
		{
			LoadInput{FileContents: contents, Flags: flags},
			Job{Name: "orders-eu", ID: "0123456789ABCDEF0123456789abcdef"},
			cluster, params, "7 min",
			`file:4 (jobs "0123456789abcdef0123456789abcdef")`,
		},
	} {
		entry, _ := Describe(Effective(load(c.in), c.job, c.cluster, c.params), key)
		if diff := cmp.Diff(Entry{key, c.want, c.source}, entry); diff != "" {
			t.Errorf("%v: (-want +got)\n%s", c.job, diff)
		}
	}
	both := Effective(load(LoadInput{FileContents: contents}), Job{Name: "orders-eu"}, nil, nil)
	if d, err := Get(both, RestartTime); d != 9*time.Second || err != nil {
		t.Errorf("a second matching section is lost: %v, %v", d, err)
	}
}

func TestEffectiveLeavesOutWhatIsNoneOfTheJobs(t *testing.T) {
	cfg := Effective(Config{}, Job{}, map[string]string{
		"sluice.job.gone-after":                       "1 s",
		"autoscaler.standalone.control-loop.interval": "1 s",
		"taskmanager.numberOfTaskSlots":               "4",
		"s3.secret-key":                               "******",
		"job.autoscaler.restart.time":                 "******",
	}, map[string]string{
		"input":                                            "file.txt",
		"taskmanager.numberOfTaskSlots":                    "8",
		"sluice.job.gone-after":                            "1 s",
		"job.autoscaler.restart.time":                      "1 s",
		"job.autoscaler.scaling.custom-executors":          "cap",
		"job.autoscaler.scaling.custom-executor.cap.class": "Cap",
		"job.autoscaler.nonsense":                          "1",
	})
	want := []Entry{
		{"job.autoscaler.restart.time", "1 s", "job"},
		{"job.autoscaler.scaling.custom-executor.cap.class", "Cap", "job"},
		{"job.autoscaler.scaling.custom-executors", "cap", "job"},
		{"taskmanager.numberOfTaskSlots", "4", "cluster"},
	}
	if diff := cmp.Diff(want, cfg.Entries()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAStrongLegacyKeyWinsOverAWeakCanonicalOne(t *testing.T) {
	for profile, want := range map[Profile]float64{ProfileSluice: 0.5, ProfileReference: 0.6} {
		process := Config{}.with(layerOf(m("sluice.profile", string(profile), "job.autoscaler.utilization.target", "0.6"), Source{Kind: FromFile}))
		cfg := Effective(process, Job{}, m("kubernetes.operator.job.autoscaler.utilization.target", "0.5"), nil)
		if got, err := Get(cfg, UtilizationTarget); got != want || err != nil {
			t.Errorf("profile %s: want %v, got %v, %v", profile, want, got, err)
		}
	}
}

func TestEffectiveChangesNothingOfTheProcess(t *testing.T) {
	process := FromMap(m("job.autoscaler.restart.time", "1 s"))
	Effective(process, Job{}, m("kubernetes.operator.job.autoscaler.restart.time", "2 s"), m("job.autoscaler.metrics.window", "2 s"))
	if diff := cmp.Diff([]string{"job.autoscaler.restart.time"}, process.Keys()); diff != "" {
		t.Error(diff)
	}
}

func TestAJobMayHaveItsOwnProfile(t *testing.T) {
	cfg := Effective(Config{}, Job{}, nil, m("sluice.profile", "reference"))
	if e, err := Get(cfg, RateEstimator); cfg.Profile() != ProfileReference || e != EstimatorReference || err != nil {
		t.Errorf("got %s, %s, %v", cfg.Profile(), e, err)
	}
	broken := Effective(cfg, Job{}, nil, m("sluice.profile", "refrence"))
	problems := Validate(broken)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "did you mean reference?") {
		t.Errorf("a profile that is misspelt: %v", problems)
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	cfg := FromMap(map[string]string{
		"s3.secret-key":                         "hunter2",
		"security.ssl.rest.key-password":        "hunter2",
		"fs.azure.account.key.x":                "hunter2",
		"metrics.reporter.x.headers.Token":      "hunter2",
		"rest.url":                              "https://me:hunter2@host/x",
		"autoscaler.standalone.jdbc.url":        "jdbc:postgresql://db/x?user=a&password=hunter2&ssl=true",
		"autoscaler.standalone.jdbc.username":   "",
		"job.autoscaler.metrics.window":         "3 min",
		"state.checkpoints.dir":                 "s3://a:hunt/hunter2@b",
		"high-availability.storageDir":          "jdbc:sqlserver://db;PWD=hunter2",
		"autoscaler.standalone.jdbc.password-x": "hunter2",
	})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", slog.Any("config", cfg))
	for name, printed := range map[string]string{
		"%v": fmt.Sprintf("%v", cfg), "%+v": fmt.Sprintf("%+v", cfg), "%#v": fmt.Sprintf("%#v", cfg), "slog": log.String(),
	} {
		if strings.Contains(printed, "hunter2") {
			t.Errorf("%s prints a secret: %s", name, printed)
		}
		if !strings.Contains(printed, "3 min") || !strings.Contains(printed, "ssl=true") {
			t.Errorf("%s hides what is no secret: %s", name, printed)
		}
	}
	if got := Mask(JDBCPasswordEnv.Key, "JDBC_PWD"); got != "JDBC_PWD" {
		t.Errorf("the name of a variable is no secret: %s", got)
	}
}

func BenchmarkEffective(b *testing.B) {
	process, _, err := Load(LoadInput{FileContents: []byte("job.autoscaler.metrics.window: 3 min\njobs: {\"orders-*\": {job.autoscaler.restart.time: 1 min}}\n")})
	if err != nil {
		b.Fatal(err)
	}
	flink := map[string]string{}
	for i := range 40 {
		flink[fmt.Sprintf("taskmanager.option-%d", i)] = "1"
	}
	b.ReportAllocs()
	for b.Loop() {
		Effective(process, Job{Name: "orders-eu"}, flink, nil)
	}
}
