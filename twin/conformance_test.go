package twin

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// recorded reads a recording of package flink.
func recorded(t testing.TB, name string) []recording.Exchange {
	t.Helper()
	return readRecording(t, filepath.Join("..", "flink", "testdata", name+".jsonl.gz"))
}

func readRecording(t testing.TB, name string) []recording.Exchange {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	exchanges, err := recording.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return exchanges
}

// body decodes the first recorded answer to a path that fits.
func body[T any](t testing.TB, exchanges []recording.Exchange, path string) T {
	t.Helper()
	var value T
	for _, e := range exchanges {
		if e.Method == "GET" && e.Status == 200 && regexp.MustCompile(`^(/v1)?`+path+`$`).MatchString(e.Path) {
			if err := json.Unmarshal(e.Body, &value); err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("no GET of %s", path)
	return value
}

// likeRecorded is a twin of a recorded cluster and its job, which was rescaled
// once.
func likeRecorded(t testing.TB, exchanges []recording.Exchange, topic string) *rig {
	t.Helper()
	details := body[flink.JobDetails](t, exchanges, `/jobs/[0-9a-f]{32}`)
	managers := body[flink.TaskManagers](t, exchanges, `/taskmanagers`)
	c := Config{Version: slots.V2_3, Options: flink.Settings(body[[]flink.KeyValue](t, exchanges, `/jobmanager/config`))}
	if strings.HasPrefix(body[flink.Overview](t, exchanges, `/overview`).FlinkVersion, "1.20") {
		c.Version = slots.V1_20
	}
	c.Options["execution.checkpointing.tolerable-failed-checkpoints"] = "3"
	for _, tm := range managers.TaskManagers {
		c.TaskManagers = append(c.TaskManagers, TaskManager{ID: tm.ID, Slots: tm.Slots})
	}
	r := newRig(t, c)
	spec := JobSpec{
		ID: string(details.ID), Name: details.Name, Parameters: map[string]string{"x.y": "z"},
		Graph: flow.Graph{
			Vertices: []flow.Vertex{
				{Name: "source", Cost: flow.Cost{Seconds: 10e-6}, Source: &flow.Source{Partitions: 12, NoEventTime: false}},
				{Name: "work", Cost: flow.Cost{Seconds: 1e-3}},
				{Name: "enrich", Cost: flow.Cost{Seconds: 0.1e-3}},
			},
			Edges: []flow.Edge{
				{From: 0, To: 1, Selectivity: 1, Exchange: flow.Hash}, {From: 1, To: 2, Selectivity: 1, Exchange: flow.Rebalance},
			},
		},
		Loads: map[string]Load{"source": Rate(500)},
	}
	for _, v := range details.Vertices {
		spec.Vertices = append(spec.Vertices, VertexSpec{ID: string(v.ID), Operators: strings.Split(v.Name, " -> "), Parallelism: 1})
	}
	spec.Vertices[0].Topic = topic
	r.pass(time.Second)
	r.submit(spec)
	r.pass(2 * time.Minute)
	bounds := flink.ResourceRequirements{}
	for _, v := range details.Vertices {
		bounds[v.ID] = flink.Require(1, v.Parallelism)
	}
	text, err := json.Marshal(bounds)
	r.do(err)
	if answer := r.ask("PUT", "/jobs/"+spec.ID+"/resource-requirements", string(text)); answer.Status != 200 && !r.reactive() {
		t.Fatalf("PUT answers %d: %s", answer.Status, answer.Body())
	}
	r.pass(3 * time.Minute)
	r.troubled(exchanges, spec.ID)
	r.ask("GET", "/jobs/"+spec.ID)
	r.pass(11 * time.Second)
	return r
}

// troubled lets happen what happened in the recording: a checkpoint that failed, and
// a rescale that another took the place of.
func (r *rig) troubled(exchanges []recording.Exchange, id string) {
	r.t.Helper()
	ignored := slices.ContainsFunc(exchanges, func(e recording.Exchange) bool {
		return strings.HasSuffix(e.Path, "/rescales/overview") && strings.Contains(string(e.Body), `"terminalState":"IGNORED"`)
	})
	if ignored {
		path := "/jobs/" + id + "/resource-requirements"
		before := string(r.ask("GET", path).Body())
		for _, wish := range []string{strings.ReplaceAll(before, `"upperBound":`, `"upperBound":1`), before} {
			if answer := r.ask("PUT", path, wish); answer.Status != 200 {
				r.t.Fatalf("PUT answers %d: %s", answer.Status, answer.Body())
			}
		}
		r.pass(3 * time.Minute)
	}
	if body[flink.Checkpoints](r.t, exchanges, `/jobs/[0-9a-f]{32}/checkpoints`).Latest.Failed != nil {
		r.do(r.Do(Action{Do: FailCheckpoints, Job: id, Count: 1}))
		r.pass(time.Minute)
	}
}

// A checkpoint is seldom met while it goes on. This one takes its time.
func TestACheckpointThatGoesOnHasTheFieldsOfARecordedOne(t *testing.T) {
	inProgress := func(body []byte) any {
		var all struct {
			History []map[string]any `json:"history"`
		}
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatal(err)
		}
		for _, k := range all.History {
			if k["className"] == "in_progress" {
				return shapeOf(k)
			}
		}
		return nil
	}
	var want any
	for _, e := range recorded(t, "2.3.0-kafka") {
		if e.Status == 200 && strings.HasSuffix(e.Path, "/checkpoints") {
			want = merge(want, inProgress(e.Body))
		}
	}
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}, Honest: true})
	spec := stepJob(500)
	spec.Graph.Vertices[1].State = flow.State{Bytes: 400e6}
	id := r.submit(spec)
	var got any
	for end := r.Now().Add(time.Minute); got == nil && r.Now().Before(end); r.pass(500 * time.Millisecond) {
		if answer := r.ask("GET", "/jobs/"+id+"/checkpoints"); answer.Status == 200 {
			got = inProgress(answer.Body())
		}
	}
	if want == nil || got == nil {
		t.Fatalf("recorded is %v, the twin has %v", want, got)
	}
	for _, d := range differ("", want, got) {
		t.Error(d)
	}
}

