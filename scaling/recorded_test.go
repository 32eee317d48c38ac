package scaling

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// The files under testdata/recorded hold inputs and outputs of Flink's own
// autoscaler. Every one of them must come out to the last digit. Those of the
// folder that PEER_VECTORS names take their place where it is set.

func TestRecordedRounding(t *testing.T) {
	f := table(t, "round")
	for r := range rows(f) {
		if got := Round3(r.number(0)); !same(got, r.number(1)) {
			f.Errorf("Round3(%v) = %v, want %v", r[0], got, r.number(1))
		}
	}
}

func TestRecordedRoundingAtRandom(t *testing.T) {
	f := scalars(t)
	for c := range fields(f, "R") {
		if got := Round3(numeral(c[1])); !same(got, numeral(c[2])) {
			f.Errorf("Round3(%s) = %v, want %s", c[1], got, c[2])
		}
	}
}

func TestRecordedRateTexts(t *testing.T) {
	f := scalars(t)
	for c := range fields(f, "F") {
		if got := FormatRate(numeral(c[1])); got != c[2] {
			f.Errorf("FormatRate(%s) = %s, want %s", c[1], got, c[2])
		}
	}
}

// capacityCase is a case of the capacity that a vertex has to have.
type capacityCase struct {
	catchUp, target, utilization float64
	duration, restart            string // in s
	withRestart                  bool
	want                         float64
}

func (x capacityCase) judge(f *vectortables.File) {
	c := Config{CatchUp: seconds(x.duration)}
	got := capacity(Round3(x.target), Round3(x.catchUp), x.utilization, x.withRestart, seconds(x.restart), &c)
	if !same(got, x.want) {
		f.Errorf("capacity of %+v = %v", x, got)
	}
}

func TestRecordedCapacity(t *testing.T) {
	f := table(t, "target-capacity")
	for r := range rows(f) {
		capacityCase{r.number(0), r.number(1), r.number(2), r.text(3), r.text(4), r[5].(bool), r.number(6)}.judge(f)
	}
}

func TestRecordedCapacityAtRandom(t *testing.T) {
	f := scalars(t)
	for c := range fields(f, "C") {
		capacityCase{numeral(c[1]), numeral(c[2]), numeral(c[5]), c[3], c[4], c[6] == "1", numeral(c[7])}.judge(f)
	}
}

func TestRecordedClamp(t *testing.T) {
	f := table(t, "clamp")
	for r := range rows(f) {
		p, lower, upper := r.whole(0), r.whole(3), r.whole(4)
		// The limits of a row hold as they are. Ours are widened to hold the current
		// parallelism, so that it is one between them that is put in.
		vertex := Vertex{Parallelism: min(max(p, lower), upper), MaxParallelism: r.whole(1)}
		v := deciderOf(vertex, &Config{MinParallelism: lower, MaxParallelism: upper})
		if got := v.limit(scaled(r.number(2), p)); got != r.whole(5) {
			f.Errorf("%v: got %d", r, got)
		}
	}
}

func TestRecordedAlignment(t *testing.T) {
	modes := map[string]Alignment{
		"BALANCED": AlignBalanced, "EVENLY_SPREAD": AlignEvenlySpread, "OFF": AlignOff,
		"LEGACY_EVENLY_SPREAD": AlignLegacyEvenlySpread, "LEGACY_MAXIMIZE_UTILISATION": AlignLegacyMaximizeUtilisation,
	}
	f := table(t, "alignment")
	for r := range rows(f) {
		vertex := Vertex{Parallelism: r.whole(1), Partitions: r.whole(3), MaxParallelism: r.whole(4), Inputs: shipped(r[7].(bool))}
		v := deciderOf(vertex, &Config{Alignment: modes[r[0].(string)]})
		v.lower, v.upper = r.whole(5), min(r.whole(6), vertex.MaxParallelism)
		got := v.align(r.whole(2))
		if got != r.whole(8) || limitedText(v.notes) != r[9] {
			f.Errorf("%v: got %d, %v", r, got, limitedText(v.notes))
		}
	}
}

