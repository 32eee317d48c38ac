package flow

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// pipe is source → work → sink, of parallelism 1 good for 1000, 100 and 1000
// records/s.
func pipe() Graph {
	return Graph{
		Vertices: []Vertex{
			{Name: "source", Cost: Cost{Seconds: 0.001}, Source: &Source{Partitions: 4}},
			{Name: "work", Cost: Cost{Seconds: 0.01}},
			{Name: "sink", Cost: Cost{Seconds: 0.001}},
		},
		Edges: []Edge{
			{From: 0, To: 1, Selectivity: 1, Exchange: Hash, Buffers: Buffers{Records: 500}},
			{From: 1, To: 2, Selectivity: 1, Exchange: Rebalance, Buffers: Buffers{Records: 500}},
		},
	}
}

func pending(s Snapshot, source int) float64 { return sum(s.Vertices[source].Source.Pending) }

func TestARescaleReadsAgainWhatCameAfterTheCheckpoint(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, Constant(80))
	j.Advance(after(100))
	c := j.Checkpoint()
	j.Advance(after(110))
	j.Stop(&c.Position)
	within(t, "backlog when stopped", pending(j.Snapshot(), 0), 800, 1e-6)
	j.Advance(after(112))
	within(t, "backlog when deployed", pending(j.Snapshot(), 0), 960, 1e-6)
	if err := j.Deploy(Deployment{Parallelism: []int{1, 2, 1}, Restored: &c.Position}); err != nil {
		t.Fatal(err)
	}
	s := j.Snapshot()
	if s.Attempt != 2 || !s.Since.Equal(after(112)) || s.Vertices[1].Subtasks[1].RecordsIn != 0 || s.Vertices[1].Subtasks[1].Busy != 0 {
		t.Errorf("the new attempt begins as %+v", s.Vertices[1])
	}
	j.Advance(after(120))
	s = j.Snapshot()
	within(t, "backlog after catching up", pending(s, 0), 0, 1e-6)
	within(t, "read in the attempt", s.Vertices[0].Subtasks[0].RecordsIn, 960+8*80, 1e-6)
	within(t, "processed in the attempt", s.Vertices[1].Subtasks[0].RecordsIn+s.Vertices[1].Subtasks[1].RecordsIn, 8*200, 1)
}

func TestRecordsInFlightAreDroppedAndCounted(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, Constant(1000))
	j.Advance(after(60))
	j.Stop(nil)
	e := j.Snapshot().Edges[0]
	if e.Dropped != 500 || e.Queue != 0 {
		t.Errorf("dropped %v, left %v; want 500 and 0", e.Dropped, e.Queue)
	}
}

// The source reads 1000/s until 500 records wait: after 500/900 s.
func TestAQueueFillsBeforeItHoldsTheSourceBack(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, Constant(2000))
	full := 500.0 / 900
	j.Advance(after(full - 0.001))
	s := j.Snapshot()
	if got := s.Vertices[0].Subtasks[0]; !(got.BusyRate == 1000 && got.BackPressuredRate == 0) || s.Vertices[0].Blocked {
		t.Errorf("before: %+v", got)
	}
	within(t, "fill", s.Vertices[1].Subtasks[0].InputFill, 1, 0.01)
	j.Advance(after(full + 0.001))
	got := j.Snapshot().Vertices[0].Subtasks[0]
	within(t, "busy after", got.BusyRate, 100, 1e-6)
	within(t, "back-pressured after", got.BackPressuredRate, 900, 1e-6)
	within(t, "read", got.RecordsIn, 1000*full+0.1, 0.01)
}