// shape is what a body is made of, without values: an object by keys, a list by
// what its elements have in common, else a kind.
type shape map[string]any

var hexKey = regexp.MustCompile(`^[0-9a-f]{32}$`)

func shapeOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		s := shape{}
		for key, part := range v {
			if hexKey.MatchString(key) {
				key = "ID"
			}
			s[key] = merge(s[key], shapeOf(part))
		}
		return s
	case []any:
		var all any
		for _, part := range v {
			element := shapeOf(part)
			if o, is := part.(map[string]any); is && o["className"] != nil {
				element = shape{"of " + o["className"].(string): element}
			}
			all = merge(all, element)
		}
		return []any{all}
	case string:
		if v == "NaN" {
			return "number"
		}
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return nil
}

// merge is what two shapes say together; nothing is said by null.
func merge(a, b any) any {
	x, isX := a.(shape)
	y, isY := b.(shape)
	switch {
	case a == nil:
		return b
	case b == nil || !isX || !isY:
		return a
	}
	for key, part := range y {
		x[key] = merge(x[key], part)
	}
	return x
}

// empties may be empty in a twin where they are not in a recording: what a machine
// would have that a twin is not, and what depends on what happened just before.
// Elsewhere the latter are compared (see exceptions, checkpoints, rescales).
var empties = regexp.MustCompile(`^\.(jvm\.options|classpath|threadInfos)\[\]$` +
	`|^\.(exceptionHistory\.entries\[\]|history\[\]\.of in_progress|latest\.restored)$` +
	`|\.ID\.preRescale(Parallelism|Slots)$`)

// differ lists where two shapes differ. Where the recording has a null or an empty
// list, and where only one has lists of a class, nothing is known.
func differ(at string, want, got any) []string {
	if want != nil && got == nil && !empties.MatchString(at) {
		return []string{at + ": nothing where something belongs"}
	}
	if want == nil || got == nil {
		return nil
	}
	switch w := want.(type) {
	case shape:
		return differKeys(at, w, got)
	case []any:
		g, is := got.([]any)
		if !is {
			return []string{fmt.Sprintf("%s: %v where a list belongs", at, got)}
		}
		return differ(at+"[]", w[0], g[0])
	}
	if want != got {
		return []string{fmt.Sprintf("%s: %v where %v belongs", at, got, want)}
	}
	return nil
}

func differKeys(at string, w shape, got any) []string {
	g, is := got.(shape)
	if !is {
		return []string{fmt.Sprintf("%s: %v where an object belongs", at, got)}
	}
	var all []string
	for _, key := range sorted(w) {
		if _, has := g[key]; !has && !strings.HasPrefix(key, "of ") {
			all = append(all, at+"."+key+": missing")
		} else {
			all = append(all, differ(at+"."+key, w[key], g[key])...)
		}
	}
	for _, key := range sorted(g) {
		if _, has := w[key]; !has && !strings.HasPrefix(key, "of ") {
			all = append(all, at+"."+key+": not in the recording")
		}
	}
	return all
}

