package referencecheck

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/state/reference"
)

//go:embed java/Translate.java
var source []byte

// Java is the autoscaler's library with the program that asks it.
type Java struct{ classPath string }

// Value is a text of an item, and what Java made of it.
type Value struct {
	Item reference.Item
	Text string
	// Dump is the value as Java has it, without notation.
	Dump string
	// Again is the text that Java writes for the value.
	Again string
	// Refused is why Java does not read the text; empty if it does.
	Refused string
}

// Install returns the library in the cache. If there is none it is downloaded
// and the program is compiled, which takes up to a minute.
func Install(ctx context.Context) (Java, error) {
	var paths, jars []string
	for _, install := range [...]func(context.Context) (string, error){
		realflink.InstallAutoscaler, realflink.InstallJDBC,
		func(ctx context.Context) (string, error) { return realflink.Install(ctx, realflink.Flink120) },
	} {
		dir, err := install(ctx)
		if err != nil {
			return Java{}, err
		}
		paths, jars = append(paths, dir), append(jars, filepath.Join(dir, "*"))
	}
	classes, err := realflink.CompileClasses(ctx, "referencecheck-"+realflink.AutoscalerVersion, paths, map[string][]byte{"Translate.java": source})
	if err != nil {
		return Java{}, err
	}
	return Java{strings.Join(append([]string{classes}, jars...), string(filepath.ListSeparator))}, nil
}

func (j Java) run(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "java", append([]string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Dfile.encoding=UTF-8", "-cp", j.classPath, "Translate"}, args...)...)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask the Java autoscaler's classes: %w: %.2000s", err, stderr.String())
	}
	return out, nil
}

// Read has Java read the texts of values and fills in what it made of them.
func (j Java) Read(ctx context.Context, values []Value) error {
	var input bytes.Buffer
	for _, v := range values {
		fmt.Fprintf(&input, "%s\t%s\n", v.Item, v.Text)
	}
	out, err := j.run(ctx, input.Bytes(), "read")
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(values) {
		return fmt.Errorf("ask the Java autoscaler's classes: got %d answers to %d texts", len(lines), len(values))
	}
	for i, line := range lines {
		cells := strings.SplitN(line, "\t", 3)
		switch {
		case cells[0] == "error" && len(cells) == 2:
			values[i].Refused = cells[1]
		case cells[0] == "value" && len(cells) == 3:
			values[i].Dump, values[i].Again = cells[1], cells[2]
		default:
			return fmt.Errorf("ask the Java autoscaler's classes: cannot read the answer %.300q", line)
		}
	}
	return nil
}

// Write has Java write n random values of each item whose form all releases
// share, the same for the same seed.
func (j Java) Write(ctx context.Context, seed uint64, n int) ([]Value, error) {
	out, err := j.run(ctx, nil, "write", strconv.FormatUint(seed>>1, 10), strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	var values []Value
	for line := range strings.Lines(string(out)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) != 3 {
			return nil, fmt.Errorf("ask the Java autoscaler's classes: cannot read the answer %.300q", line)
		}
		values = append(values, Value{Item: reference.Item(cells[0]), Text: cells[1], Dump: cells[2]})
	}
	return values, nil
}

// Database has Java read every row of the reference's table at a JDBC address,
// and write what it read to rows whose job_key begins with "java/".
func (j Java) Database(ctx context.Context, url, user, password string) error {
	_, err := j.run(ctx, nil, "database", url, user, password)
	return err
}
