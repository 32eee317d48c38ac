package tuning

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// unpacked is a file of testdata:
//
//	recorded.jsonl                what the reference did in its recorded scenarios, a
//	                              line for each decision that met tuning or a quota
//	flink-1.20.5-derived.tsv      configurations, at limits and at random, and the model that
//	                              Flink 1.20.5 derives from each
func unpacked(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func linesOf(t *testing.T, name string) []string {
	t.Helper()
	var lines []string
	s := bufio.NewScanner(unpacked(t, name))
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	if s.Err() != nil || len(lines) == 0 {
		t.Fatalf("%d lines: %v", len(lines), s.Err())
	}
	return lines
}

// decision is one recorded decision. Overrides and removals are those of the
// recommendation; there was none where they are missing.
type decision struct {
	Of                       string
	Config                   map[string]string
	CPU                      float64
	Vertices                 []recordedVertex
	Slots                    *float64
	Heap, Managed, Metaspace float64
	Enabled                  bool
	Overrides                map[string]string
	Removals                 []string
	// Check is what the platform was asked: TaskManagers now and after, CPU, memory.
	Check        []float64
	Allowed      bool
	QuotaReached bool
}

// recordedVertex is [name, parallelism, parallelism after, slot sharing group, inputs].
type recordedVertex struct {
	scaling.Vertex
	after int
}

func (v *recordedVertex) UnmarshalJSON(text []byte) error {
	var inputs [][2]string
	v.MaxParallelism = 128
	if err := json.Unmarshal(text, &[]any{&v.ID, &v.Parallelism, &v.after, &v.SlotSharingGroup, &inputs}); err != nil {
		return err
	}
	for _, in := range inputs {
		v.Inputs = append(v.Inputs, scaling.Edge{From: scaling.VertexID(in[0]), Ship: scaling.ParseShipStrategy(in[1])})
	}
	return nil
}

func recordedDecisions(t *testing.T) []decision {
	t.Helper()
	var decisions []decision
	for _, line := range linesOf(t, "recorded.jsonl") {
		var d decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		decisions = append(decisions, d)
	}
	return decisions
}

func (d *decision) rescale(t *testing.T) Rescale {
	t.Helper()
	r := Rescale{Target: scaling.Parallelism{}, SlotsUsed: math.NaN(), SlotsPerTaskManager: 1}
	var vertices []scaling.Vertex
	for _, v := range d.Vertices {
		vertices = append(vertices, v.Vertex)
		r.Target[v.ID] = v.after
	}
	r.Topology = topologyOf(t, vertices...)
	if d.Slots != nil {
		r.SlotsUsed = *d.Slots
	}
	if text, set := d.Config["taskmanager.numberOfTaskSlots"]; set {
		r.SlotsPerTaskManager = int(numberIn(t, text))
	}
	return r
}

func (d *decision) input(t *testing.T) Input {
	t.Helper()
	in := Input{
		Spec:      specIn(t, d.Config),
		MaxMemory: sizeIn(t, d.Config["taskmanager.memory.process.size"]),
		Usage:     Usage{Heap: d.Heap, Managed: d.Managed, Metaspace: d.Metaspace},
		Rescale:   d.rescale(t),
		Config:    defaults(),
	}
	for key, text := range d.Config {
		switch key {
		case "job.autoscaler.memory.tuning.overhead":
			in.Config.Overhead = numberIn(t, text)
		case "job.autoscaler.memory.tuning.scale-down-compensation.enabled":
			in.Config.Compensation = text == "true"
		case "job.autoscaler.memory.tuning.maximize-managed-memory":
			in.Config.MaximizeManaged = text == "true"
		case "taskmanager.memory.segment-size":
			in.Config.Buffers.SegmentSize = sizeIn(t, text)
		}
	}
	return in
}

func (d *decision) quota(t *testing.T) Quota {
	t.Helper()
	q := Unlimited()
	if text, set := d.Config["job.autoscaler.quota.cpu"]; set {
		q.CPU = numberIn(t, text)
	}
	if text, set := d.Config["job.autoscaler.quota.memory"]; set {
		q.Memory = sizeIn(t, text)
	}
	return q
}

// defaults is the configuration of tuning with nothing set.
func defaults() Config {
	return Config{Overhead: 0.2, Compensation: true, Buffers: Buffers{PerChannel: 2, Floating: 8, SegmentSize: 32 * kib}}
}

func topologyOf(t *testing.T, vertices ...scaling.Vertex) *scaling.Topology {
	t.Helper()
	topology, err := scaling.NewTopology(vertices)
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

// specIn reads the keys under taskmanager.memory of a configuration.
func specIn(t *testing.T, config map[string]string) Spec {
	t.Helper()
	s := DefaultSpec()
	for key, text := range config {
		name, ours := strings.CutPrefix(key, "taskmanager.memory.")
		switch {
		case !ours || name == "segment-size":
		case strings.HasSuffix(name, ".fraction"):
			*fractionNamed(t, &s, name) = float32(numberIn(t, text))
		case name == "numberOfBuffers":
			s.FixedNetwork = Bytes(int64(numberIn(t, text)) * 32 * kib)
		default:
			setSize(t, &s, name, sizeIn(t, text))
		}
	}
	for key := range config {
		if strings.HasPrefix(key, "taskmanager.memory.network.") {
			s.FixedNetwork = Size{}
		}
	}
	return s
}

func setSize(t *testing.T, s *Spec, name string, size int64) {
	t.Helper()
	optional := map[string]*Size{
		"process.size": &s.Process, "flink.size": &s.Flink, "task.heap.size": &s.TaskHeap, "managed.size": &s.Managed,
	}
	plain := map[string]*int64{
		"framework.heap.size": &s.FrameworkHeap, "framework.off-heap.size": &s.FrameworkOffHeap,
		"task.off-heap.size": &s.TaskOffHeap, "jvm-metaspace.size": &s.Metaspace,
		"network.min": &s.Network.Min, "network.max": &s.Network.Max,
		"jvm-overhead.min": &s.Overhead.Min, "jvm-overhead.max": &s.Overhead.Max,
	}
	switch {
	case optional[name] != nil:
		*optional[name] = Bytes(size)
	case plain[name] != nil:
		*plain[name] = size
	default:
		t.Fatalf("unknown key taskmanager.memory.%s", name)
	}
}

func fractionNamed(t *testing.T, s *Spec, name string) *float32 {
	t.Helper()
	switch name {
	case "managed.fraction":
		return &s.ManagedFraction
	case "network.fraction":
		return &s.Network.Fraction
	case "jvm-overhead.fraction":
		return &s.Overhead.Fraction
	}
	t.Fatalf("unknown key taskmanager.memory.%s", name)
	return nil
}

// sizeIn is a size as Flink writes it, 0 where there is none.
func sizeIn(t *testing.T, text string) int64 {
	t.Helper()
	if text == "" {
		return 0
	}
	size, err := options.ParseMemory(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return int64(size)
}

func numberIn(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
