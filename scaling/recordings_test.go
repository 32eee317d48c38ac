package scaling

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
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

func rowsOf(t *testing.T, table string) []row {
	t.Helper()
	var file struct{ Rows []row }
	if err := json.NewDecoder(recorded(t, table+".json")).Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Rows) == 0 {
		t.Fatalf("table %s is empty", table)
	}
	return file.Rows
}

// scalarsOf gives the fields of the lines of one kind.
func scalarsOf(t *testing.T, kind string) func(yield func([]string) bool) {
	t.Helper()
	return func(yield func([]string) bool) {
		n := 0
		for line := range linesOf(t, "scalars.txt") {
			f := strings.Fields(line)
			if f[0] != kind {
				continue
			}
			n++
			if !yield(f) {
				return
			}
		}
		if n == 0 {
			t.Fatalf("no line of kind %s", kind)
		}
	}
}

func linesOf(t *testing.T, file string) func(yield func(string) bool) {
	t.Helper()
	return func(yield func(string) bool) {
		lines := bufio.NewScanner(recorded(t, file))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if !yield(lines.Text()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func recorded(t *testing.T, name string) *gzip.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "recorded", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
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
