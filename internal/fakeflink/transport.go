package fakeflink

import (
	"bytes"
	"io"
	"net/http"
)

// Transport answers without a network, for benchmarks of what is above it.
type Transport struct{ Manager *JobManager }

var _ http.RoundTripper = Transport{}

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(message *http.Request) (*http.Response, error) {
	r := request{method: message.Method, path: message.URL.EscapedPath(), query: message.URL.RawQuery, sender: message.UserAgent()}
	if message.Body != nil {
		defer message.Body.Close()
		var err error
		if r.body, err = io.ReadAll(message.Body); err != nil {
			return nil, err
		}
	}
	body, status := t.Manager.answer(nil, r)
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: message,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}
