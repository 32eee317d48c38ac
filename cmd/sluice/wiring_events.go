package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/events/sqlevents"
	"github.com/sluice-project/sluice/events/tee"
	"github.com/sluice-project/sluice/events/webhook"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
)

// tell makes what events and decisions go to, and starts what delivers them; files
// ends that.
func (f *runFlags) tell(p *process, w *wiring, files *closers) error {
	var running background
	files.add(running.stop)
	parts, err := f.eventHandlers(p, w, &running)
	if err != nil {
		return &usageError{err}
	}
	w.events = tee.New(parts...)
	if w.db == nil {
		return nil
	}
	r := options.NewReader(p.config)
	recorder := sqldecisions.New(sqldecisions.Config{
		DB: w.db, Now: time.Now, Log: p.log,
		MaxCount: options.Read(r, options.DecisionsMaxCount), MaxAge: options.Read(r, options.DecisionsMaxAge),
		Around: w.probe.Around("decisions", "write", "sweep"),
	})
	w.gauges = append(w.gauges, queueGauges("decisions", recorder)...)
	if err := r.Err(); err != nil {
		return &usageError{err}
	}
	running.start(recorder.Run)
	if w.recorder != nil {
		w.recorder = recorders{w.recorder, recorder}
	} else {
		w.recorder = recorder
	}
	return nil
}

func (f *runFlags) eventHandlers(p *process, w *wiring, running *background) ([]tee.Part, error) {
	db := w.db
	kinds, err := f.eventKinds(p.config, db)
	if err != nil {
		return nil, err
	}
	var parts []tee.Part
	if slices.Contains(kinds, options.EventsToLog) {
		parts = append(parts, tee.Part{Name: "log", Handler: unheard{eventlog.New(p.log)}})
	}
	if slices.Contains(kinds, options.EventsToSQL) {
		ttl, err := options.Get(p.config, options.JDBCEventTTL)
		if err != nil {
			return nil, err
		}
		handler := sqlevents.New(sqlevents.Config{DB: db, Retention: ttl, Now: time.Now, Log: p.log, Around: w.probe.Around("events", "write", "sweep")})
		running.start(handler.Run)
		w.gauges = append(w.gauges, queueGauges("events", handler)...)
		parts = append(parts, tee.Part{Name: "database", Handler: handler})
	}
	hooks, err := options.Webhooks(p.config)
	if err != nil {
		return nil, err
	}
	owner := processID()
	for i := range hooks {
		handler, err := p.webhook(&hooks[i], db, owner)
		if err != nil {
			return nil, fmt.Errorf("%s: sluice.webhook.%s: %w", hooks[i].Source, hooks[i].Name, err)
		}
		running.start(handler.Run)
		w.gauges = append(w.gauges, metrics.Gauge{
			Name: "sluice_webhook_queue_length", Help: "Events that wait for the receiver.",
			Labels: map[string]string{"webhook": hooks[i].Name}, Value: func() float64 { return float64(handler.Waiting()) },
		}, metrics.Gauge{
			Name: "sluice_webhook_dropped_total", Help: "Events that the receiver was never told, since too many waited.", Counts: true,
			Labels: map[string]string{"webhook": hooks[i].Name}, Value: func() float64 { return float64(handler.Dropped()) },
		})
		parts = append(parts, tee.Part{Name: "webhook " + hooks[i].Name, Handler: handler})
	}
	return parts, nil
}

// queue is what waits to be written to the database.
type queue interface {
	Waiting() int
	Dropped() int64
}

func queueGauges(store string, q queue) []metrics.Gauge {
	labels := map[string]string{"store": store}
	return []metrics.Gauge{
		{Name: "sluice_database_queue_length", Help: "What waits to be written to the database.", Labels: labels, Value: func() float64 { return float64(q.Waiting()) }},
		{Name: "sluice_database_queue_dropped_total", Help: "What was never written to the database, since too much waited.", Labels: labels, Counts: true, Value: func() float64 { return float64(q.Dropped()) }},
	}
}