// limitedText is the tail of the reference's event, nil where there is no note.
func limitedText(notes []Note) any {
	if len(notes) == 0 {
		return nil
	}
	n := notes[0]
	return fmt.Sprintf("(expected parallelism: %v, actual parallelism %v). Scaling limited due to numKeyGroupsOrPartitions : %d，"+
		"upperBoundForAlignment(maxParallelism or parallelismUpperLimit): %d, parallelismLowerLimit: %d.", n.A, n.B, n.Groups, n.Bound, n.Lower)
}

func TestRecordedSizing(t *testing.T) {
	modes := map[string]Alignment{
		"BALANCED": AlignBalanced, "EVENLY_SPREAD": AlignEvenlySpread, "OFF": AlignOff,
		"LES": AlignLegacyEvenlySpread, "LMU": AlignLegacyMaximizeUtilisation,
	}
	f := scalars(t)
	for c := range fields(f, "S") {
		n := wholes(t, c[2], c[3], c[4], c[7], c[8], c[9])
		p, lower, upper, want := n[0], n[3], n[4], n[5]
		vertex := Vertex{Parallelism: p, Partitions: n[1], MaxParallelism: n[2], Inputs: shipped(c[5] == "1")}
		v := deciderOf(vertex, &Config{MinParallelism: lower, MaxParallelism: upper, Alignment: modes[c[1]]})
		got := v.limit(scaled(numeral(c[6]), p))
		if got != p {
			got = v.align(got)
		}
		if got != want {
			f.Errorf("%v: got %d", c, got)
		}
	}
}

func TestRecordedDelayedScaleDown(t *testing.T) {
	f := table(t, "delayed-scale-down")
	for r := range rows(f) {
		interval := time.Duration(r.whole(0)) * time.Millisecond
		var d DelayedScaleDown
		for j, each := range r[1].([]any) {
			op := row(each.([]any))
			var head Recommendation
			d, head, _ = d.trigger("v", Recommendation{At: instant(op.number(0)), Parallelism: op.whole(1), Outside: op[2].(bool)}, interval)
			want := Recommendation{At: instant(op.number(4)), Parallelism: op.whole(5), Outside: op[6].(bool)}
			if head != want || !d["v"].FirstTrigger.Equal(instant(op.number(3))) || len(d["v"].Recommended) != op.whole(7) {
				f.Errorf("step %d: %v: got %v since %v, %d kept", j, op, head, d["v"].FirstTrigger, len(d["v"].Recommended))
				break
			}
		}
	}
}

// TestRecordedRuns drives whole decisions: limits, bounds, effectiveness and
// delay as one state machine over time.
func TestRecordedRuns(t *testing.T) {
	runs := randomCases(t, "delayed-scaledown-vectors.txt.gz", "delayed-runs.txt.gz")
	for line := range runs.Lines("D ") {
		f := strings.Fields(line)
		head := wholes(t, f[1], f[3])
		c := DefaultConfig()
		c.CatchUp, c.ScaleDownInterval, c.EffectivenessDetection = 0, time.Duration(head[0])*time.Second, f[2] == "1"
		p := head[1]
		var state State
		for step, text := range f[4:] {
			s := strings.Split(text, ",")
			c.Estimator = fixed{{In: numeral(s[1]), ProcessedIn: numeral(s[2]), Busy: 1, OutPerIn: math.NaN(), Observed: math.NaN()}}
			topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: p, MaxParallelism: 720}})
			if err != nil {
				t.Fatal(err)
			}
			out := Decide(Input{Config: &c, Topology: topology, Full: true, State: state, Now: instant(1000 * numeral(s[0]))})
			v := out.Decision.Vertices[0]
			want := wholes(t, s[3])[0]
			if got := flagOf(wished(v), p, out.Decision.Scale); wished(v) != want || got != s[4] {
				runs.Errorf("%v: step %d: %s: got %d,%s (%s)", f[:4], step, text, wished(v), got, v.Reason)
				break
			}
			state = out.State
			if out.Decision.Scale {
				state, p = out.Executed(), v.To
			}
		}
	}
}

