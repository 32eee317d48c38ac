package decisions

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// constant is a constant as its source declares it.
type constant struct{ name, value, doc string }

// constants reads the string constants of a type from the source of a package,
// so that one that is added is met here.
func constants(t *testing.T, folder, typeName string) []constant {
	t.Helper()
	var all []constant
	noTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), folder, noTests, parser.ParseComments) //nolint:staticcheck // syntax is all that is read
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		for _, f := range p.Files {
			for _, d := range f.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
					all = append(all, ofType(t, g, typeName)...)
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no constant of type %s in %s", typeName, folder)
	}
	return all
}

func ofType(t *testing.T, g *ast.GenDecl, typeName string) []constant {
	t.Helper()
	var all []constant
	for _, s := range g.Specs {
		v := s.(*ast.ValueSpec)
		if nameOf(v.Type) != typeName {
			continue
		}
		for i, name := range v.Names {
			literal, ok := v.Values[i].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is no literal", name.Name)
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, constant{name.Name, value, g.Doc.Text()})
		}
	}
	return all
}

// nameOf is the name of a type, without its package.
func nameOf(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

func TestEveryRuleHasASentence(t *testing.T) {
	for _, c := range constants(t, "../scaling", "Rule") {
		say, known := rules[scaling.Rule(c.value)]
		if !known || say.shaped == nil && say.stopped == nil {
			t.Errorf("%s (%q) has none", c.name, c.value)
		}
	}
}

// What a rule does in the algorithm, shape the number or stop the change, it can
// say too.
func TestRulesSpeakOfWhatTheyDo(t *testing.T) {
	v := &Vertex{From: 2, MaxParallelism: 128}
	for rule, say := range rules {
		for _, blocked := range []bool{false, true} {
			g := Guard{Rule: string(rule), Before: 3, After: 4, Have: 5, Limit: 6, Blocked: blocked}
			text := sentence(&Entry{Time: noon}, v, g)
			able := !blocked && say.shaped != nil || blocked && say.stopped != nil
			if bare := strings.HasSuffix(text, ": "+string(rule)); bare == able {
				t.Errorf("%s, blocked %t: %q", rule, blocked, text)
			}
		}
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	for _, folder := range []string{"../scaling", "../autoscaler", "../realize/rescale"} {
		for _, c := range constants(t, folder, "Reason") {
			table, text := "job", jobReasons[scaling.Reason(c.value)]
			if strings.Contains(c.doc, "of a vertex") {
				table, text = "vertex", vertexReasons[scaling.Reason(c.value)]
			}
			if text == "" {
				t.Errorf("%s (%q) of %s has none as that of a %s", c.name, c.value, folder, table)
			}
		}
	}
	// These are said of both.
	for _, r := range []scaling.Reason{scaling.ReasonWithinBounds, scaling.ReasonNoCapacity, scaling.ReasonFault} {
		if jobReasons[r] == "" || vertexReasons[r] == "" {
			t.Errorf("%s lacks a sentence for a job or for a vertex", r)
		}
	}
}

func TestNoTwoSentencesAreTheSame(t *testing.T) {
	for name, table := range map[string]map[scaling.Reason]string{"job": jobReasons, "vertex": vertexReasons} {
		said := map[string]scaling.Reason{}
		for reason, text := range table {
			if other, twice := said[text]; twice {
				t.Errorf("%s: %s and %s both read %q", name, reason, other, text)
			}
			said[text] = reason
		}
	}
}

func TestRulesAndReasonsOfALaterVersionAreCalledByTheirName(t *testing.T) {
	if got := sentence(&Entry{Time: noon}, &Vertex{}, Guard{Rule: "custom", Before: 3, After: 4}); got != "3 -> 4: custom" {
		t.Errorf("the rule reads %q", got)
	}
	if got := sentence(&Entry{Time: noon}, &Vertex{}, Guard{Rule: "custom", Before: 3, After: 4, Blocked: true}); got != "not scaled to 3: custom" {
		t.Errorf("the rule that blocks reads %q", got)
	}
	if got := because(&Entry{Reason: "new", Scope: "scale"}); got != "new" {
		t.Errorf("the reason reads %q", got)
	}
}

// A person who divides what is printed gets the parallelism that is printed.
func TestTheArithmeticOfASentenceIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(1, 500).Draw(t, "from")
		able := rapid.Float64Range(0.5, 1e6).Draw(t, "able")
		needed := math.Round(rapid.Float64Range(1, 1e6).Draw(t, "needed"))
		to := int(math.Ceil(needed / able * float64(from)))
		v := &Vertex{From: from}
		text := demanded(&Entry{}, v, Guard{Before: from, After: to, Have: Figure(able), Limit: Figure(needed)})
		_, result, _ := strings.Cut(text, " a subtask is ")
		shown, err := strconv.ParseFloat(strings.TrimSuffix(result, ", rounded up"), 64)
		if err != nil || math.Ceil(shown) != float64(to) || strings.HasSuffix(result, "up") == (shown == float64(to)) {
			t.Fatalf("%q, of which %d is to come", text, to)
		}
	})
}

