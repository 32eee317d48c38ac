package flink

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// inProcess answers everything with one status, text and value.
type inProcess struct {
	status int
	text   string
	value  any
	read   *bool
}

func (p inProcess) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: p.status, Header: http.Header{}, Body: valuedBody{strings.NewReader(p.text), p}}, nil
}

type valuedBody struct {
	io.Reader
	inProcess
}

func (b valuedBody) Read(into []byte) (int, error) { *b.read = true; return b.Reader.Read(into) }
func (b valuedBody) Close() error                  { return nil }
func (b valuedBody) Into(answer any) bool {
	to, wanted := answer.(*Overview)
	from, is := b.value.(Overview)
	if wanted && is {
		*to = from
	}
	return wanted && is
}

// A value is taken as it is, and the text not read; where there is no value of that
// type, or an error, the text counts.
func TestABodyOfTheSameProcessIsTakenAsAValue(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  inProcess
		version string
		byText  bool
		refused bool
	}{
		{"a value", inProcess{status: 200, text: `{"flink-version": "text"}`, value: Overview{FlinkVersion: "value"}}, "value", false, false},
		{"another value", inProcess{status: 200, text: `{"flink-version": "text"}`, value: 3}, "text", true, false},
		{"an error", inProcess{status: 404, text: `{"errors": ["gone"]}`, value: 3}, "", true, true},
	} {
		read := false
		c.answer.read = &read
		client, err := New(Config{Addresses: []string{"http://twin"}, Transport: c.answer})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Overview(t.Context())
		if got.FlinkVersion != c.version || read != c.byText || IsNotFound(err) != c.refused {
			t.Errorf("%s: %+v, %v; the text was read: %t", c.name, got, err, read)
		}
	}
}
