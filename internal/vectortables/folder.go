package vectortables

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Variable names the folder of vectors to test against, in place of the copies
// in the project.
const Variable = "PEER_VECTORS"

// Folder gives the folder that [Variable] names, "" where it is not set. A
// relative name is looked for in the package's own folder and in the module's.
func Folder() (string, error) {
	named := os.Getenv(Variable)
	if named == "" {
		return "", nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	root := moduleRoot(here)
	tried := []string{named}
	if !filepath.IsAbs(named) {
		tried = []string{filepath.Join(here, named), filepath.Join(root, named)}
	}
	for _, dir := range tried {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			continue
		}
		if info, err := os.Stat(real); err != nil || !info.IsDir() {
			return "", fmt.Errorf("%s=%s: %s is not a folder", Variable, named, real)
		}
		return noticed(root, real), nil
	}
	return "", fmt.Errorf("%s=%s: there is no such folder (tried %q)", Variable, named, tried)
}

// moduleRoot is the folder of go.mod.
func moduleRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// noticed writes a path as one that begins in the module. The cache of go test
// notices a change of a file that a test opened only where its name begins with
// the module's folder; what follows may lead out of it again.
func noticed(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return root + string(filepath.Separator) + rel
}

// Read gives the content of name in a folder that [Folder] gave; ok is false
// where there is none.
func Read(folder, name string) (text []byte, ok bool, err error) {
	// not filepath.Join, which would clean what noticed wrote
	text, err = os.ReadFile(folder + string(filepath.Separator) + filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return text, err == nil, err
}
