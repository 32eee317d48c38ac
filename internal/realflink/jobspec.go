package realflink

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// JobSpec is a job whose load, capacity and skew are known. The zero value reads 500 records/s from 12 partitions at
// parallelism 1, and its vertex "work" takes 1 ms a record: 1000 records/s a subtask.
//
// The vertices are "Source: source", "work" and "enrich -> sink…"; with Join "Source: source", "Source: source-b", "join"
// and "enrich…"; with Kafka "Source: kafka-source -> parse", "work" and "enrich…".
type JobSpec struct {
	Name string // "load" if empty
	// Join makes it two sources that meet in a vertex "join", which costs what "work" would. SetRate sets each source.
	Join bool
	// Chain, if set, makes it these vertices in a row instead, for Flink 1.19 and later: the second reads the source by
	// rebalance, the next ones by hash. Parallelisms, MaxParallelism, Costs and OwnSlots are then those of the vertices.
	Chain []ChainVertex
	// SQL, if set, makes it these statements instead, of which the last is an INSERT: a batch job of Flink 1.19 and later.
	// "SET key=value" sets an option of the session; Parallelism 0 leaves it to Flink.
	SQL []string
	// Pointwise, if set, makes it a batch job over that many records (tens of bytes each) instead, whose vertices read by
	// rescale, forward, rebalance and hash: "pair", "check", "spread", "count…". Parallelism 0 leaves it to Flink.
	Pointwise int
	// Topic is where the records come from instead; the rates below are then the producer's to set.
	Topic *Topic

	// Rate of the records, a second, until SetRate; 500 if 0, none if negative.
	Rate float64
	// Schedule fixes the rate for the whole run instead: "const:R", "step:seconds=R,…" or "sine:base,amplitude,period",
	// counted from the submission. SetRate fails then.
	Schedule string
	// Records after which the job ends; endless if 0. It is divided by Partitions, rounding down.
	Records int
	// Batch runs it in Flink's batch mode; it needs Records.
	Batch bool

	Parallelism                                           int // of the job; 1 if 0
	SourceParallelism, WorkParallelism, EnrichParallelism int // of a vertex, if not 0
	MaxParallelism                                        int // Flink's default (128 and up) if 0
	Partitions                                            int // 12 if 0

	// Cost of a record asleep in "work" (or "join"): it takes no processor, so that many subtasks fit on few cores. 1 ms
	// if 0, none if negative. CPU is cost spent spinning, on top. Both to the microsecond.
	Cost, CPU time.Duration
	// EnrichCost and SourceCost are the sleeping cost of the other vertices: 100 µs and none, if 0.
	EnrichCost, SourceCost time.Duration

	// HotShare of the records, 0 to 1, has one and the same key.
	HotShare float64
	// KeyRange is the number of other keys; 4096 if 0. EvenKeys gives each key group the same number of them.
	KeyRange int
	EvenKeys bool

	NoPending   bool // the source reports no pendingRecords
	NoRecordsIn bool // the source counts no numRecordsIn, as some do
	OwnSlots    bool // "work" is in a slot sharing group of its own

	// FailCheckpoints and SlowSnapshot break or delay every checkpoint and savepoint at the JobManager; records flow on.
	// A job that should outlive failing checkpoints needs execution.checkpointing.tolerable-failed-checkpoints.
	FailCheckpoints bool
	SlowSnapshot    time.Duration

	// Config is the job's own Flink configuration, given at submission (for an application: part of the cluster's).
	Config map[string]string
}

// ChainVertex is a vertex of a chain. Its name is that of the vertex in Flink; the first has "Source: " before it and more
// behind it.
type ChainVertex struct {
	Name           string
	Parallelism    int
	MaxParallelism int           // Flink's default if 0
	Group          string        // the slot sharing group; "default" if empty
	Cost           time.Duration // of a record, asleep; to the microsecond
}

// String is the vertex as the Java program wants it.
func (v ChainVertex) String() string {
	s := fmt.Sprintf("%s=%d", v.Name, max(1, v.Parallelism))
	if v.MaxParallelism > 0 {
		s += fmt.Sprintf("/%d", v.MaxParallelism)
	}
	if v.Group != "" {
		s += "@" + v.Group
	}
	return s
}

// check refuses what would not be what it says.
func (s JobSpec) check() error {
	if s.scheduledByData() {
		return s.checkScheduledByData()
	}
	return s.checkLoad()
}

