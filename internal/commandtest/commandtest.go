// Package commandtest builds the command sluice for the tests of a package that
// run it.
//
// What must not live here: how it is run, and with what.
package commandtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Main builds the command into a temporary folder, puts its path into binary, runs
// the tests and gives the exit code; it is the body of a TestMain.
func Main(m *testing.M, binary *string) int {
	code, err := buildAndRun(m, binary)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func buildAndRun(m *testing.M, binary *string) (code int, err error) {
	dir, err := os.MkdirTemp("", "sluice-command-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	*binary = filepath.Join(dir, "sluice")
	build := exec.Command("go", "build", "-o", *binary, "github.com/sluice-project/sluice/cmd/sluice")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build sluice: %w\n%s", err, out)
	}
	return m.Run(), nil
}
