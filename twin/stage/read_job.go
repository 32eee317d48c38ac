package stage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
	"github.com/sluice-project/sluice/twin/workload"
	"github.com/sluice-project/sluice/twin/yamlfile"
)

func (r *planReader) job(n ast.Node) twin.JobSpec {
	f := r.fields(n, n, "a job", "name", "id", "options", "parameters", "parallelism", "savepoint", "checkpoints", "batch", "vertices")
	job := twin.JobSpec{
		ID: f.Text("id"), Name: f.Text("name"), Options: f.Texts("options"), Parameters: f.Texts("parameters"),
		Savepoint: f.Text("savepoint"), Loads: map[string]twin.Load{},
	}
	f.jobParallelism(&job)
	if job.Name == "" && !f.Has("name") {
		r.Fail(n, "a job: name is missing")
	}
	if len(f.Items("vertices")) == 0 {
		r.Fail(n, "a job: vertices are missing")
	}
	if f.Has("batch") {
		r.batch(f, &job)
		return job
	}
	c := f.within("checkpoints", "latency", "upload", "unaligned")
	job.Graph.Checkpoints = flow.Checkpointing{Latency: c.duration("latency"), Upload: c.bytes("upload"), Unaligned: c.yes("unaligned")}
	for _, n := range f.Items("vertices") {
		r.vertex(n, &job)
	}
	return job
}

// jobParallelism reads that of the job as a whole, which it has among its options.
func (f fields) jobParallelism(job *twin.JobSpec) {
	if !f.Has("parallelism") {
		return
	}
	const key = "parallelism.default"
	p := plain(f, "parallelism", 1, parseParallelism)
	if said, set := job.Options[key]; set {
		f.Fail(f.Place("parallelism"), "%s: parallelism, and %s: %s in its options: want one of the two", f.What, key, said)
	}
	if job.Options == nil {
		job.Options = map[string]string{}
	}
	job.Options[key] = strconv.Itoa(p)
}

func parseParallelism(text string) (int, error) {
	p, err := strconv.Atoi(text)
	if err != nil || p < 1 || p > slots.MaxParallelismLimit {
		return 0, fmt.Errorf("%q: want a whole number from 1 to %d", text, slots.MaxParallelismLimit)
	}
	return p, nil
}

var vertexKeys = []string{
	"name", "id", "operators", "group", "parallelism", "max-parallelism", "key-groups", "cost", "waits", "skew", "hot-keys",
	"record-bytes", "hard-back-pressure", "garbage", "state", "source", "load", "inputs",
}

func (r *planReader) vertex(n ast.Node, job *twin.JobSpec) {
	f := r.fields(n, n, "a vertex", vertexKeys...)
	name := f.Text("name")
	if name == "" {
		r.Fail(n, "a vertex: name is missing")
		return
	}
	f.What = "vertex " + name
	v := flow.Vertex{
		Name: name, Cost: f.cost(), Waits: f.amount("waits"), Skew: f.amount("skew"), HotKeys: f.amounts("hot-keys"),
		KeyGroups: f.count("key-groups", 0), RecordBytes: f.bytes("record-bytes"),
		HardBackPressure: f.amount("hard-back-pressure"), Garbage: f.bytes("garbage"), State: f.state(),
	}
	s := twin.VertexSpec{ID: f.Text("id"), Group: f.Text("group"), MaxParallelism: f.count("max-parallelism", 0)}
	s.Operators = f.operators()
	bounds := plain(f, "parallelism", [2]int{}, parseBounds)
	s.Lower, s.Parallelism = bounds[0], bounds[1]
	if f.Has("source") {
		v.Source = f.source(&s)
	}
	job.Graph.Vertices, job.Vertices = append(job.Graph.Vertices, v), append(job.Vertices, s)
	f.inputs(job)
	if f.Has("load") {
		r.load(f, job)
	}
}

// parseBounds reads a parallelism, or LOWER:UPPER.
func parseBounds(text string) ([2]int, error) {
	lower, upper, both := strings.Cut(text, ":")
	if !both {
		lower, upper = "1", text
	}
	least, err := strconv.Atoi(lower)
	most, err2 := strconv.Atoi(upper)
	if errors.Join(err, err2) != nil || least < 1 || most < least {
		return [2]int{}, fmt.Errorf("%q: want a parallelism, such as 4, or the bounds of it, such as 2:8", text)
	}
	return [2]int{least, most}, nil
}

// cost is a duration, the time that a record takes, or says more.
func (f fields) cost() flow.Cost {
	e, given := f.Values["cost"]
	if !given {
		f.Fail(f.At, "%s: cost is missing: what a record takes, such as 200 us", f.What)
		return flow.Cost{}
	}
	if _, scalar := yamlfile.Text(e.Value); scalar {
		return flow.Cost{Seconds: f.duration("cost").Seconds()}
	}
	c := f.within("cost", "record", "contention", "coherence", "capacity", "state-size", "warm-up")
	w := c.within("warm-up", "factor", "over")
	return flow.Cost{
		Seconds: c.duration("record").Seconds(), Contention: c.amount("contention"), Coherence: c.amount("coherence"),
		Capacity: c.points("capacity"), StateSize: c.points("state-size"),
		WarmUp: flow.WarmUp{Factor: w.amount("factor"), Over: w.duration("over")},
	}
}

// points are those of a curve, by what they are over.
func (f fields) points(key string) []flow.Point {
	e, given := f.Values[key]
	if !given {
		return nil
	}
	var points []flow.Point
	for _, p := range f.Mapping(e.At, e.Value, f.What+": "+key) {
		x, err := parseAmount(p.Key)
		if err != nil {
			f.Fail(p.At, "%s: %s: %s", f.What, key, err)
			continue
		}
		one := f.one(p, f.What+": "+key)
		points = append(points, flow.Point{X: x, Y: one.amount(p.Key)})
	}
	return points
}

