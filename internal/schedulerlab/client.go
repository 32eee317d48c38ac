package schedulerlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/script"
)

// client asks Flink's REST interface with net/http alone, so that it can judge our own client.
type client struct {
	url  string
	http http.Client
}

// requestTimeout is short of Flink's own: an answer that late says nothing of the moment.
const requestTimeout = 10 * time.Second

func newClient(url string) *client {
	return &client{url: url, http: http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// request sends a body as it is, and returns whatever is answered.
func (c *client) request(ctx context.Context, method, path string, body []byte) (*script.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	b, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return &script.Answer{Status: res.StatusCode, Body: string(b)}, nil
}

// errAnswer is an answer that is not 2xx.
var errAnswer = errors.New("refused")

// get decodes an answer of 200.
func (c *client) get(ctx context.Context, path string, out any) error {
	a, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if a.Status/100 != 2 {
		return fmt.Errorf("GET %s: %w: %d %.300s", path, errAnswer, a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), out); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// withoutFrames takes the frames of Java stack traces out of the texts of an error, which differ from version to version.
// Any other body stays as it is.
func withoutFrames(body string) string {
	var refusal struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal([]byte(body), &refusal) != nil || refusal.Errors == nil {
		return body
	}
	for i, text := range refusal.Errors {
		refusal.Errors[i] = causes(text)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(refusal); err != nil {
		return body
	}
	return strings.TrimSpace(b.String())
}
