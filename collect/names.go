package collect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/scaling"
)

// metric is what a name of Flink's stands for to the reference.
type metric uint8

const (
	busyPerSecond metric = iota
	backpressurePerSecond
	inPerSecond
	sourceInPerSecond
	sourceIn
	sourceOut
	pendingRecords
	metricCount
)

var metricNames = [metricCount]string{
	"BUSY_TIME_PER_SEC", "BACKPRESSURE_TIME_PER_SEC", "NUM_RECORDS_IN_PER_SEC",
	"SOURCE_TASK_NUM_RECORDS_IN_PER_SEC", "SOURCE_TASK_NUM_RECORDS_IN", "SOURCE_TASK_NUM_RECORDS_OUT", "PENDING_RECORDS",
}

// String is the reference's name, which its errors use.
func (m metric) String() string { return metricNames[m] }

// matches tells whether a name of Flink's stands for m.
func (m metric) matches(name string) bool {
	ofSource := func(suffix string) bool {
		return strings.HasPrefix(name, sourcePrefix) && strings.HasSuffix(name, suffix)
	}
	switch m {
	case busyPerSecond:
		return name == "busyTimeMsPerSecond"
	case backpressurePerSecond:
		return name == "backPressuredTimeMsPerSecond"
	case inPerSecond:
		return name == "numRecordsInPerSecond"
	case sourceInPerSecond:
		return ofSource(".numRecordsInPerSecond")
	case sourceIn:
		return ofSource(suffixIn)
	case sourceOut:
		return ofSource(suffixOut)
	case pendingRecords:
		return strings.HasSuffix(name, suffixPending)
	}
	return false
}

// sourcePrefix begins the name of every source operator that was not renamed:
// "Source: orders" in metric names.
const (
	sourcePrefix  = "Source__"
	suffixIn      = ".numRecordsIn"
	suffixOut     = ".numRecordsOut"
	suffixPending = ".pendingRecords"
)

// selected is a metric by the name under which one vertex has it.
type selected struct {
	name   string
	metric metric
}

// MissingMetricError says that a vertex lacks a metric without which the
// reference does not judge it.
type MissingMetricError struct {
	Metric string
	Vertex scaling.VertexID
}

// Error is the reference's text.
func (e *MissingMetricError) Error() string {
	return fmt.Sprintf("Could not find required metric %s for %s", e.Metric, e.Vertex)
}

// selectNames picks what is to be asked of a vertex (spec section 3.5). Of
// several names for one metric it takes the first in order of text, where the
// reference takes any; of pending records it takes all.
func selectNames(names []string, v *scaling.Vertex) ([]selected, error) {
	required, optional := []metric{busyPerSecond}, []metric{inPerSecond}
	if v.IsSource() {
		required = []metric{busyPerSecond, backpressurePerSecond, sourceInPerSecond, sourceIn}
		optional = []metric{sourceOut}
	}
	var all []selected
	for _, m := range required {
		name, ok := first(names, m)
		if !ok {
			return nil, &MissingMetricError{m.String(), v.ID}
		}
		all = append(all, selected{name, m})
	}
	for _, m := range optional {
		if name, ok := first(names, m); ok {
			all = append(all, selected{name, m})
		}
	}
	if v.IsSource() {
		for _, name := range names {
			if pendingRecords.matches(name) {
				all = append(all, selected{name, pendingRecords})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b selected) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func first(names []string, m metric) (least string, found bool) {
	for _, name := range names {
		if m.matches(name) && (!found || name < least) {
			least, found = name, true
		}
	}
	return least, found
}
