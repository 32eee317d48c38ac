package batch

import (
	"time"

	"github.com/sluice-project/sluice/flink"
)

// Verdict is what an advice comes to.
type Verdict string

// The verdicts.
const (
	// Change: another configuration is predicted to be better by more than the
	// model errs.
	Change Verdict = "change"
	// Keep: none is.
	Keep Verdict = "keep"
	// Unknown: the runs do not tell.
	Unknown Verdict = "unknown"
)

// Report is what there is to say about the jobs of one place.
type Report struct {
	// Source is the address or the folder that was read.
	Source string   `json:"source"`
	Jobs   []Advice `json:"jobs"`
	Left   []Left   `json:"left"`
}

// Advice is what there is to say about one job.
type Advice struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Reason is the verdict in a sentence.
	Reason string `json:"reason"`
	// Release is the release of Flink whose rules were applied.
	Release string `json:"release"`
	// Slots is how many the model gives to the job, SlotsFrom where that comes from.
	Slots     int    `json:"slots"`
	SlotsFrom string `json:"slotsFrom"`
	// Prefer is what was saved.
	Prefer Preference `json:"prefer"`
	// Runs are the runs that were read, oldest first.
	Runs []RunSummary `json:"runs"`
	// Vertices are those of the newest run that finished, or of the newest one.
	Vertices []VertexAdvice `json:"vertices"`
	// Present is the configuration that the newest run had.
	Present []Setting `json:"present"`
	// Proposed are the settings to change; none unless the verdict is Change.
	Proposed []Setting `json:"proposed"`
	// Predicted is the effect; nil where the runs do not tell.
	Predicted *Prediction `json:"predicted,omitempty"`
	// Fit says how well the model follows the job's own runs; nil as Predicted.
	Fit *Fit `json:"fit,omitempty"`
	// Tuning is what Flink's documentation advises besides.
	Tuning []Setting `json:"tuning"`
	// Notes are what a reader should know about the figures.
	Notes []string `json:"notes"`
}

// RunSummary is one run in a line.
type RunSummary struct {
	ID    flink.JobID     `json:"id"`
	State flink.JobStatus `json:"state"`
	Start time.Time       `json:"start"`
	// Seconds is how long it took, SlotSeconds how long its tasks held slots.
	Seconds     float64 `json:"seconds"`
	SlotSeconds float64 `json:"slotSeconds"`
	// Bytes are those that its vertices wrote.
	Bytes int64 `json:"bytes"`
	Tasks int   `json:"tasks"`
}

// VertexAdvice is one vertex in a line.
type VertexAdvice struct {
	ID   flink.VertexID `json:"id"`
	Name string         `json:"name"`
	// ReadBytes and WriteBytes are sums over the tasks.
	ReadBytes  int64 `json:"readBytes"`
	WriteBytes int64 `json:"writeBytes"`
	// Skew is the largest task's bytes over the mean; 0 where there are none.
	Skew float64 `json:"skew"`
	// TaskBytes are what each task had to do: the bytes it read, of a source those
	// it wrote.
	TaskBytes []int64 `json:"taskBytes"`
	// Start and End are those of the first and the last task, in seconds since the
	// submission; ThenStart and ThenEnd what the model predicts under the proposed
	// settings, 0 without any.
	Start     float64 `json:"start"`
	End       float64 `json:"end"`
	ThenStart float64 `json:"thenStart,omitempty"`
	ThenEnd   float64 `json:"thenEnd,omitempty"`
	// SlotSeconds is how long the tasks held slots.
	SlotSeconds float64 `json:"slotSeconds"`
	// Had is the parallelism, 0 while it is not decided.
	Had int `json:"had"`
	// Derived is what the scheduler derives under the present configuration, 0
	// where that cannot be told; Rule says in short how, and Why step by step.
	Derived int      `json:"derived"`
	Rule    string   `json:"rule"`
	Why     []string `json:"why"`
	// Advised is what it derives under the proposed one, 0 without one.
	Advised int `json:"advised"`
	// Pinned says that the vertex does not follow the rules, so that no setting of
	// the scheduler changes it.
	Pinned bool `json:"pinned"`
	// TaskSeconds is what a task costs whatever it reads, MiBSeconds what each MiB
	// costs; 0 where no task has finished.
	TaskSeconds float64 `json:"taskSeconds"`
	MiBSeconds  float64 `json:"mibSeconds"`
}

