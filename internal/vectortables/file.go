package vectortables

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Attribute is the key under which a test tells what it judged; see [Judged].
const Attribute = "vectors"

// toldCases is how many of the cases that disagree a test prints.
const toldCases = 20

// File is one file of cases. Rows and Lines begin the next case with each value
// that they yield; Errorf says that it disagrees.
type File struct {
	t    testing.TB
	text []byte
	sum  Judged
	// wrong is true when the current case was found to disagree.
	wrong bool
	// own is true for the copy in the project.
	own bool
}

// Judged is what one test made of a file.
type Judged struct {
	Name string
	// Cases is how many the file has, which other tests may share in.
	Cases         int
	Judged, Agree int
}

// String gives the value of [Attribute].
func (j Judged) String() string {
	return fmt.Sprintf("%s %d %d %d", j.Name, j.Cases, j.Judged, j.Agree)
}

// ParseJudged reads the value of [Attribute].
func ParseJudged(text string) (Judged, error) {
	var j Judged
	if _, err := fmt.Sscanf(text, "%s %d %d %d", &j.Name, &j.Cases, &j.Judged, &j.Agree); err != nil {
		return Judged{}, fmt.Errorf("read %q as what a test judged: %w", text, err)
	}
	return j, nil
}

// Open reads the file name of the folder that PEER_VECTORS names, and else the
// copy. Where the folder has no such file the test is skipped.
func Open(t testing.TB, name, copied string) *File {
	t.Helper()
	f := &File{t: t, sum: Judged{Name: name}}
	folder, err := Folder()
	f.must(err)
	if folder == "" {
		f.own = true
		f.text, err = os.ReadFile(copied)
		f.must(err)
	} else {
		var ok bool
		f.text, ok, err = Read(folder, name)
		f.must(err)
		if !ok {
			t.Skipf("%s has no %s", folder, name)
		}
	}
	if filepath.Ext(name) == ".gz" || f.own {
		f.unpack()
	}
	t.Cleanup(f.tell)
	return f
}

func (f *File) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", f.sum.Name, err)
	}
}

func (f *File) unpack() {
	f.t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(f.text))
	f.must(err)
	f.text, err = io.ReadAll(z)
	f.must(err)
}

// tell is called when the test is over.
func (f *File) tell() {
	f.end()
	if more := f.sum.Judged - f.sum.Agree - toldCases; more > 0 {
		f.t.Logf("%s: %d more disagree", f.sum.Name, more)
	}
	f.t.Attr(Attribute, f.sum.String())
}

func (f *File) next() {
	f.end()
	f.sum.Judged++
	f.sum.Agree++
}

func (f *File) end() {
	if f.wrong {
		f.sum.Agree--
	}
	f.wrong = false
}

// Errorf fails the test because of the current case.
func (f *File) Errorf(format string, args ...any) {
	f.t.Helper()
	f.wrong = true
	if f.sum.Judged-f.sum.Agree < toldCases {
		f.t.Errorf("%s: case %d: %s", f.sum.Name, f.sum.Judged, fmt.Sprintf(format, args...))
	} else {
		f.t.Fail()
	}
}

// Description is what a table says of itself.
func (f *File) Description() string {
	f.t.Helper()
	var table struct{ Description string }
	f.must(json.Unmarshal(f.text, &table))
	return table.Description
}

// Rows yields the rows of a table.
func Rows[R any](f *File) iter.Seq[R] {
	f.t.Helper()
	var table struct{ Rows []R }
	f.must(json.Unmarshal(f.text, &table))
	f.sum.Cases = len(table.Rows)
	if f.sum.Cases == 0 {
		f.t.Fatalf("%s has no rows", f.sum.Name)
	}
	return func(yield func(R) bool) {
		for _, r := range table.Rows {
			f.next()
			if !yield(r) {
				return
			}
		}
	}
}

// Lines yields the lines that begin with prefix.
func (f *File) Lines(prefix string) iter.Seq[string] {
	f.t.Helper()
	var lines []string
	all := bufio.NewScanner(bytes.NewReader(f.text))
	all.Buffer(nil, 1<<24)
	for all.Scan() {
		if all.Text() == "" {
			continue
		}
		f.sum.Cases++
		if strings.HasPrefix(all.Text(), prefix) {
			lines = append(lines, all.Text())
		}
	}
	f.must(all.Err())
	if f.own && len(lines) == 0 {
		f.t.Fatalf("%s has no line that begins with %q", f.sum.Name, prefix)
	}
	return func(yield func(string) bool) {
		for _, line := range lines {
			f.next()
			if !yield(line) {
				return
			}
		}
	}
}
