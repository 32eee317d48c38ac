package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
)

// nightly is the report, each night at two.
func nightly(volumes ...float64) JobSpec {
	at := 2 * time.Hour
	spec := reportSpec()
	spec.Batch.Repeat = &Repeat{Daily: &at, Volumes: volumes}
	return spec
}

func TestAJobRunsEachNightWithTheVolumeOfTheDay(t *testing.T) {
	r := batchRig(t, slots.V2_3, nil)
	id := r.submit(nightly(1, 0.5, 2))
	if len(r.State().Jobs) != 0 || r.State().FreeSlots != 8 {
		t.Fatal("it runs by day")
	}
	ids := map[flink.JobID]bool{}
	var starts []string
	var volumes []int64
	for night := range 4 {
		r.do(r.Advance(r.Start().Add(time.Duration(night)*24*time.Hour + 2*time.Hour + 10*time.Minute)))
		list := get[flink.JobsOverview](r, "/jobs/overview").Jobs
		if len(list) != 1 || list[0].State != flink.JobFinished || night == 0 && string(list[0].ID) != id {
			t.Fatalf("in night %d there are %+v", night, list)
		}
		ids[list[0].ID] = true
		starts = append(starts, list[0].StartTime.Time().UTC().Format("02 15:04"))
		d := get[flink.JobDetails](r, "/jobs/"+string(list[0].ID))
		volumes = append(volumes, d.Vertices[0].Metrics.WriteBytes/mib8)
		if steady := d.Vertices[1].Metrics.WriteBytes; steady != 1<<20 {
			t.Errorf("the steady source has written %d bytes", steady)
		}
	}
	if len(ids) != 4 || !slices.Equal(starts, []string{"01 02:00", "02 02:00", "03 02:00", "04 02:00"}) || !slices.Equal(volumes, []int64{25, 12, 50, 25}) {
		t.Errorf("%d runs, at %v, of volumes %v", len(ids), starts, volumes)
	}
}

// A job that has ended is listed for an hour, and counted for ever.
func TestJobsThatHaveEndedExpire(t *testing.T) {
	r := batchRig(t, slots.V2_3, nil)
	first := r.submit(nightly())
	r.do(r.Advance(r.Start().Add(2*time.Hour + 59*time.Minute)))
	if n := len(get[flink.JobsOverview](r, "/jobs/overview").Jobs); n != 1 {
		t.Errorf("before an hour is over %d jobs are listed", n)
	}
	r.pass(10 * time.Minute)
	if n := len(get[flink.JobsOverview](r, "/jobs/overview").Jobs); n != 0 || r.ask("GET", "/jobs/"+first).Status != 404 {
		t.Errorf("after an hour %d jobs are listed", n)
	}
	r.pass(72 * time.Hour)
	if o := get[flink.Overview](r, "/overview"); o.JobsFinished != 4 || o.JobsRunning != 0 || len(r.jobs) != 0 {
		t.Errorf("counted are %+v, kept are %d", o, len(r.jobs))
	}
	long := batchRig(t, slots.V2_3, func(c *Config) { c.Options["jobstore.expiration-time"] = "86400" })
	long.submit(reportSpec())
	long.pass(23 * time.Hour)
	if n := len(get[flink.JobsOverview](long, "/jobs/overview").Jobs); n != 1 {
		t.Errorf("with a longer time %d jobs are listed", n)
	}
}

func TestARunThatIsDueWhileTheJobManagerIsDownIsLeftOut(t *testing.T) {
	r := batchRig(t, slots.V2_3, nil)
	r.submit(nightly())
	r.pass(time.Hour)
	r.do(r.Do(Action{Do: KillJobManager}))
	r.pass(2 * time.Hour)
	r.do(r.Do(Action{Do: RestartJobManager}))
	r.pass(time.Hour)
	if n := len(r.State().Jobs); n != 0 {
		t.Errorf("%d jobs are there", n)
	}
	r.pass(22*time.Hour + 10*time.Minute)
	if o := get[flink.Overview](r, "/overview"); o.JobsFinished != 1 {
		t.Errorf("in the next night %d have finished", o.JobsFinished)
	}
}

