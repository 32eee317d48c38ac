package quartzcheck

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sluice-project/sluice/internal/realflink"
)

// Version is the release of Quartz that is asked: the one of the reference.
const Version = "2.4.0"

//go:embed java/Ask.java
var askSource []byte

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>quartz</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.quartz-scheduler</groupId><artifactId>quartz</artifactId><version>` + Version + `</version></dependency>
</dependencies></project>
`

// Quartz is an installed Quartz with the program that asks it.
type Quartz struct{ dir string }

// Install returns the Quartz in the cache. If there is none it is downloaded
// with Maven and the program is compiled, which takes up to a minute.
func Install(ctx context.Context) (quartz Quartz, err error) {
	cache, err := realflink.CacheDir()
	if err != nil {
		return Quartz{}, err
	}
	hash := sha256.Sum256(askSource)
	dir := filepath.Join(cache, "quartz-"+Version+"-"+hex.EncodeToString(hash[:6]))
	if _, err := os.Stat(dir); err == nil {
		return Quartz{dir}, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Quartz{}, fmt.Errorf("prepare Quartz: %w", err)
	}
	tmp, err := os.MkdirTemp(cache, "quartz-*.tmp")
	if err != nil {
		return Quartz{}, fmt.Errorf("prepare Quartz: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := build(ctx, tmp); err != nil {
		return Quartz{}, fmt.Errorf("prepare Quartz: %w", err)
	}
	// Of several that build at once the first wins; what it left is as good.
	if err := os.Rename(tmp, dir); err != nil {
		if _, missing := os.Stat(dir); missing != nil {
			return Quartz{}, fmt.Errorf("prepare Quartz: %w", err)
		}
	}
	return Quartz{dir}, nil
}

func build(ctx context.Context, dir string) error {
	for name, content := range map[string][]byte{"pom.xml": []byte(pom), "Ask.java": askSource} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	if err := run(ctx, dir, "mvn", "--batch-mode", "--quiet", "--file", "pom.xml",
		"dependency:copy-dependencies", "-DoutputDirectory="+dir, "-DincludeScope=runtime"); err != nil {
		return err
	}
	return run(ctx, dir, "javac", "--release", "11", "-cp", classPath, "Ask.java")
}

const classPath = "*:."

func run(ctx context.Context, dir, tool string, args ...string) error {
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.2000s", tool, err, out)
	}
	return nil
}

// Ask puts questions to Quartz and returns its answers in their order.
func (q Quartz) Ask(ctx context.Context, questions []Question) ([]Answer, error) {
	var lines bytes.Buffer
	for _, one := range questions {
		fmt.Fprintf(&lines, "%s\t%s\t%s\t%s\n", one.Kind, one.Zone, one.Expression, momentsText(one.Moments))
	}
	cmd := exec.CommandContext(ctx, "java", "-cp", classPath, "Ask")
	cmd.Dir = q.dir
	cmd.Stdin = &lines
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask Quartz: %w: %.2000s", err, stderr.String())
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(questions) {
		return nil, fmt.Errorf("ask Quartz: got %d answers to %d questions", len(answers), len(questions))
	}
	var table []Answer
	for i, text := range answers {
		answer, err := parseAnswer(questions[i], text)
		if err != nil {
			return nil, fmt.Errorf("read Quartz's answer: %w", err)
		}
		table = append(table, answer)
	}
	return table, nil
}
