package batchlab

import (
	"archive/zip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sluice-project/sluice/internal/realflink"
)

//go:embed java
var sources embed.FS

// javaPackage is Flink's own: much of what is asked is visible in its package only.
const javaPackage = "org.apache.flink.runtime.scheduler.adaptivebatch."

// folders of the sources that a release needs besides those that all share.
var folders = map[string]string{realflink.Flink120: "java/v1_20", realflink.Flink23: "java/v2_3"}

// compile returns the folders of Flink's jars and of our classes for it, from the cache if there is nothing new.
func compile(ctx context.Context, version string) (jars, classes string, err error) {
	folder, ok := folders[version]
	if !ok {
		return "", "", fmt.Errorf("ask Flink %s: only %s and %s are known", version, realflink.Flink120, realflink.Flink23)
	}
	if jars, err = realflink.Install(ctx, version); err != nil {
		return "", "", err
	}
	files := map[string][]byte{}
	for _, dir := range []string{"java", folder} {
		found, err := fs.Glob(sources, dir+"/*.java")
		if err != nil {
			return "", "", err
		}
		for _, name := range found {
			if files[path.Base(name)], err = sources.ReadFile(name); err != nil {
				return "", "", err
			}
		}
	}
	classes, err = realflink.CompileClasses(ctx, "batchlab-"+version, []string{jars}, files)
	return jars, classes, err
}

// agentJar writes a jar with the classes and what makes the JVM take it as an agent.
func agentJar(classes, jar string) error {
	out, err := os.Create(jar)
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	manifest, err := z.Create("META-INF/MANIFEST.MF")
	if err == nil {
		_, err = manifest.Write([]byte("Manifest-Version: 1.0\r\nPremain-Class: " + javaPackage + "Agent\r\n\r\n"))
	}
	if err == nil {
		err = addClasses(z, classes)
	}
	if err := errors.Join(err, z.Close(), out.Close()); err != nil {
		return fmt.Errorf("write the agent: %w", err)
	}
	return nil
}

func addClasses(z *zip.Writer, classes string) error {
	return filepath.WalkDir(classes, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".class") {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(classes, name)
		if err != nil {
			return err
		}
		w, err := z.Create(filepath.ToSlash(inside))
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	})
}
