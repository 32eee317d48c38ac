package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Config says how to advise.
type Config struct {
	// Slots are those that a job can have at a time; 0 takes as many as were seen
	// in use at one time, or ClusterSlots where the job never waited for one.
	Slots int
	// ClusterSlots are those of the cluster; 0 if they are not known.
	ClusterSlots int
	// Prefer says what to save; Balanced if empty.
	Prefer Preference
}

// ErrNoRuns says that there is nothing to advise on.
var ErrNoRuns = errors.New("no runs")

// mostSearched is how many of the newest runs a configuration is tried on.
const mostSearched = 5

// Advise advises on the runs of one job, oldest first. It fails if there are none,
// if a configuration is one that Flink refuses, and when ctx ends.
func Advise(ctx context.Context, runs []Run, c Config) (Advice, error) {
	if len(runs) == 0 {
		return Advice{}, ErrNoRuns
	}
	newest := &runs[len(runs)-1]
	whole := finished(runs)
	if len(whole) > 0 {
		newest = &whole[len(whole)-1]
	}
	s, err := shapeOf(newest)
	if err != nil {
		return Advice{}, fmt.Errorf("job %q, run %s: %w", newest.Name, newest.ID, err)
	}
	a := Advice{Name: newest.Name, Release: releaseName(newest), Prefer: c.Prefer, Verdict: Unknown, Proposed: []Setting{}}
	if a.Prefer == "" {
		a.Prefer = Balanced
	}
	for i := range runs {
		a.Runs = append(a.Runs, summary(&runs[i]))
	}
	a.Slots, a.SlotsFrom = slotsOf(runs, c)
	a.Present = presentSettings(s)
	a.Vertices = vertexLines(s)
	a.Notes = append(notes(s), s.run.unmodelled()...)
	if a.SlotsFrom == slotsSeen {
		a.Notes = append(a.Notes, "how many slots the job could have had is not known here, and more than were in use are not counted on: --slots says how many")
	}
	a.Tuning = tuning(s)
	if len(whole) == 0 {
		a.Reason = "no run has finished yet, and only finished ones can be compared"
		return a, nil
	}
	return a, a.search(ctx, whole, s, c.ClusterSlots)
}

// finished are the runs that ran to their end with tasks to learn from.
func finished(runs []Run) []Run {
	var whole []Run
	for _, r := range runs {
		bare := slices.ContainsFunc(r.Vertices, func(v Vertex) bool { return len(v.Tasks) == 0 })
		if r.Whole() && !bare && r.SlotTime() > 0 {
			whole = append(whole, r)
		}
	}
	return whole
}

// search fits the model, looks for the best configuration and says what it would
// change.
func (a *Advice) search(ctx context.Context, whole []Run, newest *shape, clusterSlots int) error {
	model := newStages(whole, a.Slots, clusterSlots)
	a.price(model)
	fit := fitOf(model, whole)
	a.Fit = &fit
	search := searcher{model: model, present: newest.present, prefer: a.Prefer}
	for i := max(0, len(whole)-mostSearched); i < len(whole); i++ {
		s, err := shapeOf(&whole[i])
		if err != nil {
			return fmt.Errorf("job %q, run %s: %w", a.Name, whole[i].ID, err)
		}
		search.shapes = append(search.shapes, s)
	}
	if err := search.baseline(); err != nil {
		return fmt.Errorf("job %q: %w", a.Name, err)
	}
	best, any, err := search.best(ctx)
	if err != nil {
		return fmt.Errorf("job %q: %w", a.Name, err)
	}
	gain, doubt := 0.0, a.doubt(fit)
	if any {
		gain = search.gain(best.effect)
	}
	switch same := best.options == newest.present && newest.decided; {
	case !any || same || gain <= doubt:
		a.keep(search.base, gain, doubt, fit)
	case search.saving(best.effect) < leastSaving:
		a.keep(search.base, gain, doubt, fit)
		a.Reason = "the best configuration would save less than a second of run time and of slots"
	default:
		err = a.change(model, newest, search.base, best)
	}
	a.Fit.certain(a.Predicted)
	return err
}

// gain is by how much a configuration is better than the present one: the least
// that the runs allow for, in logarithms of the objective.
func (s *searcher) gain(e effect) float64 {
	least := math.Inf(1)
	for _, l := range leans {
		least = min(least, s.base.objective(s.prefer, l)-e.objective(s.prefer, l))
	}
	return least
}

// leastSaving is what a change must save, in seconds.
const leastSaving = 1

// saving is what a configuration saves of a run, in seconds of run time or of slots,
// whichever is more.
func (s *searcher) saving(e effect) float64 {
	saved := func(now, then [len(leans)]float64) float64 { return math.Exp(now[likely]) - math.Exp(then[likely]) }
	return max(saved(s.base.wall, e.wall), saved(s.base.slots, e.slots))
}

// doubt is how far the objective may be off.
func (a *Advice) doubt(f Fit) float64 {
	wall, slots := a.Prefer.weights()
	return wall*math.Log1p(f.TimeError) + slots*math.Log1p(f.SlotError)
}