func TestABottleneckAtTheEndBlocksAllBeforeIt(t *testing.T) {
	g := pipe()
	g.Vertices[1].HardBackPressure = 0.25
	g.Vertices[2].Cost.Seconds = 0.02
	j := loaded(t, deployed(t, g, 1, 2, 1), 0, Constant(200))
	j.Advance(after(1000))
	before := j.Snapshot().Vertices[1].Subtasks[1]
	j.Advance(after(1100))
	work := j.Snapshot().Vertices[1].Subtasks[1]
	within(t, "busy", work.BusyRate, 250, 1e-6)
	within(t, "idle", work.IdleRate, 0, 1e-6)
	within(t, "back-pressured", work.BackPressuredRate, 750, 1e-6)
	within(t, "soft", work.SoftBackPressured-before.SoftBackPressured, 56250, 1e-3)
	within(t, "hard", work.HardBackPressured-before.HardBackPressured, 18750, 1e-3)
}

func TestExactlyAtTheEdgeNobodyIsBlocked(t *testing.T) {
	for _, c := range []struct {
		load                float64
		blocked, bottleneck bool
	}{{99.999, false, false}, {100, false, false}, {101, true, true}} {
		j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, Constant(c.load))
		j.Advance(after(3600))
		s := j.Snapshot()
		if s.Vertices[0].Blocked != c.blocked || s.Vertices[1].Bottleneck != c.bottleneck {
			t.Errorf("at %v: blocked %v, bottleneck %v", c.load, s.Vertices[0].Blocked, s.Vertices[1].Bottleneck)
		}
	}
}

// A vertex joins what comes straight and what came through another: it competes
// with itself on the way round, so that the source gets half of it.
func TestADiamondFindsItsBalance(t *testing.T) {
	for _, detour := range []float64{1, 0.1, 10} {
		g := Graph{
			Vertices: []Vertex{
				{Cost: Cost{Seconds: 1e-4}, Source: &Source{Endless: true}},
				{Cost: Cost{Seconds: 1e-4}},
				{Cost: Cost{Seconds: 0.01}},
			},
			Edges: []Edge{
				{From: 0, To: 2, Selectivity: detour, Exchange: Rebalance, Buffers: Buffers{Records: 50}},
				{From: 0, To: 1, Selectivity: 1, Exchange: Rebalance, Buffers: Buffers{Records: 50}},
				{From: 1, To: 2, Selectivity: 1, Exchange: Rebalance, Buffers: Buffers{Records: 50}},
			},
		}
		for _, p := range [][]int{{1, 1, 1}, {3, 1, 1}, {1, 4, 1}} {
			j := deployed(t, g, p...)
			j.Advance(after(600))
			within(t, "rate", j.Snapshot().Vertices[0].Rate, 100/(1+detour), 1e-6)
		}
	}
}

func TestInputsShareFairlyUnlessOneGoesFirst(t *testing.T) {
	graph := func(priority int) Graph {
		return Graph{
			Vertices: []Vertex{
				{Cost: Cost{Seconds: 0.001}, Source: &Source{}},
				{Cost: Cost{Seconds: 0.001}, Source: &Source{}},
				{Cost: Cost{Seconds: 0.01}},
			},
			Edges: []Edge{
				{From: 0, To: 2, Selectivity: 1, Exchange: Hash, Priority: priority},
				{From: 1, To: 2, Selectivity: 1, Exchange: Hash},
			},
		}
	}
	for _, c := range []struct {
		name         string
		priority     int
		parallelism  []int
		loads, rates [2]float64
	}{
		{"both want more", 0, []int{1, 1, 1}, [2]float64{200, 200}, [2]float64{50, 50}},
		{"by channels", 0, []int{3, 1, 1}, [2]float64{200, 200}, [2]float64{75, 25}},
		{"one is modest", 0, []int{1, 1, 1}, [2]float64{20, 200}, [2]float64{20, 80}},
		{"there is room", 0, []int{1, 1, 1}, [2]float64{20, 70}, [2]float64{20, 70}},
		{"the first goes first", 1, []int{1, 1, 1}, [2]float64{90, 200}, [2]float64{90, 10}},
		{"one source without load", 0, []int{1, 1, 1}, [2]float64{0, 200}, [2]float64{0, 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := deployed(t, graph(c.priority), c.parallelism...)
			loaded(t, j, 0, Constant(c.loads[0]))
			loaded(t, j, 1, Constant(c.loads[1]))
			j.Advance(after(3600))
			s := j.Snapshot()
			within(t, "first", s.Vertices[0].Rate, c.rates[0], 1e-6)
			within(t, "second", s.Vertices[1].Rate, c.rates[1], 1e-6)
		})
	}
}

