package dashboard

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/options"
)

// fourJobs is a book that nobody changes, made once for all tests.
func fourJobs(t *testing.T) *fleet.Book {
	t.Helper()
	booked.Lock()
	defer booked.Unlock()
	if booked.book == nil {
		booked.book = busyBook(t, 4)
	}
	return booked.book
}

// routed finds the operations of the contract, which is read once for all tests.
var routed struct {
	sync.Once
	router routers.Router
}

var booked struct {
	sync.Mutex
	book *fleet.Book
}

// contractOf reads openapi.yaml.
func contractOf(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatalf("read the contract: %v", err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("the contract is not valid: %v", err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return document, router
}

// fakeHand notes what it was asked for.
type fakeHand struct {
	asked []string
	held  map[autoscaler.JobKey]Held
	fail  error
}

func (h *fakeHand) Pause(_ context.Context, who Person, key autoscaler.JobKey, why string, until time.Time) error {
	h.asked = append(h.asked, "pause "+key.String()+" by "+who.Name+" for "+why+" until "+until.UTC().Format(time.RFC3339))
	if h.fail != nil {
		return h.fail
	}
	held := Held{By: who.Name, Why: why, Since: began, Text: "held by " + who.Name}
	if !until.IsZero() {
		held.Until = &until
	}
	h.held[key] = held
	return nil
}

func (h *fakeHand) Resume(_ context.Context, who Person, key autoscaler.JobKey) error {
	h.asked = append(h.asked, "resume "+key.String()+" by "+who.Name)
	delete(h.held, key)
	return h.fail
}

func (h *fakeHand) Held(key autoscaler.JobKey) (Held, bool) {
	held, is := h.held[key]
	return held, is
}

func (h *fakeHand) Rescale(_ context.Context, who Person, key autoscaler.JobKey, r Rescale) (Rescaled, error) {
	h.asked = append(h.asked, "rescale "+key.String()+" by "+who.Name+" "+r.Vertices[0].Vertex+" hold "+r.Hold.String())
	return Rescaled{Changed: true, Applied: !r.DryRun, Vertices: []VertexBounds{{Vertex: "enrich", Name: "enrich", Lower: 1, Upper: r.Vertices[0].Upper}}}, h.fail
}

func (h *fakeHand) Requirements(context.Context, autoscaler.JobKey) ([]VertexBounds, error) {
	return []VertexBounds{{Vertex: "enrich", Name: "enrich", Lower: 1, Upper: 3, Parallelism: 3, MaxParallelism: 128}}, h.fail
}

func (h *fakeHand) Names() []string { return []string{"prod"} }

func (h *fakeHand) Look(_ context.Context, name string) (ClusterView, error) {
	return ClusterView{Name: name, Address: "http://jm:8081", Version: "2.3.0", Slots: 4, Free: 1, TaskManagers: []TaskManagerView{{ID: "tm-1", Slots: 4, Free: 1, Heard: began}}, Jobs: []JobSlots{}}, h.fail
}

// api asks a dashboard and holds every answer against the contract.
type api struct {
	*testing.T
	handler http.Handler
	hand    *fakeHand
	router  routers.Router
}

func newAPI(t *testing.T, access Access) *api {
	t.Helper()
	hand := &fakeHand{held: map[autoscaler.JobKey]Held{}}
	routed.Do(func() { _, routed.router = contractOf(t) })
	return &api{t, newDashboard(t, Config{Book: fourJobs(t), Hand: hand, Clusters: hand, Options: options.FromMap(nil), Version: "test", Access: access}), hand, routed.router}
}

// ask sends one request; headers are pairs.
func (a *api) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	a.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	a.keepsTo(r, w)
	return w
}

// keepsTo holds an answer of the API against the contract.
func (a *api) keepsTo(r *http.Request, w *httptest.ResponseRecorder) {
	a.Helper()
	route, params, err := a.router.FindRoute(r)
	if err != nil || w.Code == http.StatusNotModified || w.Header().Get("Content-Encoding") != "" {
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateResponse(a.Context(), input); err != nil {
		a.Errorf("%s %s does not keep to the contract: %v\n%s", r.Method, r.URL, err, w.Body)
	}
}

const aJob = "/api/v1/jobs/prod/00000000000000000000000000000001"

func TestAnswers(t *testing.T) {
	a := newAPI(t, Access{})
	for _, c := range []struct {
		path   string
		status int
		says   []string
	}{
		{"/api/v1/whoami", 200, []string{`"name":"local"`, `"role":"operator"`, `"canAct":true`}},
		{"/api/v1/clusters", 200, []string{`"name":"prod"`, `"jobs":4`, `"steady":3`, `"blocked":1`}},
		{"/api/v1/clusters/prod", 200, []string{`"tm-1"`, `"version":"2.3.0"`}},
		{"/api/v1/clusters/nope", 404, []string{`no cluster \"nope\" is watched here`}},
		{"/api/v1/jobs", 200, []string{`"orders-000"`, `"orders-003"`, `"spark":{"source":[`}},
		{"/api/v1/jobs?q=orders-001", 200, []string{`"orders-001"`}},
		{"/api/v1/jobs?q=nothing+like+it", 200, []string{`"jobs":[]`}},
		{"/api/v1/jobs?state=blocked", 200, []string{`"orders-003"`}},
		{aJob, 200, []string{`"orders-000"`, `"graph":{"columns":3,"rows":2`, `"backpressured":0.4`}},
		{"/api/v1/jobs/prod/none", 404, []string{"no job prod/none is watched here"}},
		{"/api/v1/jobs/-/none", 404, []string{"no job none is watched here"}},
		{aJob + "/series", 200, []string{`"at":[`, `"capacity":[`}},
		{aJob + "/series?vertex=enrich&points=10", 200, []string{`"parallelism":[2`}},
		{aJob + "/series?vertex=", 400, []string{"vertex is empty"}},
		{aJob + "/series?vertex=none", 404, []string{`has no vertex \"none\"`}},
		{aJob + "/series?points=0", 400, []string{`points is \"0\"; want a whole number from 1 to 2000`}},
		{aJob + "/series?from=yesterday", 400, []string{`from is \"yesterday\"; want a time`}},
		{aJob + "/series?from=2026-07-01T13:00:00Z&to=2026-07-01T12:00:00Z", 400, []string{"is not before"}},
		{aJob + "/series?from=1782907200000&to=2026-07-01T12:10:00Z", 200, []string{`"at":[1782907200000`}},
		{aJob + "/decisions", 200, []string{`"id":6`, `"action":"scale"`}},
		{aJob + "/decisions?limit=x", 400, []string{"limit is"}},
		{aJob + "/decisions/2", 200, []string{`"rule":"demand"`, `"text":"`, `"stories":[`}},
		{aJob + "/decisions/99", 404, []string{"decision 99 of job"}},
		{aJob + "/decisions/x", 400, []string{"want its number"}},
		{aJob + "/advice", 200, []string{`"state":"steady"`}},
		{aJob + "/events", 200, []string{`"reason":"ScalingReport"`}},
		{aJob + "/config", 200, []string{`"key":"job.autoscaler.utilization.target"`}},
		{aJob + "/requirements", 200, []string{`"lower":1,"upper":3`}},
		{"/api/v1/events?limit=2", 200, []string{`"seq":12`}},
		{"/api/v1/events?after=11", 200, []string{`"seq":12`}},
		{"/api/v1/events?after=-1", 400, []string{"after is"}},
		{"/api/v1/config", 200, []string{`"profile":`}},
		{"/api/v1/nothing", 404, []string{"there is no GET /api/v1/nothing"}},
		{"/api/v1//jobs", 404, []string{"there is no GET /api/v1//jobs"}},
		{"//api/v1/jobs", 404, []string{"there is no GET //api/v1/jobs"}},
		{"/api/v1/../v1/jobs", 404, []string{"there is no GET /api/v1/../v1/jobs"}},
		{"/api/v1/jobs/./x", 404, []string{"there is no GET"}},
		{"/api/v1/jobs/", 404, []string{"there is no GET /api/v1/jobs/"}},
		{"/api/v1", 404, []string{"there is no GET /api/v1"}},
		{"/api/v1/jobs/prod/%2e%2e", 404, []string{"no job prod/.. is watched here"}},
		{"/api/v1/jobs/prod/a%2Fb", 404, []string{"no job prod/a/b is watched here"}},
		{"/assets", 404, []string{"there is no GET /assets"}},
		{"/assets/", 404, []string{"there is no GET /assets/"}},
		{"/api/v1/jobs?state=bogus", 400, []string{`state is \"bogus\"; want one of steady, filling, scaling`}},
		{"/api/v1/jobs?state=", 400, []string{`state is \"\"; want one of steady`}},
		{"/api/v1/jobs?cluster=", 400, []string{"cluster is empty"}},
		{"/api/v1/jobs?limit=-1", 400, []string{`limit is \"-1\"; want a whole number from 1 to 5000`}},
		{"/api/v1/jobs?limit=", 400, []string{`limit is \"\"`}},
		{"/api/v1/jobs?limt=3", 400, []string{`there is no parameter \"limt\"; want one of q, state, cluster, limit, after`}},
		{"/api/v1/jobs?limit=3&limit=4", 400, []string{"limit is given 2 times"}},
		{"/api/v1/jobs?after=x", 400, []string{`after is \"x\"; want what a list called next`}},
		{"/api/v1/jobs?q=%zz", 400, []string{"the query cannot be read"}},
		{"/api/v1/jobs?q=a;b", 400, []string{"the query cannot be read"}},
		{"/api/v1/jobs?q=" + strings.Repeat("x", 1001), 400, []string{"q has 1001 characters; want at most 1000"}},
		{"/api/v1/jobs?q=" + strings.Repeat("x", 9000), 414, []string{"the query has 9002 bytes; want at most 8192"}},
		{"/api/v1/" + strings.Repeat("x", 5000), 414, []string{"the path has 5008 bytes; want at most 4096"}},
		{"/api/v1/whoami?x=1", 400, []string{`there is no parameter \"x\": this takes none`}},
		{"/api/v1/openapi.yaml?x=1", 400, []string{"this takes none"}},
		{"/api/v1/events/stream?x=1", 400, []string{"this takes none"}},
		{"/api/v1/events?before=0", 400, []string{`before is \"0\"; want the number of an event, from 1 on`}},
		{"/api/v1/events?limit=2&before=11", 200, []string{`"seq":9`, `"seq":10`, `"next":9`}},
		{"/api/v1/events?before=3", 200, []string{`"seq":1`, `"seq":2`, `"next":null`}},
		{aJob + "/decisions?limit=2", 200, []string{`"id":6`, `"id":5`, `"next":5`}},
		{aJob + "/decisions?limit=2&before=3", 200, []string{`"id":2`, `"id":1`, `"next":null`}},
		{"/api/v1/clusters?after=prod", 200, []string{`"clusters":[],"next":null`}},
		{"/api/v1/openapi.yaml", 200, []string{"openapi: 3"}},
		{"/healthz", 200, []string{"ok"}},
		{"/readyz", 200, []string{"ok"}},
		{"/assets/app.js", 200, []string{"import"}},
		{"/assets/..%2faccess.go", 404, nil},
		{"/assets/none.js", 404, nil},
	} {
		t.Run(c.path, func(t *testing.T) {
			b := *a
			b.T = t
			w := b.ask(http.MethodGet, c.path, "")
			if w.Code != c.status {
				t.Errorf("status %d, want %d: %.300s", w.Code, c.status, w.Body)
			}
			for _, text := range c.says {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("it does not say %s: %.600s", text, w.Body)
				}
			}
			if c.status >= 400 && strings.HasPrefix(c.path, "/api") && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("the error has the type %q, want a problem", w.Header().Get("Content-Type"))
			}
		})
	}
}

