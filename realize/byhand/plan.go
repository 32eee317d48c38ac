package byhand

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/sluice-project/sluice/flink"
)

// Wish is what a person wants of one vertex, or of all.
type Wish struct {
	// Vertex is its id, the beginning of it, its name or a part of that; all or * is
	// every vertex that no other wish names.
	Vertex string
	// Lower is 0 where the lower bound is to stay; Upper is at least 1.
	Lower, Upper int
}

// String is the wish as a command line has it.
func (w Wish) String() string {
	if w.Lower == 0 {
		return fmt.Sprintf("%s=%d", w.Vertex, w.Upper)
	}
	return fmt.Sprintf("%s=%d:%d", w.Vertex, w.Lower, w.Upper)
}

// all tells whether every vertex is meant.
func (w Wish) all() bool { return w.Vertex == "all" || w.Vertex == "*" }

// ParseWishes reads wishes as a command line has them: VERTEX=UPPER or
// VERTEX=LOWER:UPPER.
func ParseWishes(args []string) ([]Wish, error) {
	wishes := make([]Wish, len(args))
	for i, arg := range args {
		at := strings.LastIndexByte(arg, '=') // a name may hold one
		if at <= 0 {
			return nil, fmt.Errorf("%q: want VERTEX=UPPER or VERTEX=LOWER:UPPER, such as work=4", arg)
		}
		w := Wish{Vertex: arg[:at]}
		lower, upper, both := strings.Cut(arg[at+1:], ":")
		if !both {
			lower, upper = "", lower
		}
		var err error
		if w.Upper, err = parallelism(upper); err == nil && both {
			w.Lower, err = parallelism(lower)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q: %w", arg, err)
		case w.Lower > w.Upper:
			return nil, fmt.Errorf("%q: the lower bound %d is above the upper bound %d; want %s=%d:%d", arg, w.Lower, w.Upper, w.Vertex, w.Upper, w.Lower)
		}
		wishes[i] = w
	}
	return wishes, nil
}

func parallelism(text string) (int, error) {
	// 32768 is the largest maximum parallelism that Flink has.
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1<<15 {
		return 0, fmt.Errorf("a bound is %q; want a whole number from 1 to %d", text, 1<<15)
	}
	return n, nil
}

// FindJob finds the one that is meant: an id goes before a name, a name before
// the beginning of an id, and a job that runs before those that have ended.
func FindJob(jobs []flink.JobSummary, name string) (flink.JobSummary, error) {
	for _, fits := range []func(flink.JobSummary) bool{
		func(j flink.JobSummary) bool { return strings.EqualFold(string(j.ID), name) },
		func(j flink.JobSummary) bool { return j.Name == name },
		func(j flink.JobSummary) bool { return strings.HasPrefix(string(j.ID), strings.ToLower(name)) },
	} {
		var alive, ended []flink.JobSummary
		for _, j := range jobs {
			switch {
			case !fits(j):
			case j.State.Terminal():
				ended = append(ended, j)
			default:
				alive = append(alive, j)
			}
		}
		switch {
		case len(alive) == 1:
			return alive[0], nil
		case len(alive) > 1:
			return flink.JobSummary{}, fmt.Errorf("%q is more than one job: %s; give the id", name, jobTexts(alive))
		case len(ended) > 0:
			newest := slices.MaxFunc(ended, func(a, b flink.JobSummary) int { return int(a.EndTime.Time().Compare(b.EndTime.Time())) })
			return flink.JobSummary{}, fmt.Errorf("%s has ended (%s): only a job that runs can be rescaled", jobText(newest), newest.State)
		}
	}
	running := slices.DeleteFunc(slices.Clone(jobs), func(j flink.JobSummary) bool { return j.State.Terminal() })
	if len(running) == 0 {
		return flink.JobSummary{}, fmt.Errorf("no job has the id or name %q; none runs there", name)
	}
	return flink.JobSummary{}, fmt.Errorf("no job has the id or name %q; there are %s", name, jobTexts(running))
}

func jobText(j flink.JobSummary) string { return fmt.Sprintf("job %q (%s)", j.Name, j.ID) }

