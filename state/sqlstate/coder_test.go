package sqlstate

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
	"github.com/sluice-project/sluice/state/statetest"
)

var update = flag.Bool("update", false, "write testdata anew")

// coded is a state as it lies in the rows of a job.
func coded(s *autoscaler.State) map[string][]byte {
	all := partsOf(s)
	for i := range s.Window.Samples {
		all[fmt.Sprintf("sample/%d", i)] = encode(nil, &s.Window.Samples[i], sample)
	}
	return all
}

func decoded(all map[string][]byte) (s autoscaler.State, err error) {
	for i := range len(all) {
		if text, there := all[fmt.Sprintf("sample/%d", i)]; there {
			taken, err := decode(text, sample)
			if err != nil {
				return s, fmt.Errorf("sample %d: %w", i, err)
			}
			s.Window.Samples = append(s.Window.Samples, taken)
		}
	}
	for part, text := range all {
		if strings.HasPrefix(part, "sample/") {
			continue
		}
		if err := setPart(&s, part, text); err != nil {
			return s, fmt.Errorf("%s: %w", part, err)
		}
	}
	return s, nil
}

func TestStatesAreReadBackToTheBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := statetest.DrawState(t)
		all := coded(&want)
		got, err := decoded(all)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
			t.Fatalf("written and read (-want +got):\n%s", diff)
		}
		for part, text := range coded(&want) {
			if !bytes.Equal(all[part], text) {
				t.Fatalf("%s is encoded in two ways", part)
			}
		}
	})
}

// A field that is added to what a state is made of, and forgotten here, comes
// back as zero.
func TestNoFieldIsForgotten(t *testing.T) {
	var want autoscaler.State
	n := 0
	fill(t, reflect.ValueOf(&want).Elem(), &n)
	got, err := decoded(coded(&want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
}

// fill gives everything a value of its own that is not zero.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch special := v.Addr().Interface().(type) {
	case *time.Time:
		*special = time.Unix(int64(1_700_000_000+*n), int64(*n)).UTC()
		return
	case *scaling.Measures:
		for m := scaling.Load; m <= scaling.AccumulatedBackpressuredTime; m++ {
			special.Set(m, float64(*n)+float64(m)/8)
		}
		return
	case *scaling.GlobalMeasures:
		for m := scaling.GCPressure; m <= scaling.NumTaskSlotsUsed; m++ {
			special.Set(m, float64(*n)+float64(m)/8)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	default:
		t.Fatalf("no value for a %s", v.Type())
	}
}

// golden is a state whose bytes in version 1 are kept in testdata.
func golden() autoscaler.State {
	s := statetest.Example(2)
	s.Overrides = scaling.Parallelism{"0123456789abcdef0123456789abcdef": 7, "short": 300}
	s.Changes = tuning.Changes{Overrides: map[string]string{"taskmanager.memory.process.size": "1 gb"}, Removals: []string{"taskmanager.memory.size"}}
	return s
}

// A later version of sluice has to read what this one wrote, and this one has to
// write what it wrote before.
func TestBytesOfVersion1(t *testing.T) {
	const file = "testdata/version1.txt"
	state := golden()
	if *update {
		all := coded(&state)
		var b strings.Builder
		for _, part := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(&b, "%s %x\n", part, all[part])
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	contents, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string][]byte{}
	for line := range strings.Lines(string(contents)) {
		part, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kept[part], err = hex.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := decoded(kept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state, got, statetest.ToTheBit); diff != "" {
		t.Errorf("read from version 1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(kept, coded(&state)); encoding == 1 && diff != "" {
		t.Errorf("written (-version 1 +now):\n%s", diff)
	}
}

// Whatever lies in a database, reading it ends, and what is read is written again
// in a form that reads the same.
func FuzzDecode(f *testing.F) {
	state := golden()
	for part, text := range coded(&state) {
		f.Add(part, text)
		f.Add(part, text[:len(text)/2])
	}
	f.Add(partBounds, []byte{encoding, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add(partChanges, []byte{2, 0})
	f.Add(partAct, []byte{})
	f.Fuzz(func(t *testing.T, part string, text []byte) {
		if strings.HasPrefix(part, "sample/") {
			part = "sample/0"
		}
		first, err := decoded(map[string][]byte{part: text})
		if err != nil {
			return
		}
		second, err := decoded(coded(&first))
		if err != nil {
			t.Fatalf("%s %x is read, and not what is written then: %v", part, text, err)
		}
		if diff := cmp.Diff(first, second, statetest.ToTheBit); diff != "" {
			t.Fatalf("%s %x (-first +second):\n%s", part, text, diff)
		}
	})
}