func TestEveryRouteIsInTheContract(t *testing.T) {
	document, _ := contractOf(t)
	inContract := map[string]string{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			inContract[method+" /api/v1"+path] = queryOf(item, operation)
		}
	}
	served := newDashboard(t, Config{Book: busyBook(t, 1)}).served
	for _, route := range served {
		parameters, there := inContract[route.pattern]
		if taken := strings.Join(slices.Sorted(slices.Values(route.parameters)), ","); !there || taken != parameters {
			t.Errorf("%s is served with the parameters %q; in the contract %t with %q", route.pattern, taken, there, parameters)
		}
		delete(inContract, route.pattern)
	}
	for route := range inContract {
		t.Errorf("%s is in the contract and not served", route)
	}
	if len(served) < 20 {
		t.Errorf("only %d routes were found", len(served))
	}
}

// queryOf are the names of the parameters of a query.
func queryOf(item *openapi3.PathItem, operation *openapi3.Operation) string {
	var names []string
	for _, p := range append(slices.Clone(item.Parameters), operation.Parameters...) {
		if p.Value.In == openapi3.ParameterInQuery {
			names = append(names, p.Value.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func TestTheContractKnowsTheStates(t *testing.T) {
	document, _ := contractOf(t)
	var listed []string
	for _, one := range document.Components.Schemas["KnownState"].Value.Enum {
		listed = append(listed, fmt.Sprint(one))
	}
	if have := texts(states); !slices.Equal(have, listed) {
		t.Errorf("states %q, in the contract %q", have, listed)
	}
	for _, one := range listed {
		if err := document.Components.Schemas["State"].Value.VisitJSON(one); err != nil {
			t.Errorf("%q may be asked for and not be answered: %v", one, err)
		}
	}
}

func TestAnAnswerThatIsKnownIsNotSentAgain(t *testing.T) {
	a := newAPI(t, Access{})
	first := a.ask(http.MethodGet, "/api/v1/jobs", "")
	tag := first.Header().Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	if again := a.ask(http.MethodGet, "/api/v1/jobs", "", "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again: %d, %d bytes; want 304 and none", again.Code, again.Body.Len())
	}
	if other := a.ask(http.MethodGet, "/api/v1/jobs", "", "If-None-Match", `W/"other"`); other.Code != http.StatusOK {
		t.Errorf("with another tag: %d", other.Code)
	}
}

func TestLargeAnswersAreCompressed(t *testing.T) {
	a := newAPI(t, Access{})
	plain := a.ask(http.MethodGet, "/api/v1/jobs", "").Body.Len()
	packed := a.ask(http.MethodGet, "/api/v1/jobs", "", "Accept-Encoding", "gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() >= plain/2 {
		t.Errorf("%d bytes of %d, encoding %q", packed.Body.Len(), plain, packed.Header().Get("Content-Encoding"))
	}
}