// Setting is a Flink option: what it is, what it should be, and why.
type Setting struct {
	Key string `json:"key"`
	// Value is the proposed value; of present settings it is the one in force.
	Value string `json:"value"`
	// Was is the value in force.
	Was string `json:"was,omitempty"`
	Why string `json:"why,omitempty"`
	// Scope says of a proposed setting where it is heeded.
	Scope Scope `json:"scope,omitempty"`
}

// Prediction is the effect of the proposed settings; of the present ones where
// none are proposed. It is a geometric mean over the runs.
type Prediction struct {
	Seconds     Figure `json:"seconds"`
	SlotSeconds Figure `json:"slotSeconds"`
}

// Figure is a figure under the present and the proposed settings, with the range
// within which the model expects the latter.
type Figure struct {
	Now   float64 `json:"now"`
	Then  float64 `json:"then"`
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// Fit says how certain a prediction is.
type Fit struct {
	// Runs and Tasks are how many finished ones the model is fitted to.
	Runs  int `json:"runs"`
	Tasks int `json:"tasks"`
	// TaskResidual is by how much a single task's time typically differs from the
	// model, relative to the mean time of a task.
	TaskResidual float64 `json:"taskResidual"`
	// TimeError and SlotError are by how much the model errs about a whole run,
	// relative: on the runs it is fitted to, and never taken for less than
	// 10 % / √runs.
	TimeError float64 `json:"timeError"`
	SlotError float64 `json:"slotError"`
	// Certainty is high, medium or low.
	Certainty string `json:"certainty"`
}

func summary(r *Run) RunSummary {
	s := RunSummary{
		ID: r.ID, State: r.State, Start: r.Start, Seconds: r.Duration.Seconds(), SlotSeconds: r.SlotTime().Seconds(),
	}
	for i := range r.Vertices {
		s.Bytes += r.Vertices[i].WriteBytes()
		s.Tasks += len(r.Vertices[i].Tasks)
	}
	return s
}

func releaseName(r *Run) string { return r.Release.String() }

// vertexLines are the vertices of a run with what the scheduler derives.
func vertexLines(s *shape) []VertexAdvice {
	d, err := s.derive(s.present)
	lines := make([]VertexAdvice, 0, len(s.run.Vertices))
	for i := range s.run.Vertices {
		v := &s.run.Vertices[i]
		start, end := v.span()
		line := VertexAdvice{
			ID: v.ID, Name: v.Name, ReadBytes: v.ReadBytes(), WriteBytes: v.WriteBytes(), Skew: v.Skew(),
			TaskBytes: []int64{}, Start: start.Seconds(), End: end.Seconds(), SlotSeconds: v.SlotTime().Seconds(),
			Had: max(0, v.Parallelism), Pinned: s.pinned[i] > 0, Why: []string{},
		}
		for _, t := range v.Tasks {
			line.TaskBytes = append(line.TaskBytes, v.load(t))
		}
		switch {
		case !s.decided:
			line.Derived, line.Rule = line.Had, "the job's own: it is not decided from the volume"
			line.Why = append(line.Why, line.Rule)
		case err == nil && s.complete(i):
			line.Derived = d.parallelism[i]
			for _, r := range d.why[i] {
				line.Why = append(line.Why, words(r, s.pinned[i] > 0))
			}
			line.Rule = rule(line.Why[0], d.why[i], line.Derived)
		}
		lines = append(lines, line)
	}
	return lines
}

// complete says that all producers of a vertex have finished, so that its volume
// is known.
func (s *shape) complete(vertex int) bool {
	for _, e := range s.run.Vertices[vertex].Inputs {
		for _, t := range s.run.Vertices[e.From].Tasks {
			if !t.Finished {
				return false
			}
		}
		if len(s.run.Vertices[e.From].Tasks) == 0 {
			return false
		}
	}
	return true
}