// amounts is a list of numbers.
func (f fields) amounts(key string) []float64 {
	var all []float64
	for _, n := range f.Items(key) {
		one := f.one(yamlfile.Entry{Key: key, At: n, Value: n}, f.What)
		all = append(all, one.amount(key))
	}
	return all
}

func (f fields) state() flow.State {
	s := f.within("state", "bytes", "keys", "bytes-per-key", "bytes-per-record", "window", "tumbling", "incremental", "on-heap")
	return flow.State{
		Bytes: s.bytes("bytes"), Keys: s.amount("keys"), BytesPerKey: s.bytes("bytes-per-key"), BytesPerRecord: s.bytes("bytes-per-record"),
		Window: s.duration("window"), Tumbling: s.yes("tumbling"), Incremental: s.yes("incremental"), OnHeap: s.yes("on-heap"),
	}
}

func (f fields) source(v *twin.VertexSpec) *flow.Source {
	s := f.within("source", "partitions", "partition-shares", "topic", "endless", "retention", "backlog", "backlog-span", "latest",
		"record-bytes", "no-event-time", "out-of-order", "idleness", "counts-input", "hides-lag")
	v.Topic, v.CountsInput, v.HidesLag = s.Text("topic"), s.yes("counts-input"), s.yes("hides-lag")
	return &flow.Source{
		Partitions: s.count("partitions", 0), PartitionShares: s.amounts("partition-shares"), Endless: s.yes("endless"),
		Retention: s.duration("retention"), Backlog: s.amount("backlog"), BacklogSpan: s.duration("backlog-span"),
		Latest: s.yes("latest"), RecordBytes: s.bytes("record-bytes"), NoEventTime: s.yes("no-event-time"),
		OutOfOrder: s.duration("out-of-order"), Idleness: s.duration("idleness"),
	}
}

// inputs reads the edges that lead here: names of vertices above, each with what
// the edge carries.
func (f fields) inputs(job *twin.JobSpec) {
	e, given := f.Values["inputs"]
	if !given {
		return
	}
	to := len(job.Graph.Vertices) - 1
	for _, in := range f.Mapping(e.At, e.Value, f.What+": inputs") {
		from := slices.IndexFunc(job.Graph.Vertices[:to], func(v flow.Vertex) bool { return v.Name == in.Key })
		if from < 0 {
			f.Fail(in.At, "%s: inputs: there is no vertex %q above", f.What, in.Key)
			continue
		}
		edge := fields{yamlfile.Fields{Reader: f.Reader, What: f.What + ": inputs: " + in.Key, At: in.At}}
		if _, none := in.Value.(*ast.NullNode); !none {
			edge = fields{f.Fields.Fields(in.At, in.Value, edge.What, "records", "exchange", "priority")}
		}
		selectivity := 1.0
		if edge.Has("records") {
			selectivity = edge.amount("records")
		}
		job.Graph.Edges = append(job.Graph.Edges, flow.Edge{
			From: from, To: to, Selectivity: selectivity, Priority: edge.count("priority", 0),
			Exchange: plain(edge, "exchange", flow.Forward, parseExchange),
		})
	}
}

func parseExchange(text string) (flow.Exchange, error) {
	for _, e := range []flow.Exchange{flow.Forward, flow.Rebalance, flow.Hash, flow.Broadcast} {
		if e.String() == text {
			return e, nil
		}
	}
	return 0, fmt.Errorf("%q: want forward, rebalance, hash or broadcast", text)
}

// load reads the curve of a source. It is kept as a text with its tables, so that it
// can be written into a snapshot.
func (r *planReader) load(f fields, job *twin.JobSpec) {
	e := f.Values["load"]
	if job.Graph.Vertices[len(job.Graph.Vertices)-1].Source == nil {
		r.Fail(e.At, "%s: load: it is no source", f.What)
		return
	}
	name := job.Graph.Vertices[len(job.Graph.Vertices)-1].Name
	load := twin.Load{YAML: e.Value.String()}
	c := workload.Context{Start: r.cluster.Start, Seed: r.cluster.Seed}
	if r.readFile != nil {
		c.ReadFile = workload.Kept(r.readFile, &load.Files)
	}
	curve, err := workload.ReadCurve(r.File, e.Value, job.Name+"/"+name, c)
	if err != nil {
		f.faults(e.At, "load", err)
		return
	}
	if load, err = load.Read(r.cluster, job.Name, name); err != nil {
		load = twin.Load{Curve: curve}
	}
	job.Loads[name] = load
}

// ReadJob reads one job as it stands in a plan, for a twin of this configuration.
// Errors are as those of [Read]; tables are not read.
func ReadJob(file string, contents []byte, c twin.Config) (twin.JobSpec, error) {
	root, err := yamlfile.Parse(file, contents)
	if err != nil {
		return twin.JobSpec{}, err
	}
	r := &planReader{reader: reader{yamlfile.Reader{File: file}}, cluster: c}
	job := r.job(root)
	if len(r.Problems) > 0 {
		return twin.JobSpec{}, r.Problems
	}
	return job, nil
}

// ReadCost reads the cost of a vertex as it stands in a plan.
func ReadCost(file string, contents []byte) (flow.Cost, error) {
	root, err := yamlfile.Parse(file, contents)
	if err != nil {
		return flow.Cost{}, err
	}
	r := &reader{yamlfile.Reader{File: file}}
	f := fields{r.One("a vertex", yamlfile.Entry{Key: "cost", At: root, Value: root})}
	cost := f.cost()
	if len(r.Problems) > 0 {
		return flow.Cost{}, r.Problems
	}
	return cost, nil
}
