package options

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/migrate.md says of every option of the Java autoscaler what becomes of
// it here. The tables are written from the registry and from this file, so that
// an option without a word, or a word about an option that is gone, fails.

const migrateFile = "../docs/migrate.md"

// What becomes of an option.
const (
	asBefore  = "same"
	otherwise = "same, but"
	noEffect  = "no effect"
	embedding = "embedding only"
	notRead   = "not read"
	isRead    = "read"
)

// fate is what becomes of an option, and what there is to say about it.
type fate struct{ verdict, note string }

var fates = map[string]fate{
	AutoscalerEnabled.Key:    {otherwise, "Profile `sluice` takes it as true unless it is set. `false` in Sluice's file and `true` at the jobs is the opt-in of the reference. `false` keeps a job's state, unless `sluice.disabled.keep-state` is false."},
	ScalingEnabled.Key:       {asBefore, ""},
	ExcludedPeriods.Key:      {asBefore, "In the time zone of the process."},
	VertexExcludeIDs.Key:     {asBefore, "The bounds of such a vertex stay as they are."},
	ScalingEventInterval.Key: {otherwise, "It holds for repeated errors too: `sluice.events.deduplicate-errors`."},
	RESTClientTimeout.Key:    {otherwise, "For every request, and for the whole process: read from Sluice's file, environment and flags, not from a cluster or a job."},

	MetricsWindow.Key:               {asBefore, "Profile `sluice` refuses one that is shorter than the control-loop interval."},
	StabilizationInterval.Key:       {asBefore, ""},
	MetricsBusyTimeAggregator.Key:   {otherwise, "With `sluice.estimator: counters` it picks among subtasks only when a change is at hand; until then the mean of the vertex counts."},
	BacklogLagThreshold.Key:         {asBefore, ""},
	ObservedRateLagThreshold.Key:    {otherwise, "With `sluice.estimator: counters` the rate is worked out from counters, over the stretches of the window in which a source lagged that much."},
	ObservedRateSwitchThreshold.Key: {asBefore, ""},
	ObservedRateMinObservations.Key: {otherwise, "With `sluice.estimator: counters` it counts those stretches."},
	CustomEvaluators.Key:            {embedding, "`sluice run` has none; Java classes cannot be loaded. In profile `sluice`, a job that names one is not rescaled unless `sluice.extensions.required` is `false`."},

	UtilizationTarget.Key:    {asBefore, ""},
	UtilizationMax.Key:       {asBefore, "A backlog is worked off below it: `sluice.catch-up.in-headroom.enabled`."},
	UtilizationMin.Key:       {asBefore, ""},
	UtilizationBoundary.Key:  {asBefore, ""},
	ScaleDownInterval.Key:    {asBefore, "What was waiting when you change over waits anew."},
	VertexMinParallelism.Key: {otherwise, "It lifts a vertex that is below: `sluice.parallelism-limits.pull-into-range`."},
	VertexMaxParallelism.Key: {otherwise, "It lowers a vertex that is above: `sluice.parallelism-limits.pull-into-range`."},
	ScaleDownMaxFactor.Key:   {asBefore, ""},
	ScaleUpMaxFactor.Key:     {asBefore, ""},
	CatchUpDuration.Key:      {otherwise, "Backlog and restart no longer come on top of the target utilization: `sluice.catch-up.in-headroom.enabled`."},
	QuotaCPU.Key:             {otherwise, "It needs `taskmanager.cpu.cores` (or `kubernetes.taskmanager.cpu`, `yarn.containers.vcores`) in the cluster's configuration or in Sluice's; the standalone autoscaler never keeps it. Where the size is not known, a warning says so."},
	QuotaMemory.Key:          {otherwise, "It needs `taskmanager.memory.process.size` in the cluster's configuration. A scale-up goes as far as it allows: `sluice.quota.partial.enabled`. Without that, as in the reference, and from Flink 1.20 on."},
	CustomExecutors.Key:      {embedding, "`sluice run` has none; Java classes cannot be loaded. In profile `sluice`, a job that names one is not rescaled unless `sluice.extensions.required` is `false`."},

	RestartTime.Key:                {asBefore, ""},
	RestartTimeTrackingEnabled.Key: {asBefore, "The measured restarts start empty."},
	RestartTimeTrackingLimit.Key:   {asBefore, ""},

	EffectivenessDetectionEnabled.Key:      {asBefore, "The history starts empty."},
	EffectivenessThreshold.Key:             {asBefore, ""},
	ObservedScalabilityEnabled.Key:         {asBefore, "The history starts empty."},
	ObservedScalabilityMinObservations.Key: {asBefore, ""},
	ObservedScalabilityCoefficientMin.Key:  {asBefore, ""},
	HistoryMaxCount.Key:                    {asBefore, ""},
	HistoryMaxAge.Key:                      {asBefore, ""},

	AlignmentMode.Key:                {otherwise, "No mode takes a source above its partitions: `sluice.alignment.cap-at-partitions`. Custom modes need a program that embeds the autoscaler; in `sluice run` they are `BALANCED`."},
	KeyGroupPartitionsAdjustMode.Key: {asBefore, ""},

	GCPressureThreshold.Key:               {asBefore, ""},
	HeapUsageThreshold.Key:                {asBefore, ""},
	MemoryTuningEnabled.Key:               {noEffect, "The recommendation is an event; memory is never changed, as in the standalone autoscaler, unlike in the operator."},
	MemoryTuningScaleDownCompensation.Key: {asBefore, "For the recommendation."},
	MemoryTuningOverhead.Key:              {asBefore, "For the recommendation."},
	MemoryTuningMaximizeManaged.Key:       {asBefore, "For the recommendation."},

	ControlLoopInterval.Key:    {otherwise, "From the start of one loop to the start of the next; in the reference from the end."},
	ControlLoopParallelism.Key: {otherwise, "Unset: 16 for each processor, not 100."},
	FlinkClusterHost.Key:       {asBefore, "More clusters, and TLS: `--flink`, or `clusters:` in the file."},
	FlinkClusterPort.Key:       {asBefore, ""},
	StateStoreType.Key:         {asBefore, "`--data` and `--store` do the same. Rows of the Java autoscaler are read with `sluice.state.format: reference`."},
	EventHandlerType.Key:       {otherwise, "`JDBC` writes to the log too: `sluice.events.handlers: sql` keeps it to the database. `--data` and `--store` write to theirs unless this is `LOGGING`."},
	JDBCURL.Key:                {asBefore, "PostgreSQL, MySQL, MariaDB; not Derby and H2. Parameters that only a JDBC driver knows are ignored."},
	JDBCUsername.Key:           {asBefore, ""},
	JDBCPasswordEnv.Key:        {asBefore, "Of `--store` too."},
	JDBCEventTTL.Key:           {asBefore, ""},

	ParallelismOverrides.Key:   {isRead, "Only with `sluice.rescale.guarded: false`; otherwise what the job runs with counts, and its bounds."},
	JobManagerScheduler.Key:    {isRead, "Flink 2.3 says itself which scheduler runs a job."},
	SchedulerMode.Key:          {isRead, ""},
	RuntimeMode.Key:            {notRead, "Flink is asked for the type of the job."},
	CheckpointingInterval.Key:  {notRead, "Flink is asked for the checkpoint configuration of the job."},
	PipelineMaxParallelism.Key: {notRead, "Flink is asked for that of each vertex."},
	ParallelismDefault.Key:     {notRead, "Flink is asked for that of each vertex."},
	TaskManagerCores.Key:       {isRead, "For the quota of CPU."},
	TaskSlots.Key:              {isRead, "For the memory recommendation and the quota."},
	FetcherUpdateInterval.Key:  {isRead, "How old metrics may be."},
	ProcessMemory.Key:          {isRead, "For the memory recommendation and the quota; without it there is neither."},

	OperatorReconcileInterval.Key: {noEffect, "Samples are taken each `autoscaler.standalone.control-loop.interval`."},
	OperatorClientTimeout.Key:     {noEffect, "Set `job.autoscaler.flink.rest-client.timeout`."},
	OperatorInPlaceScaling.Key:    {noEffect, "Sluice rescales in place or not at all."},
}

