package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/decisions"
)

// named are the words in code style of a cell.
var named = regexp.MustCompile("`([^`]+)`")

// section is the part of a page under a heading.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// firstCells are the words that the rows of a section's table begin with.
func firstCells(text string) []string {
	var words []string
	for line := range strings.Lines(text) {
		if cell, isRow := strings.CutPrefix(line, "| `"); isRow {
			cell, _, _ = strings.Cut("`"+cell, " |")
			words = append(words, inCode(cell)...)
		}
	}
	return words
}

func inCode(text string) []string {
	var words []string
	for _, match := range named.FindAllStringSubmatch(text, -1) {
		words = append(words, match[1])
	}
	return words
}

// fields are the names of a type in JSON.
func fields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// constants are the values of the constants of a type, without those of tests.
func constants(t *testing.T, typeName string, folders ...string) []string {
	t.Helper()
	var values []string
	for _, folder := range folders {
		for _, file := range must(filepath.Glob(folder + "/*.go"))(t) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			syntax := must(parser.ParseFile(token.NewFileSet(), file, nil, 0))(t)
			ast.Inspect(syntax, func(n ast.Node) bool {
				v, isValue := n.(*ast.ValueSpec)
				if !isValue || !ofType(v.Type, typeName) {
					return true
				}
				for _, value := range v.Values {
					if literal, isLiteral := value.(*ast.BasicLit); isLiteral {
						values = append(values, must(strconv.Unquote(literal.Value))(t))
					}
				}
				return true
			})
		}
	}
	if len(values) == 0 {
		t.Fatalf("no constant of type %s", typeName)
	}
	return values
}

func ofType(e ast.Expr, name string) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name == name
	case *ast.SelectorExpr:
		return x.Sel.Name == name
	}
	return false
}

// Every field, rule and reason is on the page, and no other.
func TestThePageOfDecisionsHoldsWhatTheyHold(t *testing.T) {
	page := string(must(os.ReadFile("decisions.md"))(t))
	same := func(what string, got, want []string) {
		t.Helper()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
			t.Errorf("%s (-there +on the page):\n%s", what, diff)
		}
	}
	decision, vertex, rules := section(t, page, "A decision"), section(t, page, "A vertex"), section(t, page, "Rules")
	same("a decision", firstCells(decision), fields(reflect.TypeFor[decisions.Entry]()))
	same("a vertex", firstCells(vertex), fields(reflect.TypeFor[decisions.Vertex]()))
	header, table, _ := strings.Cut(rules, "| `rule`")
	same("a guard", inCode(header)[:6], fields(reflect.TypeFor[decisions.Guard]()))
	same("rules", firstCells(table), constants(t, "Rule", "../scaling"))
	reasons := section(t, page, "Reasons")
	same("reasons", inCode(strings.ReplaceAll(reasons, "`sluice explain`", "")), append(constants(t, "Reason", "../scaling", "../autoscaler", "../realize/rescale"), "error", decisions.ReasonByHand))
	for part, text := range map[reflect.Type]string{
		reflect.TypeFor[decisions.Terms](): decision, reflect.TypeFor[decisions.Act](): decision, reflect.TypeFor[decisions.Hottest](): vertex,
	} {
		for _, name := range fields(part) {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s of %s is not on the page", name, part)
			}
		}
	}
}

// A program that works the figures of a file out anew comes to the same.
func TestTheFiguresOfADecisionCanBeWorkedOutAnew(t *testing.T) {
	_, entries := replay(t)
	checked := 0
	for _, e := range entries {
		for _, v := range e.Vertices {
			if e.Terms == nil {
				t.Fatalf("%s lacks its terms", e.Time)
			}
			figures{e, v}.checkByTerms(t)
			checked++
		}
	}
	if checked < 10 {
		t.Errorf("%d vertices checked", checked)
	}
}

func (f figures) checkByTerms(t *testing.T) {
	t.Helper()
	e, v := f.entry, f.vertex
	near := func(what string, got, want decisions.Figure) {
		t.Helper()
		if (got-want)/want > 1e-5 || (want-got)/want > 1e-5 {
			t.Errorf("%s, %s: %s is %v, worked out %v", e.Time, v.Name, what, float64(got), float64(want))
		}
	}
	if v.ObservedRate != v.TrueProcessingRate {
		near("the true processing rate", v.TrueProcessingRate, v.ProcessedRate/v.Busy)
	}
	if !e.Backlog {
		near("the upper bound", v.ScaleUpBelow, v.TargetRate/e.Terms.UtilizationMax+v.CatchUpRate)
		near("the lower bound", v.ScaleDownAbove, v.TargetRate/e.Terms.UtilizationMin+v.CatchUpRate+v.TargetRate*e.Restart/e.Terms.CatchUp)
	}
}
