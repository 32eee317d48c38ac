package dashboard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/options"
)

// Config is what a dashboard shows and who may use it.
type Config struct {
	Book *fleet.Book
	// Hand carries out what people ask for; nil shows and does nothing.
	Hand Hand
	// Clusters looks into the clusters; nil leaves that view out.
	Clusters Clusters
	// Options are the options of the process; those of a job come with it.
	Options options.Config
	Access  Access
	// Audit is told of wrong tokens, with where they came from; nil tells the log alone.
	Audit autoscaler.EventHandler
	// Version is that of the program.
	Version string
	// Ready tells why the process is not ready to be relied on; nil is always.
	Ready func(context.Context) error
	// Metrics serves /metrics; nil leaves it out.
	Metrics http.Handler
	Now     func() time.Time
	Logger  *slog.Logger
}

// Hand does by hand what people ask for. Its errors are shown to who asked: a
// [*RefusedError] says that what was asked for cannot be done.
type Hand interface {
	// Pause keeps Sluice's hand off a job, or off all of them for the zero key,
	// until then; forever for the zero time.
	Pause(ctx context.Context, who Person, key autoscaler.JobKey, why string, until time.Time) error
	// Resume ends that.
	Resume(ctx context.Context, who Person, key autoscaler.JobKey) error
	// Held tells who holds a job; false if nobody does.
	Held(key autoscaler.JobKey) (Held, bool)
	// Rescale sets bounds of vertices, and pauses the job for so long.
	Rescale(ctx context.Context, who Person, key autoscaler.JobKey, request Rescale) (Rescaled, error)
	// Requirements are the bounds of a job's vertices as Flink has them.
	Requirements(ctx context.Context, key autoscaler.JobKey) ([]VertexBounds, error)
}

// Clusters looks into clusters.
type Clusters interface {
	// Names are the names of all clusters.
	Names() []string
	// Look is what a cluster says of itself now.
	Look(ctx context.Context, name string) (ClusterView, error)
}

// RefusedError is why something that was asked for cannot be done.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// UnknownError says that what was asked for is not there.
type UnknownError struct{ Err error }

func (e *UnknownError) Error() string { return e.Err.Error() }

func (e *UnknownError) Unwrap() error { return e.Err }

// Dashboard is the handler of all requests.
type Dashboard struct {
	cfg     Config
	access  *access
	handler http.Handler
	streams chan struct{} // one for each open event stream
	served  []route       // the routes of the API
	// onTheWay are the answers that clients have not taken yet.
	onTheWay *onTheWay
}

// New checks the configuration. It starts nothing.
func New(c Config) (*Dashboard, error) {
	switch {
	case c.Book == nil:
		return nil, errors.New("new dashboard: no book given")
	case c.Now == nil:
		return nil, errors.New("new dashboard: no clock given")
	case c.Logger == nil:
		return nil, errors.New("new dashboard: no logger given")
	}
	access, err := newAccess(c)
	if err != nil {
		return nil, err
	}
	d := &Dashboard{cfg: c, access: access, streams: make(chan struct{}, mostStreams), onTheWay: newOnTheWay(mostOnTheWay, mostToOne)}
	d.handler = d.routes()
	return d, nil
}

// Streams is how many event streams are open.
func (d *Dashboard) Streams() int { return len(d.streams) }

// ServeHTTP implements [http.Handler].
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

func (d *Dashboard) routes() http.Handler {
	open := http.NewServeMux() // for who asks whether the process lives
	open.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	open.HandleFunc("GET /readyz", d.readyz)
	open.HandleFunc("POST /login", d.access.login)
	open.HandleFunc("POST /logout", d.access.logout)
	open.HandleFunc("GET /assets/", d.asset)
	open.HandleFunc("GET /assets", d.asset)

	closed := http.NewServeMux()
	d.views(closed)
	d.acts(closed)
	closed.HandleFunc("GET /{$}", d.page)
	closed.HandleFunc("GET /jobs/{cluster}/{job}", d.page)
	for _, path := range []string{"/cluster", "/events", "/config"} {
		closed.HandleFunc("GET "+path, d.page)
	}
	if d.cfg.Metrics != nil {
		closed.Handle("GET /metrics", d.cfg.Metrics)
	}
	open.Handle("/", d.access.admitted(d.problems(closed)))
	return d.recovered(secured(sized(d.access.hosts(d.access.sameOrigin(open)))))
}

// views are the requests that change nothing, with the parameters that each takes.
func (d *Dashboard) views(mux *http.ServeMux) {
	get := func(path string, view view, parameters ...string) {
		d.serve(mux, "GET /api/v1"+path, d.bounded(d.json(view)), parameters...)
	}
	get("/whoami", d.whoami)
	get("/clusters", d.clusters, "limit", "after")
	get("/clusters/{cluster}", d.cluster)
	get("/jobs", d.jobs, "q", "state", "cluster", "limit", "after")
	get("/jobs/{cluster}/{job}", d.job)
	get("/jobs/{cluster}/{job}/series", d.series, "vertex", "from", "to", "points")
	get("/jobs/{cluster}/{job}/decisions", d.decisions, "limit", "before")
	get("/jobs/{cluster}/{job}/decisions/{id}", d.decision)
	get("/jobs/{cluster}/{job}/advice", d.advice)
	get("/jobs/{cluster}/{job}/events", d.jobEvents, "limit", "after", "before")
	get("/jobs/{cluster}/{job}/config", d.jobConfig)
	get("/jobs/{cluster}/{job}/requirements", d.requirements)
	get("/events", d.events, "limit", "after", "before")
	get("/config", d.config)
	d.serve(mux, "GET /api/v1/events/stream", http.HandlerFunc(d.stream))
	d.serve(mux, "GET "+contractPath, http.HandlerFunc(d.contract))
}

// route is one of the API, with the parameters of its query.
type route struct {
	pattern    string
	parameters []string
}

// serve adds a route of the API.
func (d *Dashboard) serve(mux *http.ServeMux, pattern string, h http.Handler, parameters ...string) {
	mux.Handle(pattern, asked(parameters, h))
	d.served = append(d.served, route{pattern, parameters})
}

// acts are those that do.
func (d *Dashboard) acts(mux *http.ServeMux) {
	post := func(path string, act view) {
		d.serve(mux, "POST /api/v1"+path, d.access.operators(d.bounded(d.json(act))))
	}
	post("/pause", d.pauseAll)
	post("/resume", d.resumeAll)
	post("/jobs/{cluster}/{job}/pause", d.pause)
	post("/jobs/{cluster}/{job}/resume", d.resume)
	post("/jobs/{cluster}/{job}/rescale", d.rescale)
}

func (d *Dashboard) readyz(w http.ResponseWriter, r *http.Request) {
	if d.cfg.Ready != nil {
		if err := d.cfg.Ready(r.Context()); err != nil {
			writeText(w, http.StatusServiceUnavailable, err.Error()+"\n")
			return
		}
	}
	writeText(w, http.StatusOK, "ok\n")
}