// With 4 partitions 3 subtasks read 2, 1 and 1: the first is full at half of what
// two could read, and only its partitions stay behind.
func TestPartitionsBindASourceToItsFullestSubtask(t *testing.T) {
	g := pipe()
	g.Vertices[1].Cost.Seconds, g.Vertices[2].Cost.Seconds = 1e-4, 1e-4
	j := loaded(t, deployed(t, g, 3, 1, 1), 0, Constant(2400))
	j.Advance(after(100))
	s := j.Snapshot()
	within(t, "rate", s.Vertices[0].Rate, 1000+600+600, 1e-6)
	for p, want := range []float64{10000, 0, 0, 10000} {
		within(t, "pending", s.Vertices[0].Source.Pending[p], want, 1e-6)
	}
	within(t, "read by the first", s.Vertices[0].Subtasks[0].RecordsIn, 100000, 1e-3)
	within(t, "read by the second", s.Vertices[0].Subtasks[1].RecordsIn, 60000, 1e-3)
	within(t, "pending of the first", s.Vertices[0].Subtasks[0].Pending, 20000, 1e-6)
	j = loaded(t, deployed(t, g, 5, 1, 1), 0, Constant(2400))
	j.Advance(after(100))
	if got := j.Snapshot().Vertices[0].Subtasks[4]; got.RecordsIn != 0 || got.Idle != 100000 {
		t.Errorf("a subtask without partitions did %+v", got)
	}
}

func TestTheHottestSubtaskBoundsAVertex(t *testing.T) {
	g := pipe()
	g.Vertices[1].Skew = 2
	j := loaded(t, deployed(t, g, 1, 4, 1), 0, Constant(900))
	j.Advance(after(600))
	work := j.Snapshot().Vertices[1]
	within(t, "rate", work.Rate, 200, 1e-6)
	within(t, "busy of the hottest", work.Subtasks[0].BusyRate, 1000, 1e-6)
	within(t, "idle of another", work.Subtasks[1].IdleRate, 1000-1000./3, 1e-6)
}

func TestBroadcastGivesEveryRecordToAll(t *testing.T) {
	g := pipe()
	g.Edges[0].Exchange = Broadcast
	j := loaded(t, deployed(t, g, 1, 3, 1), 0, Constant(50))
	j.Advance(after(100))
	s := j.Snapshot()
	within(t, "in", s.Vertices[1].Subtasks[2].RateIn, 50, 1e-6)
	within(t, "busy", s.Vertices[1].Subtasks[2].BusyRate, 500, 1e-6)
	within(t, "out of the source", s.Vertices[0].Subtasks[0].RateOut, 50, 1e-6)
	within(t, "bytes out of the source", s.Vertices[0].Subtasks[0].BytesOut, 50*100*3*100, 1)
	within(t, "bytes in", s.Vertices[1].Subtasks[2].BytesIn, 50*100*100, 1)
}

func TestAFinishedVertexTakesNothingAndHoldsNobody(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 0), 0, Constant(50))
	j.Advance(after(100))
	s := j.Snapshot()
	if s.Vertices[1].Rate != 50 || s.Vertices[1].Blocked || len(s.Vertices[2].Subtasks) != 0 || s.Edges[1].Queue != 0 {
		t.Errorf("%+v", s)
	}
}

