package reference

import (
	"encoding/json"
	"slices"

	"github.com/sluice-project/sluice/scaling"
)

// The reference has no measures of a vertex after this one.
const lastMeasure = scaling.ObservedTPR

func appendWindow(b []byte, w scaling.Window) []byte {
	b = append(b, '{')
	for i := range w.Samples {
		s := &w.Samples[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendKey(b, instantText(s.At)), `{"vertexMetrics":{`...)
		for k := range s.Vertices {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendVertexSample(b, &s.Vertices[k])
		}
		b = append(b, `},"globalMetrics":{`...)
		first := true
		for m, x := range s.Global.All() {
			b, first = appendMeasure(b, first, m.String(), x), false
		}
		b = append(b, "}}"...)
	}
	return append(b, '}')
}

func appendVertexSample(b []byte, v *scaling.VertexSample) []byte {
	b = append(appendKey(b, string(v.Vertex)), '{')
	first := true
	for m, x := range v.All() {
		if m <= lastMeasure {
			b, first = appendMeasure(b, first, m.String(), x), false
		}
	}
	return append(b, '}')
}

func appendMeasure(b []byte, first bool, name string, x float64) []byte {
	if !first {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), name...), `":`...)
	return appendNumber(b, x)
}

// collected is one sample.
type collected struct {
	Vertices map[scaling.VertexID]map[string]number `json:"vertexMetrics"`
	Global   map[string]number                      `json:"globalMetrics"`
}

// The measures by name. Others are left out: an older release had some more.
var (
	measures       = byName(lastMeasure)
	globalMeasures = byName(scaling.NumTaskSlotsUsed)
)

// byName finds the measures up to the last one by their names.
func byName[M interface {
	~uint8
	String() string
}](last M) map[string]M {
	named := map[string]M{}
	for m := range last + 1 {
		named[m.String()] = m
	}
	return named
}

func parseWindow(text string) (scaling.Window, error) {
	var samples map[instant]collected
	if err := json.Unmarshal([]byte(text), &samples); err != nil {
		return scaling.Window{}, err
	}
	var w scaling.Window
	for at, c := range samples {
		w.Samples = append(w.Samples, c.sample(at))
	}
	slices.SortFunc(w.Samples, func(a, b scaling.Sample) int { return a.At.Compare(b.At) })
	return w, nil
}

// sample has its vertices in the order of their ids.
func (c *collected) sample(at instant) scaling.Sample {
	s := scaling.Sample{At: at.Time}
	for _, id := range sortedKeys(c.Vertices) {
		v := scaling.VertexSample{Vertex: id}
		for name, x := range c.Vertices[id] {
			if m, known := measures[name]; known && x.there {
				v.Set(m, x.value)
			}
		}
		s.Vertices = append(s.Vertices, v)
	}
	for name, x := range c.Global {
		if m, known := globalMeasures[name]; known && x.there {
			s.Global.Set(m, x.value)
		}
	}
	return s
}
