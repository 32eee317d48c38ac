package flink

import (
	"net/http"
	"net/url"
	"strings"
)

// request is one call before it has an address.
type request struct {
	method string
	// path begins with a slash. rawPath is its escaped form where that differs.
	path, rawPath string
	query         string
	body          []byte
	contentType   string
}

// get makes a GET request of the given path segments, which are escaped.
func get(segments ...string) request { return call(http.MethodGet, segments...) }

func call(method string, segments ...string) request {
	path := "/" + strings.Join(segments, "/")
	r := request{method: method, path: path}
	if strings.ContainsFunc(path, needsEscape) || strings.Count(path, "/") != len(segments) {
		var raw strings.Builder
		for _, segment := range segments {
			raw.WriteString("/" + url.PathEscape(segment))
		}
		r.rawPath = raw.String()
	}
	return r
}

func needsEscape(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("/-_.", r):
		return false
	}
	return true
}

// with adds a query, which must be escaped already.
func (r request) with(query string) request {
	r.query = query
	return r
}

// carrying adds a body of JSON.
func (r request) carrying(body []byte) request {
	r.body, r.contentType = body, "application/json"
	return r
}

// op names the request in errors; long lists of metrics are cut.
func (r request) op() string {
	const most = 160
	op := r.method + " " + r.escapedPath()
	if r.query != "" {
		op += "?" + r.query
	}
	if len(op) > most {
		op = op[:most] + "…"
	}
	return op
}

func (r request) escapedPath() string {
	if r.rawPath != "" {
		return r.rawPath
	}
	return r.path
}

// wrongSegment finds an id that would make another path of this one.
func (r request) wrongSegment() (string, bool) {
	for segment := range strings.SplitSeq(r.escapedPath()[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return segment, true
		}
	}
	return "", false
}

// repeatable says that a second try cannot do harm.
func (r request) repeatable() bool { return r.method == http.MethodGet }

// url puts the request onto an address, whose path is a prefix.
func (r request) url(address *url.URL) *url.URL {
	u := &url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path + r.path, RawQuery: r.query}
	if r.rawPath != "" {
		u.RawPath = address.EscapedPath() + r.rawPath
	}
	return u
}