// A pipeline of busy 900 ms/s on one core: half a core makes the work 55.5 % of
// what it was.
func TestCoresThatAreSharedSlowAllDown(t *testing.T) {
	g := pipe()
	j, err := New(g, start)
	if err != nil {
		t.Fatal(err)
	}
	all := []Subtask{{0, 0}, {1, 0}, {1, 1}, {2, 0}}
	deploy := func(cores float64) Snapshot {
		if err := j.Deploy(Deployment{Parallelism: []int{1, 2, 1}, Machines: []Machine{{Cores: cores, Subtasks: all}}}); err != nil {
			t.Fatal(err)
		}
		j.Advance(j.Now().Add(10 * time.Minute))
		return j.Snapshot()
	}
	loaded(t, j, 0, Constant(500))
	s := deploy(4)
	within(t, "rate with enough cores", s.Vertices[1].Rate, 200, 1e-3)
	within(t, "slowdown with enough cores", s.Machines[0].Slowdown, 1, 1e-9)
	s = deploy(1.2) // each record takes 12 ms of CPU in all
	within(t, "rate", s.Vertices[1].Rate, 100, 0.01)
	within(t, "cores in use", s.Machines[0].Cores, 1.2, 1e-4)
	within(t, "slowdown", s.Machines[0].Slowdown, 2, 1e-3)
	within(t, "busy", s.Vertices[1].Subtasks[1].BusyRate, 1000, 0.1)
}

func TestWaitingNeedsNoCores(t *testing.T) {
	g := pipe()
	g.Vertices[1].Waits = 1
	j, err := New(g, start)
	if err != nil {
		t.Fatal(err)
	}
	machine := Machine{Cores: 0.5, Subtasks: []Subtask{{0, 0}, {1, 0}, {1, 1}, {2, 0}}}
	if err := j.Deploy(Deployment{Parallelism: []int{1, 2, 1}, Machines: []Machine{machine}}); err != nil {
		t.Fatal(err)
	}
	loaded(t, j, 0, Constant(500))
	j.Advance(after(600))
	within(t, "rate", j.Snapshot().Vertices[1].Rate, 200, 1e-3)
}

func TestAFrozenMachineStopsAllUntilItThaws(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 2, 1), 0, Constant(150))
	j.Advance(after(60))
	frozen := []Machine{{Frozen: true, Subtasks: []Subtask{{1, 1}}}}
	if err := j.Place(frozen); err != nil {
		t.Fatal(err)
	}
	j.Advance(after(120))
	if s := j.Snapshot(); s.Vertices[1].Rate != 0 || s.Vertices[0].Rate != 0 || !s.Vertices[0].Blocked {
		t.Errorf("frozen: %+v", s.Vertices)
	}
	if got := j.Checkpoint().Takes; got != Stuck {
		t.Errorf("a checkpoint takes %v", got)
	}
	if err := j.Place(nil); err != nil {
		t.Fatal(err)
	}
	j.Advance(after(3600))
	within(t, "backlog at the end", pending(j.Snapshot(), 0), 0, 1e-6)
}

func TestWarmUpMakesTheFirstRecordsDear(t *testing.T) {
	g := pipe()
	g.Vertices[1].Cost.WarmUp = WarmUp{Factor: 3, Over: 20 * time.Second}
	j := loaded(t, deployed(t, g, 1, 1, 1), 0, Constant(30))
	for _, c := range []struct{ at, busy float64 }{{1, 0.3 * 2.95}, {10, 0.3 * 2.05}, {20, 0.3 * 1.05}, {40, 0.3}} {
		j.Advance(after(c.at))
		within(t, "busy", j.Snapshot().Vertices[1].Subtasks[0].BusyRate, 1000*c.busy, 0.5)
	}
}

func TestRecordsThatNobodyReadInTimeAreLost(t *testing.T) {
	g := pipe()
	g.Vertices[0].Source.Retention = time.Minute
	j := loaded(t, deployed(t, g, 1, 1, 1), 0, Constant(150))
	j.Advance(after(3600))
	s := j.Snapshot()
	within(t, "backlog", pending(s, 0), 150*60, 1)
	within(t, "lag", s.At.Sub(s.Vertices[0].Subtasks[0].Emitted).Seconds(), 60, 0.1)
	within(t, "lost", s.Vertices[0].Source.Lost, 3600*150-(3600*100+500)-150*60, 2)
}

