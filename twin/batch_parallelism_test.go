package twin

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// leaveOpen leaves to the scheduler what Flink left to its own: all but what the program
// of the recorded job had fixed.
func leaveOpen(spec *JobSpec, b *batchRecording, static bool) {
	for _, recorded := range b.Vertices {
		vertex := &spec.Batch.Graph.Vertices[slices.IndexFunc(spec.Vertices, func(v VertexSpec) bool { return v.ID == recorded.Vertex })]
		vertex.Name, vertex.Parallelism, vertex.MaxParallelism = recorded.Vertex, 0, 0 // two may have the same name
		forward := false
		for _, in := range recorded.Inputs {
			forward = forward || in.Forward
		}
		if !static && recorded.Decision == nil && !forward {
			vertex.Parallelism, vertex.MaxParallelism = recorded.Parallelism, recorded.Maximum
		}
	}
}

// Where no largest parallelism is set it is that of the job, which is 1 for one that was
// handed in without, even if the cluster has a parallelism.default; and a cluster that is
// configured for the Adaptive Scheduler gets a graph in which each vertex has it.
func TestTheParallelismOfTheJobCountsAsInRecordedRuns(t *testing.T) {
	compared := 0
	for _, setting := range []string{"defaults", "job", "adaptive"} {
		files, err := filepath.Glob(filepath.Join("..", "internal", "batchlab", "testdata", "*-"+setting+"-*.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".json.gz")
			b := readBatchRecording(t, name)
			version := slots.V2_3
			if strings.HasPrefix(name, "1.20") {
				version = slots.V1_20
			}
			r := newRig(t, Config{Version: version, Options: b.Options, TaskManagers: []TaskManager{{ID: "tm1", Slots: 4}}, Honest: true})
			spec := likeRecordedBatch(t, b)
			leaveOpen(&spec, &b, setting == "adaptive")
			r.submit(spec)
			r.ends(b.Job, "FINISHED")
			r.showsParallelism(name, &b)
			compared++
		}
	}
	if compared != 22 {
		t.Errorf("%d runs are compared", compared)
	}
}

// showsParallelism holds the parallelism of the job and its vertices, as it is shown and
// as the scheduler has it, against the recorded one.
func (r *rig) showsParallelism(name string, b *batchRecording) {
	r.t.Helper()
	var config flink.JobConfig
	r.do(json.Unmarshal(b.Bodies["/jobs/"+b.Job+"/config"].JSON, &config))
	want := config.ExecutionConfig.JobParallelism
	if got := get[flink.JobConfig](r, "/jobs/"+b.Job+"/config").ExecutionConfig.JobParallelism; got != want || got == 0 {
		r.t.Errorf("%s: the job shows parallelism %d, recorded was %d", name, got, want)
	}
	var recorded flink.JobDetails
	r.do(json.Unmarshal(b.Bodies["/jobs/"+b.Job].JSON, &recorded))
	shown := get[flink.JobDetails](r, "/jobs/"+b.Job)
	if len(recorded.Vertices) == 0 || len(shown.Vertices) != len(recorded.Vertices) {
		r.t.Fatalf("%s: %d vertices are shown, recorded were %d", name, len(shown.Vertices), len(recorded.Vertices))
	}
	for i, v := range recorded.Vertices {
		g, has := shown.Vertices[i], r.byID[b.Job].batch.Vertex(i)
		if g.Parallelism != v.Parallelism || g.MaxParallelism != v.MaxParallelism {
			r.t.Errorf("%s: %s is shown with parallelism %d of %d, recorded was %d of %d", name, v.Name, g.Parallelism, g.MaxParallelism, v.Parallelism, v.MaxParallelism)
		}
		if len(has.Tasks) != v.Parallelism || has.Why == nil {
			r.t.Errorf("%s: %s has %d tasks, recorded were %d", name, v.Name, len(has.Tasks), v.Parallelism)
		}
	}
}

// What the configuration of a job shows is what its vertices have, or may have.
func TestTheParallelismOfABatchJobIsItsLargest(t *testing.T) {
	for name, c := range map[string]struct {
		cluster map[string]string
		job     string // its parallelism
		shown   int
		largest int // of the vertices
		most    int // that they may have
	}{
		"nobody sets any":        {nil, "", 1, 1, 1},
		"the cluster":            {map[string]string{defaultParallelism: "6"}, "", 1, 1, 1},
		"the job":                {nil, "6", 6, 6, 6},
		"both":                   {map[string]string{defaultParallelism: "9"}, "6", 6, 6, 6},
		"and a largest one":      {map[string]string{autoKeys + "max-parallelism": "5"}, "3", 3, 5, 5},
		"a largest one only":     {map[string]string{autoKeys + "max-parallelism": "5"}, "", 1, 5, 5},
		"fewer tasks would do":   {map[string]string{autoKeys + "avg-data-volume-per-task": "1 gb", autoKeys + "default-source-parallelism": "2"}, "6", 6, 2, 6},
		"the Adaptive Scheduler": {map[string]string{schedulerOption: "adaptive", defaultParallelism: "6"}, "", 1, 1, 128},
		"that, and the job":      {map[string]string{schedulerOption: "adaptive", autoKeys + "max-parallelism": "16"}, "3", 3, 3, 128},
	} {
		for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
			r := batchRig(t, version, func(config *Config) {
				config.Options, config.Honest = stepOptions(), true
				config.Options[autoKeys+"avg-data-volume-per-task"] = "16 mb"
				maps.Copy(config.Options, c.cluster)
			})
			spec := reportSpec()
			if c.job != "" {
				spec.Options = map[string]string{defaultParallelism: c.job}
			}
			id := r.submit(spec)
			r.ends(id, "FINISHED")
			shown := get[flink.JobConfig](r, "/jobs/"+id+"/config").ExecutionConfig.JobParallelism
			largest, most := 0, 0
			for _, v := range get[flink.JobDetails](r, "/jobs/"+id).Vertices {
				largest, most = max(largest, v.Parallelism), max(most, v.MaxParallelism)
			}
			if shown != c.shown || largest != c.largest || most != c.most {
				t.Errorf("%v, %s: the job shows parallelism %d, its largest vertex %d of %d; want %d, %d of %d", version, name, shown, largest, most, c.shown, c.largest, c.most)
			}
		}
	}
}

func TestAParallelismOfABatchJobThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"x":     `option parallelism.default: "x": want a whole number from 1 to 32768`,
		"0":     `option parallelism.default: "0": want`,
		"32769": `option parallelism.default: "32769": want`,
	} {
		r := batchRig(t, slots.V2_3, nil)
		spec := reportSpec()
		spec.Options = map[string]string{defaultParallelism: text}
		if _, err := r.Submit(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A stream shows what its vertices have that say nothing of their own.
func TestAStreamShowsTheParallelismOfTheJob(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}})
	spec := stepJob(1)
	spec.Options = map[string]string{defaultParallelism: "3"}
	id := r.submit(spec)
	config := get[flink.JobConfig](r, "/jobs/"+id+"/config").ExecutionConfig
	if upper := r.state(id).Vertices[1].Upper; config.JobParallelism != 3 || upper != 3 {
		t.Errorf("the job shows parallelism %d, a vertex has %d", config.JobParallelism, upper)
	}
}
