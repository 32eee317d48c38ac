package batch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// lines is a log as it is written in a test.
func lines(text string) string {
	var all []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		all = append(all, strings.TrimSpace(line))
	}
	return strings.Join(all, "\n")
}

func expect(t *testing.T, r *rig, want string) {
	t.Helper()
	if diff := cmp.Diff(lines(want), r.take()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := r.s.Fault(); err != nil {
		t.Errorf("fault: %v", err)
	}
}

// chain is source → work → sink over these ship strategies.
func chain(one, other string) Job {
	return Job{ID: "job", Vertices: vertices("source", "work", "sink"), Edges: []Edge{ship(one, 0, 1), ship(other, 1, 2)}}
}

func restarting(job Job) Job {
	strategy := adaptive.RestartStrategy{Kind: adaptive.RestartFixedDelay, Attempts: 3, Delay: time.Second}
	job.Restart = &strategy
	return job
}

func TestAJobRunsStageByStage(t *testing.T) {
	for _, v := range versions {
		o := options(v, 1, 4)
		o.DefaultSourceParallelism, o.AverageVolume = 2, 4*mib
		r := newRig(t, chain("HASH", "HASH"), o)
		r.run()
		// Two sources write 4 subpartitions of 1 MiB each: 2 a task.
		expect(t, r, `
			source gets 2
			RUNNING
			deploy source/0#0
			deploy source/1#0
			work gets 2
			deploy work/0#0
			deploy work/1#0
			sink gets 2
			deploy sink/0#0
			deploy sink/1#0
			FINISHED
			ended FINISHED`)
		if got := r.decided[1]; got.Rule() != RuleVolume || show(got.Blocks[0]) != "0-1:0-1 0-1:2-3" {
			t.Errorf("%v: %v %s", v, got.Rule(), show(got.Blocks[0]))
		}
	}
}

// A vertex is shown, and decided, when its producers have finished; in 1.20 the
// graph has it from the beginning.
func TestVerticesAreUndecidedUntilTheirInputsAreThere(t *testing.T) {
	for _, v := range versions {
		o := options(v, 1, 4)
		o.DefaultSourceParallelism = 2
		r := newRig(t, chain("HASH", "HASH"), o)
		r.step(Start{})
		got := r.s.View().Vertices
		if got[0].Parallelism != 2 || got[1].Parallelism != -1 || len(got[1].Tasks) != 0 {
			t.Errorf("%v: %+v", v, got)
		}
		if got[1].Known != (v == slots.V1_20) || got[1].MaxParallelism != 4 {
			t.Errorf("%v: %+v", v, got[1])
		}
		r.finish(0)
		if got := r.s.View().Vertices[1]; got.Parallelism != -1 {
			t.Errorf("%v: decided while one task runs: %+v", v, got)
		}
		r.finish(0)
		if got := r.s.View().Vertices; got[1].Parallelism != 1 || !got[1].Known || got[2].Known != (v == slots.V1_20) {
			t.Errorf("%v: %+v", v, got)
		}
		if r.s.Demand() != 1 {
			t.Errorf("%v: the job wants %d slots", v, r.s.Demand())
		}
	}
}

func TestSourcesAreAskedFirst(t *testing.T) {
	for _, v := range versions {
		job := Job{Vertices: vertices("a", "b", "join"), Edges: []Edge{ship("HASH", 0, 2), ship("BROADCAST", 1, 2)}}
		job.Vertices[0].Infers, job.Vertices[1].Infers = true, true
		job.Vertices[1].MaxParallelism = 3
		o := options(v, 1, 64)
		o.DefaultSourceParallelism = 8
		r := newRig(t, job, o)
		r.tasks[0], r.tasks[1] = 5, -1
		r.step(Start{})
		expect(t, r, `
			ask a up to 8
			ask b up to 3
			a gets 5
			b gets 3
			RUNNING
			deploy a/0#0
			deploy a/1#0
			deploy a/2#0
			deploy a/3#0
			deploy a/4#0
			deploy b/0#0
			deploy b/1#0
			deploy b/2#0`)
		if a, b := r.s.Subpartitions(0), r.s.Subpartitions(1); a != 64 || b != 1 {
			t.Errorf("%v: %d and %d subpartitions, want 64 and 1", v, a, b)
		}
	}
}

// A source with inputs is asked once they are there, and what it says is the
// least.
func TestASourceWithInputsIsAskedLater(t *testing.T) {
	for _, v := range versions {
		job := Job{Vertices: vertices("dim", "scan"), Edges: []Edge{ship("BROADCAST", 0, 1)}}
		job.Vertices[1].Infers = true
		o := options(v, 1, 8)
		o.DefaultSourceParallelism = 1
		r := newRig(t, job, o)
		r.tasks[1] = 3
		r.step(Start{})
		expect(t, r, "dim gets 1\nRUNNING\ndeploy dim/0#0")
		r.finish(0)
		expect(t, r, "ask scan up to 1\nscan gets 3\ndeploy scan/0#0\ndeploy scan/1#0\ndeploy scan/2#0")
	}
}

func TestAForwardGroupHasOneParallelism(t *testing.T) {
	for _, v := range versions {
		job := Job{
			Vertices: vertices("source", "work", "writer", "committer"),
			Edges:    []Edge{ship("HASH", 0, 1), ship("FORWARD", 1, 2), ship("FORWARD", 2, 3)},
		}
		job.Vertices[1].MaxParallelism, job.Vertices[2].MaxParallelism, job.Vertices[3].MaxParallelism = 4, 5, 3
		o := options(v, 1, 64)
		o.DefaultSourceParallelism, o.AverageVolume = 2, mib
		r := newRig(t, job, o)
		r.run()
		for vertex := 1; vertex <= 3; vertex++ {
			d := r.decided[vertex]
			if d.Parallelism != 3 || vertex > 1 && (d.Rule() != RuleForwardGroup || show(d.Blocks[0]) != "0:0 1:0 2:0") {
				t.Errorf("%v %s: %d by %v, reads %v", v, r.id(vertex), d.Parallelism, d.Rule(), d.Blocks)
			}
		}
		// In 2.3 the vertices come when their parallelism is known already.
		if got, want := r.s.View().Vertices[2].MaxParallelism, 3; got != want {
			t.Errorf("%v: maximum parallelism %d, want %d", v, got, want)
		}
		if n := r.s.Subpartitions(1); n != 1 {
			t.Errorf("%v: %d subpartitions of a forward edge", v, n)
		}
		if n := r.s.Subpartitions(0); n != 3 {
			t.Errorf("%v: %d subpartitions for the group, want its smallest maximum", v, n)
		}
	}
}

// What is configured for one vertex of a forward group is decided for all.
func TestAForwardGroupTakesWhatIsConfigured(t *testing.T) {
	for _, v := range versions {
		job := Job{Vertices: vertices("source", "work", "sink"), Edges: []Edge{ship("HASH", 0, 1), ship("FORWARD", 1, 2)}}
		job.Vertices[2].Parallelism = 5
		o := options(v, 1, 8)
		o.DefaultSourceParallelism = 2
		r := newRig(t, job, o)
		r.run()
		if d := r.decided[1]; d.Parallelism != 5 || d.Rule() != RuleForwardGroup {
			t.Errorf("%v: %d by %v", v, d.Parallelism, d.Rule())
		}
		if got, want := r.s.View().Vertices[1].MaxParallelism, 128; got != want {
			t.Errorf("%v: maximum parallelism %d, want %d", v, got, want)
		}
		if n := r.s.Subpartitions(0); n != 5 {
			t.Errorf("%v: %d subpartitions, want 5", v, n)
		}
	}
}

// A vertex that got its parallelism from its forward group has the maximum that
// goes with it in 2.3, since the vertex is made later; in 1.20 the largest
// parallelism.
func TestTheMaximumOfAForwardGroup(t *testing.T) {
	for v, want := range map[slots.Version]int{slots.V1_20: 16, slots.V2_3: 128} {
		r := newRig(t, Job{Vertices: vertices("source", "work", "sink"), Edges: []Edge{ship("HASH", 0, 1), ship("FORWARD", 1, 2)}}, options(v, 1, 16))
		r.run()
		if got := r.s.View().Vertices; got[1].MaxParallelism != 16 || got[2].MaxParallelism != want {
			t.Errorf("%v: %d and %d, want 16 and %d", v, got[1].MaxParallelism, got[2].MaxParallelism, want)
		}
	}
}

// All vertices that can be decided are, at once.
func TestConsumersAreDecidedTogether(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, Job{Vertices: vertices("source", "a", "b"), Edges: []Edge{ship("HASH", 0, 1), ship("HASH", 0, 2)}}, options(v, 1, 1))
		r.step(Start{})
		r.take()
		r.finish(0)
		expect(t, r, "a gets 1\nb gets 1\ndeploy a/0#0\ndeploy b/0#0")
	}
}

