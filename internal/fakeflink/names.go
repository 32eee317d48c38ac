package fakeflink

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// The names of metrics that a recorded cluster of Flink 2.3 listed for a Kafka
// source and for a vertex with inputs; {…} stands for what differs.
var (
	//go:embed names/source.txt
	sourceNames string
	//go:embed names/work.txt
	workNames string
)

// nameList is what a vertex has metrics for.
type nameList struct {
	body  []byte
	known map[string]bool
}

func newNameList(v int) nameList {
	text := workNames
	if graph[v].topic != "" {
		text = sourceNames
	}
	replaced := strings.NewReplacer("{operator}", graph[v].operator, "{topic}", graph[v].topic)
	list := nameList{known: map[string]bool{}}
	var body []flink.MetricName
	for line := range strings.Lines(replaced.Replace(text)) {
		for _, name := range forPartitions(strings.TrimSpace(line)) {
			list.known[name] = true
			body = append(body, flink.MetricName{ID: name})
		}
	}
	list.body, _ = json.Marshal(body) // strings alone: it cannot fail
	return list
}

// forPartitions is the name itself, or one for each partition if it has a place
// for that.
func forPartitions(name string) []string {
	if !strings.Contains(name, "{partition}") {
		return []string{name}
	}
	names := make([]string, partitions)
	for i := range names {
		names[i] = strings.ReplaceAll(name, "{partition}", strconv.Itoa(i))
	}
	return names
}

// value is the sum over all subtasks of a metric. Of those that nobody reads for
// a decision it is 0.
func (j *job) value(v int, name string) float64 {
	if metric, ofOperator := strings.CutPrefix(name, graph[v].operator+"."); ofOperator {
		return j.operatorValue(v, metric)
	}
	s := &j.vertices[v]
	p := float64(s.parallelism)
	switch name {
	case "numRecordsIn":
		return s.records * taskReads(v)
	case "numRecordsInPerSecond":
		return s.rate * taskReads(v)
	case "numRecordsOut":
		return s.records
	case "numRecordsOutPerSecond":
		return s.rate
	case "accumulateBusyTimeMs":
		return s.busy
	case "accumulateIdleTimeMs":
		return s.idle
	case "accumulateBackPressuredTimeMs":
		return s.blocked
	case "busyTimeMsPerSecond":
		return 1000 * p * s.busyShare
	case "backPressuredTimeMsPerSecond":
		return 1000 * p * s.blockedShare
	case "idleTimeMsPerSecond":
		return 1000 * p * (1 - s.busyShare - s.blockedShare)
	}
	return 0
}

func (j *job) operatorValue(v int, metric string) float64 {
	switch metric {
	case "numRecordsIn", "numRecordsOut":
		return j.vertices[v].records
	case "numRecordsInPerSecond", "numRecordsOutPerSecond":
		return j.vertices[v].rate
	case "pendingRecords":
		return j.lag
	}
	return 0
}

// taskReads is 0 for a source: its task reads no records that Flink counts.
func taskReads(v int) float64 {
	if graph[v].topic != "" {
		return 0
	}
	return 1
}
