package reference

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// The figures of a vertex that the reference keeps with a change of it.
const (
	load           = "LOAD"
	trueRate       = "TRUE_PROCESSING_RATE"
	targetRate     = "TARGET_DATA_RATE"
	catchUpRate    = "CATCH_UP_DATA_RATE"
	lag            = "LAG"
	parallelismNow = "PARALLELISM"
	recommended    = "RECOMMENDED_PARALLELISM"
	maxParallelism = "MAX_PARALLELISM"
	partitions     = "NUM_SOURCE_PARTITIONS"
	upThreshold    = "SCALE_UP_RATE_THRESHOLD"
	downThreshold  = "SCALE_DOWN_RATE_THRESHOLD"
	expectedRate   = "EXPECTED_PROCESSING_RATE"
)

func appendHistory(b []byte, h scaling.History) []byte {
	b = append(b, '{')
	for i, id := range sortedKeys(h) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendKey(b, string(id)), '{')
		for k := range h[id] {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendRecord(appendKey(b, instantText(h[id][k].At)), &h[id][k])
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendRecord(b []byte, r *scaling.ScalingRecord) []byte {
	b = fmt.Appendf(b, `{"currentParallelism":%d,"newParallelism":%d,"metrics":{`, r.From, r.To)
	e := &r.Evaluation
	b = appendAverage(b, load, e.Load)
	b = appendAverage(append(b, ','), trueRate, e.TrueProcessingRate)
	b = appendAverage(append(b, ','), targetRate, e.TargetRate)
	b = appendCurrent(append(b, ','), catchUpRate, e.CatchUpRate)
	if e.HasLag {
		b = appendCurrent(append(b, ','), lag, e.Lag)
	}
	b = appendCurrent(append(b, ','), parallelismNow, float64(e.Parallelism))
	b = appendCurrent(append(b, ','), recommended, float64(r.Planned))
	b = appendCurrent(append(b, ','), maxParallelism, float64(e.MaxParallelism))
	b = appendCurrent(append(b, ','), partitions, float64(e.Partitions))
	b = appendCurrent(append(b, ','), upThreshold, e.ScaleUpThreshold)
	b = appendCurrent(append(b, ','), downThreshold, e.ScaleDownThreshold)
	b = appendCurrent(append(b, ','), expectedRate, r.ExpectedRate)
	return append(b, "}}"...)
}

// The reference has two figures for each: now, and on the average of the window.
func appendCurrent(b []byte, name string, x float64) []byte {
	return appendFigure(b, name, x, math.NaN())
}

func appendAverage(b []byte, name string, x float64) []byte {
	return appendFigure(b, name, math.NaN(), x)
}

func appendFigure(b []byte, name string, current, average float64) []byte {
	b = append(append(append(b, '"'), name...), `":{"current":`...)
	b = append(appendNumber(b, current), `,"average":`...)
	return append(appendNumber(b, average), '}')
}

// summary is one change of one vertex.
type summary struct {
	CurrentParallelism number             `json:"currentParallelism"`
	NewParallelism     number             `json:"newParallelism"`
	Metrics            map[string]*figure `json:"metrics"`
}

type figure struct {
	Current number `json:"current"`
	Average number `json:"average"`
}

func parseHistory(text string) (scaling.History, error) {
	var vertices map[scaling.VertexID]map[instant]summary
	if err := json.Unmarshal([]byte(text), &vertices); err != nil {
		return nil, err
	}
	history := make(scaling.History, len(vertices))
	for id, changes := range vertices {
		for at, change := range changes {
			history[id] = append(history[id], change.record(id, at.Time))
		}
		slices.SortFunc(history[id], func(a, b scaling.ScalingRecord) int { return a.At.Compare(b.At) })
	}
	return history, nil
}

func (s *summary) record(id scaling.VertexID, at time.Time) scaling.ScalingRecord {
	r := scaling.ScalingRecord{
		At: at, From: s.CurrentParallelism.count(), To: s.NewParallelism.count(),
		Evaluation: scaling.VertexEvaluation{
			Vertex: id, Load: s.average(load), TrueProcessingRate: s.average(trueRate), TargetRate: s.average(targetRate),
			CatchUpRate: s.current(catchUpRate), ScaleUpThreshold: s.current(upThreshold), ScaleDownThreshold: s.current(downThreshold),
			Parallelism:    s.count(parallelismNow, s.CurrentParallelism.count()),
			MaxParallelism: s.count(maxParallelism, 0), Partitions: s.count(partitions, 0),
		},
	}
	r.Evaluation.PeakRate = r.Evaluation.TargetRate
	r.Planned = s.count(recommended, r.To)
	if f := s.Metrics[lag]; f != nil {
		r.Evaluation.Lag, r.Evaluation.HasLag = f.Current.or(math.NaN()), true
	}
	// Of a change that promised nothing it cannot be said that it brought less.
	r.ExpectedRate = r.Evaluation.TrueProcessingRate
	if f := s.Metrics[expectedRate]; f != nil {
		r.ExpectedRate = f.Current.or(r.ExpectedRate)
	}
	return r
}

func (s *summary) current(name string) float64 {
	if f := s.Metrics[name]; f != nil {
		return f.Current.or(math.NaN())
	}
	return math.NaN()
}

func (s *summary) average(name string) float64 {
	if f := s.Metrics[name]; f != nil {
		return f.Average.or(math.NaN())
	}
	return math.NaN()
}

func (s *summary) count(name string, otherwise int) int {
	if f := s.Metrics[name]; f != nil && f.Current.there {
		return f.Current.count()
	}
	return otherwise
}
