package twin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// A twin runs no code. A program is a job that stands under the name of a jar, and
// whoever runs the jar submits that job.

// program is a job under the name of a jar.
type program struct {
	id   string
	name string
	spec JobSpec
	at   flink.Millis
}

// jarList is the body of /jars.
type jarList struct {
	Address string    `json:"address"`
	Files   []jarFile `json:"files"`
}

type jarFile struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Uploaded int64      `json:"uploaded"`
	Entry    []jarEntry `json:"entry"`
}

type jarEntry struct {
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// register puts a job under the name of a jar, such as app.jar.
func (t *Twin) register(name string, spec JobSpec) error {
	if name == "" {
		return fmt.Errorf("register job %s: no jar is named", spec.Name)
	}
	probe := spec
	if err := probe.complete(1); err != nil {
		return fmt.Errorf("register job %s: %w", spec.Name, err)
	}
	id := hexID(fmt.Sprintf("jar %d", len(t.programs)+1))
	id = fmt.Sprintf("%s-%s-%s-%s-%s_%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:], name)
	t.programs = append(t.programs, program{id: id, name: name, spec: spec, at: flink.MillisOf(t.Now())})
	return nil
}

// jarsAnswer answers what stands below /jars.
func (q question) jarsAnswer(more []string) Answer {
	switch {
	case len(more) == 0 && q.method == http.MethodGet:
		list := &jarList{Address: "http://localhost:8081", Files: []jarFile{}}
		for _, p := range q.programs {
			list.Files = append(list.Files, jarFile{ID: p.id, Name: p.name, Uploaded: int64(p.at), Entry: []jarEntry{{Name: "Main"}}})
		}
		return ok(list)
	case len(more) == 1 && more[0] == "upload" && q.method == http.MethodPost:
		return refused(http.StatusBadRequest, "A twin runs no code: register a program under the name of the jar instead.")
	case len(more) == 2 && q.method == http.MethodPost && (more[1] == "run" || more[1] == "plan"):
		for i := range q.programs {
			if q.programs[i].id == more[0] {
				return q.runJar(&q.programs[i], more[1] == "plan")
			}
		}
		return internal(exception{"org.apache.flink.runtime.rest.handler.RestHandlerException", fmt.Sprintf("Jar file %s does not exist", more[0])})
	case len(more) == 1 && q.method == http.MethodDelete:
		return refused(http.StatusBadRequest, fmt.Sprintf("File %s does not exist or belongs to a program of the twin.", more[0]))
	}
	return q.unknown()
}

func (q question) runJar(p *program, plan bool) Answer {
	var run struct {
		flink.RunJarRequest
		RestoreMode string `json:"restoreMode"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &run) != nil {
		return refused(http.StatusBadRequest, "Request did not match expected format JarRunRequestBody.")
	}
	spec := p.spec
	spec.ID, spec.Savepoint = string(run.JobID), run.SavepointPath
	spec.Options = maps.Clone(spec.Options)
	if spec.Options == nil {
		spec.Options = map[string]string{}
	}
	maps.Copy(spec.Options, run.Configuration)
	if run.Parallelism > 0 {
		spec.Vertices = append([]VertexSpec{}, spec.Vertices...)
		for i := range spec.Vertices {
			spec.Vertices[i].Parallelism = run.Parallelism
		}
	}
	if plan {
		return q.jarPlan(spec)
	}
	id, err := q.Submit(spec)
	if err != nil {
		return internal(exception{"org.apache.flink.client.program.ProgramInvocationException", err.Error()})
	}
	response := &flink.RunJarResponse{JobID: flink.JobID(id)}
	if q.config.Version != slots.V1_20 {
		response.ApplicationID = id
	}
	return ok(response)
}

func (q question) jarPlan(spec JobSpec) Answer {
	if err := spec.complete(q.submitted + 1); err != nil {
		return internal(exception{"org.apache.flink.client.program.ProgramInvocationException", err.Error()})
	}
	j := &job{twin: q.Twin, spec: spec, inputs: spec.edgeInputs()}
	g := &graph{vertices: make([]vertexGraph, len(spec.Vertices))}
	for v := range g.vertices {
		g.vertices[v].parallelism = max(spec.Vertices[v].Parallelism, 1)
	}
	return ok(&flink.PlanBody{Plan: j.plan(g)})
}
