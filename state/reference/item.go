package reference

import (
	"fmt"
	"regexp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// Item is one of the values that the reference keeps of a job, by the name that
// stands in the column state_type.
type Item string

// The items. All but the overrides are JSON.
const (
	ScalingHistory       Item = "scalingHistory"
	ScalingTracking      Item = "scalingTracking"
	CollectedMetrics     Item = "collectedMetrics"
	ParallelismOverrides Item = "parallelismOverrides"
	ConfigOverrides      Item = "configOverrides"
	DelayedScaleDown     Item = "delayedScaleDown"
)

// AllItems are the items in the order in which they are written.
var AllItems = [...]Item{ScalingHistory, ScalingTracking, CollectedMetrics, ParallelismOverrides, ConfigOverrides, DelayedScaleDown}

// Items are the values of one job. What is empty has no entry.
type Items map[Item]string

// BrokenError says that a value cannot be read. What it held is taken for empty.
type BrokenError struct {
	Item Item
	// Text is the value as it was found.
	Text string
	Err  error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("read %s as the reference writes it: %v", e.Item, e.Err)
}

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Err }

// Encode puts a state into the reference's terms. What the reference has no terms
// for is left out; see [Extra].
func Encode(s *autoscaler.State) Items {
	items := Items{}
	if len(s.Scaling.History) > 0 {
		items[ScalingHistory] = string(appendHistory(nil, s.Scaling.History))
	}
	if len(s.Scaling.Tracking) > 0 {
		items[ScalingTracking] = string(appendTracking(nil, s.Scaling.Tracking))
	}
	if len(s.Window.Samples) > 0 {
		items[CollectedMetrics] = string(appendWindow(nil, s.Window))
	}
	if len(s.Overrides) > 0 {
		items[ParallelismOverrides] = overridesText(s.Overrides)
	}
	if len(s.Changes.Overrides) > 0 || len(s.Changes.Removals) > 0 {
		items[ConfigOverrides] = string(appendChanges(nil, s.Changes))
	}
	if len(s.Scaling.Delayed) > 0 {
		items[DelayedScaleDown] = string(appendDelayed(nil, s.Scaling.Delayed))
	}
	return items
}

// Decode is the opposite of Encode. Each value that cannot be read is reported,
// and taken for empty, as the reference does.
func Decode(items Items) (s autoscaler.State, broken []*BrokenError) {
	read := func(item Item, into func(text string) error) {
		text, there := items[item]
		if !there {
			return
		}
		if err := into(text); err != nil {
			broken = append(broken, &BrokenError{Item: item, Text: text, Err: err})
		}
	}
	read(ScalingHistory, func(text string) (err error) { s.Scaling.History, err = parseHistory(text); return err })
	read(ScalingTracking, func(text string) (err error) { s.Scaling.Tracking, err = parseTracking(text); return err })
	read(CollectedMetrics, func(text string) (err error) { s.Window, err = parseWindow(text); return err })
	read(ParallelismOverrides, func(text string) (err error) { s.Overrides, err = parseOverrides(text); return err })
	read(ConfigOverrides, func(text string) (err error) { s.Changes, err = parseChanges(text); return err })
	read(DelayedScaleDown, func(text string) (err error) { s.Scaling.Delayed, err = parseDelayed(text); return err })
	return s, broken
}

// overridesText is written in the form that Flink reads in each of its modes,
// a:1,b:2: the YAML form is refused by a process with a flink-conf.yaml.
func overridesText(p scaling.Parallelism) string {
	var text []byte
	for i, id := range sortedKeys(p) {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%s:%d", id, p[id])
	}
	return string(text)
}

var isID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

func parseOverrides(text string) (scaling.Parallelism, error) {
	pairs, err := options.ParseMap(text)
	if err != nil || len(pairs) == 0 {
		return nil, err
	}
	overrides := make(scaling.Parallelism, len(pairs))
	for id, number := range pairs {
		if !isID.MatchString(id) {
			return nil, fmt.Errorf("want the id of a vertex, not %q", id)
		}
		n, err := parallelism(number)
		if err != nil {
			return nil, fmt.Errorf("vertex %s: %w", id, err)
		}
		overrides[scaling.VertexID(id)] = n
	}
	return overrides, nil
}
