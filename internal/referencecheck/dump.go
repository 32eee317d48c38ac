package referencecheck

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/reference"
)

// Dump is what a state holds of an item, in the words of java/Translate.java.
func Dump(item reference.Item, s *autoscaler.State) string {
	var d dump
	switch item {
	case reference.ScalingHistory:
		d.history(s.Scaling.History)
	case reference.ScalingTracking:
		for _, r := range s.Scaling.Tracking {
			d.add("%s=%s", nanos(r.At), took(r))
		}
	case reference.CollectedMetrics:
		for i := range s.Window.Samples {
			d.sample(&s.Window.Samples[i])
		}
	case reference.ConfigOverrides:
		for _, key := range sorted(s.Changes.Overrides) {
			d.add("%s=%s", hexed(key), hexed(s.Changes.Overrides[key]))
		}
		for _, key := range s.Changes.Removals {
			d.add("%s", hexed(key))
		}
	case reference.ParallelismOverrides:
		for _, id := range sorted(s.Overrides) {
			d.add("%s=%d", id, s.Overrides[id])
		}
	}
	return strings.Join(d.words, " ")
}

type dump struct{ words []string }

func (d *dump) add(format string, args ...any) {
	d.words = append(d.words, fmt.Sprintf(format, args...))
}

func sorted[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func (d *dump) history(h scaling.History) {
	for _, id := range sorted(h) {
		for i := range h[id] {
			r := &h[id][i]
			path := fmt.Sprintf("%s/%s", id, nanos(r.At))
			d.add("%s=%d>%d", path, r.From, r.To)
			figures := figures(r)
			for _, name := range sorted(figures) {
				d.add("%s/%s=%s,%s", path, name, bits(figures[name][0]), bits(figures[name][1]))
			}
		}
	}
}

// figures are the current and the average of each.
func figures(r *scaling.ScalingRecord) map[string][2]float64 {
	e, nan := &r.Evaluation, math.NaN()
	all := map[string][2]float64{
		"LOAD": {nan, e.Load}, "TRUE_PROCESSING_RATE": {nan, e.TrueProcessingRate}, "TARGET_DATA_RATE": {nan, e.TargetRate},
		"CATCH_UP_DATA_RATE": {e.CatchUpRate, nan}, "SCALE_UP_RATE_THRESHOLD": {e.ScaleUpThreshold, nan},
		"SCALE_DOWN_RATE_THRESHOLD": {e.ScaleDownThreshold, nan}, "EXPECTED_PROCESSING_RATE": {r.ExpectedRate, nan},
		"PARALLELISM": {float64(e.Parallelism), nan}, "RECOMMENDED_PARALLELISM": {float64(r.Planned), nan},
		"MAX_PARALLELISM": {float64(e.MaxParallelism), nan}, "NUM_SOURCE_PARTITIONS": {float64(e.Partitions), nan},
	}
	if e.HasLag {
		all["LAG"] = [2]float64{e.Lag, nan}
	}
	return all
}

func (d *dump) sample(s *scaling.Sample) {
	at := nanos(s.At)
	d.add("%s", at)
	vertices := slices.Clone(s.Vertices)
	slices.SortFunc(vertices, func(a, b scaling.VertexSample) int { return strings.Compare(string(a.Vertex), string(b.Vertex)) })
	for i := range vertices {
		values := map[string]float64{}
		for m, x := range vertices[i].All() {
			if m <= scaling.ObservedTPR { // the others are Sluice's own
				values[m.String()] = x
			}
		}
		d.values(fmt.Sprintf("%s/%s", at, vertices[i].Vertex), values)
	}
	values := map[string]float64{}
	for m, x := range s.Global.All() {
		values[m.String()] = x
	}
	d.values(at+"/global", values)
}

func (d *dump) values(path string, values map[string]float64) {
	d.add("%s", path)
	for _, name := range sorted(values) {
		d.add("%s/%s=%s", path, name, bits(values[name]))
	}
}

// bits are those of a double, with one NaN.
func bits(x float64) string {
	if math.IsNaN(x) {
		return "7ff8000000000000"
	}
	return strconv.FormatUint(math.Float64bits(x), 16)
}

func nanos(t time.Time) string { return fmt.Sprintf("%d.%d", t.Unix(), t.Nanosecond()) }

func took(r scaling.RestartRecord) string {
	if !r.Known {
		return "none"
	}
	return nanos(time.Unix(0, int64(r.Duration)))
}

func hexed(s string) string { return "x" + hex.EncodeToString([]byte(s)) }
