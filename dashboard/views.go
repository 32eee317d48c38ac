package dashboard

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
)

// Unnamed stands in a path for the cluster that has no name.
const Unnamed = "-"

// clusterName is the name of a cluster as a path has it.
func clusterName(name string) string {
	if name == "" {
		return Unnamed
	}
	return name
}

func keyOf(r *http.Request) autoscaler.JobKey {
	key := autoscaler.JobKey{Cluster: r.PathValue("cluster"), Job: flink.JobID(r.PathValue("job"))}
	if key.Cluster == Unnamed {
		key.Cluster = ""
	}
	return key
}

// number is a figure that may not be known, which is null.
type number float64

// MarshalJSON implements [json.Marshaler].
func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	// Six digits are more than anyone sees.
	return strconv.AppendFloat(nil, float64(n), 'g', 6, 64), nil
}

// when is an instant, and null for none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// jobView is one job at a glance.
type jobView struct {
	Cluster     string         `json:"cluster"`
	Job         string         `json:"job"`
	Name        string         `json:"name"`
	State       fleet.State    `json:"state"`
	Why         string         `json:"why"`
	Since       *time.Time     `json:"since"`
	Seen        *time.Time     `json:"seen"`
	Owner       string         `json:"owner,omitempty"`
	Parallelism *int           `json:"parallelism"`
	Wanted      *int           `json:"wanted"`
	Source      number         `json:"source"`
	Target      number         `json:"target"`
	Capacity    number         `json:"capacity"`
	Lag         number         `json:"lag"`
	Busy        number         `json:"busy"`
	Scaled      *time.Time     `json:"scaled"`
	Decided     *briefView     `json:"decided,omitempty"`
	Rescaled    *briefView     `json:"rescaled,omitempty"`
	Spark       sparkView      `json:"spark"`
	Failure     *fleet.Failure `json:"failure,omitempty"`
	Hold        *Held          `json:"hold,omitempty"`
}

// briefView is a decision in a few words.
type briefView struct {
	ID    uint64    `json:"id"`
	At    time.Time `json:"at"`
	Scale bool      `json:"scale"`
	Up    bool      `json:"up"`
	Down  bool      `json:"down"`
	Text  string    `json:"text"`
}

func viewOfBrief(b fleet.Brief) *briefView {
	if b.ID == 0 {
		return nil
	}
	return &briefView{b.ID, b.At.UTC(), b.Scale, b.Up, b.Down, b.Text}
}

func (d *Dashboard) viewOf(s fleet.Summary) jobView {
	v := jobView{
		Cluster: clusterName(s.Key.Cluster), Job: string(s.Key.Job), Name: s.Name, State: s.State, Why: s.Why,
		Since: when(s.Since), Seen: when(s.Seen), Owner: s.Owner,
		Source: number(s.Now.Source), Target: number(s.Now.Target), Capacity: number(s.Now.Capacity), Lag: number(s.Now.Lag), Busy: number(s.Now.Busy),
		Scaled: when(s.Scaled), Failure: s.Failure, Spark: s.Spark,
	}
	if s.Parallelism > 0 {
		v.Parallelism, v.Wanted = &s.Parallelism, &s.Wanted
	}
	v.Decided, v.Rescaled = viewOfBrief(s.Last), viewOfBrief(s.Rescale)
	if d.cfg.Hand != nil {
		d.holdIn(&v, s)
	}
	return v
}

// shownAnyway are the states that say more of a job than that it is held.
var shownAnyway = []fleet.State{fleet.Scaling, fleet.NotScalable, fleet.Away, fleet.Failed}

// holdIn goes by the holds in force: those that the newest pass knew may be over.
func (d *Dashboard) holdIn(v *jobView, s fleet.Summary) {
	held, is := d.cfg.Hand.Held(s.Key)
	switch {
	case is:
		v.Hold = &held
		if !slices.Contains(shownAnyway, v.State) {
			v.State, v.Why = fleet.Paused, held.Text
		}
	case v.State == fleet.Paused && s.Free != "":
		v.State, v.Why, v.Since = s.Free, s.FreeWhy, nil
	}
}

