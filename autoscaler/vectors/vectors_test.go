package vectors

import (
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// sums is what the tests of the vectors count.
var sums tally

// tally counts vectors: scenarios, tables and files of random cases.
type tally struct {
	sync.Mutex
	// asked is true once a test of vectors was run, whatever it found.
	asked                                   bool
	scenarios, tables, randoms, rows, cases count
	// requests is in how many steps there are some that are not compared.
	requests int
}

// count is how many agree, of how many.
type count struct{ agree, of int }

func (c *count) add(agree, of int) { c.agree, c.of = c.agree+agree, c.of+of }

func (c *count) String() string { return fmt.Sprintf("%d of %d", c.agree, c.of) }

func (s *tally) ask() {
	s.Lock()
	defer s.Unlock()
	s.asked = true
}

func (s *tally) scenario(agrees bool) {
	s.Lock()
	defer s.Unlock()
	s.scenarios.add(one(agrees), 1)
}

func (s *tally) leaveOut(steps []step) {
	s.Lock()
	defer s.Unlock()
	for i := range steps {
		s.requests += one(steps[i].Expected.Requests != nil)
	}
}

// table counts a table, or a file of random cases.
func (s *tally) table(name string, agrees bool, cases count) {
	s.Lock()
	defer s.Unlock()
	kind, all := &s.tables, &s.rows
	if path.Dir(name) == "functions" {
		kind, all = &s.randoms, &s.cases
	}
	kind.add(one(agrees), 1)
	all.add(cases.agree, cases.of)
}

func one(agrees bool) int {
	if agrees {
		return 1
	}
	return 0
}

// text is what is printed after the tests. Its last line counts files.
func (s *tally) text() string {
	if !s.asked {
		return ""
	}
	var b strings.Builder
	if folder, err := vectortables.Folder(); err != nil {
		fmt.Fprintln(&b, err)
	} else if all, err := read(); err != nil {
		fmt.Fprintln(&b, err)
	} else if folder != "" {
		fmt.Fprintf(&b, "%s: %d files of %s, digest %s\n", vectortables.Variable, len(all), path.Clean(folder), all.digest())
		if others := all.others(); len(others) > 0 {
			fmt.Fprintf(&b, "no vectors, and left alone: %s\n", strings.Join(others, " "))
		}
	}
	if s.requests > 0 {
		fmt.Fprintf(&b, "not compared: the requests of %d steps, since only their answers count\n", s.requests)
	}
	fmt.Fprintf(&b, "scenarios: %s\n", &s.scenarios)
	if s.tables.of > 0 {
		fmt.Fprintf(&b, "tables: %s, their rows: %s\n", &s.tables, &s.rows)
	}
	if s.randoms.of > 0 {
		fmt.Fprintf(&b, "files of random cases: %s, their cases: %s\n", &s.randoms, &s.cases)
	}
	sum := s.scenarios
	sum.add(s.tables.agree, s.tables.of)
	sum.add(s.randoms.agree, s.randoms.of)
	fmt.Fprintf(&b, "vectors: %s agree\n", &sum)
	return b.String()
}

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Print(sums.text())
	os.Exit(code)
}

func TestVectorsAreDecidedAsTheReferenceDid(t *testing.T) {
	sums.ask()
	files := loadVectors(t)
	for _, path := range files.scenarios() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if fault := recover(); fault != nil {
					t.Errorf("panic: %v\n%s", fault, debug.Stack())
				}
				sums.scenario(!t.Failed())
			}()
			s := files.scenario(t, path)
			sums.leaveOut(s.Steps)
			newReplay(t, s).run()
		})
	}
}
