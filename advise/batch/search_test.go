package batch

import (
	"testing"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestOfLikeConfigurationsThePlainestIsTaken(t *testing.T) {
	s := &searcher{prefer: Balanced}
	s.present.AverageVolume, s.present.MaxParallelism = 16, 128
	one := func(volume int64, most int, objective float64) found {
		c := found{options: s.present}
		c.options.AverageVolume, c.options.MaxParallelism = volume, most
		c.effect.wall[likely], c.effect.slots[likely] = objective, objective
		return c
	}
	for name, c := range map[string]struct {
		all  []found
		want int
	}{
		"the best":                            {[]found{one(64, 128, 0), one(32, 128, -1), one(16, 128, 0)}, 1},
		"of like ones the present":            {[]found{one(64, 128, -0.005), one(16, 128, 0), one(16, 64, 0)}, 1},
		"a volume rather than a bound":        {[]found{one(16, 64, 0), one(64, 128, 0)}, 1},
		"of like volumes the largest":         {[]found{one(1, 128, 0), one(64, 128, 0.001), one(32, 128, -0.001)}, 1},
		"of like bounds the smaller":          {[]found{one(16, 64, 0), one(16, 32, 0)}, 1},
		"small steps do not add up":           {[]found{one(16, 128, 0), one(32, 128, -0.009), one(64, 128, -0.018)}, 2},
		"the best of those of the same words": {[]found{one(64, 128, 0), one(64, 128, -0.005)}, 1},
	} {
		for turn := range c.all { // in whatever order they are tried
			all := append(append([]found{}, c.all[turn:]...), c.all[:turn]...)
			if got := s.pick(all); got != c.all[c.want] {
				t.Errorf("%s: got %+v, want %+v", name, got, c.all[c.want])
			}
		}
	}
}

// A source reads no volume: that it has none is no reason to try the smallest.
func TestTheVolumesTriedAreThoseOfTheData(t *testing.T) {
	w := world{fixed: 0.1, perMiB: 0.1, sourceMiB: 4096, slots: 4}
	for name, c := range map[string]struct {
		world world
		least int64
	}{"much data": {w, 1 << 20}, "none": {world{fixed: 0.1, slots: 4}, 16 << 20}} {
		r := c.world.run(map[string]string{}, 4, 4)
		one, err := shapeOf(&r)
		if err != nil {
			t.Fatal(err)
		}
		s := searcher{model: newStages([]Run{r}, 4, 0), shapes: []*shape{one}, present: one.present}
		if got := s.volumes(one.present.AverageVolume); got[0] < c.least {
			t.Errorf("%s: the least of %d volumes is %s", name, len(got), memory(got[0]))
		}
	}
}

// Many volumes give a job that has more data than tasks the same tasks.
func TestTheVolumeIsThatOfTheTasks(t *testing.T) {
	options := map[string]string{KeyMax: "16", KeyVolume: "512 mb", KeySource: "16"}
	a := advise(t, Config{ClusterSlots: 16}, inTwin(t, slots.V2_3, shop(), options, 1)...)
	if a.Verdict != Change || len(a.Proposed) != 1 || a.Proposed[0].Key != KeyVolume {
		t.Fatalf("%s: %s: %s", a.Verdict, a.Reason, text(a.Proposed))
	}
	for _, v := range a.Vertices {
		if v.Name != "sum" {
			continue
		}
		r := inTwin(t, slots.V2_3, shop(), map[string]string{KeyMax: "16", KeyVolume: a.Proposed[0].Value, KeySource: "16"}, 1)[0]
		var volume int64
		for want := range int64(1 << 12) {
			if memory(want<<20) == a.Proposed[0].Value {
				volume = want << 20
			}
		}
		if volume*int64(v.Advised)*2 < v.ReadBytes || r.Vertices[3].Parallelism != v.Advised {
			t.Errorf("%s for %d tasks that read %s, and it has %d", a.Proposed[0].Value, v.Advised, amount(float64(v.ReadBytes)), r.Vertices[3].Parallelism)
		}
	}
}
