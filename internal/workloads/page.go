package workloads

import (
	"fmt"
	"math"
	"strings"
)

// Steps is a run of one query from one parallelism on.
type Steps struct {
	Query *Query
	Start int
	Steps []int
	End   int
}

// counted is the number of steps as DS2 counts: to stay is one too.
func counted(steps []int) int { return max(1, len(steps)) }

func meanSteps(runs []Steps) float64 {
	sum := 0
	for _, r := range runs {
		sum += counted(r.Steps)
	}
	return float64(sum) / float64(len(runs))
}

func arrows(steps []int) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = fmt.Sprint(s)
	}
	return strings.Join(words, " → ")
}

// orStays are the steps, or the parallelism that was kept.
func orStays(r Steps) string {
	if len(r.Steps) == 0 {
		return fmt.Sprint(r.Start)
	}
	return arrows(r.Steps)
}

// table has a row for each start and a column for each query.
func table(runs []Steps, cell func(Steps) string) string {
	var b strings.Builder
	b.WriteString("| start |")
	for i := range nexmark {
		fmt.Fprintf(&b, " %s |", nexmark[i].Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(nexmark)) + "\n")
	for _, start := range starts {
		fmt.Fprintf(&b, "| %d |", start)
		for _, r := range runs {
			if r.Start == start {
				fmt.Fprintf(&b, " %s |", cell(r))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// stepsTable shows ours and, in brackets, those of DS2.
func stepsTable(runs []Steps) string {
	return table(runs, func(r Steps) string {
		return fmt.Sprintf("%s (%s)", orStays(r), arrows(r.Query.Steps[r.Start]))
	})
}

// boundsTable says what the default options aim at.
func boundsTable(runs []Steps, s Settings) string {
	var b strings.Builder
	b.WriteString(table(runs, orStays))
	b.WriteString("| *optimum / 0.7* |")
	for i := range nexmark {
		q := &nexmark[i]
		n, aligned := fit(capacities(q.Rate(), q.Optimum(), room), q.Rate(), s.Target), q.most(s)
		fmt.Fprintf(&b, " *%d", n)
		if aligned != n {
			fmt.Fprintf(&b, ", so %d", aligned)
		}
		b.WriteString("* |")
	}
	b.WriteByte('\n')
	return b.String()
}

// most is the highest parallelism that a query may be given from below: what fits,
// aligned to key groups where that counts, within the slots.
func (q *Query) most(s Settings) int {
	n := fit(capacities(q.Rate(), q.Optimum(), room), q.Rate(), s.Target)
	if q.Keyed && s.Aligned {
		n = balanced(n)
	}
	return min(n, slotsOfDS2)
}

// balanced is the next parallelism that divides the key groups, or at which a subtask
// has fewer of them.
func balanced(n int) int {
	for p := n; p <= slotsOfDS2; p++ {
		if keyGroups%p == 0 || keyGroups/p < keyGroups/n {
			return p
		}
	}
	return n
}

// Count is a word count, from the rescales on.
type Count struct {
	Settings string
	Rescales []Rescale
}

func countTable(runs []Count) string {
	var b strings.Builder
	b.WriteString("| | FlatMap / Count, after so much time |\n|---|---|\n")
	for _, r := range runs {
		var words []string
		for i, c := range r.Rescales {
			if i == 0 {
				words = append(words, fmt.Sprintf("%d / %d", c.From[flatMap], c.From[count]))
			}
			words = append(words, fmt.Sprintf("%d / %d (%s)", c.To[flatMap], c.To[count], c.At))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", r.Settings, strings.Join(words, " → "))
	}
	return b.String()
}

// Row is what a policy came to, in several runs, or what was published of one.
type Row struct {
	Name string
	Runs []Figures
}

func (p Published) row(name string) Row {
	most := p.Figures
	most.Lag = p.LagTo
	return Row{name, []Figures{p.Figures, most}}
}

// figuresTable shows rows, each figure from the least to the most of its runs.
func figuresTable(rows []Row) string {
	var b strings.Builder
	b.WriteString("| | TaskManager-hours | rescales | later than 5 s | p99 lag, thousand records |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s %% | %s |\n", r.Name,
			span(r.Runs, 0, func(f Figures) float64 { return f.TaskManagerHours }),
			span(r.Runs, 0, func(f Figures) float64 { return float64(f.Rescales) }),
			span(r.Runs, 2, func(f Figures) float64 { return 100 * f.Late }),
			span(r.Runs, 0, func(f Figures) float64 { return f.Lag / 1000 }))
	}
	return b.String()
}

// span is a figure of several runs in so many decimals.
func span(runs []Figures, decimals int, of func(Figures) float64) string {
	least, most := math.Inf(1), math.Inf(-1)
	for _, f := range runs {
		least, most = min(least, of(f)), max(most, of(f))
	}
	from, to := fmt.Sprintf("%.*f", decimals, least), fmt.Sprintf("%.*f", decimals, most)
	if from == to {
		return from
	}
	return from + " to " + to
}