// A source that answers twice is heard once.
func TestASourceIsHeardOnce(t *testing.T) {
	job := Job{Vertices: vertices("a", "b")}
	job.Vertices[0].Infers, job.Vertices[1].Infers = true, true
	s, err := New(epoch(), job, options(slots.V2_3, 1, 8))
	if err != nil {
		t.Fatal(err)
	}
	s.Step(epoch(), Start{})
	for _, tasks := range []int{2, 7} {
		if got := s.Step(epoch(), SourceInferred{Vertex: 0, Tasks: tasks}); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}
	s.Step(epoch(), SourceInferred{Vertex: 1, Tasks: 3})
	if v := s.View().Vertices; v[0].Parallelism != 2 || v[1].Parallelism != 3 {
		t.Errorf("%d and %d", v[0].Parallelism, v[1].Parallelism)
	}
}

// In 1.20 a vertex of configured parallelism exists with its producers: a task
// that reads few of them starts before the others have finished. In 2.3 the
// vertex comes once all have.
func TestAConfiguredPointwiseVertexStartsEarlyIn120(t *testing.T) {
	for _, v := range versions {
		job := chain("RESCALE", "HASH")
		job.Vertices[0].Parallelism, job.Vertices[1].Parallelism = 4, 2
		r := newRig(t, job, options(v, 1, 8))
		r.step(Start{})
		r.take()
		r.finish(0)
		r.finish(0)
		if v == slots.V1_20 {
			expect(t, r, "deploy work/0#0")
		} else {
			expect(t, r, "")
		}
	}
}