// jobTexts names the first few.
func jobTexts(jobs []flink.JobSummary) string {
	const most = 10
	slices.SortFunc(jobs, func(a, b flink.JobSummary) int { return strings.Compare(a.Name+string(a.ID), b.Name+string(b.ID)) })
	var texts []string
	for _, j := range jobs[:min(most, len(jobs))] {
		texts = append(texts, fmt.Sprintf("%q (%s)", j.Name, j.ID))
	}
	if more := len(jobs) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

// Plan is what was asked for and what became of it.
type Plan struct {
	Cluster  string      `json:"cluster"`
	Job      flink.JobID `json:"job"`
	Name     string      `json:"name"`
	Vertices []Vertex    `json:"vertices"`
	// Changed says that a bound is to be another, Applied that Flink has taken it.
	Changed bool `json:"changed"`
	Applied bool `json:"applied"`

	wanted flink.ResourceRequirements
}

// Vertex is one vertex of a job and its bounds.
type Vertex struct {
	ID             flink.VertexID `json:"id"`
	Name           string         `json:"name"`
	Parallelism    int            `json:"parallelism"`
	MaxParallelism int            `json:"maxParallelism"`
	Before         Bounds         `json:"before"`
	After          Bounds         `json:"after"`

	// named says that the command line names it.
	named, finished bool
}

// Bounds are the lower and upper bound of a vertex's parallelism.
type Bounds struct {
	Lower int `json:"lower"`
	Upper int `json:"upper"`
}

func (b Bounds) String() string { return fmt.Sprintf("%d:%d", b.Lower, b.Upper) }

// newPlan works out the bounds of every vertex, all of which a PUT has to name.
func newPlan(cluster string, d *flink.JobDetails, before flink.ResourceRequirements, wishes []Wish) (*Plan, error) {
	p := &Plan{Cluster: cluster, Job: d.ID, Name: d.Name, wanted: maps.Clone(before)}
	for _, v := range d.Vertices {
		r, known := before[v.ID]
		if !known {
			continue
		}
		b := Bounds{r.Parallelism.Lower, r.Parallelism.Upper}
		p.Vertices = append(p.Vertices, Vertex{
			ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism,
			Before: b, After: b, finished: v.Status == string(flink.JobFinished),
		})
	}
	if err := p.grant(wishes); err != nil {
		return nil, fmt.Errorf("%s: %w", jobText(flink.JobSummary{ID: d.ID, Name: d.Name}), err)
	}
	for _, v := range p.Vertices {
		p.wanted[v.ID] = flink.Require(v.After.Lower, v.After.Upper)
		p.Changed = p.Changed || v.After != v.Before
	}
	return p, nil
}

// grant carries the wishes out, those for all vertices first.
func (p *Plan) grant(wishes []Wish) error {
	by := make([]*Wish, len(p.Vertices))
	for i := range wishes {
		if wishes[i].all() {
			for v := range by {
				by[v] = &wishes[i]
			}
		}
	}
	for i := range wishes {
		w := &wishes[i]
		if w.all() {
			continue
		}
		v, err := p.find(w.Vertex)
		if err != nil {
			return err
		}
		if before := by[v]; before != nil && !before.all() {
			return fmt.Errorf("%q and %q are the same vertex %q: give one of them", before.String(), w.String(), p.Vertices[v].Name)
		}
		by[v] = w
	}
	var faults []error
	for v, w := range by {
		if w != nil {
			faults = append(faults, p.Vertices[v].grant(w))
		}
	}
	return oneLine(errors.Join(faults...))
}

// oneLine puts several faults into one line.
func oneLine(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (v *Vertex) grant(w *Wish) error {
	lower := w.Lower
	if lower == 0 {
		lower = max(1, v.After.Lower)
	}
	switch {
	case w.Upper > v.MaxParallelism && v.MaxParallelism > 0:
		return fmt.Errorf("%d is above the maximum parallelism %d of vertex %q; want at most that", w.Upper, v.MaxParallelism, v.Name)
	case lower > w.Upper:
		return fmt.Errorf("vertex %q has the lower bound %d, above %d: to lower it too, give both, as in %s=%d:%d", v.Name, lower, w.Upper, w.Vertex, w.Upper, w.Upper)
	}
	v.After, v.named = Bounds{lower, w.Upper}, true
	return nil
}

// find finds a vertex: an id goes before a name, and a name before a part of
// either.
func (p *Plan) find(name string) (int, error) {
	for _, fits := range []func(Vertex) bool{
		func(v Vertex) bool { return strings.EqualFold(string(v.ID), name) },
		func(v Vertex) bool { return v.Name == name },
		func(v Vertex) bool {
			return strings.HasPrefix(string(v.ID), strings.ToLower(name)) || strings.Contains(strings.ToLower(v.Name), strings.ToLower(name))
		},
	} {
		var found []int
		for i, v := range p.Vertices {
			if fits(v) {
				found = append(found, i)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return 0, fmt.Errorf("%q is more than one vertex: %s; give more of the name, or the id", name, p.names(found))
		}
	}
	every := make([]int, len(p.Vertices))
	for i := range every {
		every[i] = i
	}
	return 0, fmt.Errorf("no vertex has the id or name %q; there are %s", name, p.names(every))
}

func (p *Plan) names(which []int) string {
	texts := make([]string, len(which))
	for i, v := range which {
		texts[i] = fmt.Sprintf("%q (%s)", p.Vertices[v].Name, p.Vertices[v].ID)
	}
	return strings.Join(texts, ", ")
}

// Table shows before and after.
func (p *Plan) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s\n", jobText(flink.JobSummary{ID: p.Job, Name: p.Name}), p.Cluster)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERTEX\tID\tRUNS AT\tMAX\tBOUNDS")
	for _, v := range p.Vertices {
		change := v.Before.String()
		if v.After != v.Before {
			change += " -> " + v.After.String()
		}
		fmt.Fprintf(w, "%s\t%.8s\t%d\t%d\t%s\n", v.Name, v.ID, v.Parallelism, v.MaxParallelism, change)
	}
	_ = w.Flush() // into memory: it cannot fail
	return b.String()
}
