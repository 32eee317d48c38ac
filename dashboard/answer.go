package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// requestTimeout bounds every request but an event stream.
	requestTimeout = 20 * time.Second
	// mostBody is the size of the largest body that is read, in bytes.
	mostBody = 256 << 10
)

// nowHeader tells the page what time it is here, in ms: in a twin it is another
// than there.
const nowHeader = "Sluice-Now"

// view answers one request with a value that is written as JSON.
type view func(*http.Request) (any, error)

// problem is an error as RFC 9457 has it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func (p *problem) Error() string { return p.Detail }

// invalid is a request that is wrong; the text says what would be right.
func invalid(format string, a ...any) error {
	return &problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf(format, a...)}
}

func notFound(format string, a ...any) error {
	return &problem{Status: http.StatusNotFound, Detail: fmt.Sprintf(format, a...)}
}

// problemOf is what an error is to who asked.
func problemOf(err error) *problem {
	var p *problem
	var refused *RefusedError
	var unknown *UnknownError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &refused):
		p = &problem{Status: http.StatusConflict, Detail: refused.Error()}
	case errors.As(err, &unknown):
		p = &problem{Status: http.StatusNotFound, Detail: unknown.Error()}
	case errors.As(err, &tooLarge):
		p = &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)}
	case errors.Is(err, context.DeadlineExceeded):
		p = &problem{Status: http.StatusGatewayTimeout, Detail: err.Error()}
	default:
		p = &problem{Status: http.StatusBadGateway, Detail: err.Error()}
	}
	complete := *p
	complete.Type, complete.Title = "about:blank", http.StatusText(p.Status)
	return &complete
}

// json writes what a view answers.
func (d *Dashboard) json(v view) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(nowHeader, strconv.FormatInt(d.cfg.Now().UnixMilli(), 10))
		value, err := v(r)
		if err != nil {
			d.writeProblem(w, r, problemOf(err))
			return
		}
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(true)
		if err := encoder.Encode(value); err != nil {
			d.writeProblem(w, r, &problem{Type: "about:blank", Title: "Internal Server Error", Status: http.StatusInternalServerError, Detail: err.Error()})
			return
		}
		d.give(w, r, body.Bytes())
	})
}

func (d *Dashboard) writeProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	if p.Status >= http.StatusInternalServerError {
		d.cfg.Logger.LogAttrs(r.Context(), slog.LevelDebug, "request failed", slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", p.Status), slog.String("error", p.Detail))
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *problem) {
	body, _ := json.Marshal(p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n'))
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// refuse is a problem without a request's details.
func refuse(w http.ResponseWriter, status int, detail string) {
	writeProblem(w, problemOf(&problem{Status: status, Detail: detail}))
}

// bounded gives a request an end and its body a size.
func (d *Dashboard) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		next.ServeHTTP(w, r)
	})
}

// problems makes problems of what the mux itself refuses under /api.
func (d *Dashboard) problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			probe := statusOnly{header: http.Header{}}
			mux.ServeHTTP(&probe, r)
			if probe.status == http.StatusNotFound && wantsPage(r) && !strings.HasPrefix(r.URL.Path, "/api/") {
				nowhere(w, r)
				return
			}
			if allow := probe.header.Get("Allow"); allow != "" {
				w.Header().Set("Allow", allow)
			}
			refuse(w, probe.status, nothingAt(r))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// statusOnly is told an answer and forgets its body.
type statusOnly struct {
	header http.Header
	status int
}

// Header implements [http.ResponseWriter].
func (s *statusOnly) Header() http.Header { return s.header }

// Write implements [http.ResponseWriter].
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements [http.ResponseWriter].
func (s *statusOnly) WriteHeader(status int) { s.status = status }

// recovered keeps a crash to the request that it happened in.
func (d *Dashboard) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
				d.cfg.Logger.LogAttrs(r.Context(), slog.LevelError, "request crashed", slog.String("path", r.URL.Path), slog.Any("panic", fault))
				refuse(w, http.StatusInternalServerError, "this request met a fault of Sluice; the log has it")
			}
		}()
		next.ServeHTTP(w, r)
	})
}