// With a hybrid exchange consumers of configured parallelism run with their
// producers; those to be decided still wait.
func TestHybridExchanges(t *testing.T) {
	tests := []struct {
		hybrid Constraint
		begin  string
		first  string
		all    string
	}{
		{UnfinishedProducers, "deploy work/0#0", "", ""},
		{OnlyFinishedProducers, "", "deploy work/0#0", ""},
		{AllProducersFinished, "", "", "deploy work/0#0"},
	}
	for _, tt := range tests {
		job := chain("HASH", "HASH")
		job.Vertices[0].Parallelism, job.Vertices[1].Parallelism = 2, 1
		for i := range job.Edges {
			job.Edges[i].Exchange = HybridFull
		}
		o := options(slots.V1_20, 1, 8)
		o.Hybrid = tt.hybrid
		r := newRig(t, job, o)
		r.step(Start{})
		expect(t, r, "source gets 2\nwork gets 1\nRUNNING\ndeploy source/0#0\ndeploy source/1#0\n"+tt.begin)
		r.finish(0)
		expect(t, r, tt.first)
		i := 0
		for r.running[i].Task.Vertex != 0 {
			i++
		}
		r.finish(i)
		expect(t, r, tt.all)
	}
}

// Deploying a task lets those start that read while it writes, one after the
// other.
func TestHybridConsumersStartInAChain(t *testing.T) {
	job := Job{Vertices: vertices("a", "b", "c", "d"), Edges: []Edge{ship("HASH", 0, 1), ship("HASH", 1, 2), ship("HASH", 2, 3)}}
	for i := range job.Vertices {
		job.Vertices[i].Parallelism = 1
	}
	job.Edges[1].Exchange, job.Edges[2].Exchange = HybridSelective, HybridFull
	r := newRig(t, job, options(slots.V1_20, 1, 8))
	r.step(Start{})
	expect(t, r, "a gets 1\nb gets 1\nc gets 1\nd gets 1\nRUNNING\ndeploy a/0#0")
	r.finish(0)
	expect(t, r, "deploy b/0#0\ndeploy c/0#0\ndeploy d/0#0")
}