// A source at 200/s of which 100/s are read stays behind one second every two;
// what waits in the buffer of 500 records is 5 s older still.
func TestWatermarksStayBehindByWhatWaits(t *testing.T) {
	g := pipe()
	g.Vertices[0].Source.OutOfOrder = 2 * time.Second
	j := loaded(t, deployed(t, g, 1, 1, 1), 0, Constant(50))
	j.Advance(after(100))
	s := j.Snapshot()
	for i, v := range s.Vertices {
		within(t, "lag of vertex "+g.Vertices[i].Name, s.At.Sub(v.Watermark).Seconds(), 2, 1e-6)
	}
	loaded(t, j, 0, Constant(200))
	j.Advance(after(300))
	s = j.Snapshot()
	at := 100 + (200*100+500)/200. // of the record read last, if all were read in order
	within(t, "emitted", s.Vertices[0].Subtasks[0].Emitted.Sub(start).Seconds(), at, 1e-3)
	within(t, "watermark of the source", s.Vertices[0].Watermark.Sub(start).Seconds(), at-2, 1e-3)
	within(t, "watermark of work", s.Vertices[1].Watermark.Sub(start).Seconds(), at-2-500/200., 0.05)
	within(t, "watermark of the sink", s.Vertices[2].Watermark.Sub(start).Seconds(), at-2-500/200., 0.05)
}

func TestASourceThatRestsHoldsWatermarksBackUntilItIsIdle(t *testing.T) {
	for _, c := range []struct {
		idleness time.Duration
		lag      float64
	}{{0, 100}, {10 * time.Second, 0}} {
		g := Graph{
			Vertices: []Vertex{
				{Cost: Cost{Seconds: 0.001}, Source: &Source{}},
				{Cost: Cost{Seconds: 0.001}, Source: &Source{Idleness: c.idleness}},
				{Cost: Cost{Seconds: 0.001}},
			},
			Edges: []Edge{{From: 0, To: 2, Selectivity: 1, Exchange: Hash}, {From: 1, To: 2, Selectivity: 1, Exchange: Hash}},
		}
		j := deployed(t, g, 1, 1, 1)
		loaded(t, j, 0, Constant(10))
		loaded(t, j, 1, Constant(10))
		j.Advance(after(100))
		loaded(t, j, 1, nil)
		j.Advance(after(200))
		s := j.Snapshot()
		within(t, "lag", s.At.Sub(s.Vertices[2].Watermark).Seconds(), c.lag, 0.01)
	}
}

func TestBeforeTheFirstRecordThereIsNoEventTime(t *testing.T) {
	j := deployed(t, pipe(), 1, 1, 1)
	j.Advance(after(100))
	s := j.Snapshot()
	if !s.Vertices[0].Subtasks[0].Emitted.IsZero() || !s.Vertices[0].Watermark.IsZero() || !s.Vertices[2].Watermark.IsZero() {
		t.Errorf("%+v", s.Vertices)
	}
}

func TestStateGrowsWithKeysAndWindows(t *testing.T) {
	for _, c := range []struct {
		name  string
		state State
		at    float64
		want  float64
	}{
		{"fixed", State{Bytes: 1e6}, 10, 1e6},
		{"every record for ever", State{BytesPerRecord: 10}, 100, 10 * 50 * 100},
		{"distinct keys", State{Keys: 1000, BytesPerKey: 100}, 20, 100 * 1000 * (1 - math.Exp(-1))},
		{"all keys", State{Keys: 1000, BytesPerKey: 100}, 2000, 100 * 1000},
		{"sliding window", State{BytesPerRecord: 10, Window: 320 * time.Second}, 2000, 10 * 50 * 315},
		{"tumbling window", State{BytesPerRecord: 10, Window: 300 * time.Second, Tumbling: true}, 1700, 10 * 50 * 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := pipe()
			g.Vertices[1].State = c.state
			j := loaded(t, deployed(t, g, 1, 2, 1), 0, Constant(50))
			j.Advance(after(c.at))
			s := j.Snapshot()
			within(t, "state", s.Vertices[1].StateBytes, c.want, 0.02*c.want)
			within(t, "half of it", s.Vertices[1].Subtasks[1].ManagedBytes, c.want/2, 0.01*c.want)
			p := j.Checkpoint().Position
			if err := j.Deploy(Deployment{Parallelism: []int{1, 3, 1}, Restored: &p}); err != nil {
				t.Fatal(err)
			}
			within(t, "restored", j.Snapshot().Vertices[1].StateBytes, c.want, 0.02*c.want)
		})
	}
}

func TestCostFollowsTheStateOfTheHottestSubtask(t *testing.T) {
	g := pipe()
	g.Vertices[1].State.Bytes = 4e6
	g.Vertices[1].Cost.StateSize = []Point{{0, 1}, {1e6, 1}, {3e6, 3}}
	for p, want := range map[int]float64{1: 300, 2: 200 / 2, 4: 100 / 4} {
		j := loaded(t, deployed(t, g, 1, p, 1), 0, Constant(10))
		j.Advance(after(10))
		within(t, "busy", j.Snapshot().Vertices[1].Subtasks[0].BusyRate, want, 1e-6)
	}
}

func TestCheckpointsTakeTheTimeOfTheirState(t *testing.T) {
	g := pipe()
	g.Checkpoints = Checkpointing{Latency: time.Second, Upload: 1e6}
	g.Vertices[1].State = State{BytesPerRecord: 1000, Incremental: true}
	j := loaded(t, deployed(t, g, 1, 2, 1), 0, Constant(100))
	j.Advance(after(100))
	c := j.Checkpoint()
	within(t, "first", c.Takes.Seconds(), 1+5, 1e-6) // 10 MB in two halves
	j.Completed(c.Position)
	j.Advance(after(110))
	c = j.Checkpoint()
	within(t, "second", c.Takes.Seconds(), 1+0.5, 1e-6)
	within(t, "state", c.StateBytes[1][0], 5.5e6, 1)
	within(t, "written", c.WrittenBytes[1][0], 0.5e6, 1)
}

func TestUnalignedBarriersOvertake(t *testing.T) {
	for _, unaligned := range []bool{false, true} {
		g := pipe()
		g.Checkpoints = Checkpointing{Unaligned: unaligned, Latency: time.Second}
		j := loaded(t, deployed(t, g, 1, 1, 1), 0, Constant(500))
		j.Advance(after(60))
		c := j.Checkpoint()
		want, barrier := 1+5.0, 5*time.Second
		if unaligned {
			want, barrier = 1, 0
		}
		within(t, "duration", c.Takes.Seconds(), want, 0.01)
		within(t, "ahead", c.AheadBytes, 50000, 1)
		if c.Barrier[0] != 0 || (c.Barrier[2]-barrier).Abs() > time.Millisecond {
			t.Errorf("barriers come after %v", c.Barrier)
		}
	}
}

func TestDebloatedBuffersHoldTheirTimeOfRecords(t *testing.T) {
	g := pipe()
	g.Edges[0].Buffers = Buffers{Debloat: time.Second}
	j := loaded(t, deployed(t, g, 1, 1, 1), 0, Constant(500))
	j.Advance(after(600))
	within(t, "room", j.Snapshot().Edges[0].Room, 100, 1)
	within(t, "duration", j.Checkpoint().Takes.Seconds(), 1, 0.1)
}

func TestALoadThatBendsArrivesInFull(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, ramp{})
	j.Advance(after(7))
	j.Advance(after(33))
	within(t, "arrived", j.Snapshot().Vertices[0].Source.Arrived, 250+13*50, 1e-6)
}

