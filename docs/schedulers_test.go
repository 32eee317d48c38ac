package docs

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

const (
	schedulersPage = "schedulers.md"
	exampleScript  = "../scheduler/script/testdata/behaviour/checkpoint-releases-a-rescale"
)

// The drawings have each transition of the tables, and no other.
func TestTheDrawingsAreTheTransitionsOfTheCode(t *testing.T) {
	page := string(must(os.ReadFile(schedulersPage))(t))
	page = between(t, page, "states", drawStates(adaptive.Transitions()))
	page = between(t, page, "phases", drawPhases(adaptive.PhaseMoves()))
	page = between(t, page, "script", showScript(t))
	hold(t, schedulersPage, page)
}

// arrow is one line of a drawing, with all reasons to go from one to the other.
type arrow struct {
	from, to string
	whys     []string
}

func drawStates(all []adaptive.Transition) string {
	var arrows []arrow
	for _, tr := range all {
		why := tr.Why
		if !tr.In(slots.V1_20) {
			why += " (2.3)"
		}
		arrows = join(arrows, tr.From.String(), tr.To.String(), why)
	}
	return drawing(adaptive.StateCreated.String(), adaptive.StateFinished.String(), arrows)
}

func drawPhases(all []adaptive.PhaseMove) string {
	var arrows []arrow
	for _, m := range all {
		arrows = join(arrows, m.From.String(), m.To.String(), m.Why)
	}
	return drawing(adaptive.PhaseCooldown.String(), adaptive.PhaseTransitioning.String(), arrows)
}

// join adds a reason to the arrow between two states, a new one if there is none.
func join(arrows []arrow, from, to, why string) []arrow {
	i := slices.IndexFunc(arrows, func(a arrow) bool { return a.from == from && a.to == to })
	if i < 0 {
		return append(arrows, arrow{from, to, []string{why}})
	}
	arrows[i].whys = append(arrows[i].whys, why)
	return arrows
}

func drawing(first, last string, arrows []arrow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "```mermaid\nstateDiagram-v2\n    [*] --> %s\n", first)
	for _, a := range arrows {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", a.from, a.to, strings.Join(a.whys, "<br/>"))
	}
	fmt.Fprintf(&b, "    %s --> [*]\n```\n", last)
	return b.String()
}

func showScript(t *testing.T) string {
	script := must(os.ReadFile(exampleScript + ".txt"))(t)
	trace := must(os.ReadFile(exampleScript + ".2.3.trace"))(t)
	return fmt.Sprintf("```\n%s```\n\nand this is its trace:\n\n```\n%s```\n", script, trace)
}

// A row of the table of options says what is so when the option is not set: to
// set it to that changes nothing, and a dash stands for an option that does
// nothing whatever its value.
func TestTheOptionsHaveTheDefaultsOfThePage(t *testing.T) {
	page := string(must(os.ReadFile(schedulersPage))(t))
	_, table, _ := strings.Cut(page, "| option | 1.20 | 2.3 |\n|---|---|---|\n")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 {
			break
		}
		rows++
		key := strings.Trim(cells[0], "| `")
		for i, v := range []slots.Version{slots.V1_20, slots.V2_3} {
			checkDefault(t, v, key, strings.Trim(cells[i+1], " |"))
		}
	}
	if rows < 15 {
		t.Fatalf("the table has %d rows", rows)
	}
}

func checkDefault(t *testing.T, v slots.Version, key, value string) {
	t.Helper()
	if strings.HasPrefix(value, "unset") {
		return
	}
	want := adaptive.DefaultOptions(v, false)
	values := []string{value}
	if value == "-" {
		values = []string{"77 s", "77", "true"} // whatever its type, one of them would show
	}
	for _, one := range values {
		got, err := adaptive.FromConfig(map[string]string{key: one}, v)
		if err != nil {
			t.Errorf("%s %s: %s: %v", v, key, one, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: %s is not the default (-default +set)\n%s", v, key, one, diff)
		}
	}
}

// The page has every word that a line of a script may begin with: the answer to
// a wrong one lists them all.
func TestThePageHasTheWordsOfTheLanguage(t *testing.T) {
	page := string(must(os.ReadFile(schedulersPage))(t))
	_, err := script.Parse("x", "flink 2.3\njob source=1 work=1\nnonsense")
	if err == nil {
		t.Fatal("nonsense is a word of the language")
	}
	_, list, _ := strings.Cut(err.Error(), ": want ")
	words := strings.Split(list, ", ")
	if len(words) < 15 {
		t.Fatalf("no list of words in %q", err)
	}
	for _, word := range words {
		if !strings.Contains(page, "`"+word) {
			t.Errorf("the page lacks %q", word)
		}
	}
}
