package vectors

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/options"
)

// difference is an entry of docs/differences.md.
type difference struct {
	what, key string
	// scenarios are those that the entry names.
	scenarios []string
}

var scenarioName = regexp.MustCompile("`([a-z]+/[A-Za-z0-9_.-]+)`")

// differences reads the table of the page.
func differences(t *testing.T) []difference {
	t.Helper()
	page, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []difference
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || !strings.HasPrefix(cells[1], "`sluice.") {
			continue
		}
		key, _, _ := strings.Cut(strings.Trim(cells[1], "`"), ":")
		d := difference{what: strings.TrimPrefix(cells[0], "| "), key: key}
		for _, name := range scenarioName.FindAllStringSubmatch(cells[2], -1) {
			d.scenarios = append(d.scenarios, name[1])
		}
		all = append(all, d)
	}
	return all
}

func TestEveryOptionOfProfileSluiceHasItsEntry(t *testing.T) {
	entries := map[string]bool{}
	for _, d := range differences(t) {
		entries[d.key] = true
		if options.Presets(options.ProfileSluice)[d.key] == "" {
			t.Errorf("%s: profile sluice does not preset %s", d.what, d.key)
		}
	}
	for key := range options.Presets(options.ProfileSluice) {
		if !entries[key] {
			t.Errorf("docs/differences.md says nothing of %s", key)
		}
	}
}

// An entry names scenarios in which its option alone changes something.
func TestADifferenceShowsInTheScenariosThatItsEntryNames(t *testing.T) {
	files := loadVectors(t)
	paths := files.scenarios()
	named := 0
	for _, d := range differences(t) {
		for _, name := range d.scenarios {
			named++
			t.Run(d.key+"/"+name, func(t *testing.T) {
				path := name + ".json"
				if !slices.Contains(paths, path) {
					if os.Getenv("PEER_VECTORS") != "" {
						t.Skip("not among these vectors")
					}
					t.Fatalf("there is no scenario %s", path)
				}
				s := files.scenario(t, path)
				value := options.Presets(options.ProfileSluice)[d.key]
				if told := disagreement(t, s, d.key, value); told == "" {
					t.Errorf("with %s=%s it is decided as the reference did", d.key, value)
				} else {
					t.Log(told)
				}
			})
		}
	}
	if named < 20 {
		t.Errorf("only %d scenarios are named", named)
	}
}

// disagreement replays a scenario under profile reference with one option more,
// and gives the first thing that differs.
func disagreement(t *testing.T, s *scenario, key, value string) string {
	t.Helper()
	return firstFailure(t, func(t testing.TB) {
		r := newReplay(t, s)
		r.config[key] = value
		r.run()
	})
}

// firstFailure gives what a run fails with first, and "" where it does not.
func firstFailure(t testing.TB, run func(testing.TB)) string {
	t.Helper()
	l := &listener{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(l)
	}()
	<-done
	return l.first
}

// listener keeps the first failure to itself.
type listener struct {
	testing.TB
	first string
}

func (l *listener) Helper()      {}
func (l *listener) Failed() bool { return l.first != "" }

func (l *listener) Error(args ...any) { l.fail(fmt.Sprint(args...)) }

func (l *listener) Errorf(format string, args ...any) { l.fail(fmt.Sprintf(format, args...)) }

func (l *listener) Fatal(args ...any) {
	l.fail(fmt.Sprint(args...))
	runtime.Goexit()
}

func (l *listener) Fatalf(format string, args ...any) {
	l.fail(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (l *listener) fail(text string) {
	if l.first == "" {
		l.first = text
	}
}
