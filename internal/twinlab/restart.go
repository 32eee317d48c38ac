package twinlab

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/internal/recording"
)

// Meter is what a vertex showed of itself at a time after it began to run.
type Meter struct {
	After      time.Duration
	In, InRate float64 // records, and records/s, summed over the subtasks
	Busy       float64 // ms/s, averaged over them
}

// Rescale is experiment 23 in a twin: a vertex that takes so long for a record gets 600 records/s, is rescaled from 2 to 4
// subtasks after 65 s, and is watched every second. The meters are those of the vertex after its restart; last is what it
// had counted before.
func Rescale(ctx context.Context, version string, cost time.Duration) (meters []Meter, last float64, err error) {
	s := Scenario{
		Name: "rescale", Version: version, TaskManagers: 1, Slots: 4,
		Options: map[string]string{"web.refresh-interval": "100", "metrics.fetcher.update-interval": "200"},
		Jobs: []Job{{Spec: realflink.JobSpec{Name: "j3", Rate: 600, Chain: []realflink.ChainVertex{
			{Name: "source", Parallelism: 2}, {Name: "work", Parallelism: 2, Cost: cost}, {Name: "count", Parallelism: 2},
		}}}},
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	none := &Session{Facts: Facts{Start: start, Submitted: []time.Time{start}, Loads: [][]RateAt{{{start, 600}}}, Jobs: []flink.JobID{flink.JobID(strings.Repeat("0", 32))}}}
	v, err := newVirtual(ctx, s, none, []time.Duration{0}, 1)
	if err != nil {
		return nil, 0, fmt.Errorf("rescale on %s: %w", version, err)
	}
	if err := v.submit(); err != nil {
		return nil, 0, fmt.Errorf("rescale on %s: %w", version, err)
	}
	return v.rescaled(start)
}

func (v *virtual) rescaled(start time.Time) (meters []Meter, last float64, err error) {
	asked := false
	var began time.Time
	for second := 1; second <= 160; second++ {
		if err := v.twin.Advance(start.Add(time.Duration(second) * time.Second)); err != nil {
			return nil, 0, err
		}
		series, body, err := v.meters()
		if err != nil {
			return nil, 0, err
		}
		if second >= 67 && !asked {
			asked = true
			if err := v.raise(series); err != nil {
				return nil, 0, err
			}
		}
		p := series.Points[len(series.Points)-1]
		switch {
		case p.Vertices[1].Parallelism == 4 && p.Status == flink.JobRunning && body != nil:
			if began.IsZero() {
				began = p.Since
			}
			body.After = p.At.Sub(began)
			meters = append(meters, *body)
		case p.Vertices[1].Parallelism == 2 && body != nil:
			last = body.In
		}
	}
	return meters, last, nil
}

// meters asks for the job and the meters of its second vertex.
func (v *virtual) meters() (*Series, *Meter, error) {
	v.session.Exchanges = nil
	id := string(v.real.Jobs[0])
	if err := v.ask(get("/jobs/" + id)); err != nil {
		return nil, nil, err
	}
	series, err := v.session.Series(0)
	if err != nil {
		return nil, nil, err
	}
	path := "/jobs/" + id + "/vertices/" + string(series.IDs[1]) + "/subtasks/metrics?agg=avg,sum&get=numRecordsIn,numRecordsInPerSecond,busyTimeMsPerSecond"
	if err := v.ask(get(path)); err != nil {
		return nil, nil, err
	}
	m := Meter{InRate: math.NaN()}
	for name, into := range map[string]func(Gauge){
		"numRecordsIn":          func(g Gauge) { m.In = g.Sum },
		"numRecordsInPerSecond": func(g Gauge) { m.InRate = g.Sum },
		"busyTimeMsPerSecond":   func(g Gauge) { m.Busy = g.Avg },
	} {
		gauges, err := v.session.Gauges(0, 1, name)
		if err != nil {
			return nil, nil, err
		}
		for _, g := range gauges {
			into(g)
		}
	}
	if math.IsNaN(m.InRate) {
		return series, nil, nil
	}
	return series, &m, nil
}

func get(path string) recording.Exchange {
	return recording.Exchange{Method: http.MethodGet, Path: path}
}

// raise asks for 4 subtasks of every vertex.
func (v *virtual) raise(s *Series) error {
	wanted := flink.ResourceRequirements{}
	for _, id := range s.IDs {
		wanted[id] = flink.Require(1, 4)
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	path := "/jobs/" + string(v.real.Jobs[0]) + "/resource-requirements"
	return v.ask(recording.Exchange{Method: http.MethodPut, Path: path, Sent: body})
}
