package batchlab

import (
	"path/filepath"
	"testing"
)

func recordings(t *testing.T) map[string]*Recording {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*Recording{}
	for _, f := range files {
		r, err := Read(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = r
	}
	return all
}

// From the bytes that real jobs wrote follow the parallelism that Flink chose, the ranges, the number of subpartitions, and
// what each task says that it read.
func TestWeDeriveWhatFlinkDidFromTheBytes(t *testing.T) {
	vertices := 0
	for name, r := range recordings(t) {
		vertices += compared(t, name, r)
	}
	if vertices < 300 {
		t.Errorf("only %d vertices were compared", vertices)
	}
}

func compared(t *testing.T, name string, r *Recording) int {
	t.Helper()
	rows, err := Compare(r)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, row := range rows {
		if len(row.Differs) > 0 {
			t.Errorf("%s: %s: %v: Flink chose %d, we %d", name, row.Vertex, row.Differs, row.Flink, row.Ours)
		}
		if row.Loose > 0 && r.Name != "pointwise" {
			t.Errorf("%s: %s: %d of the bytes read are missing", name, row.Vertex, row.Loose)
		}
	}
	return len(rows)
}

// A number is written as its length, a tag, a time and itself, and each subpartition has a last watermark and its ends
// besides. No header of a buffer is counted, and nothing is compressed.
func TestBytesAreThoseOfRecordsAsTheyAreSerialised(t *testing.T) {
	const record, rest = 4 + 1 + 8 + 8, 26
	tasks := 0
	for name, r := range recordings(t) {
		if r.Name != "pointwise" {
			continue
		}
		source := &r.Vertices[0]
		counted, err := r.tasks(source.Vertex)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range counted {
			tasks++
			if want := task.records*record + rest*int64(source.Results[0].Subpartitions); task.written != want {
				t.Errorf("%s: %d records are %d bytes, not %d", name, task.records, task.written, want)
			}
		}
	}
	if tasks < 50 {
		t.Errorf("only %d tasks were looked at", tasks)
	}
}
