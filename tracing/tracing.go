// Package tracing tells a collector of OpenTelemetry how each pass went: one span a
// pass, with one below it for each request to the cluster.
//
// It is off unless the environment names an endpoint, by OpenTelemetry's own
// variables, which also set headers, time limits, sampling and the service's name.
// What a span tells are names, reasons and times: no configuration, no credentials.
// What must not live here: metrics (package metrics) and decisions as data (package
// decisions).
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
)

// lastSpans is how long the end may take to deliver what waits.
const lastSpans = 5 * time.Second

// Tracing sends spans to a collector. A nil one does nothing. It is safe for
// concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// wanted tells whether the environment names an endpoint, and does not switch it off.
func wanted(env func(string) string) bool {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Start begins to send spans by OTLP over HTTP, or returns nil where the environment
// names no endpoint. An endpoint that does not answer is no error: it is logged, at
// Debug since that may be often, and the spans are lost. Version is that of the
// program.
func Start(ctx context.Context, version string, log *slog.Logger) (*Tracing, error) {
	if !wanted(os.Getenv) {
		return nil, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.LogAttrs(context.Background(), slog.LevelDebug, "spans not delivered", slog.String("error", err.Error()))
	}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "sluice"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("start tracing: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/sluice-project/sluice", trace.WithInstrumentationVersion(version))}, nil
}

// Close delivers what waits, for five seconds at most.
func (t *Tracing) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("deliver the last spans: %w", err)
	}
	return nil
}

// Over is a scaler whose passes have spans.
func (t *Tracing) Over(next control.Scaler) control.Scaler {
	if t == nil {
		return next
	}
	return &scaler{Scaler: next, tracer: t.tracer}
}

type scaler struct {
	control.Scaler
	tracer trace.Tracer
}

// Scale implements [control.Scaler].
func (s *scaler) Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error) {
	ctx, span := s.tracer.Start(ctx, "pass", trace.WithAttributes(
		attribute.String("flink.cluster", job.Key.Cluster), attribute.String("flink.job.id", string(job.Key.Job)), attribute.String("flink.job.name", job.Name)))
	defer span.End()
	r, err := s.Scaler.Scale(ctx, job)
	span.SetAttributes(attribute.Bool("sluice.scaled", r.Scaled))
	for name, value := range map[string]string{
		"sluice.reason": string(r.Decision.Reason), "sluice.obstacle": string(r.Obstacle.Reason), "sluice.held": string(r.Held.Reason),
	} {
		if value != "" {
			span.SetAttributes(attribute.String(name, value))
		}
	}
	fail(span, err)
	return r, err
}

func fail(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}

// Transport carries requests, with a span for each that belongs to a pass. Nothing is
// added to a request.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return &transport{next: next, tracer: t.tracer}
}

type transport struct {
	next   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanFromContext(r.Context()).IsRecording() {
		return t.next.RoundTrip(r)
	}
	_, span := t.tracer.Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("url.path", r.URL.Path), attribute.String("server.address", r.URL.Host)))
	defer span.End()
	answer, err := t.next.RoundTrip(r)
	fail(span, err)
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
		if answer.StatusCode >= http.StatusBadRequest {
			span.SetStatus(codes.Error, "")
		}
	}
	return answer, err
}

// CloseIdleConnections closes those of the transport below, if it has any.
func (t *transport) CloseIdleConnections() {
	if below, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}
