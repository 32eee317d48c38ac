package autoscaler

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

func TestScalingReportIsWordForWordTheReferences(t *testing.T) {
	tests := map[string]struct {
		header  string
		changes []Change
		want    string
	}{
		"executed, with rates halved up and an infinite one": {
			headerExecuted,
			[]Change{{Vertex: "bc764cd8ddf7a0cff126f51c16239658", From: 1, To: 2, Capacity: 1234.565, ExpectedCapacity: math.Inf(1), TargetRate: 0.005}},
			"Scaling execution enabled, begin scaling vertices:{ Vertex ID bc764cd8ddf7a0cff126f51c16239658 | Parallelism 1 -> 2 | Processing capacity 1234.57 -> Infinity | Target data rate 0.01}",
		},
		"disabled, two vertices back to back, one unknown": {
			headerDisabled,
			[]Change{{Vertex: "a", From: 4, To: 3, Capacity: 10, ExpectedCapacity: 7.5, TargetRate: 2}, {Vertex: "b", From: 1, To: 9, Capacity: math.NaN(), ExpectedCapacity: 1e7, TargetRate: 3}},
			"Scaling execution disabled by config job.autoscaler.scaling.enabled:false, recommended parallelism change:" +
				"{ Vertex ID a | Parallelism 4 -> 3 | Processing capacity 10.00 -> 7.50 | Target data rate 2.00}" +
				"{ Vertex ID b | Parallelism 1 -> 9 | Processing capacity NaN -> 10000000.00 | Target data rate 3.00}",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := scalingReport(tt.header, tt.changes); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNotesInWords(t *testing.T) {
	tests := []struct {
		name string
		note scaling.Note
		want Event
	}{
		{
			"ineffective and blocked",
			scaling.Note{Kind: scaling.NoteIneffective, Vertex: "v", A: 90, B: 1e7, Blocking: true},
			Event{Type: EventNormal, Reason: "IneffectiveScaling", Key: "ineffectivev90.0", Message: "Ineffective scaling detected for v (expected increase: 90.0, actual increase 1.0E7). Blocking of ineffective scaling decisions is enabled"},
		},
		{
			"ineffective and let through",
			scaling.Note{Kind: scaling.NoteIneffective, Vertex: "v", A: 0.5, B: math.NaN()},
			Event{Type: EventNormal, Reason: "IneffectiveScaling", Key: "ineffectivev0.5", Message: "Ineffective scaling detected for v (expected increase: 0.5, actual increase NaN). Blocking of ineffective scaling decisions is disabled"},
		},
		{
			"limited, with the reference's wide comma",
			scaling.Note{Kind: scaling.NoteLimited, Vertex: "v", A: 7, B: 6, Groups: 12, Bound: 200, Lower: 1},
			Event{Type: EventWarning, Reason: "ScalingLimited", Key: "ScalingLimitedv", Message: "Scaling limited detected for v (expected parallelism: 7, actual parallelism 6). Scaling limited due to numKeyGroupsOrPartitions : 12\uff0cupperBoundForAlignment(maxParallelism or parallelismUpperLimit): 200, parallelismLowerLimit: 1."},
		},
		{
			"garbage collection",
			scaling.Note{Kind: scaling.NoteGCPressure, A: 0.61},
			Event{Type: EventNormal, Reason: "MemoryPressure", Key: "gcPressure", Message: "GC Pressure 0.61 is above the allowed limit for scaling operations. Please adjust the available memory manually."},
		},
		{
			"heap",
			scaling.Note{Kind: scaling.NoteHeapUsage, A: 1},
			Event{Type: EventNormal, Reason: "MemoryPressure", Key: "heapUsage", Message: "Heap Usage 1.0 is above the allowed limit for scaling operations. Please adjust the available memory manually."},
		},
		{
			"skewed",
			scaling.Note{Kind: scaling.NoteSkewed, Vertex: "v", A: 1500, B: 1000.126},
			Event{Type: EventWarning, Reason: "NotScalable", Key: "skewedv", Message: "skewed, not scalable: of what vertex v gets, 1500.00 records/s stay on one subtask whatever the parallelism, and a subtask can do 1000.13 records/s: spread the hot key, or make its records cheaper"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := noteEvent(tt.note, time.Minute)
			if got.Type != tt.want.Type || got.Reason != tt.want.Reason || got.Key != tt.want.Key || got.Message != tt.want.Message || got.Interval != time.Minute {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestReportsOfTheSameChangesAreTheSameWhateverTheRates(t *testing.T) {
	a := []Change{{Vertex: "v", From: 1, To: 2, TargetRate: 5}}
	b := []Change{{Vertex: "v", From: 1, To: 2, TargetRate: 6}}
	c := []Change{{Vertex: "v", From: 1, To: 3, TargetRate: 5}}
	if ChangesText(a) != ChangesText(b) || ChangesText(a) == ChangesText(c) || ChangesText(nil) != "" {
		t.Errorf("%q, %q, %q", ChangesText(a), ChangesText(b), ChangesText(c))
	}
}

func TestKeysAndScopesInWords(t *testing.T) {
	if got := (JobKey{Cluster: "prod", Job: "j"}).String(); got != "prod/j" {
		t.Errorf("got %s", got)
	}
	if got := (JobKey{Job: "j"}).String(); got != "j" {
		t.Errorf("got %s", got)
	}
	var words []string
	for _, s := range []Scope{ScopeScale, ScopeReport, ScopeIgnore, ScopeDisabled} {
		words = append(words, s.String())
	}
	if got := strings.Join(words, " "); got != "scale report ignore disabled" {
		t.Errorf("got %s", got)
	}
}
