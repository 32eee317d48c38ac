package deploy

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

const dashboardFile = "grafana/sluice.json"

// board is what a test has to know of a dashboard.
type board struct {
	Annotations struct {
		List []struct {
			Expr        string `json:"expr"`
			TitleFormat string `json:"titleFormat"`
		} `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Type       string `json:"type"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct {
			X, Y, W, H int
		} `json:"gridPos"`
		Targets []struct {
			Expr         string `json:"expr"`
			LegendFormat string `json:"legendFormat"`
		} `json:"targets"`
	} `json:"panels"`
}

// query is an expression of a dashboard, and the labels that its series need.
type query struct {
	where, expr string
	labels      []string
	// mayBeEmpty is true where having no series is how things should be.
	mayBeEmpty bool
}

func loadBoard(t *testing.T) board {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var b board
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	return b
}

var (
	labelOf     = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	variables   = strings.NewReplacer("$cluster", ".*", "$job", ".*", "$__rate_interval", "1m")
)

func labelsIn(text string) []string {
	var labels []string
	for _, m := range labelOf.FindAllStringSubmatch(text, -1) {
		labels = append(labels, m[1])
	}
	return labels
}

// queries are all that a dashboard asks, with every choice on "all".
func (b *board) queries(t *testing.T) []query {
	t.Helper()
	var all []query
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			all = append(all, query{where: p.Title, expr: variables.Replace(target.Expr), labels: labelsIn(target.LegendFormat)})
		}
	}
	for _, a := range b.Annotations.List {
		all = append(all, query{where: "annotation", expr: variables.Replace(a.Expr), labels: labelsIn(a.TitleFormat), mayBeEmpty: true})
	}
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := labelValues.FindStringSubmatch(v.Definition)
		if m == nil {
			t.Fatalf("variable %s: %s", v.Name, v.Definition)
		}
		all = append(all, query{where: "variable " + v.Name, expr: variables.Replace(m[1]), labels: m[2:]})
	}
	return all
}

func TestPanelsDoNotOverlapAndHaveNumbersOfTheirOwn(t *testing.T) {
	b := loadBoard(t)
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range b.Panels {
		if ids[p.ID] {
			t.Errorf("%s: number %d is another's", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is || x >= 24 {
					t.Fatalf("%s: at %d, %d is %q, or the edge", p.Title, x, y, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
	}
}
