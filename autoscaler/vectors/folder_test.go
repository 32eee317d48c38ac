package vectors

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// archive holds the scenarios that are the default. The tables and random cases
// are in the packages that they are about.
const archive = "testdata/vectors.tar.bz2"

// files are the files of a folder of vectors, by path.
type files map[string][]byte

// read is the folder that PEER_VECTORS names, or the archive.
var read = sync.OnceValues(func() (files, error) {
	folder, err := vectortables.Folder()
	if err != nil {
		return nil, err
	}
	if folder == "" {
		return fromArchive(archive)
	}
	all := files{}
	if err := all.addFolder(folder, "", 0); err != nil {
		return nil, err
	}
	if len(all.scenarios()) == 0 && len(all.tables()) == 0 {
		return nil, fmt.Errorf("%s: there is nothing to compare in %s: no .json file of format %s, no table under units/, no random cases under functions/",
			vectortables.Variable, path.Clean(folder), format)
	}
	return all, nil
})

func loadVectors(t testing.TB) files {
	t.Helper()
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// deepest is how far down a folder is read; links may lead in circles.
const deepest = 8

// addFolder reads what may be a vector. It follows links, and keeps the names as
// the cache of go test wants them: see [vectortables.Folder].
func (f files) addFolder(folder, under string, depth int) error {
	entries, err := os.ReadDir(folder + "/" + under)
	if err != nil || depth > deepest {
		return err
	}
	for _, e := range entries {
		name := path.Join(under, e.Name())
		info, err := os.Stat(folder + "/" + name)
		switch {
		case err != nil:
			return err
		case info.IsDir():
			err = f.addFolder(folder, name, depth+1)
		case strings.HasSuffix(name, ".json") || path.Dir(name) == "functions" && strings.HasSuffix(name, ".gz"):
			f[name], err = os.ReadFile(folder + "/" + name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func fromArchive(name string) (files, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := files{}
	for r := tar.NewReader(bzip2.NewReader(f)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if all[strings.TrimPrefix(header.Name, "./")], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
}

// tables are the paths of the tables and random cases, in order.
func (f files) tables() []string {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if dir := path.Dir(name); dir == "units" || dir == "functions" && path.Ext(name) == ".gz" {
			paths = append(paths, name)
		}
	}
	return paths
}

// scenarios are the paths of the scenarios, in order. Those of another format are
// among them, so that they are not left out unseen.
func (f files) scenarios() []string {
	var paths []string
	family, _, _ := strings.Cut(format, "/")
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if path.Ext(name) == ".json" && path.Dir(name) != "units" && bytes.Contains(f[name], []byte(`"`+family+`/`)) {
			paths = append(paths, name)
		}
	}
	return paths
}

// others are the paths of what is neither.
func (f files) others() []string {
	known := append(f.tables(), f.scenarios()...)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(name string) bool { return slices.Contains(known, name) })
}

// digest tells two folders apart.
func (f files) digest() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		for _, text := range [][]byte{[]byte(name), f[name]} {
			_, _ = sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
			_, _ = sum.Write(text)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:12]
}