// Over the five seconds as a whole the work could follow.
func TestALoadThatJumpsIsNotSmoothed(t *testing.T) {
	j := loaded(t, deployed(t, pipe(), 1, 1, 1), 0, jump{122*time.Second + 500*time.Millisecond, 200})
	j.Advance(after(125))
	within(t, "processed", j.Snapshot().Vertices[1].Subtasks[0].RecordsIn, 250, 1e-6)
}

// jump is from 0 to a rate.
type jump struct {
	at   time.Duration
	rate float64
}

func (l jump) Mean(from, to time.Duration) float64 {
	return l.rate * (max(to, l.at) - max(from, l.at)).Seconds() / (to - from).Seconds()
}

func (l jump) Next(t time.Duration) (time.Duration, bool) { return l.at, t < l.at }

// ramp rises from 0 to 50/s in 10 s, holds, and falls to 0 at 23 s.
type ramp struct{}

func (ramp) Mean(from, to time.Duration) float64 {
	if to <= from {
		return 0
	}
	area := func(t time.Duration) float64 {
		x := t.Seconds()
		return 2.5*math.Pow(min(x, 10), 2) + 50*max(min(x, 23)-10, 0)
	}
	return (area(to) - area(from)) / (to - from).Seconds()
}

func (ramp) Next(t time.Duration) (time.Duration, bool) {
	for _, at := range []time.Duration{10 * time.Second, 23 * time.Second} {
		if t < at {
			return at, true
		}
	}
	return 0, false
}

// Recorded TaskManagers of a heap of 320 MB used at most 130 MB, those whose heap had
// begun with 128 MB 22 to 63 MB, 42.9 on average of half an hour, and collected
// 0.05 to 0.6 ms/s at some hundred records/s.
func TestAHeapIsUsedAsRecorded(t *testing.T) {
	large := Heap{Max: 324403200, Base: 30e6, Background: 70e3}
	if highest := large.Base + eden*large.Max; highest < 100e6 || highest > 130e6 {
		t.Errorf("a heap of 320 MB is collected at %.0f MB", highest/1e6)
	}
	small := Heap{Max: 134217728 * 29.0 / 30, Base: 25e6, Background: 70e3}
	if highest := small.Base + eden*small.Max; highest < 58e6 || highest > 63e6 {
		t.Errorf("one of 128 MB at %.0f MB", highest/1e6)
	}
	for _, records := range []float64{0, 500, 2000} {
		use := small.Use(0, records*3*250)
		if use.Used < 41e6 || use.Used > 45e6 || use.GCMs < 0.01 || use.GCMs > 0.6 {
			t.Errorf("at %v records/s: %+v", records, use)
		}
	}
}

func TestLittleFreeHeapMeansMuchCollecting(t *testing.T) {
	heap := Heap{Max: 1e9, Base: 6e7}
	last := -1.0
	for _, live := range []float64{0, 4e8, 8e8, 9e8, 9.3e8, 2e9} {
		use := heap.Use(live, 5e6)
		if use.GCMs <= last && last < 980 || use.GCMs > 980 || use.Used > 1e9 || use.Used < min(live, 9e8) {
			t.Errorf("%v live: %+v after %v", live, use, last)
		}
		last = use.GCMs
	}
	half := Heap{Max: 1.45e9}.Use(5e8, 40e6) // young collections of 10 ms every 10 s, one of all of 1 s every 275 s
	within(t, "half full", half.GCMs, 1+1000/275.0, 1e-9)
	within(t, "used", half.Used, 7e8, 1e-3)
	if quiet := heap.Use(1e8, 0); quiet.GCMs != 0 || quiet.Used != 1.6e8 {
		t.Errorf("quiet: %+v", quiet)
	}
	g := pipe()
	g.Vertices[1].State = State{Bytes: 1e8, OnHeap: true}
	j := loaded(t, deployed(t, g, 1, 2, 1), 0, Constant(50))
	j.Advance(after(10))
	s := j.Snapshot()
	live, allocated := s.Live(Machine{Subtasks: []Subtask{{0, 0}, {1, 1}}})
	within(t, "live", live, 5e7, 1)
	within(t, "allocated", allocated, (50+25)*1000, 1e-3)
}

