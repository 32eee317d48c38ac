package fenced

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/leasetest"
)

var jobOne = autoscaler.JobKey{Job: "0123456789abcdef0123456789abcdef"}

// grant is a lease of the job, under which a pass runs.
func grant(t *testing.T) (context.Context, *lease.Keeper) {
	t.Helper()
	k, err := newKeeper(leasetest.NewMemory(lease.BootClock), "one")
	if err != nil {
		t.Fatal(err)
	}
	k.Listed(t.Context(), "c", []autoscaler.JobKey{jobOne})
	ctx, leave, ok := k.Enter(t.Context(), jobOne)
	if !ok {
		t.Fatal("the job is not ours")
	}
	t.Cleanup(leave)
	return ctx, k
}

// guard answers as a test says.
type guard struct {
	until           time.Duration // from now
	permit, confirm error
	asked           int
}

func (g *guard) Permit(_ context.Context, of *lease.Grant, _ time.Duration) (lease.Permit, error) {
	g.asked++
	return lease.Permit{Grant: of, Until: lease.BootClock() + g.until}, g.permit
}

func (g *guard) Confirm(context.Context, lease.Permit) error { return g.confirm }

func request(ctx context.Context, t *testing.T, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// echo answers with what it got.
func echo(t *testing.T) (url string, got func() []string) {
	t.Helper()
	var all []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all = append(all, r.Method+" "+string(body))
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		server.Close()
		return all
	}
}

func TestReadingNeedsNoLease(t *testing.T) {
	url, got := echo(t)
	tr := &Transport{Next: &http.Transport{}, Guard: &guard{permit: lease.ErrLost}, Clock: lease.BootClock, Deadline: time.Second}
	ctx, _ := grant(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		response, err := tr.RoundTrip(request(ctx, t, method, url))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if n := len(got()); n != 2 {
		t.Errorf("%d requests arrived, want 2", n)
	}
}

func TestAChangeNeedsALease(t *testing.T) {
	ctx, _ := grant(t)
	tests := []struct {
		name     string
		ctx      context.Context
		guard    guard
		arrives  bool
		err      string
		toldLate bool
	}{
		{name: "with time", ctx: ctx, guard: guard{until: time.Minute}, arrives: true},
		{name: "by a person, outside of a pass", ctx: t.Context(), guard: guard{permit: lease.ErrLost}, arrives: true},
		{name: "with one that is lost", ctx: ctx, guard: guard{until: time.Minute, permit: lease.ErrLost}, err: lease.ErrLost.Error()},
		{name: "with one that ends", ctx: ctx, guard: guard{until: time.Second}, err: ErrTooLate.Error()},
		{name: "with one that was lost meanwhile", ctx: ctx, guard: guard{until: time.Minute, confirm: lease.ErrLost}, arrives: true, err: lease.ErrLost.Error(), toldLate: true},
		{name: "with one of which nobody knows", ctx: ctx, guard: guard{until: time.Minute, confirm: errors.New("the store is away")}, arrives: true, err: "the store is away", toldLate: true},
	}
	for _, next := range []http.RoundTripper{&http.Transport{}, plain{&http.Transport{}}} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				url, got := echo(t)
				late := ""
				tr := &Transport{
					Next: next, Guard: &test.guard, Clock: lease.BootClock, Deadline: 4 * time.Second,
					Late: func(_ *lease.Grant, _ *http.Request, body []byte) { late = string(body) },
				}
				response, err := tr.RoundTrip(request(test.ctx, t, http.MethodPut, url))
				if err == nil {
					if body, _ := io.ReadAll(response.Body); string(body) != "body" {
						t.Errorf("answered %q", body)
					}
				}
				if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				if all := strings.Join(got(), ","); test.arrives != (all == "PUT body") {
					t.Errorf("arrived: %q, want that: %v", all, test.arrives)
				}
				if test.toldLate != (late == "body") {
					t.Errorf("told of the late write %q, want that: %v", late, test.toldLate)
				}
			})
		}
	}
}

// plain is a transport that cannot be copied.
type plain struct{ http.RoundTripper }

// A client of the real thing finds out why, and that nothing is wrong with the
// job.
func TestTheClientSaysThatTheJobIsNotOurs(t *testing.T) {
	ctx, k := grant(t)
	url, got := echo(t)
	client, err := flink.New(flink.Config{Addresses: []string{url}, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		return &Transport{Next: next, Guard: k, Clock: lease.BootClock, Deadline: leaseTime / 3}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Forgotten(t.Context(), jobOne); err != nil {
		t.Fatal(err)
	}
	err = client.PutResourceRequirements(context.WithoutCancel(ctx), jobOne.Job, flink.ResourceRequirements{"v": flink.Require(1, 2)})
	if !errors.Is(err, autoscaler.ErrNotOurs) || len(got()) != 0 {
		t.Errorf("error %v, arrived %q", err, got())
	}
}
