package flink

import "strings"

// MetricName is one entry of a metric endpoint that was asked for no values.
type MetricName struct {
	ID string `json:"id"`
}

// Metric is one value. Flink prints it, number or not.
type Metric struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// AggregatedMetric is one metric over several subtasks, jobs or TaskManagers.
// Only the aggregates that were asked for, and that Flink has for this
// endpoint, are sent. A metric that does not exist is left out of the list.
type AggregatedMetric struct {
	ID   string `json:"id"`
	Min  Float  `json:"min,omitzero"`
	Max  Float  `json:"max,omitzero"`
	Avg  Float  `json:"avg,omitzero"`
	Sum  Float  `json:"sum,omitzero"`
	Skew Float  `json:"skew,omitzero"` // percent
}

// Aggregation is one way to put the values of several subtasks together.
type Aggregation string

// The aggregations Flink knows.
const (
	AggMin  Aggregation = "min"
	AggMax  Aggregation = "max"
	AggAvg  Aggregation = "avg"
	AggSum  Aggregation = "sum"
	AggSkew Aggregation = "skew" // percent; the youngest of them
)

// InMetricName is an operator's name as Flink writes it in the names of metrics: of
// 80 bytes at most, with _ for what has a meaning there.
func InMetricName(operator string) string {
	const longest = 80
	operator = strings.Map(func(c rune) rune {
		if strings.ContainsRune(" .:,", c) {
			return '_'
		}
		return c
	}, operator)
	return operator[:min(len(operator), longest)]
}
