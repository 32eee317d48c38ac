package dashboard

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

const (
	// longestPath, longestQuery and mostFields are sizes of what a request is called
	// by and brings in its header, in bytes. Beyond twice the last the server itself
	// hangs up.
	longestPath  = 4 << 10
	longestQuery = 8 << 10
	mostFields   = 32 << 10
	// longestEcho is how much of a bad value an answer repeats, in bytes.
	longestEcho = 200
)

// sized refuses requests that are too long, and paths that are not written as one
// writes them: a redirect would mend a GET and spoil all else.
func sized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		written := r.URL.EscapedPath()
		switch size := sizeOf(r.Header); {
		case len(written) > longestPath:
			refuse(w, http.StatusRequestURITooLong, fmt.Sprintf("the path has %d bytes; want at most %d", len(written), longestPath))
		case len(r.URL.RawQuery) > longestQuery:
			refuse(w, http.StatusRequestURITooLong, fmt.Sprintf("the query has %d bytes; want at most %d", len(r.URL.RawQuery), longestQuery))
		case size > mostFields:
			refuse(w, http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the header has %d bytes; want at most %d", size, mostFields))
		case !plainPath(written):
			refuse(w, http.StatusNotFound, nothingAt(r))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func sizeOf(h http.Header) int {
	size := 0
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// plainPath tells whether a path has no empty part, no . and no .. in it.
func plainPath(written string) bool {
	clean := path.Clean(written)
	return strings.HasPrefix(written, "/") && (written == clean || written == clean+"/")
}

func nothingAt(r *http.Request) string {
	return fmt.Sprintf("there is no %s %s", shortened(r.Method), shortened(r.URL.Path))
}

// shortened is a text as far as an answer repeats it.
func shortened(text string) string {
	if len(text) <= longestEcho {
		return text
	}
	return strings.ToValidUTF8(text[:longestEcho], "") + "…"
}

// asked refuses requests whose query cannot be read, or has what is not among the
// names, or has it twice.
func asked(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkQuery(r.URL.RawQuery, names); err != nil {
			writeProblem(w, problemOf(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func checkQuery(text string, names []string) error {
	if text == "" {
		return nil
	}
	query, err := url.ParseQuery(text)
	if err != nil {
		return invalid("the query cannot be read: %s", shortened(err.Error()))
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			return invalid("there is no parameter %q: this takes none", shortened(name))
		case !slices.Contains(names, name):
			return invalid("there is no parameter %q; want one of %s", shortened(name), strings.Join(names, ", "))
		case len(query[name]) > 1:
			return invalid("%s is given %d times; want it once", name, len(query[name]))
		}
	}
	return nil
}