func (d *Dashboard) whoami(r *http.Request) (any, error) {
	p := personOf(r.Context())
	return map[string]any{
		"name": p.Name, "role": p.Role, "version": d.cfg.Version, "login": d.access.needed(),
		"canAct": p.Role == RoleOperator && d.cfg.Hand != nil, "now": d.cfg.Now().UTC(),
	}, nil
}

// holdOnAll is the hold on all jobs; nil for none.
func (d *Dashboard) holdOnAll() *Held {
	if d.cfg.Hand == nil {
		return nil
	}
	held, is := d.cfg.Hand.Held(autoscaler.JobKey{})
	if !is {
		return nil
	}
	return &held
}

func (d *Dashboard) job(r *http.Request) (any, error) {
	j, err := d.find(r)
	if err != nil {
		return nil, err
	}
	j.Entry.Vertices = j.Shape
	return struct {
		jobView
		Decision decisions.Entry `json:"decision"`
		Graph    graph           `json:"graph"`
		// Bounds tells whether Flink can be asked for those of the vertices.
		Bounds bool `json:"bounds"`
	}{d.viewOf(j.Summary), j.Entry, layout(j.Shape), d.cfg.Hand != nil && !slices.Contains(unasked, j.State)}, nil
}

// unasked are the states of jobs for whose bounds Flink is not asked.
var unasked = []fleet.State{fleet.NotRunning, fleet.NotScalable, fleet.Away}

func (d *Dashboard) find(r *http.Request) (fleet.Job, error) {
	key := keyOf(r)
	j, known := d.cfg.Book.Job(key)
	if !known {
		return fleet.Job{}, notFound("no job %s is watched here", key)
	}
	return j, nil
}

// How many decisions one answer has without being asked, and at most.
const (
	defaultDecisions = 50
	mostDecisions    = 1000
)

func (d *Dashboard) decisions(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	most, err := count(q, "limit", defaultDecisions, mostDecisions)
	if err != nil {
		return nil, err
	}
	bound, err := numbered(q, "before", "a decision", 1)
	if err != nil {
		return nil, err
	}
	wanted := most + 1
	if bound > 0 {
		wanted = mostDecisions
	}
	found, next := before(d.cfg.Book.Decisions(keyOf(r), wanted), bound, most, func(d *fleet.Decision) uint64 { return d.ID })
	if found == nil {
		found = []fleet.Decision{}
	}
	return map[string]any{"decisions": found, "next": next}, nil
}

func (d *Dashboard) decision(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 63)
	if err != nil {
		return nil, invalid("the decision is %q; want its number", shortened(r.PathValue("id")))
	}
	found, there := d.cfg.Book.Decision(keyOf(r), id)
	if !there {
		return nil, notFound("decision %d of job %s is not kept", id, keyOf(r))
	}
	text, err := explained(found.Entry)
	return struct {
		fleet.Decision
		Text    string            `json:"text"`
		Stories []decisions.Story `json:"stories"`
	}{found, text, found.Stories()}, err
}

func explained(e decisions.Entry) (string, error) {
	var b strings.Builder
	err := decisions.WriteExplanation(&b, e, true)
	return b.String(), err
}

// advice is what the newest pass would do now.
func (d *Dashboard) advice(r *http.Request) (any, error) {
	j, err := d.find(r)
	if err != nil {
		return nil, err
	}
	text, err := explained(j.Entry)
	return map[string]any{"decision": j.Entry, "text": text, "stories": j.Entry.Stories(), "state": j.State, "why": j.Why}, err
}

func (d *Dashboard) requirements(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	if d.cfg.Hand == nil {
		return nil, notFound("this dashboard speaks to no cluster")
	}
	bounds, err := d.cfg.Hand.Requirements(r.Context(), keyOf(r))
	return map[string]any{"vertices": bounds}, err
}
