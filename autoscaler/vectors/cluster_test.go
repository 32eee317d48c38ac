package vectors

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cluster answers as the JobManager of a scenario does, in place of the network.
type cluster struct {
	t     testing.TB
	plans []json.RawMessage
	// rest is the state by path, "?get=*" marking tables of values; texts are
	// the bodies made of it.
	rest  map[string]any
	texts map[string][]byte
}

// change brings the cluster to the state of a step.
func (c *cluster) change(rest map[string]json.RawMessage) {
	for key, raw := range rest {
		path := strings.TrimPrefix(key, "GET ")
		delete(c.texts, path)
		var change any
		c.must(decode(raw, &change))
		if change == nil {
			delete(c.rest, path)
			continue
		}
		if m, ok := change.(map[string]any); ok && m["$merge"] != nil {
			change = merged(c.rest[path], m["$merge"])
		}
		c.rest[path] = change
	}
}

// merged patches a body; see the format's description.
func merged(old, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	switch was := old.(type) {
	case map[string]any:
		was = maps.Clone(was)
		for k, v := range changes {
			was[k] = merged(was[k], v)
		}
		return was
	case []any:
		was = slices.Clone(was)
		for k, v := range changes {
			i, err := strconv.Atoi(k)
			if err != nil || i < 0 {
				return patch
			}
			for len(was) <= i {
				was = append(was, nil)
			}
			was[i] = merged(was[i], v)
		}
		return was
	}
	return patch
}

// RoundTrip implements [http.RoundTripper].
func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	table := r.URL.Query().Has("get")
	if table {
		path += "?get=*"
	}
	status, text := c.answer(path)
	if table && status == http.StatusOK {
		text = c.fromTable(path, r.URL.Query())
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)),
	}, nil
}

func (c *cluster) answer(path string) (status int, text []byte) {
	body, ok := c.rest[path]
	if !ok {
		return http.StatusNotFound, []byte(`{"errors":["Not found: ` + path + `"]}`)
	}
	status = http.StatusOK
	if m, ok := body.(map[string]any); ok && m["$status"] != nil {
		n, err := strconv.Atoi(m["$status"].(json.Number).String())
		c.must(err)
		status, body = n, m["$body"]
	}
	if c.texts[path] == nil {
		c.texts[path] = c.encode(c.withPlan(body))
	}
	return status, c.texts[path]
}

func (c *cluster) withPlan(body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	name, ok := m["plan"].(string)
	if !ok {
		return body
	}
	i, err := strconv.Atoi(strings.TrimPrefix(name, "$plan:"))
	c.must(err)
	m = maps.Clone(m)
	m["plan"] = c.plans[i]
	return m
}

// fromTable picks the ids that were asked for. Where one is not in the table
// Flink answers with nothing at all, save for the JobManager's own metrics.
func (c *cluster) fromTable(path string, query url.Values) []byte {
	entries, _ := c.rest[path].([]any)
	byID := map[any]map[string]any{}
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok {
			byID[entry["id"]] = entry
		}
	}
	picked := []any{}
	for id := range strings.SplitSeq(query.Get("get"), ",") {
		entry, ok := byID[id]
		switch {
		case ok && query.Has("agg"):
			some := map[string]any{"id": id}
			for a := range strings.SplitSeq(query.Get("agg"), ",") {
				if v, has := entry[a]; has {
					some[a] = v
				}
			}
			picked = append(picked, some)
		case ok:
			picked = append(picked, entry)
		case !strings.HasPrefix(path, "/jobmanager"):
			return []byte("[]")
		}
	}
	return c.encode(picked)
}

func (c *cluster) encode(body any) []byte {
	text, err := json.Marshal(body)
	c.must(err)
	return text
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
