package batch

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAVolumeIsCutAsItLay(t *testing.T) {
	for name, c := range map[string]struct {
		read          []float64
		before, after int
		total         float64
		want          []int64
	}{
		"nothing read yet":                  {nil, 8, 4, 40, []int64{10, 10, 10, 10}},
		"even, finer":                       {[]float64{100, 100}, 8, 4, 200, []int64{50, 50, 50, 50}},
		"even, scaled to another day":       {[]float64{100, 100}, 8, 4, 400, []int64{100, 100, 100, 100}},
		"a hot task is one subpartition":    {[]float64{20, 1000, 20, 20}, 7, 7, 1060, []int64{10, 10, 1000, 10, 10, 10, 10}},
		"a hot key stays whole when halved": {[]float64{20, 1000, 20, 20}, 7, 2, 1060, []int64{1025, 35}},
		"one task tells of no lump":         {[]float64{300}, 128, 3, 300, []int64{100, 100, 100}},
	} {
		got := volumeOf(c.read, c.before).cut(c.after, c.total)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCuttingAVolumeLosesNoByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		read := rapid.SliceOfN(rapid.Float64Range(0, 1e12), 0, 40).Draw(t, "read")
		subpartitions := rapid.IntRange(1, 200).Draw(t, "subpartitions")
		total := math.Round(rapid.Float64Range(0, 1e13).Draw(t, "total"))
		v := volumeOf(read, rapid.IntRange(1, 200).Draw(t, "before"))
		if rapid.Bool().Draw(t, "lumps") {
			v = lumpsOf(read)
		}
		parts := v.cut(subpartitions, total)
		sum := 0.0
		for _, p := range parts {
			if p < 0 {
				t.Fatalf("a negative part in %v", parts)
			}
			sum += float64(p)
		}
		if len(parts) != subpartitions || math.Abs(sum-total) > float64(len(read)+1)+total*1e-9 {
			t.Fatalf("%d parts of %.0f in all, want %d of %.0f", len(parts), sum, subpartitions, total)
		}
	})
}
