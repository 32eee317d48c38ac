package twin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// A twin runs no code. A program is a job that stands under the name of a jar, and
// whoever runs that jar, or one that was uploaded and names the program, submits the
// job.

// program is a job under the name of a jar, or a jar that was uploaded, whose program
// is to be found.
type program struct {
	id    string
	name  string   // of the file
	entry string   // the class that it begins with; empty for none that is known
	spec  *JobSpec // nil of an uploaded one
	at    flink.Millis
}

// jarFolder is where Flink would keep jars.
const jarFolder = "/tmp/flink-web/flink-web-upload"

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
	t.upload(name, "Main")
	t.programs[len(t.programs)-1].spec = &spec
	return nil
}

// upload keeps what is to be known of a jar.
func (t *Twin) upload(name, entry string) {
	t.jars++
	id := hexID(fmt.Sprintf("jar %d", t.jars))
	id = fmt.Sprintf("%s-%s-%s-%s-%s_%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:], name)
	t.programs = append(t.programs, program{id: id, name: name, entry: entry, at: flink.MillisOf(t.Now())})
}

func (t *Twin) deleteJar(id string) error {
	i := slices.IndexFunc(t.programs, func(p program) bool { return p.id == id })
	if i < 0 {
		return fmt.Errorf("there is no jar %s", id)
	}
	t.programs = slices.Delete(t.programs, i, i+1)
	return nil
}

// jarsAnswer answers what stands below /jars.
func (q question) jarsAnswer(more []string) Answer {
	switch {
	case len(more) == 0 && q.method == http.MethodGet:
		return ok(q.jarFiles())
	case len(more) == 1 && more[0] == "upload" && q.method == http.MethodPost:
		return q.uploadJar()
	case len(more) == 1 && q.method == http.MethodDelete:
		if q.Do(Action{Do: DeleteJar, Jar: more[0]}) != nil {
			return refused(http.StatusBadRequest, fmt.Sprintf("File %s does not exist in %s.", more[0], jarFolder))
		}
		return ok(flink.Empty{})
	case len(more) != 2:
		return q.unknown()
	}
	switch what := more[1]; q.method + " " + what {
	case "POST run", "GET plan", "POST plan":
		return q.runJar(more[0], what)
	case "POST run-application":
		if q.config.Version != slots.V1_20 {
			return q.runJar(more[0], what)
		}
	}
	return q.unknown()
}

// jarFiles lists the jars, the latest first.
func (q question) jarFiles() *jarList {
	list := &jarList{Address: address, Files: []jarFile{}}
	for _, p := range slices.Backward(q.programs) {
		f := jarFile{ID: p.id, Name: p.name, Uploaded: int64(p.at), Entry: []jarEntry{}}
		if p.entry != "" {
			f.Entry = append(f.Entry, jarEntry{Name: p.entry})
		}
		list.Files = append(list.Files, f)
	}
	return list
}

// uploadJar takes a jar, of which it keeps the name and the class that it begins
// with.
func (q question) uploadJar() Answer {
	files := uploaded(q.body)
	switch {
	case len(files) != 1:
		return refused(http.StatusBadRequest, fmt.Sprintf("Exactly 1 file must be sent, received %d.", len(files)))
	case !strings.HasSuffix(files[0].name, ".jar"):
		return refused(http.StatusBadRequest, "Only Jar files are allowed.")
	}
	if err := q.Do(Action{Do: UploadJar, Jar: files[0].name, Entry: mainClass(files[0].content)}); err != nil {
		return internal(exception{"java.io.IOException", err.Error()})
	}
	return ok(map[string]string{"filename": jarFolder + "/" + q.programs[len(q.programs)-1].id, "status": "success"})
}

// runRequest is what is said about how to run a jar.
type runRequest struct {
	flink.RunJarRequest
	RestoreMode string `json:"restoreMode"`
}

// runJar submits the program of a jar, or shows its plan.
func (q question) runJar(id, what string) Answer {
	var run runRequest
	if len(q.body) > 0 && json.Unmarshal(q.body, &run) != nil {
		return badBody("JarRunRequestBody")
	}
	if class := q.query.Get("entry-class"); class != "" {
		run.EntryClass = class
	}
	spec, err := q.program(id, run.EntryClass)
	if err.class != "" {
		return internal(exception{completion, err.String()})
	}
	configured := *spec
	run.configure(&configured)
	if what == "plan" {
		return q.jarPlan(configured)
	}
	job, problem := q.Submit(configured)
	if problem != nil {
		return internal(exception{invocation, problem.Error()})
	}
	response := &flink.RunJarResponse{JobID: flink.JobID(job)}
	if what == "run-application" {
		return ok(map[string]string{"applicationid": job})
	}
	if q.config.Version != slots.V1_20 {
		response.ApplicationID = job
	}
	return ok(response)
}

const invocation = "org.apache.flink.client.program.ProgramInvocationException"

// program finds the job that a jar stands for: its own, or of one that was uploaded
// that which is called like the class to begin with, or like the file.
func (t *Twin) program(id, class string) (*JobSpec, exception) {
	i := slices.IndexFunc(t.programs, func(p program) bool { return p.id == id })
	if i < 0 {
		return nil, exception{handlerException, fmt.Sprintf("Jar file %s/%s does not exist", jarFolder, id)}
	}
	jar := &t.programs[i]
	if jar.spec != nil {
		return jar.spec, exception{}
	}
	if class == "" {
		class = jar.entry
	}
	simple := class[strings.LastIndexAny(class, ".$")+1:]
	for i := range t.programs {
		p := &t.programs[i]
		if p.spec != nil && (class != "" && (p.spec.Name == class || p.spec.Name == simple) || p.name == jar.name) {
			return p.spec, exception{}
		}
	}
	if class == "" {
		return nil, exception{invocation, "Neither a 'Main-Class', nor a 'program-class' entry was found in the jar file."}
	}
	return nil, exception{invocation, fmt.Sprintf("The program's entry point class '%s' was not found in the jar file.", class)}
}

// configure lets a job be as it was asked for.
func (r *runRequest) configure(spec *JobSpec) {
	spec.ID, spec.Savepoint = string(r.JobID), r.SavepointPath
	spec.Options = maps.Clone(spec.Options)
	if spec.Options == nil {
		spec.Options = map[string]string{}
	}
	maps.Copy(spec.Options, r.Configuration)
	if r.Parallelism > 0 {
		spec.Options[defaultParallelism] = strconv.Itoa(r.Parallelism)
	}
	if r.Parallelism > 0 && spec.Batch == nil {
		spec.Vertices = append([]VertexSpec{}, spec.Vertices...)
		for i := range spec.Vertices {
			spec.Vertices[i].Parallelism = r.Parallelism
		}
	}
}

func (q question) jarPlan(spec JobSpec) Answer {
	if err := spec.complete(q.submitted + 1); err != nil {
		return internal(exception{invocation, err.Error()})
	}
	j := &job{twin: q.Twin, spec: spec, inputs: spec.edgeInputs()}
	if spec.Batch != nil {
		j.inputs = spec.batchInputs(&spec.Batch.Graph)
	}
	g := &graph{vertices: make([]vertexGraph, len(spec.Vertices))}
	for v := range g.vertices {
		g.vertices[v].parallelism = max(spec.Vertices[v].Parallelism, 1)
	}
	plan := j.plan(g)
	slices.Reverse(plan.Nodes) // so Flink has them before there is a graph
	return ok(&flink.PlanBody{Plan: plan})
}
