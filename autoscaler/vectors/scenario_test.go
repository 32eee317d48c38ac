package vectors

import (
	"bytes"
	"encoding/json"
	"testing"
)

// format is that of the files that are scenarios.
const format = "flink-autoscaler-vectors/1"

// scenario is one description of a job in virtual time, and what the reference
// made of it.
type scenario struct {
	Format, RestFrom string
	Job              struct {
		JobID string `json:"jobId"`
		Name  string
	}
	Context struct {
		TaskManagerCPU            *float64 `json:"taskManagerCpu"`
		ResourceCheckMaxInstances *int
	}
	Config map[string]string
	Plans  []json.RawMessage
	Steps  []step
}

type step struct {
	At        int64
	JobStatus string
	Config    map[string]*string
	Action    string
	Rest      map[string]json.RawMessage
	Expected  expectation
}

// expectation is what was observed after a step; see the format's description.
type expectation struct {
	Outcome           string
	Exception         *struct{ Stage, Class, Message string }
	Collected         json.RawMessage
	Evaluated         json.RawMessage
	Events            []expectedEvent
	ResourceChecks    []any
	Realized          any
	RealizedConfig    any
	ExcludedThisCycle []string
	Counters          []any
	State             map[string]any
	HistoryAdded      map[string]any
	// Requests is what the reference's collector asked. It is not compared: ours
	// asks the same questions in another way, and their answers are what counts.
	Requests any
}

// UnmarshalJSON refuses what is not known here, so that nothing that is expected
// is left out unseen.
func (e *expectation) UnmarshalJSON(text []byte) error {
	type plain expectation
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	return d.Decode((*plain)(e))
}

type expectedEvent struct {
	Type, Reason, Message string
	MessageKey            *string
	IntervalMs            *int64
	Header                string
	Report                map[string]any
}

// scenario decodes a file, with the REST state and what is equal to that of
// another one put in its place.
func (f files) scenario(t testing.TB, path string) *scenario {
	t.Helper()
	text, ok := f[path]
	if !ok {
		t.Fatalf("there is no %s", path)
	}
	var s scenario
	if err := decode(text, &s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if s.Format != format {
		t.Fatalf("%s is of format %q, want %q", path, s.Format, format)
	}
	if len(s.Steps) == 0 {
		t.Fatalf("%s has no steps", path)
	}
	if s.RestFrom == "" {
		return &s
	}
	from := f.scenario(t, s.RestFrom)
	if len(from.Steps) < len(s.Steps) {
		t.Fatalf("%s has %d steps, and %s, from which they take their answers, only %d", path, len(s.Steps), s.RestFrom, len(from.Steps))
	}
	s.Plans = from.Plans
	for i := range s.Steps {
		own, its := &s.Steps[i], &from.Steps[i]
		own.Rest = its.Rest
		if string(own.Expected.Collected) == `"="` {
			own.Expected.Collected = its.Expected.Collected
		}
		if string(own.Expected.Evaluated) == `"="` {
			own.Expected.Evaluated = its.Expected.Evaluated
		}
	}
	return &s
}

// decode keeps numbers as they are written.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}
