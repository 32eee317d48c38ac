package twin

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"syscall"
)

// Transport answers HTTP requests in process, for a client of Flink's that takes
// an http.RoundTripper. Its requests may come from several goroutines, as long as
// nobody does anything else with the twin meanwhile.
func (t *Twin) Transport() http.RoundTripper { return transport{t} }

type transport struct{ twin *Twin }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read the body of a request: %w", err)
		}
	}
	answer := t.twin.serve(r, body)
	if answer.Status == 0 {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return &http.Response{
		Status: strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status), StatusCode: answer.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body:   &Body{answer: answer},
	}, nil
}

// serve answers one request at a time.
func (t *Twin) serve(r *http.Request, body []byte) Answer {
	t.serving.Lock()
	defer t.serving.Unlock()
	return t.Answer(r.Method, r.URL.Path, r.URL.Query(), body)
}

// Body is the body of a response of the transport. It is made into JSON when it is
// read; a client in the same process can have the value instead.
type Body struct {
	answer  Answer
	encoded *bytes.Reader
}

// Read reads the body as JSON.
func (b *Body) Read(into []byte) (int, error) {
	if b.encoded == nil {
		b.encoded = bytes.NewReader(b.answer.Body())
	}
	return b.encoded.Read(into)
}

// Close does nothing.
func (b *Body) Close() error { return nil }

// Into sets what a pointer points to to the value of the body, and says whether
// that was of its type. Parts of the value may be shared: they must not be changed.
func (b *Body) Into(answer any) bool {
	to, from := reflect.ValueOf(answer), reflect.ValueOf(b.answer.Value)
	if to.Kind() != reflect.Pointer || to.IsNil() || !from.IsValid() || b.answer.Status > 299 {
		return false
	}
	if from.Kind() == reflect.Pointer {
		from = from.Elem()
	}
	if to = to.Elem(); from.Type() != to.Type() {
		return false
	}
	to.Set(from)
	return true
}
