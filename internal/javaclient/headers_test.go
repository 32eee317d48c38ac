package javaclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
)

// request is a class of Flink's with what it asks for.
type request struct {
	Name   string   `json:"name"`
	Method string   `json:"method"`
	Path   string   `json:"path"`
	Query  []string `json:"query"`
}

// question asks Java to send one.
type question struct {
	Headers string            `json:"headers"`
	Path    map[string]string `json:"path,omitempty"`
	Query   map[string]string `json:"query,omitempty"`
	Body    any               `json:"body,omitempty"`
	Files   []string          `json:"files,omitempty"`
}

// unasked are the requests that twins have no answer for, or none that says much,
// with the reason.
var unasked = map[string]string{
	"JobManagerProfiling":      "profiling is off by default, and then Flink has no such path",
	"JobManagerProfilingList":  "profiling is off by default, and then Flink has no such path",
	"TaskManagerProfiling":     "profiling is off by default, and then Flink has no such path",
	"TaskManagerProfilingList": "profiling is off by default, and then Flink has no such path",
}

// refusals are the requests that Flink refuses, or that twins do, with the status.
var refusals = map[string]refusal{
	"RescalingTrigger":   {status: 503, says: "Rescaling is temporarily disabled", query: map[string]string{"parallelism": "2"}},
	"RescalingStatus":    {status: 503, says: "Rescaling is temporarily disabled"},
	"JobSubmit":          {status: 400, says: "jobGraphFileName", body: map[string]any{"jobArtifactFileNames": []string{}, "jobJarFileNames": []string{}}},
	"ClientCoordination": {status: 500, says: "Coordinator of operator", body: map[string]any{"serializedCoordinationRequest": "AAAA"}},
}

type refusal struct {
	status int
	says   string
	query  map[string]string
	body   any
}

// reader compares what Java and Go read from a world that stands still.
type reader struct {
	*world
	java   *Client
	values map[string]string // of the parameters of paths
}

// readAll sends every GET that there is a class for, and all that is refused.
func (r reader) readAll(all []request) (asked map[string]bool) {
	r.t.Helper()
	asked = map[string]bool{}
	for _, one := range all {
		name := strings.TrimSuffix(one.Name, "Headers")
		if no, refused := refusals[name]; refused {
			r.refused(one, no)
		} else if one.Method == "GET" && unasked[name] == "" {
			r.compare(one, nil)
			r.compareMetrics(one)
		} else if unasked[name] == "" {
			continue
		}
		asked[name] = true
	}
	return asked
}

// of are the values of the parameters of a request's path.
func (r reader) of(one request) map[string]string {
	values := maps.Clone(r.values)
	if own := r.values["triggerid of "+one.Name]; own != "" {
		values["triggerid"] = own
	}
	return values
}

// path is a request's path with its parameters.
func (r reader) path(one request, query map[string]string) string {
	path := one.Path
	for key, value := range r.of(one) {
		path = strings.Replace(path, ":"+key, value, 1)
	}
	if len(query) == 0 {
		return path
	}
	all := url.Values{}
	for key, value := range query {
		all.Set(key, value)
	}
	return path + "?" + all.Encode()
}

// compare asks the same in Java and in Go.
func (r reader) compare(one request, query map[string]string) json.RawMessage {
	r.t.Helper()
	path := r.path(one, query)
	status, want := r.send("GET", path, nil)
	var got json.RawMessage
	err := r.java.Ask(question{Headers: one.Name, Path: r.of(one), Query: query, Body: map[string]any{}}, &got)
	if status/100 != 2 || err != nil {
		r.t.Errorf("%s: GET %.150s answers %d %.200s; %v", one.Name, path, status, want, err)
		return nil
	}
	for _, d := range differ("", decode(r.t, want), decode(r.t, got)) {
		r.t.Errorf("%s: GET %.150s: %s", one.Name, path, d)
	}
	return want
}

// compareMetrics asks for the values of the metrics whose names are there.
func (r reader) compareMetrics(one request) {
	r.t.Helper()
	if len(one.Query) == 0 || one.Query[0] != "get" {
		return
	}
	var names []flink.MetricName
	if err := json.Unmarshal(r.compare(one, nil), &names); err != nil {
		r.t.Fatal(err)
	}
	if strings.HasSuffix(one.Path, "jm-operator-metrics") {
		return // there are none
	}
	var list []string
	for _, n := range names {
		// The path of a checkpoint is no number, of which there would be an average.
		if len(list) < 60 && n.ID != "lastCheckpointExternalPath" {
			list = append(list, n.ID)
		}
	}
	if len(list) == 0 {
		r.t.Errorf("%s: there are no metrics", one.Name)
	}
	values := r.compare(one, map[string]string{"get": strings.Join(list, ",")})
	var known []json.RawMessage
	if err := json.Unmarshal(values, &known); err != nil || len(known) != len(list) {
		r.t.Errorf("%s: of %d metrics %d have values (%v)", one.Name, len(list), len(known), err)
	}
	r.compare(one, map[string]string{"get": "noSuchMetric"})
	if len(one.Query) > 1 && one.Query[1] == "agg" {
		r.compare(one, map[string]string{"get": strings.Join(list, ","), "agg": "min,avg"})
	}
}

// refused sends a request of which nothing comes, and looks how Java says so.
func (r reader) refused(one request, no refusal) {
	r.t.Helper()
	err := r.java.Ask(question{Headers: one.Name, Path: r.values, Query: no.query, Body: no.body}, nil)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Status != no.status || !strings.Contains(failure.Error(), no.says) {
		r.t.Errorf("%s: %v, want status %d and %q", one.Name, err, no.status, no.says)
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

// differ lists where what Java understood is not what was answered.
func differ(at string, want, got any) []string {
	var all []string
	switch w := want.(type) {
	case map[string]any:
		g, is := got.(map[string]any)
		if !is {
			return []string{fmt.Sprintf("%s: Java has %v, not an object", at, got)}
		}
		for key, wanted := range w {
			understood, knows := g[key]
			if key == "serialized-throwable" {
				continue // Java has read it, and writes it with more in it
			}
			if !knows && wanted != nil {
				all = append(all, fmt.Sprintf("%s.%s: Java does not have it", at, key))
			} else {
				all = append(all, differ(at+"."+key, wanted, understood)...)
			}
		}
		for key, understood := range g {
			if _, has := w[key]; !has && understood != nil {
				all = append(all, fmt.Sprintf("%s.%s: only Java has it: %v", at, key, understood))
			}
		}
		return all
	case []any:
		g, is := got.([]any)
		if !is || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: Java has %v, not %d elements", at, got, len(w))}
		}
		for i := range w {
			all = append(all, differ(fmt.Sprintf("%s[%d]", at, i), w[i], g[i])...)
		}
		return all
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		return []string{fmt.Sprintf("%s: %v, in Java %v", at, want, got)}
	}
	return nil
}
