package batchlab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Oracle is Flink's own decider of a version.
type Oracle struct{ classPath string }

// NewOracle returns the decider of a version that package realflink knows. The first time Flink is downloaded and the
// program compiled, which takes minutes.
func NewOracle(ctx context.Context, version string) (Oracle, error) {
	jars, classes, err := compile(ctx, version)
	if err != nil {
		return Oracle{}, err
	}
	return Oracle{classes + string(filepath.ListSeparator) + filepath.Join(jars, "*")}, nil
}

// Ask returns the answers to the cases, in order.
func (o Oracle) Ask(ctx context.Context, cases []Case) ([]Answer, error) {
	var asked bytes.Buffer
	for _, c := range cases {
		if err := json.NewEncoder(&asked).Encode(c); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, "java", "-XX:+UseSerialGC", "-Xmx512m", "-cp", o.classPath, javaPackage+"Oracle")
	cmd.Stdin = &asked
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask Flink's decider: %w: %.2000s", err, complaint.String())
	}
	var answers []Answer
	lines := bufio.NewScanner(bytes.NewReader(said))
	lines.Buffer(nil, len(said)+1)
	for lines.Scan() {
		var a Answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("ask Flink's decider: it says %.300q: %w", lines.Bytes(), err)
		}
		answers = append(answers, a.sorted())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("ask Flink's decider: %w", err)
	}
	if len(answers) != len(cases) {
		return nil, fmt.Errorf("ask Flink's decider: %d answers to %d cases: %.2000s", len(answers), len(cases), complaint.String())
	}
	return answers, nil
}
