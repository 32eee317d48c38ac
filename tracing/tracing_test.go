package tracing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// receiver is a collector that keeps what it gets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	faults []string
	spans  map[string]*spans.Span
	about  map[string]string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{spans: map[string]*spans.Span{}, about: map[string]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	var got collector.ExportTraceServiceRequest
	if err = errors.Join(err, proto.Unmarshal(body, &got)); err != nil || request.URL.Path != "/v1/traces" {
		r.faults = append(r.faults, request.URL.Path, errText(err))
	}
	for _, of := range got.GetResourceSpans() {
		texts(of.GetResource().GetAttributes(), r.about)
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans[s.GetName()] = s
			}
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func texts(attributes []*common.KeyValue, into map[string]string) {
	for _, a := range attributes {
		into[a.GetKey()] = a.GetValue().GetStringValue()
	}
}

// asking is a scaler that asks a cluster, and then fails or not.
type asking struct {
	client *http.Client
	url    string
	err    error
}

// Scale implements [control.Scaler].
func (a asking) Scale(ctx context.Context, _ *autoscaler.JobContext) (autoscaler.Report, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/jobs/1?token=hidden", nil)
	if err != nil {
		return autoscaler.Report{}, err
	}
	request.Header.Set("Authorization", "Bearer hidden")
	answer, err := a.client.Do(request)
	if err != nil {
		return autoscaler.Report{}, err
	}
	r := autoscaler.Report{Decision: scaling.Decision{Reason: scaling.ReasonWithinBounds}, Obstacle: autoscaler.Obstacle{Reason: autoscaler.ReasonQuota}}
	return r, errors.Join(a.err, answer.Body.Close())
}

// Cleanup implements [control.Scaler].
func (asking) Cleanup(context.Context, autoscaler.JobKey) error { return nil }

// begin has spans sent to that endpoint, and gives the log.
func begin(t *testing.T, endpoint string) (*Tracing, *bytes.Buffer) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	var log bytes.Buffer
	traced, err := Start(t.Context(), "1.2.3", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	return traced, &log
}

// pass runs one pass that asks a cluster, which knows no job.
func pass(t *testing.T, traced *Tracing, failure error) error {
	t.Helper()
	cluster := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("the request has got a header")
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer cluster.Close()
	client := &http.Client{Transport: traced.Transport(cluster.Client().Transport)}
	_, err := traced.Over(asking{client, cluster.URL, failure}).Scale(t.Context(), &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: "1"}, Name: "orders"})
	return err
}

func TestAPassIsASpanAndItsRequestsStandBelowIt(t *testing.T) {
	r := receive(t)
	traced, _ := begin(t, r.URL)
	broken := errors.New("broken")
	if err := pass(t, traced, broken); !errors.Is(err, broken) {
		t.Fatalf("the pass says %v, want %v", err, broken)
	}
	if err := traced.Close(); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	whole, request := r.spans["pass"], r.spans["GET"]
	if len(r.faults) > 0 || whole == nil || request == nil {
		t.Fatalf("got %v, %q; want spans pass and GET", r.spans, r.faults)
	}
	if !bytes.Equal(request.GetParentSpanId(), whole.GetSpanId()) || !bytes.Equal(request.GetTraceId(), whole.GetTraceId()) {
		t.Error("the request does not stand below the pass")
	}
	for s, message := range map[*spans.Span]string{whole: "broken", request: ""} {
		if got := s.GetStatus(); got.GetCode() != spans.Status_STATUS_CODE_ERROR || got.GetMessage() != message {
			t.Errorf("the status of %s is %v, want an error %q", s.GetName(), got, message)
		}
	}
	checkAttributes(t, r, whole, request)
}

func checkAttributes(t *testing.T, r *receiver, whole, request *spans.Span) {
	t.Helper()
	got := map[string]string{}
	texts(whole.GetAttributes(), got)
	texts(request.GetAttributes(), got)
	for key, want := range map[string]string{
		"flink.cluster": "prod", "flink.job.id": "1", "flink.job.name": "orders",
		"sluice.reason": string(scaling.ReasonWithinBounds), "sluice.obstacle": "quota-reached", "url.path": "/jobs/1",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if r.about["service.name"] != "sluice" || r.about["service.version"] != "1.2.3" {
		t.Errorf("the service is %v", r.about)
	}
	if all := whole.String() + request.String(); strings.Contains(all, "hidden") {
		t.Errorf("a secret is told: %s", all)
	}
}

func TestACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	r := receive(t)
	r.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	traced, log := begin(t, r.URL)
	if err := pass(t, traced, nil); err != nil {
		t.Errorf("the pass fails: %v", err)
	}
	if err := traced.Close(); err == nil && !strings.Contains(log.String(), "spans not delivered") {
		t.Errorf("nothing is said of it: %s", log)
	}
}

func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"none":         {},
		"switched off": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		"no exporter":  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		if wanted(func(key string) string { return env[key] }) {
			t.Errorf("%s: is traced", name)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	traced, err := Start(t.Context(), "1.2.3", slog.New(slog.DiscardHandler))
	if traced != nil || err != nil {
		t.Fatalf("%v, %v; want nothing", traced, err)
	}
	if err := errors.Join(pass(t, traced, nil), traced.Close()); err != nil {
		t.Error(err)
	}
}