// flagOf says n where nothing is to change, i where it is and nothing is out of
// its bounds, and o where that is so.
func flagOf(wished, p int, scale bool) string {
	switch {
	case scale:
		return "o"
	case wished == p:
		return "n"
	}
	return "i"
}

func TestRecordedTracking(t *testing.T) {
	f := table(t, "scaling-tracking")
	for r := range rows(f) {
		var records []RestartRecord
		for _, each := range r[0].([]any) {
			x := row(each.([]any))
			record := RestartRecord{At: instant(x.number(0)), Known: x[1] != nil}
			if record.Known {
				record.Duration = time.Duration(x.number(1)) * time.Millisecond
			}
			records = append(records, record)
		}
		c := Config{RestartTracking: r[1].(bool), Restart: seconds(r.text(2)), RestartTrackingLimit: seconds(r.text(3))}
		if got := restartTime(records, &c).Seconds(); got != r.number(4) {
			f.Errorf("restart time %v, want %v", got, r[4])
		}
		trimmed := trimTracking(records, instant(r.number(5)), seconds(r.text(6)), r.whole(7))
		var left []any
		for _, record := range trimmed {
			left = append(left, float64(record.At.UnixMilli()))
		}
		if got := restartTime(trimmed, &c).Seconds(); !equalLists(left, r[8].([]any)) || got != r.number(9) {
			f.Errorf("left %v with restart time %v, want %v with %v", left, got, r[8], r[9])
		}
	}
}

func TestRecordedScalability(t *testing.T) {
	f := table(t, "scaling-coefficient")
	for r := range rows(f) {
		h := History{}
		for _, each := range r[0].([]any) {
			x := row(each.([]any))
			h["v"] = append(h["v"], ScalingRecord{From: x.whole(0), Evaluation: VertexEvaluation{TrueProcessingRate: x.number(1)}})
		}
		c := Config{ScalabilityMinObservations: r.whole(1), ScalabilityMin: r.number(2)}
		want := math.NaN() // where the reference fails
		if text, failed := r[3].(string); !failed || !strings.HasPrefix(text, "EXCEPTION") {
			want = r.number(3)
		}
		if got := h.scalability("v", &c); !same(got, want) {
			f.Errorf("coefficient %v of %v, want %v", got, r[0], r[3])
		}
	}
}

func TestRecordedScalabilityAtRandom(t *testing.T) {
	f := scalars(t)
	c := Config{ScalabilityMinObservations: 2, ScalabilityMin: 0.5}
	for line := range f.Lines("O ") {
		past, want, _ := strings.Cut(strings.TrimPrefix(line, "O "), " ")
		h := History{}
		for each := range strings.SplitSeq(past, ",") {
			p, rate, seen := strings.Cut(each, ":")
			if seen {
				h["v"] = append(h["v"], ScalingRecord{From: wholes(t, p)[0], Evaluation: VertexEvaluation{TrueProcessingRate: numeral(rate)}})
			}
		}
		if got := h.scalability("v", &c); !same(got, numeral(want)) {
			f.Errorf("%s: coefficient %v", line, got)
		}
	}
}

// recordedEvaluation is one line of evaluations.jsonl.
type recordedEvaluation struct {
	Aggregator      string                                 `json:"agg"`
	CatchUp         float64                                `json:"cu"`
	Backlog         float64                                `json:"bl"`
	Restart         float64                                `json:"rs"`
	MinObservations int                                    `json:"mo"`
	Target          float64                                `json:"ut"`
	Boundary        float64                                `json:"bd"`
	Explicit        bool                                   `json:"mm"`
	Max             float64                                `json:"mx"`
	Min             float64                                `json:"mi"`
	Inputs          [][]int                                `json:"ins"`
	Parallelism     []int                                  `json:"P"`
	Samples         [][2]json.RawMessage                   `json:"h"`
	Result          json.RawMessage                        `json:"res"`
	samples         []map[string]map[string]recordedNumber // one per instant
	at              []time.Time
}