// memoryFate is that of every other option that sizes the memory of a TaskManager.
var memoryFate = fate{isRead, "For the memory recommendation."}

func fateOf(key string) (fate, bool) {
	if f, told := fates[key]; told {
		return f, true
	}
	sizesMemory := strings.HasPrefix(key, "taskmanager.memory.") || strings.HasPrefix(key, "taskmanager.network.memory.")
	return memoryFate, sizesMemory
}

// ofReference tells the options of the Java autoscaler from Sluice's own.
func ofReference(info Info) bool { return !strings.HasPrefix(info.Key, sluicePrefix) }

// migrateTables are the generated parts of the page, by name.
var migrateTables = map[string]func(*testing.T) string{
	"algorithm options": func(t *testing.T) string {
		return fatesTable(t, func(i Info) bool { return i.Scope == ScopeJob && ofReference(i) }) + namedRows()
	},
	"process options": func(t *testing.T) string {
		return fatesTable(t, func(i Info) bool { return i.Scope == ScopeProcess && ofReference(i) })
	},
	"options of Flink":    func(t *testing.T) string { return fatesTable(t, func(i Info) bool { return i.Scope == ScopeForeign }) },
	"options of Sluice":   presetsTable,
	"the reference's way": referenceFile,
}

func fatesTable(t *testing.T, has func(Info) bool) string {
	var b strings.Builder
	b.WriteString("| Option | Default | With Sluice | |\n|---|---|---|---|\n")
	for _, info := range infos {
		if !has(info) {
			continue
		}
		f, told := fateOf(info.Key)
		if !told {
			t.Errorf("no word about what becomes of %s", info.Key)
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s |\n", info.Key, oldNames(info), defaultCell(info), f.verdict, escapeCell(f.note))
	}
	return b.String()
}

// oldNames are the legacy keys, but for the operator's spelling of the key
// itself, which every option of the algorithm has.
func oldNames(info Info) string {
	names := slices.DeleteFunc(slices.Clone(info.Fallbacks), func(key string) bool { return key == operatorPrefix+info.Key })
	return legacyCell(Info{Fallbacks: names})
}

func namedRows() string {
	var b strings.Builder
	for _, g := range namedGroups {
		if len(g.parameters) > 0 {
			continue // Sluice's own
		}
		fmt.Fprintf(&b, "| `%s<name>.class`, `%s<name>.<parameter>` | none | %s | |\n", g.Prefix, g.Prefix, embedding)
	}
	return b.String()
}

// presetsTable is every improvement that profile sluice switches on.
func presetsTable(*testing.T) string {
	var b strings.Builder
	b.WriteString("| Option | Profile `sluice` | As in the reference | What it does |\n|---|---|---|---|\n")
	for _, info := range infos {
		if preset, switched := info.Presets[ProfileSluice]; switched {
			fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", info.Key, preset, asInReference(info), escapeCell(info.Doc))
		}
	}
	return b.String()
}

func asInReference(info Info) string {
	if info.Default == nil {
		return "false"
	}
	return *info.Default
}

// referenceFile sets each of them by itself, for a file that keeps some.
func referenceFile(*testing.T) string {
	var b strings.Builder
	b.WriteString("```yaml\n")
	for _, info := range infos {
		if _, switched := info.Presets[ProfileSluice]; switched && info.Key != SluiceEnabled.Key {
			fmt.Fprintf(&b, "%s: %s\n", info.Key, asInReference(info))
		}
	}
	return b.String() + "```\n"
}

func TestMigrationDocsAreUpToDate(t *testing.T) {
	stored, err := os.ReadFile(migrateFile)
	if err != nil {
		t.Fatal(err)
	}
	want := string(stored)
	for _, name := range slices.Sorted(maps.Keys(migrateTables)) {
		want = betweenMarks(t, want, name, migrateTables[name](t))
	}
	if *update {
		if err := os.WriteFile(migrateFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(stored), want); diff != "" {
		t.Errorf("run \"go test ./options -run Docs -update\" (-stored +generated)\n%s", diff)
	}
}

// betweenMarks replaces a generated part of a page.
func betweenMarks(t *testing.T, page, name, text string) string {
	t.Helper()
	begin, end := "<!-- "+name+`: generated by "go test ./options -run Docs -update" -->`+"\n", "<!-- end of "+name+" -->\n"
	before, rest, opened := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("the page lacks %q or %q", begin, end)
	}
	return before + begin + text + end + after
}

func TestNoWordOfTheMigrationDocsIsAboutAnOptionThatIsGone(t *testing.T) {
	for key := range fates {
		if info, known := ByKey(key); !known || info.Key != key {
			t.Errorf("%s is no option", key)
		}
	}
	page, err := os.ReadFile(migrateFile)
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`(?:kubernetes\.operator\.)?(?:job\.autoscaler|autoscaler\.standalone|sluice)\.[a-z][a-z0-9.-]*[a-z0-9]`)
	files := []string{"sluice.yaml", "sluice.service"}
	found := keys.FindAllString(string(page), -1)
	for _, key := range found {
		group := slices.ContainsFunc(namedGroups, func(g NamedGroup) bool { return key+"." == g.Prefix })
		if !known(key) && !group && !slices.Contains(files, key) {
			t.Errorf("%s is no option", key)
		}
	}
	if len(found) < len(fates) {
		t.Errorf("only %d keys found", len(found))
	}
}

