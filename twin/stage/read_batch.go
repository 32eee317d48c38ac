package stage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/bulk"
	"github.com/sluice-project/sluice/twin/workload"
	"github.com/sluice-project/sluice/twin/yamlfile"
)

// batch reads a job of batches: its vertices have other keys than those of a stream.
func (r *planReader) batch(f fields, job *twin.JobSpec) {
	job.Batch = &twin.BatchSpec{}
	for _, key := range []string{"savepoint", "checkpoints"} {
		if f.Has(key) {
			r.Fail(f.Place(key), "a job: %s: a batch job has none", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(job.Options)) {
		if strings.HasPrefix(key, "execution.batch.adaptive.") || strings.HasPrefix(key, "jobmanager.adaptive-batch-scheduler.") {
			r.Fail(f.Place("options"), "a job: options: %s: Flink heeds it among the options of the cluster only", key)
		}
	}
	f.repeat(job)
	for _, n := range f.Items("vertices") {
		r.batchVertex(n, job)
	}
}

// repeat reads when the job is handed in: once where nothing is said.
func (f fields) repeat(job *twin.JobSpec) {
	e := f.Values["batch"]
	if text, plain := yamlfile.Text(e.Value); plain {
		if text != "true" {
			f.Fail(e.At, "%s: batch: %q: want true, or when it runs, such as {daily: \"02:00\"}", f.What, text)
		}
		return
	}
	b := f.within("batch", "daily", "every", "volume")
	r := &twin.Repeat{Every: b.duration("every")}
	if b.Has("daily") {
		at := plain(b, "daily", 0, parseTimeOfDay)
		r.Daily = &at
	}
	b.volume(job.Name, r)
	if b.Has("daily") || b.Has("every") || b.Has("volume") {
		job.Batch.Repeat = r
	}
	if b.Has("volume") && !b.Has("daily") && !b.Has("every") {
		f.Fail(b.Place("volume"), "%s: volume: it is for a job that repeats: want daily or every beside it", b.What)
	}
}

func parseTimeOfDay(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%q: want a time of day, such as \"02:00\"", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// volume reads the factors of what there is to read: a list, or a curve.
func (f fields) volume(job string, r *twin.Repeat) {
	e, given := f.Values["volume"]
	if !given {
		return
	}
	if _, list := e.Value.(*ast.SequenceNode); list {
		r.Volumes = f.amounts("volume")
		return
	}
	load := &twin.Load{YAML: e.Value.String(), Place: job + "/volume"}
	if _, err := workload.ReadCurve(f.File, e.Value, load.Place, workload.Context{}); err != nil {
		f.faults(e.At, "volume", err)
		return
	}
	r.Load = load
}

// faults tells what is wrong with a curve.
func (f fields) faults(at ast.Node, key string, err error) {
	several, ok := errors.AsType[options.Problems](err)
	if !ok {
		f.Fail(at, "%s: %s: %s", f.What, key, err)
		return
	}
	for _, p := range several {
		p.Text = f.What + ": " + key + ": " + p.Text
		f.Problems = append(f.Problems, p)
	}
}

var batchVertexKeys = []string{
	"name", "id", "operators", "group", "parallelism", "max-parallelism", "bytes", "steady", "infers", "cost", "fixed", "record-bytes", "inputs",
}

func (r *planReader) batchVertex(n ast.Node, job *twin.JobSpec) {
	f := r.fields(n, n, "a vertex of a batch job", batchVertexKeys...)
	name := f.Text("name")
	if name == "" {
		r.Fail(n, "a vertex: name is missing")
		return
	}
	f.What = "vertex " + name
	if !f.Has("cost") {
		r.Fail(n, "%s: cost is missing: what a MiB takes one task, such as 20 ms", f.What)
	}
	if !f.Has("inputs") && !f.Has("bytes") {
		r.Fail(n, "%s: it has neither inputs nor the bytes of a source", f.What)
	}
	v := bulk.Vertex{
		Name: name, Bytes: f.bytes("bytes"), Steady: f.yes("steady"), Infers: f.yes("infers"),
		Cost: f.duration("cost"), Fixed: f.duration("fixed"), RecordBytes: f.bytes("record-bytes"),
		Parallelism: f.count("parallelism", 0), MaxParallelism: f.count("max-parallelism", 0),
	}
	job.Batch.Graph.Vertices = append(job.Batch.Graph.Vertices, v)
	job.Vertices = append(job.Vertices, twin.VertexSpec{ID: f.Text("id"), Group: f.Text("group"), Operators: f.operators()})
	f.batchInputs(&job.Batch.Graph)
}

// operators are the names of a chain.
func (f fields) operators() []string {
	var names []string
	for _, operator := range f.Items("operators") {
		text, ok := yamlfile.Text(operator)
		if !ok {
			f.Fail(operator, "%s: operators: want names", f.What)
		}
		names = append(names, text)
	}
	return names
}

// batchInputs reads the edges that lead to the last vertex: names of vertices above,
// each with what the edge carries.
func (f fields) batchInputs(g *bulk.Graph) {
	e, given := f.Values["inputs"]
	if !given {
		return
	}
	to := len(g.Vertices) - 1
	for _, in := range f.Mapping(e.At, e.Value, f.What+": inputs") {
		from := slices.IndexFunc(g.Vertices[:to], func(v bulk.Vertex) bool { return v.Name == in.Key })
		if from < 0 {
			f.Fail(in.At, "%s: inputs: there is no vertex %q above", f.What, in.Key)
			continue
		}
		edge := fields{yamlfile.Fields{Reader: f.Reader, What: f.What + ": inputs: " + in.Key, At: in.At}}
		if _, none := in.Value.(*ast.NullNode); !none {
			edge = fields{f.Fields.Fields(in.At, in.Value, edge.What, "share", "exchange", "shuffle", "skew", "hot-keys")}
		}
		share := 1.0
		if edge.Has("share") {
			share = edge.amount("share")
		}
		g.Edges = append(g.Edges, bulk.Edge{
			From: from, To: to, Share: share, Skew: edge.amount("skew"), HotKeys: edge.amounts("hot-keys"),
			Ship:     plain(edge, "exchange", bulk.Forward, bulk.ParseShip),
			Exchange: plain(edge, "shuffle", bulk.Configured, parseShuffle),
		})
	}
}

func parseShuffle(text string) (bulk.Exchange, error) {
	return bulk.ParseExchange(strings.ToLower(text))
}
