package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestActs(t *testing.T) {
	for _, c := range []struct {
		name, path, body string
		status           int
		asked            string
		says             string
	}{
		{"pause", "/pause", `{"for":"1h","why":"release"}`, 200, "pause prod/00000000000000000000000000000001 by local for release until 2026-07-01T13:30:00Z", `"until":"2026-07-01T13:30:00Z"`},
		{"pause without an end", "/pause", ``, 200, "pause prod/00000000000000000000000000000001 by local for  until 0001-01-01T00:00:00Z", `"until":null`},
		{"pause for too long", "/pause", `{"for":"400d"}`, 400, "", "want a duration of up to a year"},
		{"pause for nothing", "/pause", `{"for":"0s"}`, 400, "", "want a duration"},
		{"pause with too much to say", "/pause", `{"why":"` + strings.Repeat("x", 501) + `"}`, 400, "", "at most 500"},
		{"an unknown field", "/pause", `{"fro":"1h"}`, 400, "", `unknown field \"fro\"`},
		{"a field in another case", "/pause", `{"For":"1h"}`, 400, "", `unknown field \"For\"`},
		{"a field of a vertex in another case", "/rescale", `{"vertices":[{"vertex":"all","Upper":4}]}`, 400, "", `unknown field \"Upper\"`},
		{"a field of another body", "/pause", `{"hold":"1h"}`, 400, "", `unknown field \"hold\"`},
		{"null for a text", "/pause", `{"why":null}`, 400, "", "leave out what is not wanted"},
		{"null for a body", "/pause", `null`, 400, "", "want one JSON object"},
		{"a list", "/pause", `[]`, 400, "", "want one JSON object"},
		{"an object and a bracket", "/pause", `{} ]`, 400, "", "more than one"},
		{"a text for a number", "/rescale", `{"vertices":[{"vertex":"all","upper":"4"}]}`, 400, "", "vertices.upper is a text; want a whole number"},
		{"a fraction for a number", "/rescale", `{"vertices":[{"vertex":"all","upper":4.5}]}`, 400, "", `read: vertices.upper is a number; want a whole number`},
		{"a number for a length", "/pause", `{"for":90}`, 400, "", `read: for is a number; want a text such as \"2h\"`},
		{"a number for the length of a hold", "/rescale", `{"hold":90}`, 400, "", `read: hold is a number; want a text such as \"2h\"`},
		{"a text for a switch", "/rescale", `{"dryRun":"yes"}`, 400, "", `read: dryRun is a text; want true or false`},
		{"an object for a list", "/rescale", `{"vertices":{"work":4}}`, 400, "", `read: vertices is an object; want a list`},
		{"a text for an object", "/rescale", `{"vertices":["work"]}`, 400, "", `read: vertices is a text; want an object`},
		{"no JSON", "/pause", `{for: 1}`, 400, "", "it is no JSON from byte 2 on"},
		{"half an object", "/pause", `{`, 400, "", "it ends before the JSON does"},
		{"two objects", "/pause", `{} {}`, 400, "", "more than one"},
		{"resume", "/resume", `{}`, 200, "resume prod/00000000000000000000000000000001 by local", `{"hold":null}`},
		{"rescale", "/rescale", `{"vertices":[{"vertex":"enrich","upper":4}]}`, 200, "rescale prod/00000000000000000000000000000001 by local enrich hold 1h0m0s", `"applied":true`},
		{"rescale and hold", "/rescale", `{"vertices":[{"vertex":"enrich","upper":4}],"hold":"2d"}`, 200, "rescale prod/00000000000000000000000000000001 by local enrich hold 48h0m0s", `"upper":4`},
		{"rescale nothing", "/rescale", `{}`, 400, "", "no vertex is named"},
		{"rescale to nothing", "/rescale", `{"vertices":[{"vertex":"enrich","upper":0}]}`, 400, "", `the upper bound of \"enrich\" is 0`},
		{"rescale upside down", "/rescale", `{"vertices":[{"vertex":"enrich","lower":5,"upper":4}]}`, 400, "", `the lower bound of \"enrich\" is 5`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, Access{})
			w := a.ask(http.MethodPost, aJob+c.path, c.body)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s, want %d and %s", w.Code, w.Body, c.status, c.says)
			}
			if got := strings.Join(a.hand.asked, "; "); got != c.asked {
				t.Errorf("the hand was asked for %q, want %q", got, c.asked)
			}
		})
	}
}

func TestWhatCannotBeDoneIsAProblem(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"refused by Flink": {&RefusedError{errors.New("8 is above the maximum parallelism 4")}, 409},
		"gone meanwhile":   {&UnknownError{errors.New("no such job")}, 404},
		"too slow":         {context.DeadlineExceeded, 504},
		"unreachable":      {errors.New("connection refused"), 502},
	} {
		a := newAPI(t, Access{})
		a.hand.fail = c.err
		w := a.ask(http.MethodPost, aJob+"/rescale", `{"vertices":[{"vertex":"enrich","upper":4}]}`)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.err.Error()) {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
}

func TestABodyThatIsTooLargeIsNotRead(t *testing.T) {
	a := newAPI(t, Access{})
	w := a.ask(http.MethodPost, aJob+"/pause", `{"why":"`+strings.Repeat("x", mostBody)+`"}`)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413: %.200s", w.Code, w.Body)
	}
}
