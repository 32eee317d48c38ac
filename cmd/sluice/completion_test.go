package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// offered is what a shell is offered for the last word.
func offered(t *testing.T, words ...string) (offers []string, directive string) {
	t.Helper()
	got := runCommand(t, append([]string{cobra.ShellCompRequestCmd}, words...)...)
	if got.code != exitDone {
		t.Fatalf("%q: %+v", words, got)
	}
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	last := len(lines) - 1
	return lines[:last], lines[last]
}

func TestAShellIsOffered(t *testing.T) {
	stub := startStub(t)
	decisions, _ := recordedDecisions(t)
	noFiles := ":4"
	for name, c := range map[string]struct {
		environ   string
		words     []string
		want      string // is among the offers, alone where only is set
		only      bool
		directive string
	}{
		"commands":                 {"", []string{"hist"}, "history\tList what was decided about a job", true, noFiles},
		"commands below":           {"", []string{"state", "sh"}, "show\tShow what is remembered of a job", true, noFiles},
		"flags":                    {"", []string{"history", "--resc"}, "--rescales\tlist rescales only", true, noFiles},
		"forms":                    {"", []string{"status", "-o", ""}, "yaml", false, noFiles},
		"forms of options":         {"", []string{"options", "-o", ""}, "markdown", false, noFiles},
		"shells":                   {"", []string{"completion", "f"}, "fish", true, noFiles},
		"levels":                   {"", []string{"run", "--log-level", ""}, "warn", false, noFiles},
		"keys of options":          {"", []string{"run", "-D", "job.autoscaler.metrics.win"}, "job.autoscaler.metrics.window=\t", false, ":6"},
		"values of options":        {"", []string{"run", "-D", "sluice.profile=re"}, "sluice.profile=reference", true, noFiles},
		"yes and no":               {"", []string{"run", "-D", "job.autoscaler.enabled="}, "job.autoscaler.enabled=true", false, noFiles},
		"jobs of a server":         {"", []string{"pause", "--server", stub.URL, "or"}, "orders\tsteady", true, noFiles},
		"jobs of the environment":  {stub.URL, []string{"resume", ""}, "orders\tsteady", true, noFiles},
		"jobs by their ids":        {stub.URL, []string{"explain", "0123"}, stubJob + "\torders", true, noFiles},
		"jobs of a file":           {stub.URL, []string{"history", "--decisions", decisions, ""}, "step\tfilling", false, noFiles},
		"jobs of a flag":           {stub.URL, []string{"events", "--job", "o"}, "orders\tsteady", true, noFiles},
		"vertices of the job":      {stub.URL, []string{"rescale", "orders", "wo"}, "work=\t1:2, runs at 2", true, ":6"},
		"lengths of a pause":       {stub.URL, []string{"pause", "orders", "--for", ""}, "1h", false, noFiles},
		"no file for a reason":     {stub.URL, []string{"pause", "orders", "--why", ""}, "", true, noFiles},
		"no second job":            {stub.URL, []string{"explain", "orders", ""}, "", true, noFiles},
		"jobs after an option":     {stub.URL, []string{"explain", "--job.autoscaler.metrics.window", "3m", "or"}, "orders\tsteady", true, noFiles},
		"nothing without a server": {"http://127.0.0.1:1", []string{"pause", ""}, "", true, noFiles},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(serverVariable, c.environ)
			offers, directive := offered(t, c.words...)
			found := c.want == "" && len(offers) == 0
			for _, o := range offers {
				found = found || o == c.want || strings.HasSuffix(c.want, "\t") && strings.HasPrefix(o, c.want)
			}
			if !found || c.only && len(offers) > 1 || directive != c.directive {
				t.Errorf("offered %q with %s, want %q with %s", offers, directive, c.want, c.directive)
			}
		})
	}
}

func TestAShellDoesNotWaitForASilentServer(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	stub.set(func(s *stubbed) { s.silent = true })
	if offers, _ := offered(t, "pause", "--server", stub.URL, ""); len(offers) > 0 {
		t.Errorf("offered %q", offers)
	}
}

func TestEachShellHasAScript(t *testing.T) {
	for _, shell := range shells {
		if got := runCommand(t, "completion", shell); got.code != exitDone || !strings.Contains(got.stdout, "__complete") || got.stderr != "" {
			t.Errorf("%s: exit code %d, %d bytes, %s", shell, got.code, len(got.stdout), got.stderr)
		}
	}
	for _, words := range [][]string{{}, {"tcsh"}, {"bash", "zsh"}} {
		onLine(t, exitUsage, runCommand(t, append([]string{"completion"}, words...)...), "bash, zsh, fish or powershell")
	}
}
