package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/events/tee"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/build"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/steer"
	"github.com/sluice-project/sluice/steer/sqlholds"
)

// serverFlags say where the page is served, and to whom.
type serverFlags struct {
	listen, operatorToken, viewerToken string
	insecure                           bool
}

func (f *serverFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "listen", "", "serve the page, its API and the metrics at this `address`, such as :8090; without a host it is the loopback")
	flags.StringVar(&f.operatorToken, "operator-token-file", "", "`file` with the token of those who may see and act")
	flags.StringVar(&f.viewerToken, "viewer-token-file", "", "`file` with the token of those who may see")
	flags.BoolVar(&f.insecure, "insecure", false, "serve beyond the loopback without asking who is there")
}

// asOptions are the flags as options.
func (f *serverFlags) asOptions() []string {
	var settings []string
	for _, flag := range []struct{ key, value string }{
		{options.ServerListen.Key, f.listen}, {options.ServerOperatorTokenFile.Key, f.operatorToken}, {options.ServerViewerTokenFile.Key, f.viewerToken},
	} {
		if flag.value != "" {
			settings = append(settings, flag.key+"="+flag.value)
		}
	}
	if f.insecure {
		settings = append(settings, options.ServerInsecure.Key+"=true")
	}
	return settings
}

// watching is the part of a process that shows it to people and does what they ask.
type watching struct {
	book     *fleet.Book
	holds    *control.Holds
	metrics  *metrics.Metrics
	listener net.Listener
	tls      *tls.Config
	access   dashboard.Access
	// answered is true once a cluster has answered.
	answered atomic.Bool
	// page is what is served, once it is.
	page atomic.Pointer[dashboard.Dashboard]
	// past and others tell the page what it cannot have seen; nil without a database,
	// and where the jobs are not shared.
	past   *past
	others *others
}

// watch opens the address at which the page is to be served; nil where there is
// none. It changes the wiring so that the page learns what happens.
func (p *process) watch(w *wiring, holds *control.Holds) (*watching, error) {
	r := options.NewReader(p.config)
	address, asked := options.ReadOptional(r, options.ServerListen)
	if err := r.Err(); err != nil || !asked {
		return nil, err
	}
	access, err := accessOf(p.config)
	if err != nil {
		return nil, err
	}
	secured, err := tlsOf(p.config, p.log)
	if err != nil {
		return nil, err
	}
	address = dashboard.Address(address)
	if err := dashboard.CheckAddress(address, access, options.Read(r, options.ServerInsecure)); err != nil {
		return nil, fmt.Errorf("%s: %w", options.ServerListen.Key, err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", options.ServerListen.Key, err)
	}
	if warning := dashboard.Exposed(address, access, secured != nil); warning != "" {
		p.log.LogAttrs(context.Background(), slog.LevelWarn, "the page is served without TLS", slog.String("detail", warning))
	}
	if dashboard.CheckAddress(address, access, false) != nil { // --insecure lets it
		p.log.LogAttrs(context.Background(), slog.LevelWarn, "the page is served to everybody who reaches it", slog.String("address", address),
			slog.String("detail", "nobody is asked who is there, and everybody may pause and rescale jobs: give --operator-token-file in the place of --insecure"))
	}
	s := &watching{book: fleet.NewBook(w.now), holds: holds, listener: listener, tls: secured, access: access}
	if w.events != nil {
		w.events = tee.New(tee.Part{Name: "log and others", Handler: w.events}, tee.Part{Name: "page", Handler: s.book})
	}
	w.recorder = recorders{s.book}.and(w.recorder)
	if w.db != nil {
		if s.past, err = newPast(p, w, s.book); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		w.openStore = s.past.over(w.openStore)
	}
	return s, nil
}

// and appends a recorder that there may be.
func (all recorders) and(more autoscaler.DecisionRecorder) autoscaler.DecisionRecorder {
	if more == nil {
		return all
	}
	return append(all, more)
}

// accessOf reads who may use the page.
func accessOf(cfg options.Config) (dashboard.Access, error) {
	r := options.NewReader(cfg)
	var a dashboard.Access
	a.UserHeader, _ = options.ReadOptional(r, options.ServerUserHeader)
	a.GroupsHeader, _ = options.ReadOptional(r, options.ServerGroupsHeader)
	a.OperatorGroups, _ = options.ReadOptional(r, options.ServerOperatorGroups)
	a.Hosts, _ = options.ReadOptional(r, options.ServerHosts)
	for _, text := range options.Read(r, options.ServerTrustedProxies) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return a, fmt.Errorf("%s: %q is no CIDR; want one such as 10.0.0.0/8", options.ServerTrustedProxies.Key, text)
		}
		a.TrustedProxies = append(a.TrustedProxies, prefix)
	}
	var err error
	if a.OperatorToken, err = tokenOf(r, options.ServerOperatorTokenFile); err != nil {
		return a, err
	}
	if a.ViewerToken, err = tokenOf(r, options.ServerViewerTokenFile); err != nil {
		return a, err
	}
	if a.OperatorToken != "" && a.OperatorToken == a.ViewerToken {
		return a, fmt.Errorf("%s and %s hold the same token: want two, or the operator's alone", options.ServerOperatorTokenFile.Key, options.ServerViewerTokenFile.Key)
	}
	return a, r.Err()
}

