package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
)

// withoutForm are the commands that have no form of output to choose, and why.
var withoutForm = map[string]string{
	"sluice run":           "it logs, see --log-format",
	"sluice twin":          "it serves",
	"sluice state import":  "it says in a line what it did",
	"sluice state migrate": "it says in a line what it did",
	"sluice completion":    "it writes a script",
	"sluice help":          "it writes help",
}

// commands are all that do something.
func commands(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	if !cmd.HasSubCommands() {
		all = append(all, cmd)
	}
	for _, below := range cmd.Commands() {
		all = append(all, commands(below)...)
	}
	return all
}

func TestEveryCommandThatPrintsHasTheSameForms(t *testing.T) {
	for _, cmd := range commands(newRoot()) {
		flag := cmd.Flags().Lookup("output")
		if why := withoutForm[cmd.CommandPath()]; why != "" || flag == nil {
			if (why != "") != (flag == nil) {
				t.Errorf("%s: -o is %v, and the list says %q", cmd.CommandPath(), flag, why)
			}
			continue
		}
		o, is := flag.Value.(*output)
		if !is || flag.Shorthand != "o" {
			t.Errorf("%s has an -o of its own", cmd.CommandPath())
			continue
		}
		want := []string{asTable, asJSON, asYAML}
		if cmd.CommandPath() == "sluice state export" {
			want = []string{asJSON, asYAML} // sluice state import reads them again
		}
		for _, form := range want {
			if !slices.Contains(o.forms, form) {
				t.Errorf("%s has %v, and not %s", cmd.CommandPath(), o.forms, form)
			}
		}
		var stdout, stderr bytes.Buffer
		code := execute(t.Context(), append(strings.Fields(cmd.CommandPath())[1:], "-o", "xml"), &stdout, &stderr)
		onLine(t, exitUsage, ran{code, stdout.String(), stderr.String()}, `--output "xml": want `+oneOf(o.forms))
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	_, cluster, _ := twoJobs(t)
	decisions, _ := recordedDecisions(t)
	state := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 1})
	wrong := file(t, "wrong.yaml", "job.autoscaler.metrics.windo: 3m\nscalingInterval: 5s\n")
	for line, code := range map[string]int{
		"version": exitDone, "options": exitDone, "check " + wrong: exitFailed,
		"status --decisions " + decisions:                                                      exitDone,
		"history step --decisions " + decisions:                                                exitDone,
		"explain step --decisions " + decisions:                                                exitDone,
		"explain step --last 2 --decisions " + decisions:                                       exitDone,
		"events --decisions " + decisions:                                                      exitDone,
		"status --server " + stub.URL:                                                          exitDone,
		"history orders --server " + stub.URL:                                                  exitDone,
		"explain orders --server " + stub.URL:                                                  exitDone,
		"events --server " + stub.URL:                                                          exitDone,
		"pause orders --server " + stub.URL:                                                    exitDone,
		"resume orders --server " + stub.URL:                                                   exitDone,
		"rescale orders work=4 --dry-run --server " + stub.URL:                                 exitDone,
		"rescale orders-00000 join=8 --dry-run --flink " + cluster:                             exitDone,
		"advise --replay ../../testdata/step-2.3.0.jsonl.gz --config ../../testdata/step.yaml": exitDone,
		"state show 2e81 --data " + state:                                                      exitDone,
		"state export --data " + state:                                                         exitDone,
	} {
		t.Run(line[:min(len(line), 30)], func(t *testing.T) {
			args := strings.Fields(line)
			inJSON, inYAML := runCommand(t, append(args, "-o", "json")...), runCommand(t, append(args, "-o", "yaml")...)
			if inJSON.code != code || inYAML.code != code {
				t.Fatalf("exit codes %d and %d, want %d: %s%s", inJSON.code, inYAML.code, code, inJSON.stderr, inYAML.stderr)
			}
			want, got := documents(t, inJSON.stdout, false), documents(t, inYAML.stdout, true)
			if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
				t.Errorf("%d documents; -JSON +YAML:\n%s", len(want), diff)
			}
		})
	}
}

// documents reads all documents of a text, as what JSON makes of them.
func documents(t *testing.T, text string, isYAML bool) []any {
	t.Helper()
	var all []any
	next := json.NewDecoder(strings.NewReader(text)).Decode
	if isYAML {
		inYAML := yaml.NewDecoder(strings.NewReader(text))
		next = func(v any) error { return inYAML.Decode(v) }
	}
	for {
		var v any
		err := next(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		all = append(all, asInJSON(t, v))
	}
}

// asInJSON makes numbers and maps those that JSON has.
func asInJSON(t interface{ Fatal(...any) }, v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestTextMeansATable(t *testing.T) {
	if as, table := runCommand(t, "version", "-o", "text"), runCommand(t, "version", "-o", "table"); as != table || as.code != exitDone {
		t.Errorf("%+v, %+v", as, table)
	}
}

func TestTextsAndNumbersStayThemselvesInYAML(t *testing.T) {
	for _, text := range []string{
		"12:00", "2026-07-01T12:00:00Z", "no", "NULL", "~", "on", "1e3", "0x1f", ".inf", "a: b", "a #b", "- x", "x\ny\n", " lead", "tail ", "\tx", "x\r\ny", "",
		"? x", "&a", "*a", "!t", "%d", "@x", "|", ">", "{a}", "[a]", "\\", "\"q\"", "'", "<<", "=", "-", "---", "...", "\x01\x7f\u0085\u2028\ufeff", "😀", "Source: a -> b", "a -> b",
	} {
		want, err := json.Marshal(map[string]any{"k": text, text: []any{text, map[string]any{"in": text}}})
		if err != nil {
			t.Fatal(err)
		}
		sameInYAML(t, want)
	}
	for _, document := range []string{
		`{"a": 1e21, "b": 1.5e-9, "c": -0, "d": 12345678901234567890, "e": 1E+2, "f": 0.1}`, `[]`, `{}`, `null`, `"x"`, `7`, `[[1,[2]],{"a":[{"b":1,"c":[]}]},{}]`, `{"":{"":[]}}`,
	} {
		sameInYAML(t, []byte(document))
	}
}

func TestAnyJSONIsTheSameInYAML(t *testing.T) {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Int64Range(-1<<52, 1<<52), func(n int64) any { return n }),
		rapid.Map(rapid.Float64(), func(x float64) any { return x }), rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.StringMatching(`[-a-z0-9:#?,.'"{}\[\]&*!|>%@ \n\t]{0,8}`), func(s string) any { return s }),
	)
	value := rapid.Deferred(func() *rapid.Generator[any] { return scalar })
	for range 3 {
		inner := value
		value = rapid.OneOf(scalar,
			rapid.Map(rapid.SliceOfN(inner, 0, 4), func(all []any) any { return all }),
			rapid.Map(rapid.MapOfN(rapid.StringN(0, 6, -1), inner, 0, 4), func(all map[string]any) any { return all }))
	}
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(value.Draw(t, "value"))
		if err != nil {
			t.Skip(err)
		}
		sameInYAML(t, text)
	})
}

func sameInYAML(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, text []byte,
) {
	var want any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	written, err := yamlOfJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := yaml.Unmarshal(written, &got); err != nil {
		t.Fatalf("%s becomes\n%s: %v", text, written, err)
	}
	if got := asInJSON(t, got); !cmp.Equal(got, want) {
		t.Fatalf("%s becomes\n%s\nand is read as %v", text, written, got)
	}
	if bytes.ContainsAny(written, "\x1b\x7f\u0085") {
		t.Fatalf("%q holds what a terminal obeys", written)
	}
}
