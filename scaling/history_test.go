package scaling

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// changedAt are changes of one vertex, made at these seconds.
func changedAt(seconds ...float64) []ScalingRecord {
	var records []ScalingRecord
	for _, s := range seconds {
		records = append(records, ScalingRecord{At: at(s), From: 1, To: 2})
	}
	return records
}

// held prints when the changes were made that a history holds.
func held(h History) string {
	var all []string
	for id, records := range h {
		text := string(id)
		for _, r := range records {
			text += fmt.Sprintf(" %v", r.At.Sub(at(0)).Seconds())
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestAHistoryIsTrimmedByAgeAndCount(t *testing.T) {
	topology, err := NewTopology([]Vertex{{ID: "v"}, {ID: "w"}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		history History
		count   int
		want    string
	}{
		{"nothing", nil, 3, ""},
		{"all of it is young", History{"v": changedAt(50, 60), "w": changedAt(70)}, 3, "v 50 60, w 70"},
		{"as old as is allowed", History{"v": changedAt(0, 60)}, 3, "v 0 60"},
		{"older", History{"v": changedAt(-2, -0.001, 60)}, 3, "v 60"},
		{"all of it is older", History{"v": changedAt(-2, -1), "w": changedAt(1)}, 3, "w 1"},
		{"more than is kept", History{"v": changedAt(10, 20, 30, 40)}, 2, "v 30 40"},
		{"older and still more", History{"v": changedAt(-1, 20, 30, 40)}, 2, "v 30 40"},
		{"more, and older than what count leaves", History{"v": changedAt(-3, -2, -1, 40)}, 2, "v 40"},
		{"none is kept", History{"v": changedAt(10)}, 0, ""},
		{"a vertex is gone", History{"v": changedAt(10), "gone": changedAt(20)}, 3, "v 10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := held(tt.history.trim(at(100), 100*time.Second, tt.count, topology)); got != tt.want {
				t.Errorf("holds %q, want %q", got, tt.want)
			}
		})
	}
}

// A configuration that keeps more later finds what there was, unless the job
// became another one.
func TestWhatIsTooOldIsForgottenOnlyWithAVertexThatIsGone(t *testing.T) {
	topology, err := NewTopology([]Vertex{{ID: "v"}})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{HistoryMaxAge: 100 * time.Second, HistoryMaxCount: 2}
	if got := held(c.ForgetGone(History{"v": changedAt(-9, 10, 20, 30)}, topology, at(100))); got != "v -9 10 20 30" {
		t.Errorf("with nothing gone: %q", got)
	}
	if got := held(c.ForgetGone(History{"v": changedAt(-9, 10, 20, 30), "gone": changedAt(5)}, topology, at(100))); got != "v 20 30" {
		t.Errorf("with a vertex gone: %q", got)
	}
}

func TestWhatIsIntendedIsEitherExecutedOrUndone(t *testing.T) {
	before := State{
		History:  History{"v": changedAt(10), "gone": nil},
		Tracking: []RestartRecord{{At: at(10)}},
		Delayed:  DelayedScaleDown{"w": {FirstTrigger: at(5)}},
	}
	out := Outcome{
		State: before, trimmed: State{History: History{"v": changedAt(10)}, Tracking: before.Tracking},
		Evaluation: &Evaluation{Vertices: make([]VertexEvaluation, 2)},
		Decision: Decision{At: at(20), Scale: true, Vertices: []VertexDecision{
			{Vertex: "v", From: 2, To: 3}, {Vertex: "w", From: 1, To: 2},
		}},
	}
	intended := out.Intended()
	if held(intended.History) != "v 10 20, w 20" || len(intended.Tracking) != 2 || len(intended.Delayed) != 1 {
		t.Errorf("intended: %s, %v, %v", held(intended.History), intended.Tracking, intended.Delayed)
	}
	if diff := cmp.Diff(out.Executed(), intended.Arrived(), cmp.Comparer(func(a, b DelayedScaleDown) bool { return len(a) == len(b) })); diff != "" {
		t.Errorf("arrived is not executed (-want +got):\n%s", diff)
	}
	undone := intended.Undone(at(20))
	if held(undone.History) != "v 10" || len(undone.Tracking) != 1 || len(undone.Delayed) != 1 {
		t.Errorf("undone: %s, %v, %v", held(undone.History), undone.Tracking, undone.Delayed)
	}
	if held(intended.History) != "v 10 20, w 20" {
		t.Error("the state that was given is changed")
	}
}

func TestExecutedChangesAreAddedToTheHistory(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	in.State.History = History{"s": {{At: in.Now.Add(-time.Hour), From: 3, To: 1}}}
	in.State.Tracking = []RestartRecord{{At: in.Now.Add(-time.Hour), Known: true}}
	in.State.Delayed = DelayedScaleDown{"s": {FirstTrigger: in.Now}}
	out := Decide(in)
	next := out.Executed()
	if len(next.History["s"]) != 1 || len(next.History["t"]) != 1 || len(next.Delayed) != 0 {
		t.Fatalf("got %+v", next)
	}
	r := next.History["t"][0]
	if !r.At.Equal(in.Now) || r.From != 4 || r.To != 8 || r.Planned != 8 || r.ExpectedRate != 2000 || r.Evaluation.TrueProcessingRate != 1000 {
		t.Errorf("recorded %+v", r)
	}
	if want := append(in.State.Tracking, RestartRecord{At: in.Now}); !cmp.Equal(next.Tracking, want) {
		t.Errorf("tracked %+v", next.Tracking)
	}
}

// The last change, to 4 subtasks, was to bring 1000 records/s more.
func TestAScaleUpIsIneffectiveThatBringsLessThanAShareOfWhatWasExpected(t *testing.T) {
	record := func(from, to int) []ScalingRecord {
		return []ScalingRecord{{From: 4, To: 2}, {From: from, To: to, ExpectedRate: 2000, Evaluation: VertexEvaluation{TrueProcessingRate: 1000}}}
	}
	tests := []struct {
		name    string
		records []ScalingRecord
		tpr     float64
		want    bool
	}{
		{"never changed", nil, 1000, false},
		{"as much as expected", record(2, 4), 2000, false},
		{"a tenth of it", record(2, 4), 1100, false},
		{"less than a tenth", record(2, 4), 1099, true},
		{"nothing", record(2, 4), 1000, true},
		{"less than before", record(2, 4), 900, true},
		{"of what nobody knows", record(2, 4), math.NaN(), true},
		{"a scale-down", record(8, 4), 1000, false},
		{"no change at all", record(4, 4), 1000, false},
		{"somebody else changed the parallelism since", record(2, 3), 1000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			expected, actual, got := (History{"v": tt.records}).ineffective(&VertexEvaluation{Vertex: "v", Parallelism: 4, TrueProcessingRate: tt.tpr}, &c)
			if got != tt.want {
				t.Errorf("ineffective: %v", got)
			}
			if got && (expected != 1000 || actual != tt.tpr-1000 && !math.IsNaN(tt.tpr)) {
				t.Errorf("expected %v more, got %v", expected, actual)
			}
		})
	}
}

func TestTheNewestRestartIsAlwaysTracked(t *testing.T) {
	records := func(seconds ...float64) (all []RestartRecord) {
		for _, s := range seconds {
			all = append(all, RestartRecord{At: at(s)})
		}
		return all
	}
	for _, tt := range []struct {
		name       string
		have, want []RestartRecord
		count      int
	}{
		{"none", nil, nil, 3},
		{"as old as is allowed", records(0, 60), records(0, 60), 3},
		{"older", records(-0.001, 60), records(60), 3},
		{"all older", records(-3, -2), records(-2), 3},
		{"more than is kept", records(1, 2, 3, 4), records(3, 4), 2},
		{"none is kept", records(1, 2), records(2), 0},
	} {
		if got := trimTracking(tt.have, at(100), 100*time.Second, tt.count); !cmp.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A decision at 10 s brought v to 4 subtasks; the job runs again since 52 s.
func TestARestartEndsWhenTheJobRunsAsItWasDecided(t *testing.T) {
	decided := []RestartRecord{{At: at(5), Duration: time.Second, Known: true}, {At: at(10)}}
	v := []ScalingRecord{{At: at(5), From: 1, To: 9}, {At: at(10), From: 2, To: 4}}
	ends := 42 * time.Second
	tests := []struct {
		name    string
		records []RestartRecord
		history History
		runs    int
		want    time.Duration // 0 where it is not known
	}{
		{"as decided", decided, History{"v": v}, 4, ends},
		{"not yet as decided", decided, History{"v": v}, 2, 0},
		{"the decision changed a vertex that is gone", decided, History{"v": v, "gone": {{At: at(10), To: 4}}}, 4, 0},
		{"an earlier one did", decided, History{"v": v, "gone": {{At: at(5), To: 4}}}, 4, ends},
		{"nothing is known of what was decided", decided, nil, 4, ends},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: tt.runs}})
			if err != nil {
				t.Fatal(err)
			}
			got := observeRestart(tt.records, tt.history, topology, at(52))
			if last := got[len(got)-1]; last.Known != (tt.want > 0) || last.Duration != tt.want {
				t.Errorf("got %+v, want %v", last, tt.want)
			}
			if decided[1].Known {
				t.Fatal("the records given were changed")
			}
		})
	}
	topology, err := NewTopology(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := observeRestart(nil, nil, topology, at(52)); got != nil {
		t.Errorf("of no records came %v", got)
	}
	if got := observeRestart(decided[:1], nil, topology, at(52)); got[0].Duration != time.Second {
		t.Errorf("a known duration became %v", got[0].Duration)
	}
}

func TestTheLongestRestartIsAllowedFor(t *testing.T) {
	known := func(durations ...time.Duration) (all []RestartRecord) {
		for _, d := range durations {
			all = append(all, RestartRecord{Duration: d, Known: true})
		}
		return append(all, RestartRecord{Duration: time.Hour})
	}
	for _, tt := range []struct {
		name    string
		records []RestartRecord
		off     bool
		want    time.Duration
	}{
		{"none known", known(), false, time.Minute},
		{"one", known(9 * time.Second), false, 9 * time.Second},
		{"the longest", known(9*time.Second, 30*time.Second, 12*time.Second), false, 30 * time.Second},
		{"in whole seconds", known(9999 * time.Millisecond), false, 9 * time.Second},
		{"no time at all", known(0), false, 0},
		{"up to the limit", known(3 * time.Minute), false, 2 * time.Minute},
		{"not tracked", known(9 * time.Second), true, time.Minute},
	} {
		c := Config{RestartTracking: !tt.off, Restart: time.Minute, RestartTrackingLimit: 2 * time.Minute}
		if got := restartTime(tt.records, &c); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