func TestSentencesWithTheirNumbers(t *testing.T) {
	infinite := Figure(math.Inf(1))
	nothing := &Vertex{From: 2, MaxParallelism: 128}
	skew := &Vertex{From: 4, MaxParallelism: 128, Hottest: &Hottest{Share: 0.62, Busy: 0.99, Capacity: 1003}}
	kafka := &Vertex{From: 3, MaxParallelism: 128, Partitions: 12}
	seen := &Vertex{From: 2, Guards: []Guard{{Rule: "demand", Before: 2, After: 4, Have: 2000, Limit: 3600}}}
	for want, c := range map[string]struct {
		vertex *Vertex
		guard  Guard
	}{
		"2 -> 4: 3600/s at 1000/s a subtask is 3.60, rounded up":    {seen, seen.Guards[0]},
		"2 -> 3: 3000/s at 1000/s a subtask is 3":                   {seen, Guard{Rule: "demand", Before: 2, After: 3, Have: 2000, Limit: 3000}},
		"2 -> 4: 3000/s at 999.9/s a subtask is 3.0003, rounded up": {seen, Guard{Rule: "demand", Before: 2, After: 4, Have: 1999.8, Limit: 3000}},
		"2: 1998/s at 1000/s a subtask is 1.998, rounded up":        {seen, Guard{Rule: "demand", Before: 2, After: 2, Have: 2000, Limit: 1998}},
		"2 -> 0: 700/s needed, and a subtask can do any rate":       {seen, Guard{Rule: "demand", Before: 2, After: 0, Have: infinite, Limit: 700}},
		"2 -> unlimited: 700/s needed, and a subtask can do 0/s":    {seen, Guard{Rule: "demand", Before: 2, After: math.MaxInt32, Limit: 700}},
		"4 -> 5: another subtask was seen to bring only 80 % of its share (job.autoscaler.observed-scalability.enabled): 3.60 / 0.8 is 4.50, rounded up":                      {seen, Guard{Rule: "observed-scalability", Before: 4, After: 5, Have: 0.8, Limit: 1}},
		"9 -> 7: one step may change it by a factor of 3.5, not 5.5 (job.autoscaler.scale-up.max-factor): 2 x 3.5 is 7":                                                       {nothing, Guard{Rule: "step-factor", Before: 9, After: 7, Have: 5.5, Limit: 3.5}},
		"0 -> 1: one step may change it by a factor of 0.4, not 0.1 (job.autoscaler.scale-down.max-factor): 2 x 0.4 is 0.80, rounded up":                                      {nothing, Guard{Rule: "step-factor", Before: 0, After: 1, Have: 0.1, Limit: 0.4}},
		"9 -> 11: skewed (the hottest of 4 subtasks gets 62 % of the records): 700/s stay on one subtask that can do 1006/s, and its part of the rest has to fit beside them": {skew, Guard{Rule: "skew", Before: 9, After: 11, Have: 700, Limit: 1006}},
		"7 -> 8: of 128 key groups the fullest subtask then has 16, not 19":                                                                                                   {nothing, Guard{Rule: "alignment", Before: 7, After: 8, Have: 7, Limit: 128}},
		"5 -> 6: of 12 partitions the fullest subtask then has 2, not 3":                                                                                                      {kafka, Guard{Rule: "alignment", Before: 5, After: 6, Have: 5, Limit: 12}},
		"30 -> 26: of 128 key groups the fullest subtask has 5 either way":                                                                                                    {nothing, Guard{Rule: "alignment", Before: 30, After: 26, Have: 30, Limit: 128}},
		"7 -> 9: a custom alignment mode asks for it":                                                                                                                         {nothing, Guard{Rule: "alignment", Before: 7, After: 9, Have: 7, Limit: 9}},
		"not scaled to 1: it can do 900/s, at most the 1000/s that it should, and no other vertex is out of its bounds either":                                                {nothing, Guard{Rule: "utilization-bounds", Before: 1, After: 2, Have: 900, Limit: 1000, Blocked: true}},
		"not scaled to 3: it can do 900/s, at least the 800/s that it should, and no other vertex is out of its bounds either":                                                {nothing, Guard{Rule: "utilization-bounds", Before: 3, After: 2, Have: 900, Limit: 800, Blocked: true}},
		"not scaled to 1: it can do 900/s, and has no upper bound":                                                                                                            {nothing, Guard{Rule: "utilization-bounds", Before: 1, After: 2, Have: 900, Limit: infinite, Blocked: true}},
		"not shrunk to 1: it is 98 % busy, and from 95 % on nothing says that less would do (FLINK-38538)":                                                                    {&Vertex{From: 2, Busy: 0.98012}, Guard{Rule: "saturation", Before: 1, After: 2, Have: 0.98, Limit: 0.95, Blocked: true}},
		"not shrunk to 1: it, or what it feeds, is 99 % busy, and from 95 % on nothing says that less would do (FLINK-38538)":                                                 {&Vertex{From: 2, Busy: 0.98012}, Guard{Rule: "saturation", Before: 1, After: 2, Have: 0.99, Limit: 0.95, Blocked: true}},
		"1: 0.5/s at 3.333/s a subtask is 0.15, rounded up":                                                                                                                   {&Vertex{From: 1}, Guard{Rule: "demand", Before: 1, After: 1, Have: 10. / 3, Limit: 0.5}},
		"4 -> 3: the job would need 5 TaskManagers, and the quota allows 3 (job.autoscaler.quota.cpu and memory)":                                                             {nothing, Guard{Rule: "quota", Before: 4, After: 3, Have: 5, Limit: 3}},
		"3 -> 4: a custom executor changed it":                                                                                                                                {nothing, Guard{Rule: "custom-executors", Before: 3, After: 4, Have: 3, Limit: 4}},
	} {
		if got := sentence(&Entry{Time: noon}, c.vertex, c.guard); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// The sum that is shown is the one that came to the rate, and none is shown where
// the rate came about in another way.
func TestTheSumBehindANeed(t *testing.T) {
	defaults := Terms{UtilizationTarget: 0.7, UtilizationMin: 0.4, UtilizationMax: 1, CatchUp: 1800, CatchUpInHeadroom: true}
	tight, reference, whole := defaults, defaults, defaults
	tight.UtilizationMax = 0.9
	reference.CatchUpInHeadroom = false
	whole.UtilizationTarget = 1.2
	for _, c := range []struct {
		terms                 *Terms
		restart, peak, behind Figure
		needed                Figure
		want                  string
	}{
		{&defaults, 5, 537, 538, 1077, "needs 1077/s: 537/s + 537/s x 5/1800 for a restart + 538/s of backlog"},
		{&tight, 5, 537, 538, 1196, "needs 1196/s: (537/s + 537/s x 5/1800 for a restart + 538/s of backlog) / 0.9"},
		{&defaults, 5, 537, 10, 767.143, "needs 767.1/s: 537/s / 0.7, to be 70 % busy; a restart of 5 s and 10/s of backlog fit in the room left"},
		{&defaults, 5, 537, 0, 767.143, "needs 767.1/s: 537/s / 0.7, to be 70 % busy; a restart of 5 s fits in the room left"},
		{&defaults, 0, 537, 0, 767.143, "needs 767.1/s: 537/s / 0.7, to be 70 % busy"},
		{&reference, 300, 537, 12.5, 869, "needs 869/s: 537/s / 0.7 + 537/s x 300/1800 for a restart + 12.5/s of backlog"},
		{&reference, 0, 537, 0, 767, "needs 767/s: 537/s / 0.7"},
		{&whole, 5, 537, 0, 538.492, "needs 538.5/s: 537/s + 537/s x 5/1800 for a restart"},
		{&defaults, 5, 0.37, 0, 0.528571, "needs 0.5286/s: 0.37/s / 0.7, to be 70 % busy; a restart of 5 s fits in the room left"},
		{&defaults, 5, 537, 538, 2000, "needs 2000/s: 537/s then keep it 27 % busy"},
		{&defaults, 5, 0.37, 0, 0.6, "needs 0.6/s: 0.37/s then keep it 62 % busy"},
		{nil, 5, 537, 538, 1077, "needs 1077/s: 537/s then keep it 50 % busy"},
		{&defaults, 5, 537, Unknown, 1077, "needs 1077/s: 537/s then keep it 50 % busy"},
		{&defaults, 5, 537, 538, Figure(math.Inf(1)), "needs any rate"},
	} {
		got := need(&Entry{Terms: c.terms, Restart: c.restart}, &Vertex{PeakRate: c.peak, CatchUpRate: c.behind}, Guard{Limit: c.needed})
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// A rescale is taken for the cause only while it may be.
func TestMissingRatesAfterARescaleAreNoFault(t *testing.T) {
	e := New(scene("began-anew"))
	for after, fault := range map[time.Duration]bool{time.Minute: false, 15 * time.Minute: false, 16 * time.Minute: true} {
		e.Time = e.Act.Ended.Add(after)
		if got := summary(&e); strings.Contains(got, "missing") != fault {
			t.Errorf("%s after: %s", after, got)
		}
	}
	e.Time, e.Act.Phase = noon, string(autoscaler.PhaseFailed)
	if got := summary(&e); !strings.Contains(got, "missing") {
		t.Errorf("after a rescale that failed: %s", got)
	}
}

// A large job that changes all over is told in a few lines too.
func TestAShortTextStaysShort(t *testing.T) {
	e := New(scene("wide"))
	for i := range 50 {
		v := e.Vertices[6]
		v.ID, v.Name, v.OutOfBounds = fmt.Sprint(i), fmt.Sprintf("another %d", i), false
		e.Vertices = append(e.Vertices, v)
	}
	var text strings.Builder
	if err := WriteExplanation(&text, e, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  step 7", "  another 3 ", "  another 13 ", "36 more vertices are changed or held back; --all", "7 more vertices are in order; --all"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(text.String(), "\n"); n > 40 {
		t.Errorf("%d lines:\n%s", n, &text)
	}
	text.Reset()
	if err := WriteLastRescale(&text, e, false); err != nil {
		t.Fatal(err)
	}
	want := "last rescaled 2026-07-01 12:00:00 UTC: step 7 of the pipeline -> Map 2 -> 4, because it could do 2012/s and needed 2900/s (demand 3, alignment 4); another 0 2 -> 4, "
	if !strings.HasPrefix(text.String(), want) || !strings.HasSuffix(text.String(), "; and 48 more; --all shows them\n") {
		t.Errorf("got %s", &text)
	}
}

func TestHowAFigureWasMeasured(t *testing.T) {
	for _, c := range []struct {
		vertex Vertex
		want   string
	}{
		{Vertex{Busy: 0.574, ProcessedRate: 572.483, TrueProcessingRate: 996.632}, "can do 997/s: it read 572.5/s while 57.44 % busy, and 572.5 / 0.5744 is 996.6"},
		{Vertex{Busy: 0.001, ProcessedRate: 500, TrueProcessingRate: 578000}, "can do 578000/s: it read 500/s while 0.08651 % busy, and 500 / 0.0008651 is 578000"},
		{Vertex{Busy: 0.2, ProcessedRate: 500, ObservedRate: 1200, TrueProcessingRate: 1200}, "can do 1200/s: so much it was seen to read while it caught up"},
		{Vertex{Busy: 0.2, ProcessedRate: 500, TrueProcessingRate: 7777}, ""}, // an evaluator of someone's own
		{Vertex{Busy: 0, TrueProcessingRate: Figure(math.Inf(1))}, ""},
		{Vertex{Busy: Unknown, TrueProcessingRate: Unknown}, ""},
		{Vertex{Busy: 0.5, TrueProcessingRate: 1000}, ""}, // a file of an earlier version
	} {
		if got := strings.Join(measured(&c.vertex), "\n"); got != c.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.vertex, got, c.want)
		}
	}
}

func TestWhatHoldsAJobStillIsItsReason(t *testing.T) {
	for reason, want := range holds {
		e := Entry{Scope: "scale", Reason: string(scaling.ReasonWithinBounds), Vertices: []Vertex{{Reason: "steady"}, {Reason: string(reason), OutOfBounds: true}}}
		if got := summary(&e); got != "no change: "+want {
			t.Errorf("%s: %s", reason, got)
		}
		e.Vertices[1].OutOfBounds = false
		if got := summary(&e); got != "no change: every vertex is within its utilization bounds" {
			t.Errorf("%s within bounds: %s", reason, got)
		}
	}
}

func TestAFailedRescaleSaysWhy(t *testing.T) {
	act := Act{Decided: noon, Phase: "failed", Reason: "superseded"}
	want := fmt.Sprintf("rescale of 12:00:00 UTC: failed: %s", jobReasons["superseded"])
	if got := lastRescale(&Entry{Time: noon, Act: &act}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
