package recording

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// Recorder carries requests out by another transport and writes down what was
// answered. It is safe for concurrent use. Redirects are not written down, since
// without headers they lead nowhere; what they lead to is.
type Recorder struct {
	next http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	file *Writer
	err  error
}

var _ http.RoundTripper = (*Recorder)(nil)

// NewRecorder makes a recorder that asks next, and takes the time of an answer
// from now.
func NewRecorder(next http.RoundTripper, now func() time.Time, file *Writer) *Recorder {
	return &Recorder{next: next, now: now, file: file}
}

// Err returns the first error of writing. Such an error stops the recording,
// not the requests.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// CloseIdleConnections does so in the transport beneath.
func (r *Recorder) CloseIdleConnections() {
	if t, ok := r.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// RoundTrip carries out the request. The answer is read to its end before it is
// handed on; one that breaks off is handed on as it is and not written down.
func (r *Recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	sent, err := sentBody(request)
	if err != nil {
		return nil, err
	}
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), brokenReader{err}))
		return response, nil
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	if response.StatusCode < 300 || response.StatusCode > 399 {
		r.write(Exchange{
			At: r.now(), Method: request.Method, Path: request.URL.RequestURI(),
			Status: response.StatusCode, Sent: sent, Body: body,
		})
	}
	return response, nil
}

// sentBody copies the body of a request that can be read twice.
func sentBody(request *http.Request) ([]byte, error) {
	if request.Body == nil || request.GetBody == nil {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	sent, err := io.ReadAll(body)
	return sent, errors.Join(err, body.Close())
}

func (r *Recorder) write(e Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.file.Write(e)
	}
}

// brokenReader fails the way the answer did.
type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }
