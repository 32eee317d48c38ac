package requirements

import (
	"encoding/json"
	"testing"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// FuzzPut holds that any body gets an answer, and that bounds which are accepted
// are such that a job can be scheduled with them.
func FuzzPut(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", ask("1:4", "2:64"), ask("-1:-1", "-1:-1"), ask("0:1", "9:3"),
		ask(`"1":"4"`, "1.5:1e1"), `{"` + source + `":null}`, ask("1:4", "1:4")[:70],
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, expand bool) {
		job := pair()
		job.ExpandDefaults = expand
		got := Put(body, job)
		if !json.Valid(got.Body()) {
			t.Fatalf("the answer is no JSON: %s", got.Body())
		}
		if got.Refusal != nil {
			if got.Bounds != nil || got.Status() < 400 {
				t.Fatalf("refused with %d and %v", got.Status(), got.Bounds)
			}
			return
		}
		for i, b := range got.Bounds {
			if b.Lower < 1 || b.Upper < b.Lower || b.Upper > job.Vertices[i].MaxParallelism {
				t.Fatalf("accepted %v for a vertex of at most %d", b, job.Vertices[i].MaxParallelism)
			}
			job.Vertices[i].Bounds = b
		}
		if again := Put(Body(job.Vertices), Subject{Vertices: job.Vertices}); !equal(again.Bounds, got.Bounds) {
			t.Fatalf("what is shown of %v reads as %v", got.Bounds, again.Bounds)
		}
	})
}

func equal(a, b []slots.Bounds) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
