package tuning

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAProcessSizeIsSharedOutAsFlinkDoes(t *testing.T) {
	tests := []struct {
		process                                 int64
		heap, managed, network, overhead, flink int64
	}{
		{1728 * mib, 536870902, 536870920, 134217730, 201326592, 1342177280},
		{4 * gib, 1664299798, 1438814063, 359703515, 429496736, 3597035104},
		{30 * gib, 15300820762, 12348031160, 3087007790, 1073741824, 30870077440},
	}
	for _, tt := range tests {
		s := DefaultSpec()
		s.Process = Bytes(tt.process)
		m, err := s.Derive()
		got := [...]int64{m.Heap(), m.Managed, m.Network, m.Overhead, m.Flink(), m.Metaspace, m.Process()}
		want := [...]int64{tt.heap, tt.managed, tt.network, tt.overhead, tt.flink, 256 * mib, tt.process}
		if err != nil || got != want {
			t.Errorf("%s: got %v (%v), want %v", sizeText(tt.process), got, err, want)
		}
	}
}

func TestModelsAreThoseThatFlinkDerives(t *testing.T) {
	refused := 0
	for _, line := range linesOf(t, "flink-1.20.5-derived.tsv") {
		text, want, _ := strings.Cut(line, "\t")
		s := specIn(t, configIn(text))
		m, err := s.Derive()
		got := "invalid"
		if err == nil {
			got = fmt.Sprintf("%d %d %d %d %d %d %d %d", m.FrameworkHeap, m.TaskHeap, m.FrameworkOffHeap, m.TaskOffHeap,
				m.Network, m.Managed, m.Metaspace, m.Overhead)
		} else {
			refused++
		}
		if got != want {
			t.Errorf("%s:\n got %s (%v)\nwant %s", text, got, err, want)
		}
	}
	if refused != 87 {
		t.Errorf("%d configurations were refused, want 87", refused)
	}
}

// configIn reads "process.size: 4g; managed.fraction: 0.2".
func configIn(text string) map[string]string {
	config := map[string]string{}
	for entry := range strings.SplitSeq(text, "; ") {
		if key, value, ok := strings.Cut(entry, ": "); ok {
			config["taskmanager.memory."+key] = value
		}
	}
	return config
}

func TestInconsistentMemoryIsRefusedWithTheReason(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"nothing set", "-", "none of process.size, flink.size"},
		{"too small", "process.size: 300 mb", "metaspace (256 mb) and overhead (192 mb) exceed process.size (300 mb)"},
		{"no room for the heap", "process.size: 600 mb; managed.size: 200 mb", "the pools without task heap exceed flink's memory (152 mb) by 368 mb"},
		{"no room for network", "flink.size: 1 gb; task.heap.size: 1 gb", "the pools without network exceed flink's memory (1 gb)"},
		{"network out of range", "flink.size: 1 gb; task.heap.size: 1 mb; managed.size: 1 mb; network.max: 64 mb", "766 mb is left for network memory: want 64 mb to 64 mb"},
		{"network is not its buffers", "flink.size: 1 gb; task.heap.size: 1 mb; managed.size: 1 mb; numberOfBuffers: 1", "its number of buffers takes 32 kb"},
		{"overhead out of range", "process.size: 4 gb; flink.size: 1 gb", "2816 mb is left for jvm overhead: want 192 mb to 1 gb"},
		{"flink above process", "process.size: 1 gb; flink.size: 1 gb", "flink's memory (1 gb) and metaspace (256 mb) exceed process.size (1 gb)"},
		{"min above max", "process.size: 1 gb; jvm-overhead.min: 2 gb", "jvm overhead is configured as fraction 0.1, min 2 gb, max 1 gb"},
		{"fraction of one", "process.size: 1 gb; managed.fraction: 1", "managed memory is configured as fraction 1"},
		{"a fraction that is no number", "process.size: 1 gb; network.fraction: NaN", "network memory is configured as fraction NaN"},
		{"larger than any machine", "process.size: 1000000 tb", "want 0 to 524288 tb"},
		{"a share that is too large", "flink.size: 400000 tb; jvm-overhead.fraction: 0.999; jvm-overhead.max: 4000000 tb", "jvm overhead"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := specIn(t, configIn(tt.config))
			m, err := s.Derive()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v, want an error with %q", m, err, tt.want)
			}
			if _, err := Tune(Input{Spec: s, MaxMemory: gib, Rescale: shrink(t)}); !errors.Is(err, ErrNotTunable) {
				t.Errorf("tuning gave %v", err)
			}
		})
	}
}

func TestTheLargestSizesAreInRange(t *testing.T) {
	s := DefaultSpec()
	s.Process = Bytes(largest)
	s.Overhead = Range{Max: largest, Fraction: 0.5}
	if m, err := s.Derive(); err != nil || m.Process() != largest || m.Overhead != largest/2 {
		t.Errorf("got %+v, %v", m, err)
	}
	s = DefaultSpec()
	s.TaskHeap, s.Managed, s.Network = Bytes(0), Bytes(0), Range{Min: largest, Max: largest}
	if m, err := s.Derive(); err != nil || m.Network != largest {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestASizeThatIsNotSetCountsAsNothing(t *testing.T) {
	s := DefaultSpec()
	s.Process = Bytes(4 * gib)
	want, err := s.Derive()
	if err != nil {
		t.Fatal(err)
	}
	s.TaskHeap.Bytes, s.Managed.Bytes, s.Flink.Bytes, s.FixedNetwork.Bytes = 1, 2, 3, 4
	if got, err := s.Derive(); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
