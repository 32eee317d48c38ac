package batchlab

import (
	"cmp"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const page = "../../docs/measured/batch.md"

// The page is what the recordings and our scheduler say now.
func TestPage(t *testing.T) {
	vectors, err := ReadVectors(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Recording
	for _, r := range recordings(t) {
		all = append(all, r)
	}
	place := func(r *Recording) int {
		return slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == r.Setting })*100 +
			slices.IndexFunc(Experiments, func(e Experiment) bool { return e.Name == r.Name })
	}
	slices.SortFunc(all, func(a, b *Recording) int {
		return cmp.Or(cmp.Compare(a.Flink, b.Flink), cmp.Compare(place(a), place(b)))
	})
	got, err := Page(all, len(edges()), len(vectors))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test -run Page -update writes the page anew (-there +now):\n%s", diff)
	}
}