// bareNumbers are the tokens that Flink prints and JSON does not know.
var bareNumbers = regexp.MustCompile(`(-?Infinity|NaN)\b`)

type recordedNumber float64

// UnmarshalJSON reads a number or the text of one that is not finite.
func (n *recordedNumber) UnmarshalJSON(b []byte) error {
	*n = recordedNumber(numeral(strings.Trim(string(b), `"`)))
	return nil
}

func readEvaluation(t *testing.T, line string) recordedEvaluation {
	t.Helper()
	var e recordedEvaluation
	if err := json.Unmarshal([]byte(bareNumbers.ReplaceAllString(line, `"$1"`)), &e); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Samples {
		values := map[string]map[string]recordedNumber{}
		if err := json.Unmarshal(s[1], &values); err != nil {
			t.Fatal(err)
		}
		e.samples, e.at = append(e.samples, values), append(e.at, instant(numeral(string(s[0]))))
	}
	return e
}

func (e recordedEvaluation) config() Config {
	c := DefaultConfig()
	c.Aggregator = map[string]Aggregator{"MAX": AggregateMax, "AVG": AggregateAvg, "MIN": AggregateMin}[e.Aggregator]
	c.CatchUp = time.Duration(e.CatchUp) * time.Second
	c.BacklogLagThreshold = time.Duration(e.Backlog) * time.Second
	c.ObservedMinObservations = e.MinObservations
	c.UtilizationMax, c.UtilizationMin = e.Target+e.Boundary, e.Target-e.Boundary
	if e.Explicit {
		c.UtilizationMax, c.UtilizationMin = e.Max, e.Min
	}
	return c
}

func (e recordedEvaluation) input(t *testing.T) (*Topology, Window) {
	t.Helper()
	vertices := make([]Vertex, len(e.Parallelism))
	for i, p := range e.Parallelism {
		vertices[i] = Vertex{ID: VertexID(strconv.Itoa(i)), Parallelism: p, MaxParallelism: 720}
		for _, u := range e.Inputs[i] {
			vertices[i].Inputs = append(vertices[i].Inputs, Edge{From: VertexID(strconv.Itoa(u)), Ship: ShipRebalance})
		}
	}
	topology, err := NewTopology(vertices)
	if err != nil {
		t.Fatal(err)
	}
	var w Window
	for i, values := range e.samples {
		s := Sample{At: e.at[i]}
		for _, v := range topology.Vertices {
			vs := VertexSample{Vertex: v.ID, Parallelism: v.Parallelism}
			for m := range measureCount {
				if x, ok := values[string(v.ID)][m.String()]; ok {
					vs.Set(m, float64(x))
				}
			}
			s.Vertices = append(s.Vertices, vs)
		}
		w.Samples = append(w.Samples, s)
	}
	return topology, w
}

func TestRecordedEvaluations(t *testing.T) {
	f := randomCases(t, "evaluator-vectors.jsonl.gz", "evaluations.jsonl.gz")
	for line := range f.Lines("") {
		e := readEvaluation(t, line)
		topology, w := e.input(t)
		c := e.config()
		got, err := Evaluate(w, topology, &c, time.Duration(e.Restart)*time.Second)
		var want map[VertexID][6]recordedNumber
		if json.Unmarshal(e.Result, &want) != nil {
			if !UnknownRate(err) {
				f.Errorf("%.80s: want error %s, got %v", line, e.Result, err)
			}
			continue
		}
		if err != nil {
			f.Errorf("%.80s: %v", line, err)
			continue
		}
		if len(want) != len(got.Vertices) {
			f.Errorf("%.80s: %d vertices, want %d", line, len(got.Vertices), len(want))
		}
		for _, v := range got.Vertices {
			for i, x := range [...]float64{v.TargetRate, v.CatchUpRate, v.TrueProcessingRate, v.Load, v.ScaleUpThreshold, v.ScaleDownThreshold} {
				if !same(x, float64(want[v.Vertex][i])) {
					f.Errorf("%.80s: vertex %s, column %d: got %v, want %v", line, v.Vertex, i, x, want[v.Vertex][i])
				}
			}
		}
	}
}
