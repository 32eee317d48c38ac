// Package apiclient asks a running Sluice over its HTTP API, for the command line and
// for programs. The contract is dashboard/openapi.yaml.
//
// What must not live here: how answers are shown.
package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// requestTimeout bounds every request.
	requestTimeout = 30 * time.Second
	// mostAnswer is the size of the largest answer that is read, in bytes.
	mostAnswer = 64 << 20
)

// Config says whom to ask.
type Config struct {
	// Server is the address of the page, such as http://127.0.0.1:8090.
	Server string
	// Token is shown to it; empty for none.
	Token string
	// UserAgent names the program that asks.
	UserAgent string
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	agent string
	http  *http.Client
}

// New checks the address; it asks nothing.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil {
		return nil, fmt.Errorf("%q is no address of a server: want one such as http://127.0.0.1:8090", c.Server)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &Client{base, c.Token, c.UserAgent, &http.Client{Timeout: requestTimeout}}, nil
}

// Error is a refusal of the server, in its words.
type Error struct {
	// Status is that of HTTP.
	Status int
	Detail string
}

func (e *Error) Error() string { return e.Detail }

// Job is one job at a glance. A figure that is not known is nil.
type Job struct {
	Cluster     string     `json:"cluster"`
	Job         string     `json:"job"`
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Why         string     `json:"why"`
	Since       *time.Time `json:"since"`
	Seen        *time.Time `json:"seen"`
	Parallelism int        `json:"parallelism"`
	Wanted      int        `json:"wanted"`
	Source      *float64   `json:"source"`
	Target      *float64   `json:"target"`
	Capacity    *float64   `json:"capacity"`
	Lag         *float64   `json:"lag"`
	Busy        *float64   `json:"busy"`
	Scaled      *time.Time `json:"scaled"`
	Failure     *Failure   `json:"failure,omitempty"`
	Hold        *Hold      `json:"hold,omitempty"`
}

// Failure is why the newest pass over a job came to nothing.
type Failure struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Hold is who keeps Sluice's hand off a job.
type Hold struct {
	By    string     `json:"by"`
	Why   string     `json:"why,omitempty"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until"`
	Text  string     `json:"text"`
}

// Wish are the bounds of one vertex that a person wants.
type Wish struct {
	Vertex string `json:"vertex"`
	Lower  int    `json:"lower,omitempty"`
	Upper  int    `json:"upper"`
}

// Rescaled is what became of a rescale by hand.
type Rescaled struct {
	Vertices []Bounds `json:"vertices"`
	Changed  bool     `json:"changed"`
	Applied  bool     `json:"applied"`
}

// Bounds are those of one vertex.
type Bounds struct {
	Vertex         string `json:"vertex"`
	Name           string `json:"name"`
	Lower          int    `json:"lower"`
	Upper          int    `json:"upper"`
	Parallelism    int    `json:"parallelism"`
	MaxParallelism int    `json:"maxParallelism"`
}

// Jobs lists the jobs, with the time that it is at the server.
func (c *Client) Jobs(ctx context.Context) ([]Job, time.Time, error) {
	var answer struct {
		Jobs []Job `json:"jobs"`
	}
	now, err := c.do(ctx, http.MethodGet, "/jobs", nil, &answer)
	return answer.Jobs, now, err
}

