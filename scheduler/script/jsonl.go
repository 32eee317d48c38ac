package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// entry is one line of a run's file: exactly one field is set. Times are in nanoseconds, rounded to milliseconds where
// they were read off a wall clock.
type entry struct {
	Run        *header        `json:"run,omitempty"`
	Did        *Done          `json:"did,omitempty"`
	Saw        *Observation   `json:"saw,omitempty"`
	Transition *Transition    `json:"transition,omitempty"`
	Checkpoint *Checkpoint    `json:"checkpoint,omitempty"`
	Exception  *Exception     `json:"exception,omitempty"`
	Record     *RescaleRecord `json:"record,omitempty"`
	Sample     *Sample        `json:"sample,omitempty"`
}

type header struct {
	Script  string
	Version string
	Flink   string `json:",omitempty"`
	End     int64
}

// Encode writes the run as one JSON object a line.
func (r *Run) Encode() ([]byte, error) {
	entries := []entry{{Run: &header{Script: r.Script, Version: r.Version.String(), Flink: r.Flink, End: int64(r.End)}}}
	entries = appendAll(entries, r.Actions, func(e *entry, v *Done) { e.Did = v })
	entries = appendAll(entries, r.Observations, func(e *entry, v *Observation) { e.Saw = v })
	entries = appendAll(entries, r.Transitions, func(e *entry, v *Transition) { e.Transition = v })
	entries = appendAll(entries, r.Checkpoints, func(e *entry, v *Checkpoint) { e.Checkpoint = v })
	entries = appendAll(entries, r.Exceptions, func(e *entry, v *Exception) { e.Exception = v })
	entries = appendAll(entries, r.Records, func(e *entry, v *RescaleRecord) { e.Record = v })
	entries = appendAll(entries, r.Samples, func(e *entry, v *Sample) { e.Sample = v })
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return nil, fmt.Errorf("encode the run of %s: %w", r.Script, err)
		}
	}
	return b.Bytes(), nil
}

func appendAll[V any](entries []entry, values []V, set func(*entry, *V)) []entry {
	for i := range values {
		var e entry
		set(&e, &values[i])
		entries = append(entries, e)
	}
	return entries
}

// DecodeRun reads what Encode wrote.
func DecodeRun(data []byte) (*Run, error) {
	r := &Run{}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("decode line %d of a run: %w", i+1, err)
		}
		if err := r.take(e); err != nil {
			return nil, fmt.Errorf("decode line %d of a run: %w", i+1, err)
		}
	}
	if r.Version == 0 {
		return nil, errors.New("decode a run: it has no head")
	}
	return r, nil
}

func (r *Run) take(e entry) (err error) {
	if e.Run != nil {
		err = r.head(*e.Run)
	}
	r.Actions = appendOne(r.Actions, e.Did)
	r.Observations = appendOne(r.Observations, e.Saw)
	r.Transitions = appendOne(r.Transitions, e.Transition)
	r.Checkpoints = appendOne(r.Checkpoints, e.Checkpoint)
	r.Exceptions = appendOne(r.Exceptions, e.Exception)
	r.Records = appendOne(r.Records, e.Record)
	r.Samples = appendOne(r.Samples, e.Sample)
	return err
}

func appendOne[V any](list []V, v *V) []V {
	if v == nil {
		return list
	}
	return append(list, *v)
}

func (r *Run) head(h header) error {
	v, err := version(h.Version)
	r.Script, r.Version, r.Flink, r.End = h.Script, v, h.Flink, time.Duration(h.End)
	return err
}
