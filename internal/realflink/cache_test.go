package realflink

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeveralWhoWantTheSameFolderBuildItOnce(t *testing.T) {
	t.Setenv("SLUICE_CACHE", t.TempDir())
	var builds atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := cached(t.Context(), "thing", func(dir string) error {
				builds.Add(1)
				return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
			})
			if err != nil || !exists(filepath.Join(dir, "whole")) {
				t.Errorf("got %q, %v", dir, err)
			}
		})
	}
	all.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
}

func TestAFailedBuildLeavesNothingAndIsTriedAgain(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("SLUICE_CACHE", cache)
	rest := filepath.Join(cache, "thing.tmp", "rest of a killed process")
	if err := os.MkdirAll(rest, 0o755); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err := cached(t.Context(), "thing", func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the build's error", err)
	}
	dir, err := cached(t.Context(), "thing", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir); !cmp.Equal(got, []string{"whole"}) {
		t.Errorf("the folder holds %v", got)
	}
}

func TestAWaitForTheLockEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("the second got %v", err)
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestOnlyTheJarsOfLibAreUnpacked(t *testing.T) {
	names := []string{"p/lib/flink-dist-9.jar", "p/lib/log4j.jar", "p/lib/README", "p/opt/big.jar", "p/setup.py"}
	for file, pack := range map[string]func(*testing.T, string, []string){"p.whl": packZip, "p.tar.gz": packTar} {
		pkg := filepath.Join(t.TempDir(), file)
		pack(t, pkg, names)
		dir := t.TempDir()
		if err := unpackJars(pkg, dir); err != nil {
			t.Fatal(err)
		}
		if got, want := list(t, dir), []string{"flink-dist-9.jar", "log4j.jar"}; !cmp.Equal(got, want) {
			t.Errorf("%s: unpacked %v, want %v", file, got, want)
		}
	}
}

func TestATornPackageIsAnError(t *testing.T) {
	pkg := filepath.Join(t.TempDir(), "p.tar.gz")
	packTar(t, pkg, []string{"p/lib/flink-dist-9.jar"})
	if err := os.Truncate(pkg, 60); err != nil {
		t.Fatal(err)
	}
	if err := unpackJars(pkg, t.TempDir()); err == nil {
		t.Error("no error")
	}
}

func TestAPackageIsFoundUnderEachOfItsNames(t *testing.T) {
	for name, version := range map[string]string{
		"apache-flink-libraries-1.17.2.tar.gz":              "1.17.2",
		"apache_flink_libraries-1.20.5.tar.gz":              "1.20.5",
		"apache_flink_libraries-2.3.0-py2.py3-none-any.whl": "2.3.0",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := findPackage(dir, version); got != file {
			t.Errorf("%s: found %q", name, got)
		}
		if got := findPackage(dir, version[:len(version)-2]); got != "" {
			t.Errorf("%s: found for another version", name)
		}
	}
}

func packZip(t *testing.T, file string, names []string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, n := range names {
		w, err := z.Create(n)
		if err == nil {
			_, err = w.Write([]byte(n))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func packTar(t *testing.T, file string, names []string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(f)
	w := tar.NewWriter(gz)
	for _, n := range names {
		err := w.WriteHeader(&tar.Header{Name: n, Mode: 0o644, Size: int64(len(n))})
		if err == nil {
			_, err = w.Write([]byte(n))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), gz.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
