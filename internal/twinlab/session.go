package twinlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
)

// Session is one run of a scenario, on a real cluster or in a twin: what REST said, in the order of time.
type Session struct {
	Facts
	Exchanges []recording.Exchange

	// Of a session that is complete: the series by job, and the decisions.
	series  map[int]*Series
	decided []Decision
}

// Open reads a session that Perform wrote, by the scenario's name and version.
func Open(dir, name string) (*Session, error) {
	var s Session
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.Facts); err != nil {
		return nil, fmt.Errorf("open session %s: %w", name, err)
	}
	exchanges := name + ".jsonl.gz"
	if s.Recording != "" {
		exchanges = filepath.FromSlash(s.Recording)
	}
	file, err := os.Open(filepath.Join(dir, exchanges))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if s.Exchanges, err = recording.Read(file); err != nil {
		return nil, fmt.Errorf("open session %s: %w", name, err)
	}
	s.complete()
	return &s, nil
}

// complete says that nothing will be added: what is read from it is kept.
func (s *Session) complete() { s.series = map[int]*Series{} }

// merged reads exchange files, some of which may not be there, as one.
func merged(files ...string) ([]recording.Exchange, error) {
	var all []recording.Exchange
	for _, name := range files {
		file, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		part, err := recording.Read(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, part...)
	}
	slices.SortStableFunc(all, func(a, b recording.Exchange) int { return a.At.Compare(b.At) })
	return all, nil
}

// Looks are when the autoscaler, or whoever watched, looked at the cluster: its first question of each loop.
func (s *Session) Looks() []time.Time {
	var looks []time.Time
	for _, e := range s.Exchanges {
		if e.Path == "/jobs/overview" {
			looks = append(looks, e.At)
		}
	}
	return looks
}

// Decision is one change of a vertex that the autoscaler asked for.
type Decision struct {
	At       time.Time
	Job      int
	Vertex   string // the first word of its name
	From, To int
}

// Same says whether two decisions are the same but for when they were made.
func (d Decision) Same(other Decision) bool {
	d.At, other.At = time.Time{}, time.Time{}
	return d == other
}

// Decisions are the changes that were asked for, each from the parallelism that ran to the upper bound that was set.
func (s *Session) Decisions() ([]Decision, error) {
	if s.decided != nil {
		return slices.Clone(s.decided), nil
	}
	all := []Decision{}
	running := map[flink.JobID]*flink.JobDetails{}
	for _, e := range s.Exchanges {
		id, rest := jobOf(e.Path)
		switch {
		case id == "" || e.Status > 299:
		case e.Method == "GET" && rest == "":
			var d flink.JobDetails
			if err := json.Unmarshal(e.Body, &d); err != nil {
				return nil, fmt.Errorf("job %s at %s: %w", id, e.At, err)
			}
			running[id] = &d
		case e.Method == "PUT" && rest == "/resource-requirements":
			var asked flink.ResourceRequirements
			if err := json.Unmarshal(e.Sent, &asked); err != nil {
				return nil, fmt.Errorf("requirements of job %s at %s: %w", id, e.At, err)
			}
			for _, v := range running[id].Vertices {
				if to := asked[v.ID].Parallelism.Upper; to != v.Parallelism {
					all = append(all, Decision{e.At, slices.Index(s.Jobs, id), shortName(v.Name), v.Parallelism, to})
				}
			}
		}
	}
	if s.series != nil {
		s.decided = slices.Clone(all)
	}
	return all, nil
}

// jobOf is the job that a path is about, and what follows its id.
func jobOf(path string) (id flink.JobID, rest string) {
	after, found := strings.CutPrefix(path, "/jobs/")
	if !found || len(after) < 32 {
		return "", ""
	}
	return flink.JobID(after[:32]), after[32:]
}

// shortName is the first word of a vertex's name.
func shortName(name string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(name, "Source: "), " ")
	return word
}
