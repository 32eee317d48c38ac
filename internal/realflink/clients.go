package realflink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// AutoscalerVersion is the release of Flink's own autoscaler that ours is compared with. It was made for Flink120.
const AutoscalerVersion = "1.10.0"

// InstallClient puts Flink's own REST client of a version into the cache, with the requests for jars that only the web
// interface sends, and returns the folder of its jars.
func InstallClient(ctx context.Context, version string) (libDir string, err error) {
	return mavenJars(ctx, "flink-clients-"+version,
		artifact{"org.apache.flink", "flink-clients", version}, artifact{"org.apache.flink", "flink-runtime-web", version})
}

// InstallAutoscaler puts the library of Flink's own autoscaler into the cache and returns the folder of its jars. It needs
// those of a client, and must stand before them: it replaces some of their classes.
func InstallAutoscaler(ctx context.Context) (libDir string, err error) {
	return mavenJars(ctx, "flink-autoscaler-"+AutoscalerVersion,
		artifact{"org.apache.flink", "flink-autoscaler", AutoscalerVersion})
}

// CompileClasses compiles Java sources, by the names of their files, against folders of jars and returns the folder of the
// classes, from the cache if the sources are unchanged. The name tells the cache what they are compiled for.
func CompileClasses(ctx context.Context, name string, libDirs []string, files map[string][]byte) (classesDir string, err error) {
	h := sha256.New()
	for _, file := range sortedKeys(files) {
		fmt.Fprintf(h, "%s %d\n%s", file, len(files[file]), files[file])
	}
	return cached(ctx, name+"-"+hex.EncodeToString(h.Sum(nil))[:12], func(dir string) error {
		args := []string{"--release", "11", "-nowarn", "-Xlint:none", "-proc:none", "-d", dir, "-cp", classPath(libDirs)}
		for _, file := range sortedKeys(files) {
			path := filepath.Join(dir, file)
			if err := os.WriteFile(path, files[file], 0o644); err != nil {
				return err
			}
			args = append(args, path)
		}
		return runTool(ctx, "javac", args...)
	})
}

// classPath is that of folders of jars, in this order.
func classPath(libDirs []string) string {
	path := ""
	for _, dir := range libDirs {
		path += dir + string(filepath.Separator) + "*" + string(filepath.ListSeparator)
	}
	return path
}
