package vectors

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// format is that of the files that are scenarios; a folder may hold others.
const format = "flink-autoscaler-vectors/1"

// files are the files of a folder of vectors, by path.
type files map[string][]byte

// loadVectors reads the folder that PEER_VECTORS names, or the archive.
func loadVectors(t *testing.T) files {
	t.Helper()
	if dir := os.Getenv("PEER_VECTORS"); dir != "" {
		return fromFolder(t, dir)
	}
	return fromArchive(t, "testdata/vectors.tar.bz2")
}

func fromFolder(t *testing.T, dir string) files {
	t.Helper()
	all := files{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		all[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func fromArchive(t *testing.T, path string) files {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := files{}
	for r := tar.NewReader(bzip2.NewReader(f)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if all[strings.TrimPrefix(header.Name, "./")], err = io.ReadAll(r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

// scenarios are the paths of the scenarios, in order.
func (f files) scenarios() []string {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(f)) {
		head := f[path][:min(len(f[path]), 400)]
		if strings.HasSuffix(path, ".json") && bytes.Contains(head, []byte(format)) {
			paths = append(paths, path)
		}
	}
	return paths
}

// scenario is one description of a job in virtual time, and what the reference
// made of it.
type scenario struct {
	Format   string
	RestFrom string
	Job      struct {
		JobID string `json:"jobId"`
		Name  string
	}
	Context struct {
		TaskManagerCPU            *float64 `json:"taskManagerCpu"`
		ResourceCheckMaxInstances *int
	}
	Config map[string]string
	Plans  []json.RawMessage
	Steps  []step
}

type step struct {
	At        int64
	JobStatus string
	Config    map[string]*string
	Action    string
	Rest      map[string]json.RawMessage
	Expected  expectation
}

// expectation is what was observed after a step; see the format's description.
type expectation struct {
	Outcome           string
	Exception         *struct{ Stage, Class, Message string }
	Collected         json.RawMessage
	Evaluated         json.RawMessage
	Events            []expectedEvent
	ResourceChecks    []any
	Realized          any
	RealizedConfig    any
	ExcludedThisCycle []string
	Counters          []any
	State             map[string]any
	HistoryAdded      map[string]any
}

type expectedEvent struct {
	Type, Reason, Message string
	MessageKey            *string
	IntervalMs            *int64
	Header                string
	Report                map[string]any
}

// scenario decodes a file, with the REST state and what is equal to that of
// another one put in its place.
func (f files) scenario(t *testing.T, path string) *scenario {
	t.Helper()
	text, ok := f[path]
	if !ok {
		t.Fatalf("there is no %s", path)
	}
	var s scenario
	if err := decode(text, &s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if s.RestFrom == "" {
		return &s
	}
	from := f.scenario(t, s.RestFrom)
	s.Plans = from.Plans
	for i := range s.Steps {
		own, its := &s.Steps[i], &from.Steps[i]
		own.Rest = its.Rest
		if string(own.Expected.Collected) == `"="` {
			own.Expected.Collected = its.Expected.Collected
		}
		if string(own.Expected.Evaluated) == `"="` {
			own.Expected.Evaluated = its.Expected.Evaluated
		}
	}
	return &s
}

// decode keeps numbers as they are written.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}