// Find finds the one job that is meant: by id, name, or the beginning of an id;
// CLUSTER/ may stand before it.
func (c *Client) Find(ctx context.Context, name string) (Job, error) {
	all, _, err := c.Jobs(ctx)
	if err != nil {
		return Job{}, err
	}
	for _, fits := range []func(Job) bool{
		func(j Job) bool { return j.Job == name || j.Cluster+"/"+j.Job == name },
		func(j Job) bool { return j.Name == name || j.Cluster+"/"+j.Name == name },
		func(j Job) bool { return strings.HasPrefix(j.Job, strings.ToLower(name)) },
	} {
		var found []Job
		for _, j := range all {
			if fits(j) {
				found = append(found, j)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return Job{}, fmt.Errorf("%q is more than one job: %s", name, texts(found))
		}
	}
	if len(all) == 0 {
		return Job{}, fmt.Errorf("no job has the id or name %q; this server watches none", name)
	}
	return Job{}, fmt.Errorf("no job has the id or name %q; there are %s", name, texts(all))
}

// texts names the first few.
func texts(jobs []Job) string {
	const most = 10
	var all []string
	for _, j := range jobs[:min(most, len(jobs))] {
		all = append(all, fmt.Sprintf("%q (%s/%s)", j.Name, j.Cluster, j.Job))
	}
	if more := len(jobs) - most; more > 0 {
		all = append(all, fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, ", ")
}

// Pause keeps Sluice's hand off a job for so long, a duration as options have it;
// empty is until it is resumed. A nil job is all of them.
func (c *Client) Pause(ctx context.Context, job *Job, length, why string) (*Hold, error) {
	return c.hold(ctx, job, "/pause", map[string]string{"for": length, "why": why})
}

// Resume ends that, and returns the hold that is still in force, if any.
func (c *Client) Resume(ctx context.Context, job *Job) (*Hold, error) {
	return c.hold(ctx, job, "/resume", map[string]string{})
}

func (c *Client) hold(ctx context.Context, job *Job, act string, request any) (*Hold, error) {
	var answer struct {
		Hold *Hold `json:"hold"`
	}
	path := act
	if job != nil {
		path = job.path() + act
	}
	_, err := c.do(ctx, http.MethodPost, path, request, &answer)
	return answer.Hold, err
}

// Rescale sets bounds of a job's vertices, and pauses it for so long.
func (c *Client) Rescale(ctx context.Context, job *Job, wishes []Wish, hold string, dryRun bool) (Rescaled, error) {
	var answer Rescaled
	request := map[string]any{"vertices": wishes, "dryRun": dryRun}
	if hold != "" {
		request["hold"] = hold
	}
	_, err := c.do(ctx, http.MethodPost, job.path()+"/rescale", request, &answer)
	return answer, err
}

// Decisions are the newest decisions about a job as JSON, the newest first, at most
// so many.
func (c *Client) Decisions(ctx context.Context, job *Job, most int) ([]json.RawMessage, error) {
	var answer struct {
		Decisions []json.RawMessage `json:"decisions"`
	}
	_, err := c.do(ctx, http.MethodGet, fmt.Sprintf("%s/decisions?limit=%d", job.path(), most), nil, &answer)
	return answer.Decisions, err
}

func (j *Job) path() string {
	return "/jobs/" + url.PathEscape(j.Cluster) + "/" + url.PathEscape(j.Job)
}

// do sends one request and reads the answer; it returns the time at the server.
func (c *Client) do(ctx context.Context, method, path string, request, answer any) (time.Time, error) {
	var body io.Reader
	if request != nil {
		text, err := json.Marshal(request)
		if err != nil {
			return time.Time{}, err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base.String()+"/api/v1"+path, body)
	if err != nil {
		return time.Time{}, err
	}
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask %s: %w", c.base, errors.Unwrap(err))
	}
	defer response.Body.Close()
	return c.read(response, answer)
}

func (c *Client) read(response *http.Response, answer any) (time.Time, error) {
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	if response.StatusCode != http.StatusOK {
		var problem struct{ Detail string }
		if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
			problem.Detail = fmt.Sprintf("%s answers %s: is it the address of a sluice run --listen?", c.base, response.Status)
		}
		return time.Time{}, &Error{response.StatusCode, problem.Detail}
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return time.Time{}, fmt.Errorf("the answer of %s is not that of a Sluice: %w", c.base, err)
	}
	var ms int64
	if _, err := fmt.Sscan(response.Header.Get("Sluice-Now"), &ms); err != nil {
		return time.Time{}, fmt.Errorf("the answer of %s is not that of a Sluice: it says no time", c.base)
	}
	return time.UnixMilli(ms).UTC(), nil
}
