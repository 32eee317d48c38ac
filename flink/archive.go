package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Archive is what a cluster writes down about one job when it has ended
// (jobmanager.archive.fs.dir): the answers of the REST interface by their paths.
// It answers as a [Client] does, and so does a History Server, which serves such
// archives. The zero Archive holds nothing.
type Archive struct {
	bodies map[string]string
	jobs   []JobSummary
}

// mostArchive bounds the text of one archive: a job of some thousand tasks has
// some tens of megabytes.
const mostArchive = 512 << 20

// ErrNotArchive is the error of a text that is JSON, but no archive.
var ErrNotArchive = errors.New(`not an archive of a job: want JSON with a list "archive" of "path" and "json"`)

// ReadArchive reads an archive. One of an application (Flink 2.3), which lists no
// job, has no jobs. The error says what is wrong and, where it can be told, at
// which path.
func ReadArchive(r io.Reader) (*Archive, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostArchive+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostArchive {
		return nil, fmt.Errorf("it has more than %d bytes", mostArchive)
	}
	var file struct {
		Archive []struct {
			Path *string `json:"path"`
			JSON *string `json:"json"`
		} `json:"archive"`
	}
	if err := decode(text, &file); err != nil {
		return nil, err
	}
	if file.Archive == nil {
		return nil, ErrNotArchive
	}
	a := &Archive{bodies: make(map[string]string, len(file.Archive))}
	for i, entry := range file.Archive {
		if entry.Path == nil || entry.JSON == nil {
			return nil, fmt.Errorf("entry %d: %w", i, ErrNotArchive)
		}
		a.bodies[*entry.Path] = *entry.JSON
	}
	return a, a.list()
}

// list reads the archive's own overview.
func (a *Archive) list() error {
	if _, there := a.bodies["/jobs/overview"]; !there {
		return nil
	}
	overview, err := archived[JobsOverview](a, "jobs", "overview")
	a.jobs = overview.Jobs
	return err
}

// JobsOverview lists the jobs of the archive: one, or none for an application.
func (a *Archive) JobsOverview(context.Context) ([]JobSummary, error) { return a.jobs, nil }

// Job returns the details of a job, as it ended.
func (a *Archive) Job(_ context.Context, job JobID) (JobDetails, error) {
	return archived[JobDetails](a, "jobs", string(job))
}

// VertexDetails returns a vertex by subtask.
func (a *Archive) VertexDetails(_ context.Context, job JobID, vertex VertexID) (VertexDetails, error) {
	return archived[VertexDetails](a, "jobs", string(job), "vertices", string(vertex))
}

// JobConfig returns the job's execution configuration and global parameters.
func (a *Archive) JobConfig(_ context.Context, job JobID) (JobConfig, error) {
	return archived[JobConfig](a, "jobs", string(job), "config")
}

// JobManagerJobConfig returns the configuration of the JobManager that ran the
// job, in no order.
func (a *Archive) JobManagerJobConfig(_ context.Context, job JobID) ([]KeyValue, error) {
	return archived[[]KeyValue](a, "jobs", string(job), "jobmanager", "config")
}

// archived decodes one answer. What the archive does not have is KindNotFound.
func archived[T any](a *Archive, segments ...string) (T, error) {
	var answer, none T
	path := "/" + strings.Join(segments, "/")
	body, there := a.bodies[path]
	if !there {
		return none, &Error{Kind: KindNotFound, Op: path, Message: "the archive has no such answer"}
	}
	var failure ErrorBody
	if json.Unmarshal([]byte(body), &failure) == nil && len(failure.Errors) > 0 {
		return none, &Error{Kind: KindUnsupported, Op: path, Message: failure.Errors[0]}
	}
	if err := decode([]byte(body), &answer); err != nil {
		return none, &Error{Kind: KindMalformed, Op: path, Message: err.Error()}
	}
	return answer, nil
}
