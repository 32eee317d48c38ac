package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve answers each path with a text.
func serve(t *testing.T, answers map[string]string) (*Client, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		text, there := answers[strings.TrimPrefix(r.URL.RequestURI(), "/base/api/v1")]
		w.Header().Set("Sluice-Now", "1782907200000")
		if !there {
			w.WriteHeader(http.StatusNotFound)
			text = `{"detail": "nothing is here"}`
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	c, err := New(Config{Server: server.URL + "/base/", Token: "t", UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return c, &asked
}

func TestAddresses(t *testing.T) {
	for address, right := range map[string]bool{
		"http://127.0.0.1:8090": true, "https://sluice.example/below": true,
		"": false, "127.0.0.1:8090": false, "ftp://x": false, "http://": false, "http://anna:secret@x": false, "http://a b": false,
	} {
		_, err := New(Config{Server: address})
		if (err == nil) != right {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAllPagesOfJobsAreRead(t *testing.T) {
	c, asked := serve(t, map[string]string{
		"/jobs":               `{"jobs": [{"cluster": "a", "job": "1"}], "next": "x/y z"}`,
		"/jobs?after=x%2Fy+z": `{"jobs": [{"cluster": "b", "job": "2"}], "next": null}`,
	})
	jobs, now, err := c.Jobs(t.Context())
	if err != nil || len(jobs) != 2 || jobs[1].Job != "2" || now.UnixMilli() != 1782907200000 || len(*asked) != 2 {
		t.Errorf("%+v at %s, %v, after %q", jobs, now, err, *asked)
	}
}

func TestAServerWhoseListHasNoEndIsLeft(t *testing.T) {
	c, asked := serve(t, map[string]string{"/jobs": `{"jobs": [], "next": "1"}`, "/jobs?after=1": `{"jobs": [], "next": "1"}`})
	if _, _, err := c.Jobs(t.Context()); err == nil || len(*asked) != mostPages {
		t.Errorf("%v after %d requests", err, len(*asked))
	}
}

func TestAJobIsFoundByWhatNamesItAlone(t *testing.T) {
	c, _ := serve(t, map[string]string{"/jobs": `{"jobs": [
		{"cluster": "eu", "job": "ab12", "name": "orders"}, {"cluster": "us", "job": "ab12", "name": "clicks"}, {"cluster": "us", "job": "ab34", "name": "orders"}, {"cluster": "-", "job": "cd56", "name": "ab"}]}`})
	for name, want := range map[string]string{
		"clicks": "us/ab12", "eu/orders": "eu/ab12", "us/ab12": "us/ab12", "cd56": "-/cd56", "CD": "-/cd56", "ab3": "us/ab34", "ab": "-/cd56", "eu/ab": "eu/ab12", "-/ab": "-/cd56",
		"orders": `"orders" is more than one job: "orders" (eu/ab12), "orders" (us/ab34); give more of its id, or CLUSTER/ID`,
		"ab12":   `"ab12" is more than one job`,
		"ghost":  `no job has the id or name "ghost"; there are "orders" (eu/ab12)`,
		"":       `no job has the id or name ""`,
	} {
		job, err := c.Find(t.Context(), name)
		got := job.Cluster + "/" + job.Job
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
		var unknown *UnknownJobError
		if errors.As(err, &unknown) != strings.HasPrefix(want, "no job") {
			t.Errorf("%q: the error is %T", name, err)
		}
	}
	none, _ := serve(t, map[string]string{"/jobs": `{"jobs": []}`})
	if _, err := none.Find(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "watches none") {
		t.Error(err)
	}
}

func TestWhatOneJobIsAskedFor(t *testing.T) {
	job := &Job{Cluster: "a/b", Job: "1 2"}
	const path = "/jobs/a%2Fb/1%202"
	c, _ := serve(t, map[string]string{
		path + "/decisions?limit=7": `{"decisions": [{"id": 2}]}`, path + "/events?limit=3": `{"events": [{"seq": 9}]}`, "/events?limit=4": `{"events": []}`,
		path + "/requirements": `{"vertices": [{"vertex": "v", "upper": 4}]}`,
	})
	ctx := t.Context()
	decisions, err := c.Decisions(ctx, job, 7)
	if err != nil || len(decisions) != 1 {
		t.Errorf("%s, %v", decisions, err)
	}
	events, err := c.Events(ctx, job, 3)
	if err != nil || len(events) != 1 || events[0].Seq != 9 {
		t.Errorf("%+v, %v", events, err)
	}
	if events, err = c.Events(ctx, nil, 4); err != nil || len(events) != 0 {
		t.Errorf("%+v, %v", events, err)
	}
	bounds, err := c.Requirements(ctx, job)
	if err != nil || len(bounds) != 1 || bounds[0].Upper != 4 {
		t.Errorf("%+v, %v", bounds, err)
	}
	var refused *Error
	if _, err := c.Events(ctx, &Job{Cluster: "no", Job: "no"}, 1); !errors.As(err, &refused) || refused.Status != http.StatusNotFound || err.Error() != "nothing is here" {
		t.Error(err)
	}
}

func TestWhatAServerIsAskedToDo(t *testing.T) {
	job := &Job{Cluster: "-", Job: "1"}
	c, asked := serve(t, map[string]string{
		"/jobs/-/1/pause": `{"hold": {"by": "anna"}}`, "/resume": `{"hold": null}`, "/jobs/-/1/rescale": `{"vertices": [{"vertex": "v"}], "changed": true, "applied": true}`,
	})
	ctx := t.Context()
	hold, err := c.Pause(ctx, job, "2h", "why")
	if err != nil || hold.By != "anna" {
		t.Errorf("%+v, %v", hold, err)
	}
	if hold, err = c.Resume(ctx, nil); err != nil || hold != nil {
		t.Errorf("%+v, %v", hold, err)
	}
	done, err := c.Rescale(ctx, job, []Wish{{Vertex: "v", Upper: 4}}, "1h", false)
	if err != nil || !done.Applied {
		t.Errorf("%+v, %v", done, err)
	}
	if got := strings.Join(*asked, " "); strings.Count(got, "POST") != 3 {
		t.Error(got)
	}
}

func TestWhatMayPass(t *testing.T) {
	for want, errs := range map[bool][]error{
		true:  {&AwayError{"x", context.DeadlineExceeded}, &Error{http.StatusServiceUnavailable, ""}, &Error{http.StatusTooManyRequests, ""}, fmt.Errorf("x: %w", &AwayError{"x", errors.New("refused")})},
		false: {nil, errors.New("x"), &Error{http.StatusForbidden, ""}, &Error{http.StatusNotFound, ""}},
	} {
		for _, err := range errs {
			if MayPass(err) != want {
				t.Errorf("%v may pass: %v", err, !want)
			}
		}
	}
	c, err := New(Config{Server: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Jobs(t.Context()); !MayPass(err) || !strings.Contains(err.Error(), "ask http://127.0.0.1:1: ") {
		t.Error(err)
	}
}

func TestAnswersThatAreNotThoseOfASluice(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		header string
		body   string
		want   string
	}{
		"a page":       {200, "1", "<html>", "is not that of a Sluice"},
		"without time": {200, "", `{"jobs": []}`, "says no time"},
		"not found":    {404, "1", "404", "sluice run --listen"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Sluice-Now", answer.header)
				w.WriteHeader(answer.status)
				fmt.Fprint(w, answer.body)
			}))
			defer server.Close()
			c, err := New(Config{Server: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Jobs(t.Context()); err == nil || !strings.Contains(err.Error(), answer.want) {
				t.Error(err)
			}
		})
	}
}

// Who is refused is told how to give a token; the address may be that of the API.
func TestARefusalSaysHowATokenIsGiven(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"detail": "show a token"}`))
	}))
	defer server.Close()
	for tokenBy, want := range map[string]string{"": "show a token", "give it so": "show a token; give it so"} {
		client, err := New(Config{Server: server.URL + "/api/v1/", TokenBy: tokenBy})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.Jobs(t.Context()); err == nil || err.Error() != want || asked != "/api/v1/jobs" {
			t.Errorf("%v from %s; want %q", err, asked, want)
		}
	}
}

func TestAParallelismThatIsNotKnownIsNull(t *testing.T) {
	for parallelism, want := range map[int]string{0: `"parallelism":null,"wanted":null`, 4: `"parallelism":4,"wanted":5`} {
		j := Job{Name: "orders", Parallelism: parallelism, Wanted: parallelism + 1}
		text, err := json.Marshal([]Job{j})
		var back []Job
		if err := errors.Join(err, json.Unmarshal(text, &back)); err != nil || !strings.Contains(string(text), want) || back[0].Parallelism != parallelism || back[0].Name != "orders" {
			t.Errorf("%v, %s; want %s", err, text, want)
		}
	}
}
