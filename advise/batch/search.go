package batch

import (
	"context"
	"math"
	"slices"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
)

// Preference says what a good configuration saves.
type Preference string

// The preferences.
const (
	// Balanced makes run time × slot-seconds small.
	Balanced Preference = "balanced"
	// Time makes the run time small, and looks at slot-seconds where it hardly
	// differs.
	Time Preference = "time"
	// Slots makes the slot-seconds small, and looks at the run time where they
	// hardly differ.
	Slots Preference = "slots"
)

// weights are the parts that the logarithms of run time and slot-seconds have in
// the objective; they add up to 1.
func (p Preference) weights() (wall, slots float64) {
	switch p {
	case Time:
		return 0.9, 0.1
	case Slots:
		return 0.1, 0.9
	}
	return 0.5, 0.5
}

// bounds are how many times as long the run and as large the slot-seconds may
// get: what is not preferred must not pay any price.
func (p Preference) bounds() (wall, slots float64) {
	switch p {
	case Time:
		return 1, 2
	case Slots:
		return 2, 1
	}
	return 1.25, 1.25
}

// effect is what a configuration does to the runs of a job: logarithms of run
// time and slot-seconds, mean over the runs, by lean; and the largest parallelism
// that it gives to a vertex.
type effect struct {
	wall, slots [len(leans)]float64
	largest     int
}

// objective is what the search makes small.
func (e effect) objective(p Preference, l lean) float64 {
	wall, slots := p.weights()
	return wall*e.wall[l] + slots*e.slots[l]
}

// searcher looks for the best configuration of one job.
type searcher struct {
	model   stages
	shapes  []*shape
	present scheduler.Options
	prefer  Preference
	// base is the effect of the present configuration.
	base effect
}

// baseline is the effect of the present configuration. A run that had it is
// played as it was, another one as the scheduler would have decided. Where the
// newest run was not decided at all, neither are the others.
func (s *searcher) baseline() error {
	decided := s.shapes[len(s.shapes)-1].decided
	var all []effect
	for _, shape := range s.shapes {
		d := shape.asRun()
		if decided && (!shape.decided || shape.present != s.present) {
			var err error
			if d, err = shape.derive(s.present); err != nil {
				return err
			}
		}
		all = append(all, s.play(shape, d, leans[:]))
	}
	s.base = meanOf(all)
	return nil
}

// asRun is what a run had.
func (s *shape) asRun() derived {
	d := derived{}
	for i := range s.run.Vertices {
		v := &s.run.Vertices[i]
		read := make([]int64, 0, len(v.Tasks))
		for _, t := range v.Tasks {
			read = append(read, t.ReadBytes)
		}
		d.parallelism = append(d.parallelism, len(v.Tasks))
		d.read = append(d.read, read)
	}
	return d
}

func (s *searcher) play(shape *shape, d derived, which []lean) effect {
	e := effect{largest: slices.Max(d.parallelism)}
	for _, l := range which {
		p := s.model.under(shape, d, l)
		e.wall[l], e.slots[l] = logOf(p.wall), logOf(p.slotTime)
	}
	return e
}

// logOf keeps a run that takes no time finite.
func logOf(seconds float64) float64 { return math.Log(max(seconds, 1e-3)) }

func meanOf(all []effect) effect {
	var sum effect
	n := float64(len(all))
	for _, e := range all {
		sum.largest = max(sum.largest, e.largest)
		for _, l := range leans {
			sum.wall[l] += e.wall[l] / n
			sum.slots[l] += e.slots[l] / n
		}
	}
	return sum
}

// under is the effect of a configuration on all runs, for some leans.
func (s *searcher) under(o scheduler.Options, which []lean) (effect, error) {
	all := make([]effect, 0, len(s.shapes))
	for _, shape := range s.shapes {
		d, err := shape.derive(o)
		if err != nil {
			return effect{}, err
		}
		all = append(all, s.play(shape, d, which))
	}
	return meanOf(all), nil
}

