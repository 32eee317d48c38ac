package scaling

import (
	"iter"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// fixed is an estimator that knows the rates already.
type fixed []Rates

func (fixed) Name() string { return "fixed" }

func (f fixed) Estimate(Window, *Topology, *Config) ([]Rates, error) { return f, nil }

// wished is the parallelism of a vertex before the job's other vertices had
// their say.
func wished(v VertexDecision) int {
	if n := len(v.Guards); n > 0 && v.Guards[n-1].Rule == RuleUtilization {
		return v.Guards[n-1].Before
	}
	return v.To
}

func deciderOf(v Vertex, c *Config) *vertexDecider {
	return &vertexDecider{decider: &decider{c: c}, vertex: &v}
}

func shipped(hash bool) []Edge {
	if hash {
		return []Edge{{From: "u", Ship: ShipHash}}
	}
	return []Edge{{From: "u", Ship: ShipRebalance}}
}

// row is one row of a table; numbers that are not finite are text.
type row []any

func (r row) number(i int) float64 {
	if text, ok := r[i].(string); ok {
		return numeral(text)
	}
	return r[i].(float64)
}

func (r row) whole(i int) int { return int(r.number(i)) }

func (r row) text(i int) string { return strconv.Itoa(r.whole(i)) }

// table opens a table, for [rows].
func table(t *testing.T, name string) *vectortables.File {
	t.Helper()
	return vectortables.Open(t, "units/"+name+".json", filepath.Join("testdata", "recorded", name+".json.gz"))
}

func rows(f *vectortables.File) iter.Seq[row] { return vectortables.Rows[row](f) }

// randomCases opens a file of random cases, for its lines.
func randomCases(t *testing.T, name, copied string) *vectortables.File {
	t.Helper()
	return vectortables.Open(t, "functions/"+name, filepath.Join("testdata", "recorded", copied))
}

// scalars opens the file of random cases that are one line of fields each.
func scalars(t *testing.T) *vectortables.File {
	t.Helper()
	return randomCases(t, "scalar-vectors.txt.gz", "scalars.txt.gz")
}

// fields gives the fields of the lines of one kind.
func fields(f *vectortables.File, kind string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range f.Lines(kind + " ") {
			if !yield(strings.Fields(line)) {
				return
			}
		}
	}
}

// numeral reads a number as Java prints it; what is none becomes NaN.
func numeral(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

func wholes(t *testing.T, texts ...string) []int {
	t.Helper()
	numbers := make([]int, len(texts))
	for i, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		numbers[i] = n
	}
	return numbers
}

func seconds(text string) time.Duration { return time.Duration(numeral(text)) * time.Second }

func instant(ms float64) time.Time { return time.UnixMilli(int64(ms)) }

func same(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) }

func equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
