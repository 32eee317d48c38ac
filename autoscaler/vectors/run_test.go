package vectors

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/vectortables"
)

// folderOf writes files, as old as the cache of go test wants them.
func folderOf(t *testing.T, texts map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range texts {
		write(t, filepath.Join(folder, name), text, time.Hour)
	}
	return folder
}

func write(t *testing.T, name, text string, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-age)
	for _, each := range []string{name, filepath.Dir(name), filepath.Dir(filepath.Dir(name))} {
		if err := os.Chtimes(each, past, past); err != nil {
			t.Fatal(err)
		}
	}
}

// disabled is a scenario of one step in which nothing happens.
const disabled = `{"format": "flink-autoscaler-vectors/1", "job": {"jobId": "00000000000000000000000000000001"},
"context": {}, "config": {"job.autoscaler.enabled": "false"}, "plans": [],
"steps": [{"at": 1, "jobStatus": "RUNNING", "rest": {}, "expected": {"outcome": "DISABLED", "counters": [0, 0, 0]}}]}`

const rounding = `{"rows": [[1.0005, 1.001]]}`

// printed is what a run over a folder prints, and whether it passes.
func printed(t *testing.T, folder string, command ...string) (text string, passes bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Env = append(os.Environ(), vectortables.Variable+"="+folder)
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

func TestARunEndsWithItsSum(t *testing.T) {
	whole := folderOf(t, map[string]string{"a/b.json": disabled, "notes.json": "{}"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(whole, link); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, whole)
	if err != nil {
		t.Fatal(err)
	}
	fromRoot, err := filepath.Rel(filepath.Dir(filepath.Dir(here)), whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		folder, sum, says string
	}{
		"a folder":                   {whole, "1 of 1", "left alone: notes.json"},
		"a link to it":               {link, "1 of 1", ""},
		"a relative name":            {relative, "1 of 1", ""},
		"one from the module's root": {fromRoot, "1 of 1", ""},
		"none":                       {filepath.Join(whole, "c"), "0 of 0", "there is no such folder"},
		"a file":                     {filepath.Join(whole, "notes.json"), "0 of 0", "is not a folder"},
		"an empty folder":            {t.TempDir(), "0 of 0", "there is nothing to compare"},
		"another outcome":            {folderOf(t, map[string]string{"b.json": strings.Replace(disabled, "DISABLED", "SCALED", 1)}), "0 of 1", "outcome is DISABLED"},
		"another format":             {folderOf(t, map[string]string{"b.json": strings.Replace(disabled, "vectors/1", "vectors/2", 1)}), "0 of 1", "want \"flink-autoscaler-vectors/1\""},
		"something else expected":    {folderOf(t, map[string]string{"b.json": strings.Replace(disabled, "counters", "weather", 1)}), "0 of 1", "weather"},
		"a scenario cut off":         {folderOf(t, map[string]string{"b.json": disabled[:len(disabled)-9]}), "0 of 1", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, passes := printed(t, test.folder, os.Args[0], "-test.run=Vectors", "-test.v")
			lines := strings.Split(strings.TrimSpace(text), "\n")
			last := "vectors: " + test.sum + " agree"
			if lines[len(lines)-1] != last || passes != (test.sum == "1 of 1") || !strings.Contains(text, test.says) {
				t.Errorf("want %q and, last, %q; it passes: %v\n%s", test.says, last, passes, text)
			}
		})
	}
}

// Whatever changes in a folder outside of the module, the next run must see.
func TestAChangeOfAFolderIsSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds this package again")
	}
	folder := folderOf(t, map[string]string{"b/c.json": disabled, "units/round.json": rounding})
	run := func(sum string, cached bool) {
		t.Helper()
		text, passes := printed(t, folder, "go", "test", ".", "-run", "Vectors", "-v")
		if !strings.Contains(text, "\nvectors: "+sum+" agree\n") || passes != (sum == "2 of 2") || strings.Contains(text, "(cached)") != cached {
			t.Errorf("want %s, from the cache: %v; it passes: %v\n%s", sum, cached, passes, text)
		}
	}
	run("2 of 2", false)
	run("2 of 2", true)
	write(t, filepath.Join(folder, "units/round.json"), strings.Replace(rounding, "1.001", "1.002", 1), 50*time.Minute)
	run("1 of 2", false)
	write(t, filepath.Join(folder, "units/round.json"), rounding, 40*time.Minute)
	run("2 of 2", false)
	write(t, filepath.Join(folder, "units/unheard-of.json"), rounding, 30*time.Minute)
	run("2 of 3", false)
}
