package reference

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// This file has the smaller items: measured restarts, scale-downs that wait, and
// changes of the configuration.

func appendTracking(b []byte, records []scaling.RestartRecord) []byte {
	b = append(b, `{"scalingRecords":{`...)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendKey(b, instantText(r.At)), `{"restartDuration":`...)
		if r.Known {
			b = appendDuration(b, r.Duration)
		} else {
			b = append(b, "null"...)
		}
		b = append(b, '}')
	}
	return append(b, "}}"...)
}

func parseTracking(text string) ([]scaling.RestartRecord, error) {
	var tracking struct {
		Records map[instant]struct {
			RestartDuration duration `json:"restartDuration"`
		} `json:"scalingRecords"`
	}
	if err := json.Unmarshal([]byte(text), &tracking); err != nil {
		return nil, err
	}
	var records []scaling.RestartRecord
	for at, r := range tracking.Records {
		records = append(records, scaling.RestartRecord{At: at.Time, Duration: r.RestartDuration.value, Known: r.RestartDuration.there})
	}
	slices.SortFunc(records, func(a, b scaling.RestartRecord) int { return a.At.Compare(b.At) })
	return records, nil
}

func appendDelayed(b []byte, d scaling.DelayedScaleDown) []byte {
	b = append(b, `{"delayedVertices":{`...)
	for i, id := range sortedKeys(d) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendKey(b, string(id)), `{"firstTriggerTime":`...)
		b = append(appendInstant(b, d[id].FirstTrigger), `,"recommendedParallelisms":[`...)
		for k, r := range d[id].Recommended {
			if k > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"triggerTime":`...)
			b = fmt.Appendf(appendInstant(b, r.At), `,"parallelism":%d,"outsideUtilizationBound":%t}`, r.Parallelism, r.Outside)
		}
		b = append(b, "]}"...)
	}
	return append(b, "}}"...)
}

// delayed are the shapes that releases gave to a scale-down that waits: up to
// 1.10 the time of the first wish was all there was.
type delayed struct {
	FirstTriggerTime map[scaling.VertexID]instant `json:"firstTriggerTime"`
	DelayedVertices  map[scaling.VertexID]wish    `json:"delayedVertices"`
}

type wish struct {
	FirstTriggerTime *instant `json:"firstTriggerTime"`
	Recommended      []struct {
		TriggerTime *instant `json:"triggerTime"`
		Parallelism number   `json:"parallelism"`
		Outside     bool     `json:"outsideUtilizationBound"`
	} `json:"recommendedParallelisms"`
}

var errNoTrigger = errors.New("want the time of a delayed scale-down, and of each recommendation")

func parseDelayed(text string) (scaling.DelayedScaleDown, error) {
	var d delayed
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, err
	}
	waiting := make(scaling.DelayedScaleDown, len(d.DelayedVertices)+len(d.FirstTriggerTime))
	for id, at := range d.FirstTriggerTime {
		waiting[id] = scaling.Delayed{FirstTrigger: at.Time}
	}
	for id, w := range d.DelayedVertices {
		if w.FirstTriggerTime == nil {
			return nil, errNoTrigger
		}
		wish := scaling.Delayed{FirstTrigger: w.FirstTriggerTime.Time}
		for _, r := range w.Recommended {
			if r.TriggerTime == nil {
				return nil, errNoTrigger
			}
			wish.Recommended = append(wish.Recommended, scaling.Recommendation{At: r.TriggerTime.Time, Parallelism: r.Parallelism.count(), Outside: r.Outside})
		}
		waiting[id] = wish
	}
	return waiting, nil
}

func appendChanges(b []byte, c tuning.Changes) []byte {
	b = append(b, `{"overrides":{`...)
	for i, key := range sortedKeys(c.Overrides) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(appendKey(b, key), c.Overrides[key])
	}
	b = append(b, `},"removals":[`...)
	for i, key := range c.Removals {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, key)
	}
	return append(b, "]}"...)
}

func parseChanges(text string) (tuning.Changes, error) {
	var c struct {
		Overrides map[string]string `json:"overrides"`
		Removals  []string          `json:"removals"`
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return tuning.Changes{}, err
	}
	slices.Sort(c.Removals)
	return tuning.Changes{Overrides: c.Overrides, Removals: c.Removals}, nil
}