// eventKinds says where events go besides webhooks.
func (f *runFlags) eventKinds(cfg options.Config, db *sqldb.DB) ([]string, error) {
	r := options.NewReader(cfg)
	kinds, given := options.ReadOptional(r, options.EventHandlers)
	reference := options.Read(r, options.EventHandlerType)
	if err := r.Err(); err != nil {
		return nil, err
	}
	_, explicit := options.Explicit(cfg, options.EventHandlerType)
	switch {
	case given && slices.Contains(kinds, options.EventsToSQL) && db == nil:
		return nil, fmt.Errorf("%s: sql: no database is named: give --data, --store or %s", options.EventHandlers.Key, options.JDBCURL.Key)
	case given:
		return kinds, nil
	case reference == options.EventsJDBC, f.given() && !explicit:
		return []string{options.EventsToLog, options.EventsToSQL}, nil
	}
	return []string{options.EventsToLog}, nil
}

// processID is another one for each process, also after a restart.
func processID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // it never fails
	host, _ := os.Hostname()
	return fmt.Sprintf("%.100s-%d-%s", host, os.Getpid(), hex.EncodeToString(b[:]))
}

// webhook makes the handler of one receiver.
func (p *process) webhook(hook *options.Webhook, db *sqldb.DB, owner string) (*webhook.Handler, error) {
	config := webhook.Config{
		Name: hook.Name, Reasons: hook.Reasons, Timeout: hook.Timeout, Capacity: hook.QueueSize,
		DB: db, Owner: owner, Now: time.Now, Clock: lease.BootClock, Log: p.log, Headers: map[string]sqldb.Secret{},
	}
	for _, t := range hook.Types {
		config.Types = append(config.Types, autoscaler.EventType(t))
	}
	url, err := hook.URL.Read("URL", os.ReadFile, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	secret, err := hook.Secret.Read("secret", os.ReadFile, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	config.URL, config.Secret = sqldb.Secret(url), sqldb.Secret(secret)
	json := true
	for name, place := range hook.Headers {
		value, err := place.Read("header "+name, os.ReadFile, os.LookupEnv)
		if err != nil {
			return nil, err
		}
		config.Headers[name] = sqldb.Secret(value)
		if strings.EqualFold(name, "Content-Type") && !strings.Contains(value, "json") {
			json = false
		}
	}
	if config.Body, err = body(hook, json); err != nil {
		return nil, err
	}
	if config.Transport, err = transport(hook.CAFile); err != nil {
		return nil, err
	}
	return webhook.New(config)
}

// body is what a receiver gets.
func body(hook *options.Webhook, json bool) (*template.Template, error) {
	text := hook.Template
	if hook.TemplateFile != "" {
		contents, err := os.ReadFile(hook.TemplateFile)
		if err != nil {
			return nil, fmt.Errorf("template-file: %w", err)
		}
		text = string(contents)
	}
	if text != "" {
		return webhook.Template(text, json)
	}
	return webhook.Preset(hook.Preset)
}

// transport trusts the authorities of a file besides those of the system.
func transport(caFile string) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca-file: %s holds no PEM certificate", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// background is what runs beside the loop until it is stopped: longer than the
// loop, whose last events it delivers.
type background struct {
	cancels []context.CancelFunc
	work    sync.WaitGroup
}

func (b *background) start(run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancels = append(b.cancels, cancel)
	b.work.Go(func() { run(ctx) })
}

func (b *background) stop() error {
	for _, cancel := range b.cancels {
		cancel()
	}
	b.work.Wait()
	return nil
}

// recorders record a decision in several places: one that fails keeps none of the
// others from it.
type recorders []autoscaler.DecisionRecorder

// Record implements [autoscaler.DecisionRecorder].
func (all recorders) Record(ctx context.Context, job *autoscaler.JobContext, r *autoscaler.Report) error {
	var failed error
	for _, recorder := range all {
		failed = errors.Join(failed, recorder.Record(ctx, job, r))
	}
	return failed
}

// RecordByHand implements [decisions.HandRecorder].
func (all recorders) RecordByHand(ctx context.Context, key autoscaler.JobKey, e decisions.Entry) error {
	var failed error
	for _, recorder := range all {
		if by, does := recorder.(decisions.HandRecorder); does {
			failed = errors.Join(failed, by.RecordByHand(ctx, key, e))
		}
	}
	return failed
}

// callUnnamed names a cluster without a name where decisions are kept, as in the
// log.
func callUnnamed(r autoscaler.DecisionRecorder, name string) {
	switch r := r.(type) {
	case interface{ CallUnnamed(cluster string) }:
		r.CallUnnamed(name)
	case recorders:
		for _, part := range r {
			callUnnamed(part, name)
		}
	}
}
