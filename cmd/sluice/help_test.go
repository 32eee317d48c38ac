package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command has examples, and each of them is one: its command is there, and so
// are its flags.
func TestEveryCommandHasExamplesThatHold(t *testing.T) {
	for _, cmd := range commands(newRoot()) {
		if cmd.Name() == "help" {
			continue
		}
		examples := 0
		for line := range strings.Lines(cmd.Example) {
			for _, words := range sluiceCalls(line) {
				if holds(t, cmd, words) {
					examples++
				}
			}
		}
		if examples == 0 {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s is described by %q", cmd.CommandPath(), cmd.Short)
		}
	}
}

// sluiceCalls are the calls of sluice on a line of a shell, without its comment, its
// pipes and its files.
func sluiceCalls(line string) [][]string {
	line, _, _ = strings.Cut(line, " #")
	var calls [][]string
	for _, part := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("|<()", r) }) {
		part, _, _ = strings.Cut(part, " > ")
		if words := shellWords(part); len(words) > 0 && words[0] == "sluice" {
			calls = append(calls, words[1:])
		}
	}
	return calls
}

// shellWords splits at spaces that are not in quotes.
func shellWords(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '\'' || r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\n')
	})
	for i := range words {
		words[i] = strings.Trim(words[i], `'"`)
	}
	return words
}

// holds checks a call, and tells whether it is one of the command: others may stand
// beside it in a pipe.
func holds(t *testing.T, of *cobra.Command, words []string) bool {
	t.Helper()
	cmd, rest, err := newRoot().Find(optionArgs(words))
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: the example %q: %v", of.CommandPath(), words, err)
	}
	return cmd != nil && cmd.CommandPath() == of.CommandPath()
}
