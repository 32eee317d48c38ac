package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// judges are the packages that tables and random cases are about, and tests are
// the tests there that judge them. They reach what no other package can.
var judges = []string{"options", "scaling", "scaling/excluded", "scaling/tuning"}

const (
	judgesRoot  = "github.com/sluice-project/sluice/"
	judgesTests = "Recorded|Reference"
)

// What is recorded of single functions is judged by the tests of their packages,
// on the same folder.
func TestVectorsOfSingleFunctionsComeOutTheSame(t *testing.T) {
	sums.ask()
	folder, err := vectortables.Folder()
	if err != nil {
		t.Fatal(err)
	}
	var expected []string
	if folder != "" {
		if expected = loadVectors(t).tables(); len(expected) == 0 {
			t.Skip("there are no tables and no random cases in this folder")
		}
	} else if testing.Short() {
		t.Skip("their own packages test the copies in the project")
	}
	v := verdictOf(t, folder)
	for _, name := range v.names(expected) {
		t.Run(name, func(t *testing.T) {
			f := v.files[name]
			agrees := f.Cases > 0 && f.Judged == f.Cases && f.Agree == f.Cases
			sums.table(name, agrees, count{f.Agree, f.Cases})
			switch {
			case f.Name == "":
				t.Errorf("no test judged %s\n%s", name, v.said[""])
			case !agrees:
				t.Errorf("%d of %d agree, of %d cases\n%s", f.Agree, f.Judged, f.Cases, v.said[name])
			}
		})
	}
	if v.err != nil && !t.Failed() {
		t.Errorf("%v\n%s", v.err, v.said[""])
	}
}

// verdict is what the packages made of each file.
type verdict struct {
	files map[string]vectortables.Judged
	// said is what their tests printed about a file, or about none.
	said map[string]string
	err  error
}

func (v *verdict) names(expected []string) []string {
	names := slices.Concat(expected, slices.Collect(maps.Keys(v.files)))
	slices.Sort(names)
	return slices.Compact(names)
}

func verdictOf(t *testing.T, folder string) *verdict {
	t.Helper()
	args := []string{"test", "-json", "-count=1", "-run", judgesTests}
	for _, name := range judges {
		args = append(args, judgesRoot+name)
	}
	c := exec.CommandContext(t.Context(), "go", args...)
	if folder != "" {
		c.Env = append(os.Environ(), vectortables.Variable+"="+path.Clean(folder))
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	v := &verdict{files: map[string]vectortables.Judged{}, said: map[string]string{}, err: err}
	v.read(t, out)
	v.said[""] += stderr.String()
	return v
}

// told is a line of what go test -json prints.
type told struct{ Action, Package, Test, Output, Key, Value string }

func (v *verdict) read(t *testing.T, out []byte) {
	t.Helper()
	lines := map[[2]string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var e told
		if err := d.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("read what go test printed: %v", err)
		}
		test := [2]string{e.Package, e.Test}
		switch {
		case (e.Action == "output" || e.Action == "build-output") && !strings.HasPrefix(e.Output, "=== "):
			lines[test] += e.Output
		case e.Action == "attr" && e.Key == vectortables.Attribute:
			j, err := vectortables.ParseJudged(e.Value)
			if err != nil {
				t.Fatal(err)
			}
			v.add(j)
			v.said[j.Name] += lines[test]
			delete(lines, test)
		}
	}
	for _, test := range slices.SortedFunc(maps.Keys(lines), func(a, b [2]string) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
		v.said[""] += lines[test]
	}
}

// add joins what several tests made of one file.
func (v *verdict) add(j vectortables.Judged) {
	sum := v.files[j.Name]
	sum.Name, sum.Cases = j.Name, max(sum.Cases, j.Cases)
	sum.Judged, sum.Agree = sum.Judged+j.Judged, sum.Agree+j.Agree
	v.files[j.Name] = sum
}