func TestWhenAJobRepeats(t *testing.T) {
	day := time.Date(2026, 7, 4, 0, 0, 0, 0, time.UTC)
	two := 2 * time.Hour
	for _, c := range []struct {
		name  string
		now   time.Time
		r     Repeat
		first time.Time
		every time.Duration
	}{
		{"before it is time", day.Add(time.Hour), Repeat{Daily: &two}, day.Add(two), 24 * time.Hour},
		{"at the time", day.Add(two), Repeat{Daily: &two}, day.Add(two), 24 * time.Hour},
		{"after it", day.Add(two + 1), Repeat{Daily: &two}, day.Add(26 * time.Hour), 24 * time.Hour},
		{"each hour", day.Add(time.Minute), Repeat{Every: time.Hour}, day.Add(time.Minute), time.Hour},
		{"each week", day.Add(time.Hour), Repeat{Daily: &two, Every: 168 * time.Hour}, day.Add(two), 168 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.r.first(c.now); !got.Equal(c.first) || c.r.every() != c.every || c.r.validate() != nil {
				t.Errorf("first at %v, then every %v; want %v and %v", got, c.r.every(), c.first, c.every)
			}
		})
	}
}

func TestBatchJobsThatCannotBe(t *testing.T) {
	late := 24 * time.Hour
	for name, c := range map[string]struct {
		change func(*JobSpec)
		want   string
	}{
		"an hour that is none":   {func(s *JobSpec) { s.Batch.Repeat.Daily = &late }, "want a time of day"},
		"all the time":           {func(s *JobSpec) { s.Batch.Repeat = &Repeat{Every: time.Millisecond} }, "want a second or more"},
		"daily by the hour":      {func(s *JobSpec) { s.Batch.Repeat.Every = time.Hour }, "want days"},
		"a volume":               {func(s *JobSpec) { s.Batch.Repeat.Volumes = []float64{-1} }, "volume -1"},
		"two volumes":            {func(s *JobSpec) { s.Batch.Repeat.Volumes, s.Batch.Repeat.Load = []float64{1}, &Load{} }, "want one of the two"},
		"a curve":                {func(s *JobSpec) { s.Batch.Repeat.Load = &Load{YAML: "{day: 3}"} }, "volume"},
		"an id":                  {func(s *JobSpec) { s.ID = hexID("a") }, "gets one of its own"},
		"loads":                  {func(s *JobSpec) { s.Loads = map[string]Load{"sales": {}} }, "no loads"},
		"no vertices":            {func(s *JobSpec) { s.Batch = &BatchSpec{} }, "no vertices"},
		"an edge backwards":      {func(s *JobSpec) { s.Batch.Graph.Edges[0].From = 3 }, "want one from a vertex to a later one"},
		"two of one name":        {func(s *JobSpec) { s.Batch.Graph.Vertices[1].Name = "sales" }, "two vertices of the name sales"},
		"a name that is missing": {func(s *JobSpec) { s.Batch.Graph.Vertices[1].Name = "" }, "has no name"},
		"bytes":                  {func(s *JobSpec) { s.Batch.Graph.Vertices[1].Bytes = -1 }, "bytes -1"},
		"a cost":                 {func(s *JobSpec) { s.Batch.Graph.Vertices[1].Cost = -1 }, "not negative"},
		"a size of records":      {func(s *JobSpec) { s.Batch.Graph.Vertices[1].RecordBytes = -1 }, "record-bytes -1"},
		"a parallelism":          {func(s *JobSpec) { s.Batch.Graph.Vertices[1].Parallelism = 40000 }, "parallelism 40000"},
		"a parallelism too high": {func(s *JobSpec) { v := &s.Batch.Graph.Vertices[1]; v.Parallelism, v.MaxParallelism = 4, 3 }, "is above max-parallelism 3"},
		"a share":                {func(s *JobSpec) { s.Batch.Graph.Edges[0].Share = -1 }, "share -1"},
		"a skew":                 {func(s *JobSpec) { s.Batch.Graph.Edges[2].Skew = 0.5 }, "skew 0.5"},
		"skew of a broadcast":    {func(s *JobSpec) { s.Batch.Graph.Edges[1].Skew = 2 }, "for hash"},
		"hot keys and skew":      {func(s *JobSpec) { s.Batch.Graph.Edges[2].HotKeys = []float64{0.5} }, "want one of the two"},
		"too hot keys":           {func(s *JobSpec) { s.Batch.Graph.Edges[2].Skew, s.Batch.Graph.Edges[2].HotKeys = 0, []float64{0.5, 0.6} }, "add up to 1.1"},
		"a pipelined exchange":   {func(s *JobSpec) { s.Options = map[string]string{shuffleMode: "ALL_EXCHANGES_PIPELINED"} }, "BLOCKING or HYBRID_FULL/HYBRID_SELECTIVE"},
		"a shuffle mode":         {func(s *JobSpec) { s.Options = map[string]string{shuffleMode: "FAST"} }, `execution.batch-shuffle-mode: "FAST"`},
		"vertices":               {func(s *JobSpec) { s.Vertices = s.Vertices[1:] }, "3 vertices in Flink's words, 4 in the graph"},
		"ids":                    {func(s *JobSpec) { s.Vertices[0].ID, s.Vertices[1].ID = hexID("a"), hexID("a") }, "two vertices of id"},
		"an id of a vertex":      {func(s *JobSpec) { s.Vertices[0].ID = "a" }, `id "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := batchRig(t, slots.V2_3, nil)
			spec := nightly()
			c.change(&spec)
			if _, err := r.Submit(spec); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if r.pass(49 * time.Hour); len(r.jobs) > 0 || len(r.journal.actions) > 0 {
				t.Error("it is there")
			}
		})
	}
	r := batchRig(t, slots.V2_3, nil)
	r.submit(nightly())
	if _, err := r.Submit(nightly()); err == nil || !strings.Contains(err.Error(), "one of that name") {
		t.Errorf("a second one of the name: %v", err)
	}
}

// drawNight is a twin with a stream and a batch job to which things happen.
func drawNight(p *rapid.T) adventure {
	a := draw(p)
	a.deeds = a.deeds[:min(len(a.deeds), 5)]
	for i := range a.deeds {
		a.deeds[i].after = time.Duration(rapid.IntRange(0, 20_000).Draw(p, "after")) * time.Millisecond
	}
	return a
}

// liveByNight goes through an adventure with a job that runs each minute.
func (a adventure) liveByNight(t testing.TB, step time.Duration) (r *rig, said []byte) {
	t.Helper()
	r = batchRig(t, a.version, func(c *Config) {
		c.Seed = a.seed
		c.Options["jobstore.expiration-time"] = "90"
	})
	stream := r.submit(stepJob(900))
	spec := reportSpec()
	spec.Batch.Graph.Edges[2].Exchange = bulk.HybridFull
	spec.Batch.Repeat = &Repeat{Every: time.Minute, Load: &Load{YAML: "{noise: {of: 1, share: 0.3}}"}}
	r.submit(spec)
	for _, d := range a.deeds {
		for end := r.Now().Add(d.after); r.Now().Before(end); {
			r.do(r.Advance(minTime(end, r.Now().Add(step))))
		}
		r.performByNight(d, stream)
		if d.asks {
			said = append(said, r.everything()...)
		}
	}
	return r, said
}

// performByNight does a deed to the stream, or to the latest batch job.
func (r *rig) performByNight(d deed, stream string) {
	latest := r.jobs[len(r.jobs)-1].spec.ID
	switch {
	case d.what == 6 && latest != stream:
		_ = r.Do(Action{Do: CancelJob, Job: latest})
	case d.what == 7 && latest != stream:
		_ = r.Do(Action{Do: FailTask, Job: latest, Vertex: "sales", Subtask: d.n - 1})
	case d.what == 2 && latest != stream:
		_ = r.Do(Action{Do: FailJob, Job: latest})
	default:
		r.perform(d, stream)
	}
}

func TestNightsAreTheSameHoweverTheClockMoves(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := drawNight(p)
		_, want := a.liveByNight(t, time.Hour)
		if _, got := a.liveByNight(t, 700*time.Millisecond); !bytes.Equal(want, got) {
			p.Fatalf("the same night is answered differently:\n%s\n%s", want, got)
		}
	})
}

func TestARestoredNightGoesOn(t *testing.T) {
	rapid.Check(t, func(p *rapid.T) {
		a := drawNight(p)
		for i := range a.deeds {
			a.deeds[i].asks = false
		}
		r, _ := a.liveByNight(t, time.Hour)
		if rapid.Bool().Draw(p, "asks") {
			r.everything()
		}
		text, err := json.Marshal(r.Snapshot())
		r.do(err)
		var s Snapshot
		r.do(json.Unmarshal(text, &s))
		restored, err := Restore(&s)
		r.do(err)
		again := &rig{restored, t}
		stream := r.jobs[0].spec.ID
		for _, d := range []deed{drawNight(p).deeds[0], {after: 70 * time.Second}} {
			for _, one := range []*rig{r, again} {
				one.pass(d.after)
				one.performByNight(d, stream)
			}
			if want, got := r.everything(), again.everything(); !bytes.Equal(want, got) {
				p.Fatalf("the restored twin says something else:\n%s\n%s", want, got)
			}
		}
	})
}

// Another seed is another run.
func TestAnotherSeedIsAnotherNight(t *testing.T) {
	last := map[string]bool{}
	for seed := range uint64(3) {
		r := batchRig(t, slots.V2_3, func(c *Config) { c.Seed = seed })
		id := r.submit(reportSpec())
		r.ends(id, "FINISHED")
		last[fmt.Sprint(r.byID[id].batch.Since())] = true
	}
	if len(last) != 3 {
		t.Errorf("it ends at %v", last)
	}
}
