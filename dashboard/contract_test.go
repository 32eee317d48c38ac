package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
)

// operation is one of the contract.
type operation struct {
	method, path string
	item         *openapi3.PathItem
	*openapi3.Operation
}

func operationsOf(document *openapi3.T) []operation {
	var all []operation
	for _, path := range document.Paths.InMatchingOrder() {
		for method, o := range document.Paths.Find(path).Operations() {
			all = append(all, operation{method, path, document.Paths.Find(path), o})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
}

// drawn is a request with what is to come of it.
type drawn struct {
	*http.Request
	operation operation
	// fits tells whether the contract allows it, loose whether its values may still
	// contradict one another.
	fits, loose bool
}

// asker draws requests of the contract for a server.
type asker struct {
	operations []operation
	// there are values of parameters for which there is something.
	there map[string][]string
}

func (a asker) draw(t *rapid.T) drawn {
	o := rapid.SampledFrom(a.operations).Draw(t, "operation")
	d := drawn{operation: o, fits: true}
	fault := rapid.SampledFrom([]string{"", "", "parameter", "unknown parameter", "twice", "query", "body", "content type"}).Draw(t, "fault")
	path, query := o.path, url.Values{}
	for _, p := range append(slices.Clone(o.item.Parameters), o.Parameters...) {
		a.parameter(t, &d, p.Value, fault, &path, query)
	}
	rawQuery := query.Encode()
	switch fault {
	case "unknown parameter":
		rawQuery, d.fits = rawQuery+"&unknown=1", false
	case "twice":
		if len(query) > 0 {
			rawQuery, d.fits = rawQuery+"&"+rawQuery, false
		}
	case "query":
		rawQuery, d.fits = rawQuery+rapid.SampledFrom([]string{"%zz", "a;b", "&%"}).Draw(t, "bad query"), false
	}
	body, kind := a.body(t, &d, fault)
	d.Request = httptest.NewRequest(o.method, "http://localhost/api/v1"+path, strings.NewReader(body))
	d.URL.RawQuery = strings.TrimPrefix(rawQuery, "&")
	if kind != "" {
		d.Header.Set("Content-Type", kind)
	}
	return d
}

// parameter draws one parameter into the path or the query.
func (a asker) parameter(t *rapid.T, d *drawn, p *openapi3.Parameter, fault string, path *string, query url.Values) {
	text, fits := "", true
	if wrong := unfit(p.Schema.Value); fault == "parameter" && d.fits && len(wrong) > 0 && rapid.Bool().Draw(t, p.Name+" is wrong") {
		text = rapid.SampledFrom(wrong).Draw(t, p.Name)
		fits = p.In == openapi3.ParameterInPath && p.Schema.Value.Type.Is("string") // no path has an empty part
		d.fits = fits
	} else {
		text = a.fitting(t, d, p)
	}
	if p.In == openapi3.ParameterInPath {
		if text == "" || text == "." || text == ".." {
			text = "x"
		}
		*path = strings.ReplaceAll(*path, "{"+p.Name+"}", url.PathEscape(text))
		return
	}
	if fits && rapid.Bool().Draw(t, "without "+p.Name) {
		return
	}
	d.loose = d.loose || p.Name == "from" || p.Name == "to"
	query.Set(p.Name, text)
}

// fitting draws a parameter that the contract allows, mostly one for which there is
// something.
func (a asker) fitting(t *rapid.T, d *drawn, p *openapi3.Parameter) string {
	there := a.there[p.Name]
	if d.operation.OperationID == "listJobs" && p.Name == "after" {
		return rapid.SampledFrom(a.there["cursor"]).Draw(t, p.Name) // made by the server alone
	}
	if len(there) > 0 && rapid.IntRange(0, 3).Draw(t, p.Name+" is there") > 0 {
		return rapid.SampledFrom(there).Draw(t, p.Name)
	}
	return asText(fitting(t, p.Schema.Value, p.Name))
}

func (a asker) body(t *rapid.T, d *drawn, fault string) (body, kind string) {
	if d.operation.RequestBody == nil {
		return "", ""
	}
	schema := d.operation.RequestBody.Value.Content["application/json"].Schema.Value
	d.loose = d.loose || d.operation.OperationID == "rescaleJob" // lower above upper
	kind = "application/json"
	switch fault {
	case "content type":
		kind, d.fits = rapid.SampledFrom([]string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data; boundary=x"}).Draw(t, "kind"), false
	case "body":
		d.fits = false
		return unfitBody(t, schema), kind
	}
	text, err := json.Marshal(fittingObject(t, schema, "body"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), kind
}

// Whatever the contract allows, or does not, is answered as the contract says.
func TestEveryAnswerKeepsToTheContract(t *testing.T) {
	document, router := contractOf(t)
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.FileBodyDecoder) // a text
	book := fourJobs(t)
	ask := asker{operationsOf(document), findable(book.Jobs()[0].Key)}
	rapid.Check(t, func(r *rapid.T) {
		hand := &fakeHand{held: map[autoscaler.JobKey]Held{}, fail: rapid.SampledFrom([]error{
			nil, nil, nil, errors.New("connection refused"), context.DeadlineExceeded, &RefusedError{errors.New("no")}, &UnknownError{errors.New("gone")},
		}).Draw(r, "trouble")}
		c := Config{Book: book, Options: options.FromMap(nil), Version: "test"}
		if rapid.IntRange(0, 4).Draw(r, "with hands") > 0 {
			c.Hand, c.Clusters = lookingHand{hand}, lookingHand{hand}
		}
		d := newDashboard(t, c)
		for range 15 {
			one := ask.draw(r)
			if one.operation.OperationID == "streamEvents" { // has an end only with its client
				ended, cancel := context.WithCancel(r.Context())
				cancel()
				one.Request = one.WithContext(ended)
			}
			w := httptest.NewRecorder()
			body, _ := io.ReadAll(one.Body)
			one.Body = io.NopCloser(bytes.NewReader(body))
			d.ServeHTTP(w, one.Request)
			if fault := judge(router, one, w, hand.fail); fault != "" {
				r.Fatalf("%s %s\n%s %q\n%s: %d %.500s", one.Method, one.URL, one.Header.Get("Content-Type"), body, fault, w.Code, w.Body)
			}
		}
	})
}

// lookingHand refuses acts, and no looks.
type lookingHand struct{ *fakeHand }

func (h lookingHand) Requirements(ctx context.Context, key autoscaler.JobKey) ([]VertexBounds, error) {
	found, err := h.fakeHand.Requirements(ctx, key)
	return found, notRefused(err)
}

func (h lookingHand) Look(ctx context.Context, name string) (ClusterView, error) {
	found, err := h.fakeHand.Look(ctx, name)
	return found, notRefused(err)
}

func notRefused(err error) error {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return errors.New("the connection was reset")
	}
	return err
}

// judge says in what an answer does not keep to the contract.
func judge(router routers.Router, r drawn, w *httptest.ResponseRecorder, trouble error) string {
	// What any request may meet is in the words of the contract, not in its lists.
	common := []int{http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge}
	wrong := w.Code == http.StatusBadRequest || w.Code == http.StatusUnsupportedMediaType
	switch {
	case !slices.Contains(common, w.Code) && r.operation.Responses.Status(w.Code) == nil:
		return "the contract does not know this status here"
	case w.Code >= 500 && trouble == nil:
		return "nothing is out of order but the server"
	case r.fits && !r.loose && wrong:
		return "the contract allows this request"
	case !r.fits && w.Code < 400:
		return "the contract does not allow this request"
	case w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json":
		return "an error is no problem, but " + w.Header().Get("Content-Type")
	}
	route, params, err := router.FindRoute(r.Request)
	if err != nil {
		return err.Error()
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r.Request, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

// findable are values with which a job is found.
func findable(key autoscaler.JobKey) map[string][]string {
	last := cursorOf(&jobView{Cluster: key.Cluster, Name: "orders-000", Job: string(key.Job)})
	return map[string][]string{
		"cluster": {key.Cluster}, "job": {string(key.Job)}, "vertex": {"enrich"}, "id": {"1", "2", "6"},
		"cursor": {*last, *cursorOf(&jobView{Cluster: "gone", Job: "gone"})},
	}
}