func TestATrackForgetsDetailsButNotWhereItLeads(t *testing.T) {
	var straight, bent track
	for i := range 10000 {
		straight.add(float64(3*i), float64(i))
		bent.add(float64(i)*float64(i), float64(i))
	}
	if len(straight.X) != 2 || len(bent.X) > maxTrack {
		t.Errorf("%d and %d points", len(straight.X), len(bent.X))
	}
	within(t, "straight", straight.timeOf(3000), 1000, 1e-9)
	for _, at := range []float64{0, 9, 100, 2500, 9999} {
		within(t, "bent", bent.timeOf(at*at), at, 10)
		within(t, "back", bent.countAt(at), at*at, 200)
	}
	var stopped track
	for _, p := range []Point{{0, 0}, {10, 10}, {10, 50}, {20, 60}} {
		stopped.add(p.X, p.Y)
	}
	within(t, "the begin of a stop", stopped.timeOf(10), 10, 0)
	within(t, "during a stop", stopped.countAt(30), 10, 0)
	stopped.forget(10)
	within(t, "after the stop", stopped.timeOf(15), 55, 1e-9)
}

func TestWhatIsNoJobIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(g *Graph)
		want  string
	}{
		{"no vertices", func(g *Graph) { *g = Graph{} }, "no vertices"},
		{"an edge to nowhere", func(g *Graph) { g.Edges[0].To = 7 }, "vertices 0 to 2"},
		{"a circle", func(g *Graph) { g.Edges = append(g.Edges, Edge{From: 2, To: 1}) }, "circle"},
		{"no input", func(g *Graph) { g.Edges = g.Edges[1:] }, "no edge enters"},
		{"an input of a source", func(g *Graph) { g.Edges[1].To = 0 }, "enters a source"},
		{"no cost", func(g *Graph) { g.Vertices[1].Cost = Cost{} }, "vertex 1 (work): cost"},
		{"no number", func(g *Graph) { g.Edges[0].Selectivity = math.NaN() }, "selectivity"},
		{"waits beyond all", func(g *Graph) { g.Vertices[1].Waits = 2 }, "waits: 2"},
		{"hot keys beyond all", func(g *Graph) { g.Vertices[1].HotKeys = []float64{0.7, 0.7} }, "hot keys together"},
		{"a curve that turns", func(g *Graph) { g.Vertices[1].Cost.Capacity = []Point{{2, 1}, {1, 1}} }, "ascending"},
		{"shares of other partitions", func(g *Graph) { g.Vertices[0].Source.PartitionShares = []float64{1} }, "1 partition shares for 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := pipe()
			c.spoil(&g)
			if _, err := New(g, start); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want %q", err, c.want)
			}
		})
	}
	j := deployed(t, pipe(), 1, 1, 1)
	for _, d := range []Deployment{
		{Parallelism: []int{1}},
		{Parallelism: []int{1, -1, 1}},
		{Parallelism: []int{1, 1, 1}, Restored: &Position{}},
		{Parallelism: []int{1, 1, 1}, Machines: []Machine{{Subtasks: []Subtask{{1, 1}}}}},
		{Parallelism: []int{1, 1, 1}, Machines: []Machine{{Subtasks: []Subtask{{1, 0}, {1, 0}}}}},
	} {
		if err := j.Deploy(d); err == nil {
			t.Errorf("%+v is deployed", d)
		}
	}
	if err := j.SetLoad(1, nil); err == nil {
		t.Error("a vertex that is no source gets a load")
	}
	if _, err := Restore(pipe(), start, []byte("{}")); err == nil {
		t.Error("nothing is restored")
	}
	if !j.Running() || !slices.Equal(j.m.Parallelism, []int{1, 1, 1}) {
		t.Error("what was refused has changed the job")
	}
}
