package realflink

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// The Flink versions that the tests use.
const (
	Flink23  = "2.3.0"
	Flink120 = "1.20.5"
	Flink117 = "1.17.2" // has no resource requirements: those came with 1.18
)

// Install puts the jars of a Flink version into the cache and returns the folder that holds flink-dist. The jars come
// from the Python package apache-flink-libraries: of the places where Flink is published, the one that has it whole. A
// package file of that version in downloads/ of the cache is used instead of the network.
func Install(ctx context.Context, version string) (libDir string, err error) {
	return cached(ctx, "flink-"+version, func(dir string) error {
		pkg, err := download(ctx, version, dir)
		if err != nil {
			return err
		}
		if err := unpackJars(pkg, dir); err != nil {
			return err
		}
		if !exists(filepath.Join(dir, "flink-dist-"+version+".jar")) {
			return fmt.Errorf("%s holds no flink-dist-%s.jar", filepath.Base(pkg), version)
		}
		if filepath.Dir(pkg) == dir {
			return os.Remove(pkg)
		}
		return nil
	})
}

// download returns the package file: a wheel or a source archive, by version.
func download(ctx context.Context, version, dir string) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	if pkg := findPackage(filepath.Join(cache, "downloads"), version); pkg != "" {
		return pkg, nil
	}
	cmd := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--dest", dir, "apache-flink-libraries=="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pip download apache-flink-libraries==%s: %w: %s", version, err, lastLines(out, 5))
	}
	if pkg := findPackage(dir, version); pkg != "" {
		return pkg, nil
	}
	return "", fmt.Errorf("pip download apache-flink-libraries==%s left no package", version)
}

// findPackage looks for the version's package in a folder, which need not exist. Its name has dashes or underscores, by
// version.
func findPackage(dir, version string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(strings.ReplaceAll(e.Name(), "-", "_"), "apache_flink_libraries_"+version)
		if ok && (rest == ".tar.gz" || strings.HasPrefix(rest, "_") && strings.HasSuffix(rest, ".whl")) {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}

// unpackJars writes the jars of the package's lib folder into dir and leaves the rest.
func unpackJars(pkg, dir string) error {
	if strings.HasSuffix(pkg, ".whl") {
		return unpackZip(pkg, dir)
	}
	return unpackTar(pkg, dir)
}

func unpackZip(pkg, dir string) error {
	z, err := zip.OpenReader(pkg)
	if err != nil {
		return fmt.Errorf("open %s: %w", pkg, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !isLibJar(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
		if err := errors.Join(writeFile(filepath.Join(dir, path.Base(f.Name)), r), r.Close()); err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
	}
	return nil
}

func unpackTar(pkg, dir string) error {
	f, err := os.Open(pkg)
	if err != nil {
		return err
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("open %s: %w", pkg, err)
	}
	for t := tar.NewReader(gz); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", pkg, err)
		}
		if !isLibJar(h.Name) {
			continue
		}
		if err := writeFile(filepath.Join(dir, path.Base(h.Name)), t); err != nil {
			return fmt.Errorf("unpack %s: %w", h.Name, err)
		}
	}
}

func isLibJar(name string) bool {
	return path.Base(path.Dir(name)) == "lib" && path.Ext(name) == ".jar"
}

func writeFile(path string, from io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// lastLines keeps what a person wants of a long output.
func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%.300s", line)
	}
	return strings.Join(lines, "\n")
}
