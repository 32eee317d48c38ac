package scaling

import (
	"math"
	"slices"
	"testing"
)

func TestConfinementAtTheEdges(t *testing.T) {
	custom := func(mode AlignmentMode) func(*Config) {
		return func(c *Config) { c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: mode} }
	}
	hashed := func(v *Vertex) { v.Inputs = []Edge{{From: v.ID, Ship: ShipHash}} }
	tests := []struct {
		name     string
		from, to []int
		most     int
		config   func(*Config)
		vertex   func(*Vertex)
		want     []int
		share    float64
	}{
		{"the least share counts, whichever vertex has it", []int{2, 6}, []int{8, 8}, 10, nil, nil, []int{4, 6}, 0.5},
		{"a part of a subtask is a whole one", []int{1, 1}, []int{3, 5}, 4, nil, nil, []int{2, 2}, 0.4},
		{"what has no key groups is not aligned", []int{4}, []int{64}, 41, nil, nil, []int{41}, 41.0 / 64},
		{"nor what a custom mode does not apply to", []int{4}, []int{64}, 41, custom(alignTo(10)), nil, []int{41}, 41.0 / 64},
		{"a custom mode enlarges none that has its share", []int{14, 5}, []int{20, 30}, 44, custom(toTens{}), nil, []int{14, 30}, 0.7},
		{"and makes none smaller than it is", []int{4}, []int{64}, 41, custom(alignTo(2)), hashed, []int{64}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			if tt.config != nil {
				tt.config(&c)
			}
			in, out := grown(&c, tt.from, tt.to, tt.vertex)
			got := out.Confine(in, atMost(tt.most), 99, 7)
			if !slices.Equal(tos(&out.Decision), tt.want) || got.Worth != (tt.share > 0) || (got.Worth && !(math.Abs(got.Share-tt.share) <= 1e-9)) {
				t.Errorf("got %v with %+v, want %v with share %v", tos(&out.Decision), got, tt.want, tt.share)
			}
		})
	}
}
