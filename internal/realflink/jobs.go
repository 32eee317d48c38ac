package realflink

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed java
var javaSources embed.FS

// BuildJobs compiles the plain test jobs against the jars of a Flink version and returns its jar, from the cache if the
// sources are unchanged.
func BuildJobs(ctx context.Context, libDir, version string) (jarPath string, err error) {
	folders := []string{"java", "java/sinkv2", "java/chain", "java/batch"}
	if strings.HasPrefix(version, "1.17.") || strings.HasPrefix(version, "1.18.") {
		folders = []string{"java", "java/sinkv1"}
	}
	return compile(ctx, "jobs-"+version, []string{libDir}, folders...)
}

// BuildKafkaJobs compiles the test job that reads from Kafka, and the producer. The jar brings the connector along, so
// that it runs on any session cluster of the version.
func BuildKafkaJobs(ctx context.Context, libDir, version string) (jarPath string, err error) {
	connector, err := InstallKafkaConnector(ctx, version)
	if err != nil {
		return "", err
	}
	return compile(ctx, "jobs-kafka-"+version, []string{libDir, connector}, "java", "java/sinkv2", "java/kafka")
}

// compile makes a jar of the sources of some folders. The first folder of jars is the cluster's own; those of the others
// are packed into lib/ of the jar, where Flink looks for what a job brings.
func compile(ctx context.Context, name string, libDirs []string, folders ...string) (string, error) {
	files, hash, err := readSources(folders)
	if err != nil {
		return "", err
	}
	dir, err := cached(ctx, name+"-"+hash, func(dir string) error {
		return javac(ctx, dir, libDirs, files)
	})
	return filepath.Join(dir, "jobs.jar"), err
}

func javac(ctx context.Context, dir string, libDirs []string, files map[string][]byte) error {
	classes := filepath.Join(dir, "classes")
	args := []string{"--release", "11", "-nowarn", "-Xlint:none", "-d", classes, "-cp", strings.Join(libDirs, "/*:") + "/*"}
	for _, name := range sortedKeys(files) {
		file := filepath.Join(dir, "src", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
		args = append(args, file)
	}
	if err := runTool(ctx, "javac", args...); err != nil {
		return err
	}
	for _, lib := range libDirs[1:] {
		if err := linkJars(lib, filepath.Join(classes, "lib")); err != nil {
			return err
		}
	}
	return runTool(ctx, "jar", "cf", filepath.Join(dir, "jobs.jar"), "-C", classes, ".")
}

// readSources returns the Java files of the folders and a hash of them.
func readSources(folders []string) (map[string][]byte, string, error) {
	files := map[string][]byte{}
	h := sha256.New()
	for _, folder := range folders {
		entries, err := javaSources.ReadDir(folder)
		if err != nil {
			return nil, "", fmt.Errorf("read the job's sources: %w", err)
		}
		for _, e := range entries {
			if path.Ext(e.Name()) != ".java" {
				continue
			}
			name := path.Join(folder, e.Name())
			if files[name], err = javaSources.ReadFile(name); err != nil {
				return nil, "", fmt.Errorf("read the job's sources: %w", err)
			}
			fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
		}
	}
	return files, hex.EncodeToString(h.Sum(nil))[:12], nil
}

// linkJars puts the jars that a job brings into a folder, without the logging that Flink has itself.
func linkJars(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	jars, err := filepath.Glob(filepath.Join(from, "*.jar"))
	if err != nil {
		return err
	}
	for _, jar := range jars {
		if strings.HasPrefix(filepath.Base(jar), "slf4j") {
			continue
		}
		if err := os.Symlink(jar, filepath.Join(to, filepath.Base(jar))); err != nil {
			return err
		}
	}
	return nil
}

func runTool(ctx context.Context, tool string, args ...string) error {
	if out, err := exec.CommandContext(ctx, tool, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, lastLines(out, 20))
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