func (a *Advice) keep(base effect, gain, doubt float64, f Fit) {
	a.Verdict = Keep
	a.Predicted = prediction(base, base, base, f)
	a.Reason = fmt.Sprintf("no configuration is better by more than the model errs (%.0f %%)", 100*math.Expm1(doubt))
	if gain > 0 {
		a.Reason = fmt.Sprintf("the best configuration would be better by %.0f %%, and the model errs by %.0f %%", 100*-math.Expm1(-gain), 100*math.Expm1(doubt))
	}
}

func (a *Advice) change(m stages, newest *shape, base effect, best found) error {
	d, err := newest.derive(best.options)
	if err != nil {
		return fmt.Errorf("job %q: %w", a.Name, err)
	}
	a.Verdict = Change
	a.Predicted = prediction(base, best.effect, best.lumpy, *a.Fit)
	a.Proposed = scoped(proposals(newest, best.options))
	a.Notes = append(a.Notes, schedulerNotes(a.Proposed)...)
	a.Tuning = slices.DeleteFunc(a.Tuning, func(s Setting) bool { return s.Key == KeyMax }) // the search knows better
	p := m.under(newest, d, likely)
	for i := range a.Vertices {
		v := &a.Vertices[i]
		v.Advised, v.ThenStart, v.ThenEnd = d.parallelism[i], p.begin[i], p.end[i]
	}
	a.Reason = fmt.Sprintf("run time %s, slot-seconds %s", percent(a.Predicted.Seconds), percent(a.Predicted.SlotSeconds))
	return nil
}

func percent(c Figure) string {
	if c.Now <= 0 {
		return "unchanged"
	}
	p := 100 * (c.Then/c.Now - 1)
	if math.Abs(p) < 0.5 {
		return "unchanged"
	}
	return fmt.Sprintf("%+.0f %%", p)
}

// prediction turns logarithms into seconds. What lumps make of it is within the range:
// how the bytes of a task divide among more of them is not known.
func prediction(base, then, lumpy effect, f Fit) *Prediction {
	figure := func(now, then, lumpy [len(leans)]float64, doubt float64) Figure {
		ends := append(then[:], lumpy[:]...)
		return Figure{
			Now: math.Exp(now[likely]), Then: math.Exp(then[likely]),
			Least: math.Exp(slices.Min(ends)) / (1 + doubt), Most: math.Exp(slices.Max(ends)) * (1 + doubt),
		}
	}
	return &Prediction{
		Seconds:     figure(base.wall, then.wall, lumpy.wall, f.TimeError),
		SlotSeconds: figure(base.slots, then.slots, lumpy.slots, f.SlotError),
	}
}

// leastError is the error that is assumed of a model which knows one run.
const leastError = 0.1

func fitOf(m stages, runs []Run) Fit {
	f := Fit{Runs: len(runs), TaskResidual: typical(m.costs)}
	for _, c := range m.costs {
		f.Tasks += c.tasks
	}
	var wall, slots float64
	for i := range runs {
		p := m.again(&runs[i])
		w := logOf(p.wall) - logOf(runs[i].Duration.Seconds())
		t := logOf(p.slotTime) - logOf(runs[i].SlotTime().Seconds())
		wall, slots = wall+w*w, slots+t*t
	}
	n := float64(len(runs))
	floor := leastError / math.Sqrt(n)
	f.TimeError = max(floor, math.Expm1(math.Sqrt(wall/n)))
	f.SlotError = max(floor, math.Expm1(math.Sqrt(slots/n)))
	return f
}

// certain puts into a word how far apart the ends of the prediction are, and from
// how many runs it comes.
func (f *Fit) certain(p *Prediction) {
	wide := 1.0
	for _, figure := range []Figure{p.Seconds, p.SlotSeconds} {
		if figure.Least > 0 {
			wide = max(wide, figure.Most/figure.Least)
		}
	}
	switch {
	case wide <= 1.35 && f.Runs >= 3:
		f.Certainty = "high"
	case wide <= 2:
		f.Certainty = "medium"
	default:
		f.Certainty = "low"
	}
}

// price puts the costs into the lines of the vertices.
func (a *Advice) price(m stages) {
	for i := range a.Vertices {
		if c, known := m.costs[a.Vertices[i].ID]; known {
			a.Vertices[i].TaskSeconds, a.Vertices[i].MiBSeconds = c.fixed, c.perMiB()
		}
	}
}

// slotsSeen is where a number of slots comes from that may be too small.
const slotsSeen = "as many as were seen in use at a time"

// slotsOf is how many slots the job can have. A job with more tasks than ran at a
// time waited for slots: there were no more.
func slotsOf(runs []Run, c Config) (slots int, from string) {
	if c.Slots > 0 {
		return c.Slots, "given"
	}
	most := 1
	for i := range runs {
		most = max(most, runs[i].most())
	}
	waited := slices.ContainsFunc(runs, func(r Run) bool { return r.waited(most) })
	switch {
	case !waited && c.ClusterSlots >= most:
		return c.ClusterSlots, "the cluster's"
	case waited:
		return most, "as many as the job's tasks filled at a time"
	}
	return most, slotsSeen
}
