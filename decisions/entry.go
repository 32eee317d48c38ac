package decisions

import (
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Entry is one decision about one job. Its JSON form is the line format of the
// decisions file and of sluice advise -o json.
type Entry struct {
	Time    time.Time `json:"time"`
	Cluster string    `json:"cluster,omitempty"`
	Job     string    `json:"job"`
	Name    string    `json:"name,omitempty"`
	// Scope is scale, report, ignore or disabled; Why explains all but scale.
	Scope string `json:"scope"`
	Why   string `json:"why,omitempty"`
	// Action is scale when Flink was, or would be, asked for another
	// parallelism, else hold.
	Action string `json:"action"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// WindowFullAt is set while the metric window is filling.
	WindowFullAt *time.Time `json:"windowFullAt,omitempty"`
	// Backlog is true while a source is so far behind that bounds are relaxed.
	Backlog  bool     `json:"backlog,omitempty"`
	Vertices []Vertex `json:"vertices"`
	Act      *Act     `json:"act,omitempty"`
}

// The values of Entry.Action.
const (
	ActionScale = "scale"
	ActionHold  = "hold"
)

// Vertex is the decision about one vertex. Rates are in records/s.
type Vertex struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	From           int    `json:"from"`
	To             int    `json:"to"`
	Recommended    int    `json:"recommended"`
	MaxParallelism int    `json:"maxParallelism"`
	Partitions     int    `json:"partitions,omitempty"`
	Reason         string `json:"reason"`
	// OutOfBounds is true when the true processing rate is outside the thresholds.
	OutOfBounds        bool    `json:"outOfBounds"`
	Busy               Figure  `json:"busy"`
	InputRate          Figure  `json:"inputRate"`
	TargetRate         Figure  `json:"targetRate"`
	PeakRate           Figure  `json:"peakRate"`
	CatchUpRate        Figure  `json:"catchUpRate"`
	Lag                Figure  `json:"lag"`
	TrueProcessingRate Figure  `json:"trueProcessingRate"`
	ExpectedRate       Figure  `json:"expectedRate"`
	ScaleUpBelow       Figure  `json:"scaleUpBelow"`
	ScaleDownAbove     Figure  `json:"scaleDownAbove"`
	ClockDoubtful      bool    `json:"clockDoubtful,omitempty"`
	Guards             []Guard `json:"guards,omitempty"`
}

// Guard is what one rule did: see [scaling.Guard].
type Guard struct {
	Rule    string `json:"rule"`
	Before  int    `json:"before"`
	After   int    `json:"after"`
	Have    Figure `json:"have"`
	Limit   Figure `json:"limit"`
	Blocked bool   `json:"blocked,omitempty"`
}

// Act is how far the newest rescale of the job has come.
type Act struct {
	Decided time.Time      `json:"decided"`
	Phase   string         `json:"phase"`
	Want    map[string]int `json:"want"`
	Reason  string         `json:"reason,omitempty"`
	Detail  string         `json:"detail,omitempty"`
}

// New makes an entry of a report.
func New(r *autoscaler.Report) Entry {
	d := &r.Decision
	e := Entry{
		Time: r.At.UTC(), Cluster: r.Job.Cluster, Job: string(r.Job.Job), Name: r.Name,
		Scope: r.Scope.String(), Why: r.Why, Action: ActionHold, Reason: string(d.Reason), Detail: d.Detail,
		Vertices: []Vertex{}, Act: newAct(r.Act),
	}
	if d.Scale {
		e.Action = ActionScale
	}
	if full := r.Window; !full.Full && !full.FullAt.IsZero() {
		at := full.FullAt.UTC()
		e.WindowFullAt = &at
	}
	if r.Evaluation == nil {
		return e
	}
	e.Backlog = r.Evaluation.Backlog
	for i := range r.Evaluation.Vertices {
		v := newVertex(&r.Evaluation.Vertices[i])
		if i < len(d.Vertices) {
			v.decide(&d.Vertices[i])
		}
		e.Vertices = append(e.Vertices, v)
	}
	return e
}

func newVertex(v *scaling.VertexEvaluation) Vertex {
	lag := Unknown
	if v.HasLag {
		lag = Figure(v.Lag)
	}
	return Vertex{
		ID: string(v.Vertex), Name: v.Name, From: v.Parallelism, To: v.Parallelism, Recommended: v.Parallelism,
		MaxParallelism: v.MaxParallelism, Partitions: v.Partitions,
		Busy: Figure(v.Load), InputRate: Figure(scaling.Round3(v.Rates.In)),
		TargetRate: Figure(v.TargetRate), PeakRate: Figure(v.PeakRate), CatchUpRate: Figure(v.CatchUpRate), Lag: lag,
		TrueProcessingRate: Figure(v.TrueProcessingRate), ExpectedRate: Unknown,
		ScaleUpBelow: Figure(v.ScaleUpThreshold), ScaleDownAbove: Figure(v.ScaleDownThreshold),
		ClockDoubtful: v.Rates.ClockDoubtful,
	}
}

func (v *Vertex) decide(d *scaling.VertexDecision) {
	v.To, v.Recommended, v.Reason, v.OutOfBounds = d.To, d.Recommended, string(d.Reason), d.Outside
	v.ExpectedRate = Figure(d.ExpectedRate)
	for _, g := range d.Guards {
		v.Guards = append(v.Guards, Guard{
			Rule: string(g.Rule), Before: g.Before, After: g.After, Have: Figure(g.Have), Limit: Figure(g.Limit), Blocked: g.Blocked,
		})
	}
}

func newAct(a *autoscaler.Act) *Act {
	if a == nil {
		return nil
	}
	want := make(map[string]int, len(a.Want))
	for id, p := range a.Want {
		want[string(id)] = p
	}
	return &Act{
		Decided: a.Decided.UTC(), Phase: string(a.Phase), Want: want,
		Reason: string(a.Reason.Reason), Detail: a.Reason.Text,
	}
}
