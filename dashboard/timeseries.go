package dashboard

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/dashboard/fleet"
)

// The most points that one answer has, and how many without being asked.
const (
	mostPoints    = 2000
	defaultPoints = 300
)

func (d *Dashboard) series(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	to, err := instant(q, "to", d.cfg.Now())
	if err != nil {
		return nil, err
	}
	from, err := instant(q, "from", to.Add(-30*time.Minute))
	if err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, invalid("from %s is not before to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	most, err := count(q, "points", defaultPoints, mostPoints)
	if err != nil {
		return nil, err
	}
	if q.Has("vertex") && q.Get("vertex") == "" {
		return nil, invalid("vertex is empty; want the id of a vertex, or no such parameter for the whole job")
	}
	points := d.cfg.Book.Series(keyOf(r), q.Get("vertex"), from, to.Add(time.Millisecond), most)
	if points == nil && q.Get("vertex") != "" && !d.hasVertex(r) {
		return nil, notFound("the job has no vertex %q", q.Get("vertex"))
	}
	c := columnsOf(points)
	for _, at := range d.cfg.Book.Restarts(keyOf(r), from, to) {
		c.Restarts = append(c.Restarts, at.UnixMilli())
	}
	return c, nil
}

func (d *Dashboard) hasVertex(r *http.Request) bool {
	j, _ := d.cfg.Book.Job(keyOf(r))
	for _, v := range j.Shape {
		if v.ID == r.URL.Query().Get("vertex") {
			return true
		}
	}
	return false
}

// columns are points measure by measure, as charts want them; At is in ms. Restarts are
// the times of the job's restarts, in ms.
type columns struct {
	At          []int64  `json:"at"`
	Source      []number `json:"source"`
	Target      []number `json:"target"`
	Capacity    []number `json:"capacity"`
	Lag         []number `json:"lag"`
	Busy        []number `json:"busy"`
	Parallelism []int    `json:"parallelism"`
	Slots       []int    `json:"slots"`
	Restarts    []int64  `json:"restarts"`
}

func columnsOf(points []fleet.Point) columns {
	c := columns{[]int64{}, []number{}, []number{}, []number{}, []number{}, []number{}, []int{}, []int{}, []int64{}}
	for _, p := range points {
		c.At = append(c.At, p.At.UnixMilli())
		c.Source = append(c.Source, number(p.Source))
		c.Target = append(c.Target, number(p.Target))
		c.Capacity = append(c.Capacity, number(p.Capacity))
		c.Lag = append(c.Lag, number(p.Lag))
		c.Busy = append(c.Busy, number(p.Busy))
		c.Parallelism = append(c.Parallelism, p.Parallelism)
		c.Slots = append(c.Slots, p.Slots)
	}
	return c
}

// instant reads a time: RFC 3339 or milliseconds since 1970.
func instant(q url.Values, name string, otherwise time.Time) (time.Time, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	text := q.Get(name)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 && ms < 1<<52 {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, invalid("%s is %q; want a time such as 2026-07-01T12:00:00Z, or milliseconds since 1970", name, shortened(text))
	}
	return t, nil
}