func TestJobsAreRefusedWithFlinksReason(t *testing.T) {
	pipelined := chain("HASH", "HASH")
	pipelined.Edges[1].Exchange = PipelinedBounded
	pipelined.Vertices[1].ID, pipelined.Vertices[1].Name = "9ed083b1", "work"
	files := chain("HASH", "HASH")
	files.Vertices[0].FileInputFormat = true
	stream := chain("HASH", "HASH")
	stream.Streaming = true
	unequal := Job{Vertices: []JobVertex{{ID: "a", Parallelism: 2}, {ID: "b", Parallelism: 3}}, Edges: []Edge{ship("FORWARD", 0, 1)}}
	backwards := Job{Vertices: vertices("a", "b"), Edges: []Edge{ship("HASH", 1, 0)}}
	narrow := Job{Vertices: []JobVertex{{ID: "a", Parallelism: 4}, {ID: "b", MaxParallelism: 3}}, Edges: []Edge{ship("FORWARD", 0, 1)}}
	strange := chain("HASH", "HASH")
	strange.Edges[0].Exchange = "carrier pigeon"
	tests := []struct {
		job  Job
		want string
	}{
		{stream, "Adaptive batch scheduler only supports batch jobs"},
		{pipelined, errExchange + " (edge work -> sink is pipelined_bounded)"},
		{files, "vertex source: FileInputFormat sources are not supported by the adaptive batch scheduler: read the files with the new file source (FileSource, or the filesystem connector)"},
		{Job{}, "the job has no vertices"},
		{unequal, "vertices a and b are connected by forward edges and have parallelism 2 and 3: want the same"},
		{backwards, "edge 1 -> 0: want it to lead from a vertex of the job to a later one"},
		{narrow, "vertex a: parallelism 4 is above the maximum parallelism 3"},
		{strange, `edge source -> work: exchange "carrier pigeon" is not known`},
	}
	for _, tt := range tests {
		if _, err := New(epoch(), tt.job, DefaultOptions(slots.V2_3)); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	o := DefaultOptions(slots.V2_3)
	o.AutoParallelism = false
	if _, err := New(epoch(), chain("HASH", "HASH"), o); err == nil || err.Error() != "vertex source has no parallelism, and execution.batch.adaptive.auto-parallelism.enabled is false: want one of them changed" {
		t.Errorf("got %v", err)
	}
	if _, err := New(epoch(), chain("HASH", "HASH"), options(slots.V2_3, 5, 4)); err == nil || !strings.Contains(err.Error(), "4 is below") {
		t.Errorf("got %v", err)
	}
}

// Flink fails the job where a decision is impossible.
func TestAnImpossibleDecisionFailsTheJob(t *testing.T) {
	job := Job{Vertices: vertices("a", "b", "join"), Edges: []Edge{ship("HASH", 0, 2), ship("HASH", 1, 2), ship("HASH", 0, 1)}}
	job.Vertices[2].MaxParallelism = 50
	job.Vertices[2].Infers = true
	o := options(slots.V2_3, 1, 4)
	o.DefaultSourceParallelism = 40
	r := newRig(t, job, o)
	r.tasks[2] = 40
	r.run()
	if v := r.s.View(); v.Status != adaptive.StatusFailed || !strings.Contains(v.Failure.Message, "vertex join: its source has work for 40 tasks") {
		t.Errorf("%v: %v", v.Status, v.Failure)
	}
}

// A side of a join that turns out to be small is read by each task, all its
// subpartitions; the other side need no longer be hashed.
func TestASideBecomesBroadcast(t *testing.T) {
	job := Job{Vertices: vertices("small", "large", "join"), Edges: []Edge{ship("HASH", 0, 2), ship("HASH", 1, 2)}}
	job.Edges[0].Type, job.Edges[1].Type = 1, 2
	job.Vertices[0].Parallelism, job.Vertices[1].Parallelism = 1, 2
	o := options(slots.V2_3, 1, 4)
	o.AverageVolume = 4 * mib
	r := newRig(t, job, o)
	r.step(Start{})
	r.finishAll(0)
	small, large := ship("BROADCAST", 0, 2), ship("RESCALE", 1, 2)
	small.Type, large.Type = 1, 2
	r.step(EdgeChanged{Index: 0, Edge: small})
	r.step(EdgeChanged{Index: 1, Edge: large})
	r.finishAll(1)
	d := r.decided[2]
	if got, want := show(d.Blocks[0])+"; "+show(d.Blocks[1]), "0:0-3 0:0-3 0:0-3 0:0-3; 0:0-1 0:2-3 1:0-1 1:2-3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r.step(EdgeChanged{Index: 0, Edge: ship("HASH", 0, 2)})
	r.step(EdgeChanged{Index: 1, Edge: ship("HASH", 1, 2)}) // too late
	if got := r.s.edges[1].Pattern; got != Pointwise {
		t.Errorf("the edge is %s now", got)
	}
	r.s.fault = nil
	r.step(EdgeChanged{Index: 1, Edge: ship("FORWARD", 1, 2)})
	if err := r.s.Fault(); err == nil || err.Error() != "edge large -> join changes to a kind that it cannot be" {
		t.Errorf("%v", err)
	}
}

func TestWrongReportsAreIgnoredAndRemembered(t *testing.T) {
	for name, e := range map[string]Event{
		"want 1":         TaskFinished{Task: TaskID{0, 0}},
		"want 4":         TaskFinished{Task: TaskID{0, 0}, Produced: [][]int64{{1}}},
		"-1 bytes":       TaskFinished{Task: TaskID{0, 0}, Produced: [][]int64{{1, 1, 1, -1}}},
		"has none":       TaskFailed{Task: TaskID{0, 9}},
		"no such vertex": SourceInferred{Vertex: 7},
		"edge 2":         EdgeChanged{Index: 2},
	} {
		o := options(slots.V2_3, 1, 4)
		r := newRig(t, chain("HASH", "HASH"), o)
		r.step(Start{})
		r.take()
		r.step(e)
		if got := r.take(); got != "" {
			t.Errorf("%T: %s", e, got)
		}
		if err := r.s.Fault(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%T: %v, want %q in it", e, err, name)
		}
	}
}