func tokenOf(r *options.Reader, o options.Option[string]) (string, error) {
	path, given := options.ReadOptional(r, o)
	if !given {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o.Key, err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < dashboard.ShortestToken {
		return "", fmt.Errorf("%s: %s holds a token of %d characters; want at least %d", o.Key, path, len(token), dashboard.ShortestToken)
	}
	return token, nil
}

func tlsOf(cfg options.Config, log *slog.Logger) (*tls.Config, error) {
	r := options.NewReader(cfg)
	certificate, withCertificate := options.ReadOptional(r, options.ServerTLSCertFile)
	key, withKey := options.ReadOptional(r, options.ServerTLSKeyFile)
	switch {
	case r.Err() != nil || !withCertificate && !withKey:
		return nil, r.Err()
	case withCertificate != withKey:
		return nil, fmt.Errorf("%s and %s belong together: give both", options.ServerTLSCertFile.Key, options.ServerTLSKeyFile.Key)
	}
	secured, err := dashboard.TLS(certificate, key, log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", options.ServerTLSCertFile.Key, err)
	}
	return secured, nil
}

// hold reads the holds of people on jobs: those of the database, where there is one.
func (p *process) hold(ctx context.Context, w *wiring) (*control.Holds, error) {
	if w.db == nil {
		return control.NewHolds(ctx, w.now, nil)
	}
	return control.NewHolds(ctx, w.now, w.probe.Holds(sqlholds.New(w.db)))
}

// keepsTo has a loop know of the holds, and look again with each round who holds what.
func (p *process) keepsTo(holds *control.Holds, config *control.Config) {
	config.Scaler = holds.Over(config.Scaler)
	say := config.OnLoop
	config.OnLoop = func(stats control.LoopStats) {
		say(stats)
		ctx, cancel := context.WithTimeout(context.Background(), holdsTimeout)
		defer cancel()
		if err := holds.Refresh(ctx); err != nil { // those that are known stay in force
			p.log.LogAttrs(ctx, slog.LevelDebug, "holds not read again", slog.String("error", err.Error()))
		}
	}
}

// holdsTimeout bounds how long a look at the holds delays the next at a cluster.
const holdsTimeout = 2 * time.Second

// into has the page forget jobs that are gone, and the metrics count what a loop does.
func (s *watching) into(config *control.Config, p *process, all *parts, w *wiring) (err error) {
	if s == nil {
		return nil
	}
	config.Scaler = forgetting{config.Scaler, s.book}
	config.Fetchers = s.listings(p, config.Fetchers)
	if keeper, shared := config.Shard.(*lease.Keeper); shared {
		s.others = newOthers(keeper, w, s.book, p.log)
		w.gauges = append(w.gauges, metrics.Gauge{
			Name: "sluice_leases_elsewhere", Help: "Jobs that other processes have; 1 where one of them is the active one.",
			Value: func() float64 { return float64(s.others.theirs.Load()) },
		})
	}
	if err := s.measure(p, all, w, config.Interval); err != nil {
		return err
	}
	say := config.OnLoop
	config.OnLoop = func(stats control.LoopStats) {
		s.metrics.Looked(stats)
		if stats.Err == nil {
			s.answered.Store(true)
		}
		say(stats)
	}
	return nil
}

// listings have the page know the jobs that clusters list.
func (s *watching) listings(p *process, fetchers []autoscaler.JobListFetcher) []autoscaler.JobListFetcher {
	all := make([]autoscaler.JobListFetcher, len(fetchers))
	for i, f := range fetchers {
		all[i] = listing{f, p.keyName(p.clusters[i]), s.book}
	}
	return all
}

// learn brings the page what it cannot have seen, until the context ends.
func (s *watching) learn(ctx context.Context) (wait func()) {
	var work sync.WaitGroup
	if s.past != nil {
		work.Go(func() { s.past.run(ctx) })
	}
	if s.others != nil {
		work.Go(func() { s.others.run(ctx) })
	}
	return work.Wait
}

// ready tells why the process is not to be relied on: no cluster has answered it yet.
func (s *watching) ready(context.Context) error {
	if !s.answered.Load() {
		return errors.New("no cluster has answered yet")
	}
	return nil
}

// forgetting is a scaler whose page forgets with it.
type forgetting struct {
	control.Scaler
	book *fleet.Book
}

// Cleanup implements [control.Scaler].
func (f forgetting) Cleanup(ctx context.Context, key autoscaler.JobKey) error {
	err := f.Scaler.Cleanup(ctx, key)
	if err == nil {
		f.book.Forget(key)
	}
	return err
}

// during serves the page while work goes on.
func (s *watching) during(ctx context.Context, p *process, all *parts, w *wiring, work func(context.Context) error) error {
	if s == nil {
		return work(ctx)
	}
	page, err := s.dashboard(p, all, w)
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- dashboard.Serve(serving, s.listener, s.tls, page) }()
	p.log.LogAttrs(ctx, slog.LevelInfo, "the page is served", slog.String("address", dashboard.URL(s.listener.Addr(), s.tls != nil)))
	learned := s.learn(serving)
	err = work(ctx)
	stop()
	learned()
	return errors.Join(err, <-ended)
}

func (s *watching) dashboard(p *process, all *parts, w *wiring) (http.Handler, error) {
	clients := p.clients(all)
	hand, err := steer.New(steer.Config{Holds: s.holds, Clients: clients, Events: w.events, Record: recorders{w.recorder}, Now: w.now, Name: func(key autoscaler.JobKey) string {
		job, _ := s.book.Job(key)
		return job.Name
	}})
	if err != nil {
		return nil, err
	}
	page, err := dashboard.New(dashboard.Config{
		Book: s.book, Hand: hand, Clusters: hand, Options: p.config, Access: s.access, Audit: w.events, Version: build.String(), Ready: s.ready, Metrics: s.metrics.Handler(), Now: time.Now, Logger: p.log,
	})
	s.page.Store(page)
	return page, err
}

// clients are those of the clusters, by their names in the keys of jobs.
func (p *process) clients(all *parts) map[string]*flink.Client {
	clients := map[string]*flink.Client{}
	for i, c := range p.clusters {
		clients[p.keyName(c)] = all.clients[i]
	}
	return clients
}