// emptied are objects whose keys are up to the user or the machine.
var emptied = regexp.MustCompile(`"(user-config|failureLabels|jobs)":\{[^{}]*\}`)

// compareRecording asks a twin for what a real cluster was asked, which had one job
// that was rescaled.
func compareRecording(t *testing.T, exchanges []recording.Exchange, topic string, seen coverage) {
	r := likeRecorded(t, exchanges, topic)
	for _, e := range exchanges {
		// The splits of that source have numbers, those of Kafka the topic too.
		e.Path = numbered.ReplaceAllString(e.Path, ".split."+topic+"-$1.")
		e.Body = numbered.ReplaceAll(e.Body, []byte(".split."+topic+"-$1."))
		u, err := url.Parse(e.Path)
		r.do(err)
		answer := r.Answer(e.Method, r.translated(u.Path, e.Body), u.Query(), e.Sent)
		seen.compared(e)
		if answer.Status != e.Status {
			t.Errorf("%s %s %s answers %d, recorded was %d", e.Method, e.Path, e.Sent, answer.Status, e.Status)
			continue
		}
		compareBodies(t, e, answer.Body())
	}
}

var numbered = regexp.MustCompile(`\.split\.(\d+)\.`)

// translated is a path with a rescale of the twin for that of the recording, which
// ended in the same way.
func (r *rig) translated(path string, recorded []byte) string {
	r.t.Helper()
	before, _, is := strings.Cut(path, "/rescales/details/")
	var want flink.Rescale
	if !is || json.Unmarshal(recorded, &want) != nil {
		return path
	}
	for _, have := range get[[]flink.Rescale](r, before+"/rescales/history") {
		if have.TerminatedReason != nil && want.TerminatedReason != nil && *have.TerminatedReason == *want.TerminatedReason {
			return before + "/rescales/details/" + have.UUID
		}
	}
	r.t.Fatalf("no rescale of the twin ended as the recorded %s", recorded)
	return ""
}

func compareBodies(t testing.TB, e recording.Exchange, got []byte) {
	t.Helper()
	if e.Status >= 400 {
		compareErrors(t, e, got)
		return
	}
	var want, is any
	if err := json.Unmarshal(emptied.ReplaceAll(e.Body, []byte(`"$1":{}`)), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(emptied.ReplaceAll(got, []byte(`"$1":{}`)), &is); err != nil {
		t.Fatalf("GET %s: %v in %s", e.Path, err, got)
	}
	for _, d := range differ("", shapeOf(want), shapeOf(is)) {
		t.Errorf("GET %s: %s", e.Path, d)
	}
	if strings.Contains(e.Path, "metrics") {
		compareNames(t, e.Path, names(e.Body), names(got))
	}
}

// compareErrors compares the text before the frames of the stack.
func compareErrors(t testing.TB, e recording.Exchange, got []byte) {
	t.Helper()
	first := func(text []byte) string {
		var b flink.ErrorBody
		if err := json.Unmarshal(text, &b); err != nil || len(b.Errors) == 0 {
			return "no error body"
		}
		line, _, _ := strings.Cut(strings.Join(b.Errors, "\n"), "\n\tat ")
		line, _, _ = strings.Cut(line, "\n\nEnd of")
		return line
	}
	if want, is := first(e.Body), first(got); want != is {
		t.Errorf("GET %s: error %q, recorded was %q", e.Path, is, want)
	}
}

func names(body []byte) []string {
	var list []flink.MetricName
	if json.Unmarshal(body, &list) != nil {
		return nil
	}
	var all []string
	for _, m := range list {
		all = append(all, m.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unknown are metrics that the twin does not have: the Kafka client's own. Committed offsets are those of a real Kafka only.
var (
	unknown   = regexp.MustCompile(`\.KafkaConsumer\.`)
	committed = regexp.MustCompile(`KafkaSourceReader\.(commits|.*\.committedOffset)`)
)

func compareNames(t testing.TB, path string, want, got []string) {
	t.Helper()
	if len(want) == 0 || unknown.MatchString(path) {
		return
	}
	for _, name := range want {
		if !slices.Contains(got, name) && !unknown.MatchString(name) {
			t.Errorf("GET %.80s: metric %s is missing", path, name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) && !committed.MatchString(name) {
			t.Errorf("GET %.80s: metric %s is not in the recording", path, name)
		}
	}
}
