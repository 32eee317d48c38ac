package dashboard

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Each value of each parameter that the contract does not allow is refused, by itself.
func TestParametersThatTheContractForbidsAreRefused(t *testing.T) {
	document, _ := contractOf(t)
	a := newAPI(t, Access{})
	tried := 0
	for _, o := range operationsOf(document) {
		path := "/api/v1" + strings.NewReplacer("{cluster}", "prod", "{job}", "00000000000000000000000000000001", "{id}", "2").Replace(o.path)
		queries := []string{"unknown=1", "%zz"}
		for _, p := range append(slices.Clone(o.item.Parameters), o.Parameters...) {
			if p.Value.In != openapi3.ParameterInQuery {
				continue
			}
			name := p.Value.Name
			queries = append(queries, name+"=1&"+name+"=1", strings.ToUpper(name)+"=1")
			for _, value := range unfit(p.Value.Schema.Value) {
				queries = append(queries, url.Values{name: {value}}.Encode())
			}
		}
		body := ""
		if o.method == http.MethodPost {
			body = "{}"
		}
		for _, query := range queries {
			tried++
			if w := a.ask(o.method, path+"?"+query, body); w.Code != http.StatusBadRequest {
				t.Errorf("%s %s?%s: %d %.200s", o.method, path, query, w.Code, w.Body)
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d requests were tried", tried)
	}
}

// Each field of each body with what the contract does not allow is refused.
func TestBodiesThatTheContractForbidsAreRefused(t *testing.T) {
	document, _ := contractOf(t)
	a := newAPI(t, Access{})
	for _, o := range operationsOf(document) {
		if o.RequestBody == nil {
			continue
		}
		path := "/api/v1" + strings.NewReplacer("{cluster}", "prod", "{job}", "00000000000000000000000000000001").Replace(o.path)
		schema := o.RequestBody.Value.Content["application/json"].Schema.Value
		good := map[string]any{}
		if len(schema.Required) > 0 {
			good["vertices"] = []any{map[string]any{"vertex": "enrich", "upper": 4}}
		}
		if w := a.ask(o.method, path, asJSON(t, good)); w.Code != http.StatusOK {
			t.Fatalf("%s: the body from which the bad ones are made: %d %s", path, w.Code, w.Body)
		}
		bad := []string{"null", "[]", `"x"`, "1", "{", asJSON(t, good) + "{}", asJSON(t, with(good, "unknown", 1))}
		for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
			value := good[field]
			if value == nil {
				value = map[string]any{"dryRun": true}[field]
			}
			if value == nil {
				value = "1h"
			}
			bad = append(bad, asJSON(t, with(good, field, nil)), asJSON(t, with(good, field, map[string]any{})), asJSON(t, with(good, field, 1.5)), asJSON(t, with(good, strings.ToUpper(field), value)))
		}
		for _, body := range bad {
			if w := a.ask(o.method, path, body); w.Code != http.StatusBadRequest {
				t.Errorf("%s %s: %d %.200s", path, body, w.Code, w.Body)
			}
		}
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""} {
			if w := a.ask(o.method, path, asJSON(t, good), "Content-Type", kind); w.Code != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d", path, kind, w.Code)
			}
		}
	}
}

// with is an object with one more field.
func with(object map[string]any, field string, value any) map[string]any {
	object = maps.Clone(object)
	object[field] = value
	return object
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