// found is the best configuration and its effect; lumpy is that where what each
// task read is one lump.
type found struct {
	options       scheduler.Options
	effect, lumpy effect
}

// same is how little two objectives differ that are taken for one.
const same = 0.01

// best searches the configurations: the largest parallelism and the volume
// together, the parallelism of sources, then the first two again. It returns
// false if none is within the bounds of the preference. It ends with ctx.
func (s *searcher) best(ctx context.Context) (found, bool, error) {
	var all []found
	from := s.present
	tried := map[scheduler.Options]bool{}
	for _, candidates := range []func(scheduler.Options) []scheduler.Options{s.grid, s.sources, s.grid, s.sources} {
		for _, o := range candidates(from) {
			if err := ctx.Err(); err != nil {
				return found{}, false, err
			}
			if tried[o] || o.Check() != nil {
				continue
			}
			tried[o] = true
			e, err := s.under(o, []lean{likely})
			if err != nil {
				return found{}, false, err
			}
			if c := (found{options: o, effect: e}); s.allowed(e) && s.needed(c) {
				all = append(all, c)
			}
		}
		if len(all) > 0 {
			from = s.pick(all).options
		}
	}
	if len(all) == 0 {
		return found{}, false, nil
	}
	best, err := s.whole(from)
	return best, true, err
}

// whole is a configuration with all that is to be known of its effect.
func (s *searcher) whole(o scheduler.Options) (found, error) {
	e, err := s.under(o, leans[:])
	if err != nil {
		return found{}, err
	}
	lumpy := *s
	lumpy.shapes = make([]*shape, 0, len(s.shapes))
	for _, shape := range s.shapes {
		lumpy.shapes = append(lumpy.shapes, shape.lumpy())
	}
	l, err := lumpy.under(o, leans[:])
	return found{options: o, effect: e, lumpy: l}, err
}

// needed says that a larger bound is there for larger parallelisms: what it does
// to how subpartitions are put together is no reason to raise it.
func (s *searcher) needed(c found) bool {
	return c.options.MaxParallelism <= s.present.MaxParallelism || c.effect.largest > s.present.MaxParallelism
}

func (s *searcher) allowed(e effect) bool {
	wall, slots := s.prefer.bounds()
	const rounding = 1e-9
	return e.wall[likely] <= s.base.wall[likely]+math.Log(wall)+rounding &&
		e.slots[likely] <= s.base.slots[likely]+math.Log(slots)+rounding
}

// pick is the best of some configurations: of those that are as good as the one of
// the smallest objective that with the fewest changes.
func (s *searcher) pick(all []found) found {
	least := math.Inf(1)
	for _, c := range all {
		least = min(least, c.effect.objective(s.prefer, likely))
	}
	var best *found
	for i := range all {
		c := &all[i]
		if c.effect.objective(s.prefer, likely) <= least+same && (best == nil || s.plainer(*c, *best)) {
			best = c
		}
	}
	return *best
}

// plainer says which of two configurations that are as good as one another is taken.
func (s *searcher) plainer(a, b found) bool {
	if n, m := s.changes(a.options), s.changes(b.options); n != m {
		return n < m
	}
	if n, m := a.options.MaxParallelism, b.options.MaxParallelism; n != m {
		return n < m // each producer writes as many subpartitions
	}
	if n, m := a.options.AverageVolume, b.options.AverageVolume; n != m {
		return n > m // what it says is then near to what a task reads
	}
	return a.effect.objective(s.prefer, likely) < b.effect.objective(s.prefer, likely)-1e-9
}

// changes weighs what differs from the present: a volume follows the data, so it
// is changed rather than a bound.
func (s *searcher) changes(o scheduler.Options) int {
	n := 0
	if o.AverageVolume != s.present.AverageVolume {
		n += 2
	}
	if o.MaxParallelism != s.present.MaxParallelism {
		n += 3
	}
	if o.DefaultSourceParallelism != s.present.DefaultSourceParallelism {
		n += 3
	}
	if o.MinParallelism != s.present.MinParallelism {
		n += 3
	}
	return n
}
