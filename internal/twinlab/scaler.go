package twinlab

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/state/memory"
)

// assemble builds the autoscaler as sluice run does.
func (v *virtual) assemble() error {
	transport := capture{v}
	v.side.Transport = transport
	if v.scenario.Settings == nil {
		return nil
	}
	client, err := flink.New(flink.Config{Addresses: []string{"http://twin:8081"}, Transport: transport})
	if err != nil {
		return err
	}
	var in options.LoadInput
	for key, value := range v.scenario.Settings {
		in.Flags = append(in.Flags, options.KeyValue{Key: key, Value: value})
	}
	process, _, err := options.Load(in)
	if err != nil {
		return err
	}
	interval, err := options.Get(process, options.ControlLoopInterval)
	if err != nil {
		return err
	}
	shared, err := collect.NewClusterMetrics(interval*9/10, v.now)
	if err != nil {
		return err
	}
	collector, err := collect.New(collect.Config{Now: v.now, Cluster: shared})
	if err != nil {
		return err
	}
	if v.fetcher, err = jobs.NewCluster(jobs.Config{Client: client, Process: process, Now: v.now}); err != nil {
		return err
	}
	v.scaler, err = autoscaler.New(v.ctx, autoscaler.Config{
		Collector: collector, OpenStore: memory.New().Open, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: &rescale.Realizer{Now: v.now}, Now: v.now,
	})
	return err
}

// capture hands requests to the twin and keeps what was answered.
type capture struct{ *virtual }

// RoundTrip implements [http.RoundTripper].
func (c capture) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	c.answering.Lock()
	defer c.answering.Unlock()
	response, err := c.twin.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	c.session.Exchanges = append(c.session.Exchanges, recording.Exchange{
		At: c.now(), Method: r.Method, Path: r.URL.RequestURI(), Status: response.StatusCode, Sent: sent, Body: body,
	})
	return response, nil
}