func (s JobSpec) checkLoad() error {
	switch {
	case s.Batch && s.Records == 0:
		return errors.New("a batch job needs Records")
	case s.Topic != nil && (s.Join || s.Batch || s.Records > 0 || s.Rate != 0 || s.Schedule != ""):
		return errors.New("a job that reads a topic has no rate, end or second source of its own")
	case len(s.Chain) == 1:
		return errors.New("a chain has at least two vertices")
	case len(s.Chain) > 0 && (s.Join || s.Topic != nil):
		return errors.New("a chain has neither a second source nor a topic")
	case s.HotShare < 0 || s.HotShare > 1:
		return fmt.Errorf("HotShare %v is not between 0 and 1", s.HotShare)
	}
	return nil
}

// scheduledByData is true of the batch jobs that know neither rate nor cost.
func (s JobSpec) scheduledByData() bool { return len(s.SQL) > 0 || s.Pointwise > 0 }

func (s JobSpec) checkScheduledByData() error {
	if s.Join || s.Batch || s.Topic != nil || len(s.Chain) > 0 || len(s.SQL) > 0 && s.Pointwise > 0 {
		return errors.New("a job by SQL or Pointwise is nothing else")
	}
	return nil
}

// parallelism is what to submit the job with; 0 for none.
func (s JobSpec) parallelism() int {
	if s.scheduledByData() {
		return s.Parallelism
	}
	return max(1, s.Parallelism)
}

func (s JobSpec) name() string {
	if s.Name == "" {
		return "load"
	}
	return s.Name
}

func (s JobSpec) mainClass() string {
	switch {
	case s.Topic != nil:
		return "sluice.load.kafka.KafkaJob"
	case len(s.SQL) > 0:
		return "sluice.load.SqlJob"
	case s.Pointwise > 0:
		return "sluice.load.PointwiseJob"
	case len(s.Chain) > 0:
		return "sluice.load.ChainJob"
	}
	return "sluice.load.LoadJob"
}

// arguments of the Java program; empty where its own default holds.
func (s JobSpec) arguments(rateFile, controlFile string) []string {
	switch {
	case len(s.SQL) > 0:
		return append([]string{"SET pipeline.name=" + s.name()}, s.SQL...)
	case s.Pointwise > 0:
		return []string{strconv.Itoa(s.Pointwise)}
	}
	a := arguments{"--name", s.name(), "--control-file", controlFile}
	switch {
	case s.Topic != nil:
		a.text("brokers", s.Topic.Brokers)
		a.text("topic", s.Topic.Name)
	case s.Schedule != "":
		a.text("rate", s.Schedule)
		a.text("rate-b", s.Schedule)
	default:
		a.text("rate-file", rateFile)
		a.text("rate-file-b", rateFile)
	}
	if s.Join {
		a.text("topology", "join")
	}
	a.chain(s.Chain)
	a.number("records", s.Records)
	a.flag("batch", s.Batch)
	a.number("source-parallelism", s.SourceParallelism)
	a.number("work-parallelism", s.WorkParallelism)
	a.number("enrich-parallelism", s.EnrichParallelism)
	a.number("max-parallelism", s.MaxParallelism)
	a.number("partitions", s.Partitions)
	a.micros("cost-us", s.Cost)
	a.micros("cpu-us", s.CPU)
	a.micros("enrich-us", s.EnrichCost)
	a.micros("source-us", s.SourceCost)
	if s.HotShare > 0 {
		a.text("hot-share", decimal(s.HotShare))
	}
	a.number("key-range", s.KeyRange)
	a.flag("even-keys", s.EvenKeys)
	a.flag("no-pending", s.NoPending)
	a.flag("no-records-in", s.NoRecordsIn)
	a.flag("own-slots", s.OwnSlots)
	a.flag("fail-checkpoints", s.FailCheckpoints)
	a.number("slow-snapshot-ms", int(s.SlowSnapshot.Milliseconds()))
	return a
}

type arguments []string

func (a *arguments) chain(vertices []ChainVertex) {
	if len(vertices) == 0 {
		return
	}
	var shapes []string
	for i, v := range vertices {
		shapes = append(shapes, v.String())
		name := v.Name
		if i == 0 {
			name = "source" // what its reader looks for
		}
		a.micros(name+"-us", v.Cost)
	}
	a.text("chain", strings.Join(shapes, ","))
}

func (a *arguments) text(name, value string) { *a = append(*a, "--"+name, value) }

func (a *arguments) number(name string, n int) {
	if n != 0 {
		a.text(name, strconv.Itoa(n))
	}
}

func (a *arguments) flag(name string, set bool) {
	if set {
		a.text(name, "true")
	}
}

func (a *arguments) micros(name string, d time.Duration) {
	if d != 0 {
		a.text(name, micros(d))
	}
}

func micros(d time.Duration) string {
	return decimal(max(0, float64(d)/float64(time.Microsecond)))
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
