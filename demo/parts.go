package demo

import (
	"net/http"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/events/tee"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/state/memory"
)

// assemble builds the autoscaler of the parts that sluice run is made of. Only the
// network and the clock are others.
func (d *Demo) assemble(process options.Config, c Config) error {
	d.process = process
	transport := &locked{next: func() http.RoundTripper { return d.Twin().Transport() }}
	client, err := flink.New(flink.Config{
		Addresses: []string{"http://twin"}, UserAgent: "sluice",
		WrapTransport: func(http.RoundTripper) http.RoundTripper { return transport },
	})
	if err != nil {
		return err
	}
	if d.fetcher, err = jobs.NewCluster(jobs.Config{Client: client, Process: process, Now: d.Now}); err != nil {
		return err
	}
	shared, err := collect.NewClusterMetrics(d.interval*9/10, d.Now)
	if err != nil {
		return err
	}
	collector, err := collect.New(collect.Config{Now: d.Now, Cluster: shared})
	if err != nil {
		return err
	}
	told := tee.New(tee.Part{Name: "log", Handler: eventlog.New(c.Logger)})
	if c.Events != nil {
		told = tee.New(tee.Part{Name: "log", Handler: eventlog.New(c.Logger)}, tee.Part{Name: "watcher", Handler: c.Events})
	}
	d.scaler, err = autoscaler.New(d.ctx, autoscaler.Config{
		Collector: collector, OpenStore: memory.NewUnpacked().Open, Events: told, Recorder: c.Recorder,
		Realizer: &rescale.Realizer{Now: d.Now}, Now: d.Now,
	})
	return err
}
