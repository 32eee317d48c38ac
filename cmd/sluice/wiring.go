package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/report"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/tracing"
)

// parts is everything that a process is made of.
type parts struct {
	clients    []*flink.Client
	fetchers   []autoscaler.JobListFetcher
	collector  autoscaler.MetricCollector
	autoscaler *autoscaler.Autoscaler
}

// wiring says in which the commands differ.
type wiring struct {
	now func() time.Time
	// transport stands in for the network where it is set.
	transport func(next http.RoundTripper) http.RoundTripper
	// changeNothing puts the report realizer in the place of the real one.
	changeNothing bool
	// userAgent names the process to the clusters; empty for the plain name.
	userAgent string
	recorder  autoscaler.DecisionRecorder
	// db is the database of the process, nil without one; openStore opens the
	// state store, in memory where it is nil.
	db        *sqldb.DB
	openStore autoscaler.StateStoreFactory
	// events tells what happens; nil tells the log.
	events autoscaler.EventHandler
	// probe measures what the process waits for, nil for nothing; gauges are figures
	// that parts know.
	probe  *metrics.Probe
	gauges []metrics.Gauge
	// traced tells how passes went, nil for nobody.
	traced *tracing.Tracing
}

// assemble builds the parts. Nothing touches the network yet.
func (p *process) assemble(ctx context.Context, w wiring) (*parts, error) {
	var all parts
	for _, c := range p.clusters {
		client, fetcher, err := p.cluster(c, w)
		if err != nil {
			return nil, &usageError{fmt.Errorf("%s: cluster %s: %w", c.Source, c.Name, err)}
		}
		for i, other := range all.clients {
			if other.Address() == client.Address() {
				return nil, &usageError{fmt.Errorf("%s: cluster %s is the same as cluster %s: name it once", c.Source, c.Name, p.clusters[i].Name)}
			}
		}
		all.clients = append(all.clients, client)
		all.fetchers = append(all.fetchers, fetcher)
	}
	interval, err := options.Get(p.config, options.ControlLoopInterval)
	if err != nil {
		return nil, &usageError{err}
	}
	shared, err := collect.NewClusterMetrics(interval*9/10, w.now)
	if err != nil {
		return nil, err
	}
	if all.collector, err = collect.New(collect.Config{Now: w.now, Cluster: shared}); err != nil {
		return nil, err
	}
	var realizer autoscaler.Realizer = &rescale.Realizer{Now: w.now}
	if w.changeNothing {
		realizer = report.Realizer{Preparer: realizer}
	}
	if w.openStore == nil {
		w.openStore = memory.New().Open
	}
	if w.events == nil {
		w.events = eventlog.New(p.log)
	}
	all.autoscaler, err = autoscaler.New(ctx, autoscaler.Config{
		Collector: all.collector, OpenStore: w.openStore, Events: w.events,
		Realizer: realizer, Recorder: w.recorder, Now: w.now,
	})
	return &all, err
}

func (p *process) cluster(c options.Cluster, w wiring) (*flink.Client, autoscaler.JobListFetcher, error) {
	secrets, err := c.Auth.Credentials(os.ReadFile, os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	timeout, err := options.Get(p.config, options.RESTClientTimeout)
	if err != nil {
		return nil, nil, err
	}
	config := flink.Config{
		Addresses: c.Addresses, Timeout: timeout, UserAgent: cmp.Or(w.userAgent, "sluice"),
		TLS: flink.TLSConfig{
			CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile,
			ServerName: c.TLS.ServerName, InsecureSkipVerify: c.TLS.InsecureSkipVerify,
		},
		BasicUser: secrets.Username, BasicPassword: flink.Secret(secrets.Password), BearerToken: flink.Secret(secrets.Token),
	}
	var name string // known below, before the first request
	config.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
		if w.transport != nil {
			next = w.transport(next)
		}
		return w.traced.Transport(w.probe.Transport(func() string { return name }, next))
	}
	client, err := flink.New(config)
	if err != nil {
		return nil, nil, err
	}
	fetcher, err := jobs.NewCluster(jobs.Config{Name: p.keyName(c), Client: client, Process: p.config, Now: w.now})
	if err != nil {
		return nil, nil, err
	}
	name = fetcher.Name()
	return client, fetcher, nil
}

// keyName is the name of a cluster in the keys of its jobs.
func (p *process) keyName(c options.Cluster) string {
	if len(p.clusters) == 1 && strings.HasSuffix(c.Addresses[0], c.Name) {
		return "" // a single cluster that got no name of its own: keys are job ids, as in the reference
	}
	return c.Name
}
