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
	// TokenBy says how a token is given, for refusals of the one that was shown or of
	// none; empty says nothing.
	TokenBy string
	// UserAgent names the program that asks.
	UserAgent string
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	token   string
	tokenBy string
	agent   string
	http    *http.Client
}

// New checks the address; it asks nothing.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil {
		return nil, fmt.Errorf("%q is no address of a server: want one such as http://127.0.0.1:8090", c.Server)
	}
	base.Path = strings.TrimSuffix(strings.TrimSuffix(base.Path, "/"), "/api/v1") // as the page's links have it
	return &Client{base, c.Token, c.TokenBy, c.UserAgent, &http.Client{Timeout: requestTimeout}}, nil
}

// Error is a refusal of the server, in its words.
type Error struct {
	// Status is that of HTTP.
	Status int
	Detail string
}

func (e *Error) Error() string { return e.Detail }

// AwayError says that a server did not answer, which may pass.
type AwayError struct {
	// Server is its address.
	Server string
	Err    error
}

func (e *AwayError) Error() string { return fmt.Sprintf("ask %s: %v", e.Server, e.Err) }

// Unwrap returns Err.
func (e *AwayError) Unwrap() error { return e.Err }

// MayPass tells whether a server may answer well later what now ended in an error: it
// is away, overloaded, or not ready yet.
func MayPass(err error) bool {
	if _, away := errors.AsType[*AwayError](err); away {
		return true
	}
	refused, is := errors.AsType[*Error](err)
	return is && (refused.Status == http.StatusTooManyRequests || refused.Status >= http.StatusInternalServerError)
}

// UnknownJobError says that a server watches no job that is called so.
type UnknownJobError struct {
	// Name is what was asked for.
	Name string
	// others says which jobs there are.
	others string
}

func (e *UnknownJobError) Error() string {
	return fmt.Sprintf("no job has the id or name %q; %s", e.Name, e.others)
}

// Server is the address that is asked.
func (c *Client) Server() string { return c.base.String() }

// mostPages bounds how many pages of one list are read.
const mostPages = 1000

// Jobs lists all jobs, with the time that it is at the server.
func (c *Client) Jobs(ctx context.Context) ([]Job, time.Time, error) {
	all := []Job{}
	query := ""
	for range mostPages {
		var answer struct {
			Jobs []Job   `json:"jobs"`
			Next *string `json:"next"`
		}
		now, err := c.do(ctx, http.MethodGet, "/jobs"+query, nil, &answer)
		if err != nil {
			return nil, now, err
		}
		all = append(all, answer.Jobs...)
		if answer.Next == nil {
			return all, now, nil
		}
		query = "?after=" + url.QueryEscape(*answer.Next)
	}
	return nil, time.Time{}, fmt.Errorf("%s has more than %d pages of jobs", c.base, mostPages)
}

// Clusters are those that the server watches, as far as they stand on one page.
func (c *Client) Clusters(ctx context.Context) ([]Cluster, error) {
	var answer struct {
		Clusters []Cluster `json:"clusters"`
	}
	_, err := c.do(ctx, http.MethodGet, "/clusters", nil, &answer)
	return answer.Clusters, err
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
		func(j Job) bool {
			return name != "" && (strings.HasPrefix(j.Job, strings.ToLower(name)) || strings.HasPrefix(j.Cluster+"/"+j.Job, name))
		},
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
			return Job{}, fmt.Errorf("%q is more than one job: %s; give more of its id, or CLUSTER/ID", name, texts(found))
		}
	}
	if len(all) == 0 {
		return Job{}, &UnknownJobError{name, "this server watches none"}
	}
	return Job{}, &UnknownJobError{name, "there are " + texts(all)}
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

// Events are the newest events, of one job or for nil of all, the oldest of them
// first, at most so many.
func (c *Client) Events(ctx context.Context, job *Job, most int) ([]Event, error) {
	var answer struct {
		Events []Event `json:"events"`
	}
	path := "/events"
	if job != nil {
		path = job.path() + path
	}
	_, err := c.do(ctx, http.MethodGet, fmt.Sprintf("%s?limit=%d", path, most), nil, &answer)
	return answer.Events, err
}

// Requirements are the bounds of a job's vertices as Flink has them now.
func (c *Client) Requirements(ctx context.Context, job *Job) ([]Bounds, error) {
	var answer struct {
		Vertices []Bounds `json:"vertices"`
	}
	_, err := c.do(ctx, http.MethodGet, job.path()+"/requirements", nil, &answer)
	return answer.Vertices, err
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
		return time.Time{}, &AwayError{c.base.String(), errors.Unwrap(err)}
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
		if response.StatusCode == http.StatusUnauthorized && c.tokenBy != "" {
			problem.Detail += "; " + c.tokenBy
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