func TestTheExamplesOfTheMigrationDocsLoad(t *testing.T) {
	page, err := os.ReadFile(migrateFile)
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1) {
		if bytes.HasPrefix(block[1], []byte("apiVersion:")) {
			continue // the operator's, not ours
		}
		examples++
		if _, warnings, err := Load(LoadInput{File: "sluice.yaml", FileContents: block[1]}); err != nil || len(warnings) > 0 {
			t.Errorf("%v, %v\n%s", warnings, err, block[1])
		}
	}
	if examples < 3 {
		t.Errorf("only %d examples found", examples)
	}
}

// What the page calls accepted is: each option under each of its keys.
func TestEveryOptionOfTheReferenceIsAccepted(t *testing.T) {
	unset := map[string]string{"double": "0.5", "memory": "1 gb", "string": "text", "duration": "1 min", "integer": "4"}
	checked := 0
	for _, info := range infos {
		if !ofReference(info) {
			continue
		}
		value := unset[info.Type]
		if info.Default != nil {
			value = *info.Default
		}
		if len(info.Values) > 0 && info.Default == nil {
			value = info.Values[0]
		}
		// The limits of utilization lie on either side of the target.
		switch info.Key {
		case UtilizationMax.Key:
			value = "0.9"
		case UtilizationMin.Key:
			value = "0.3"
		}
		for _, key := range info.keys() {
			checked++
			if _, _, err := Load(LoadInput{Flags: []KeyValue{{Key: key, Value: value}}}); err != nil {
				t.Errorf("%s: %q: %v", key, value, err)
			}
		}
	}
	if checked < len(fates) {
		t.Errorf("only %d keys checked", checked)
	}
}
