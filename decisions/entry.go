package decisions

import (
	"math"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Entry is one decision about one job. Its JSON form is the line format of the
// decisions file and of sluice advise -o json.
type Entry struct {
	Time time.Time `json:"time"`
	// Cluster is its name, or in a decisions file its address if it has none.
	Cluster string `json:"cluster,omitempty"`
	Job     string `json:"job"`
	Name    string `json:"name,omitempty"`
	// Scope is scale, report, ignore or disabled; Why explains all but scale.
	Scope string `json:"scope"`
	Why   string `json:"why,omitempty"`
	// Action is scale when Flink was, or would be, asked for another
	// parallelism, also by a person, else hold.
	Action string `json:"action"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// WindowFullAt is set while the metric window is filling.
	WindowFullAt *time.Time `json:"windowFullAt,omitempty"`
	// Backlog is true while a source is so far behind that bounds are relaxed.
	Backlog bool `json:"backlog,omitempty"`
	// Restart is the time in seconds that the figures allow for a restart.
	Restart Figure `json:"restart,omitempty"`
	// Terms are nil where nothing was evaluated.
	Terms    *Terms   `json:"terms,omitempty"`
	Vertices []Vertex `json:"vertices"`
	Act      *Act     `json:"act,omitempty"`
	// ByHand is set where no pass but a person came to it; its vertices have no figures.
	ByHand *ByHand `json:"byHand,omitempty"`
}

// The values of Entry.Action.
const (
	ActionScale = "scale"
	ActionHold  = "hold"
)

// Terms are what configuration asks of the figures: see [scaling.Terms].
type Terms struct {
	// UtilizationTarget, -Min and -Max are shares, [0,1]. While there is a backlog a
	// vertex is judged by 0 and 1 instead of the last two.
	UtilizationTarget Figure `json:"utilizationTarget"`
	UtilizationMin    Figure `json:"utilizationMin"`
	UtilizationMax    Figure `json:"utilizationMax"`
	// CatchUp is the time in seconds in which backlog is to be worked off.
	CatchUp Figure `json:"catchUp"`
	// CatchUpInHeadroom is true where that may take the room above the target.
	CatchUpInHeadroom bool `json:"catchUpInHeadroom"`
}

// Vertex is the decision about one vertex. Rates are in records/s.
type Vertex struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Inputs are the ids of the vertices that it reads from.
	Inputs []string `json:"inputs,omitempty"`
	// Group is its slot sharing group; empty where Flink does not name it.
	Group          string `json:"group,omitempty"`
	From           int    `json:"from"`
	To             int    `json:"to"`
	Recommended    int    `json:"recommended"`
	MaxParallelism int    `json:"maxParallelism"`
	Partitions     int    `json:"partitions,omitempty"`
	Reason         string `json:"reason"`
	// OutOfBounds is true when the true processing rate is outside the thresholds.
	OutOfBounds bool `json:"outOfBounds"`
	// Busy is the share of its time that a subtask is busy, [0,1].
	Busy Figure `json:"busy"`
	// Backpressured is the share for which its output was blocked, [0,1].
	Backpressured Figure `json:"backpressured,omitempty"`
	InputRate     Figure `json:"inputRate"`
	// ProcessedRate is the rate that went with Busy: ProcessedRate/Busy is what the
	// vertex can do by its busy time. ObservedRate is what it was seen to do while it
	// caught up. The true processing rate is one of the two.
	ProcessedRate      Figure `json:"processedRate,omitempty"`
	ObservedRate       Figure `json:"observedRate,omitempty"`
	TargetRate         Figure `json:"targetRate"`
	PeakRate           Figure `json:"peakRate"`
	CatchUpRate        Figure `json:"catchUpRate"`
	Lag                Figure `json:"lag"`
	TrueProcessingRate Figure `json:"trueProcessingRate"`
	ExpectedRate       Figure `json:"expectedRate"`
	ScaleUpBelow       Figure `json:"scaleUpBelow"`
	ScaleDownAbove     Figure `json:"scaleDownAbove"`
	ClockDoubtful      bool   `json:"clockDoubtful,omitempty"`
	// Hottest is set where the subtasks were read one by one.
	Hottest *Hottest `json:"hottest,omitempty"`
	Guards  []Guard  `json:"guards,omitempty"`
}

// Hottest is the subtask that has most to do.
type Hottest struct {
	// Share is its part of the records of the vertex, Busy its busy share, [0,1].
	Share Figure `json:"share"`
	Busy  Figure `json:"busy"`
	// Capacity is what it alone can do, in records/s.
	Capacity Figure `json:"capacity"`
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
	Decided time.Time `json:"decided"`
	// Ended is nil until it is done or has failed.
	Ended  *time.Time     `json:"ended,omitempty"`
	Phase  string         `json:"phase"`
	Want   map[string]int `json:"want"`
	Reason string         `json:"reason,omitempty"`
	Detail string         `json:"detail,omitempty"`
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
		if d.Reason == scaling.ReasonWindowNotFull && e.WindowFullAt != nil {
			e.Detail = "" // the rates that are not known yet are no fault
		}
		return e
	}
	e.Backlog, e.Restart = r.Evaluation.Backlog, Figure(r.Evaluation.Restart.Seconds())
	e.Terms = newTerms(&r.Evaluation.Terms)
	for i := range r.Evaluation.Vertices {
		v := newVertex(&r.Evaluation.Vertices[i])
		if r.Topology != nil && i < len(r.Topology.Vertices) {
			v.Group = r.Topology.Vertices[i].SlotSharingGroup
			for _, in := range r.Topology.Vertices[i].Inputs {
				v.Inputs = append(v.Inputs, string(in.From))
			}
		}
		if i < len(d.Vertices) {
			v.decide(&d.Vertices[i])
		}
		e.Vertices = append(e.Vertices, v)
	}
	return e
}

func newTerms(t *scaling.Terms) *Terms {
	if *t == (scaling.Terms{}) {
		return nil
	}
	return &Terms{digits(t.Target), digits(t.Min), digits(t.Max), Figure(t.CatchUp.Seconds()), t.InHeadroom}
}

func newVertex(v *scaling.VertexEvaluation) Vertex {
	lag := Unknown
	if v.HasLag {
		lag = Figure(v.Lag)
	}
	vertex := Vertex{
		ID: string(v.Vertex), Name: v.Name, From: v.Parallelism, To: v.Parallelism, Recommended: v.Parallelism,
		MaxParallelism: v.MaxParallelism, Partitions: v.Partitions,
		Busy: busy(v), InputRate: Figure(scaling.Round3(v.Rates.In)),
		TargetRate: Figure(v.TargetRate), PeakRate: Figure(v.PeakRate), CatchUpRate: Figure(v.CatchUpRate), Lag: lag,
		TrueProcessingRate: Figure(v.TrueProcessingRate), ExpectedRate: Unknown,
		ScaleUpBelow: Figure(v.ScaleUpThreshold), ScaleDownAbove: Figure(v.ScaleDownThreshold),
		ClockDoubtful: v.Rates.ClockDoubtful,
	}
	vertex.Backpressured = whereKnown(scaling.Round3(v.Rates.Backpressured))
	vertex.ProcessedRate, vertex.ObservedRate = whereKnown(v.Rates.ProcessedIn), whereKnown(v.Rates.Observed)
	if h := v.Rates.Hottest; h.Known {
		vertex.Hottest = &Hottest{Share: Figure(scaling.Round3(h.Share)), Busy: Figure(scaling.Round3(h.Busy)), Capacity: Figure(scaling.Round3(h.Capacity))}
	}
	return vertex
}

// busy is the load as it was measured, unless an evaluator replaced it.
func busy(v *scaling.VertexEvaluation) Figure {
	if scaling.Round3(v.Rates.Busy) == v.Load {
		return digits(v.Rates.Busy)
	}
	return Figure(v.Load)
}

// whereKnown is 0, which JSON leaves out, for a rate that is not known.
func whereKnown(rate float64) Figure {
	if math.IsNaN(rate) {
		return 0
	}
	return digits(rate)
}

// digits keeps nine digits of a number: a quotient of two such numbers is right
// to every digit that is shown of it.
func digits(x float64) Figure {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return Figure(x)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 9, 64), 64)
	if err != nil {
		return Figure(x)
	}
	return Figure(short)
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
	act := &Act{
		Decided: a.Decided.UTC(), Phase: string(a.Phase), Want: want,
		Reason: string(a.Reason.Reason), Detail: a.Reason.Text,
	}
	if !a.Ended.IsZero() {
		ended := a.Ended.UTC()
		act.Ended = &ended
	}
	return act
}
