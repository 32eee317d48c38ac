// Command sluice keeps Apache Flink jobs at the right size. This package reads
// flags and wires the parts together; what they do lives in the packages they
// come from.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-project/sluice/internal/build"
	"github.com/sluice-project/sluice/options"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return executeWith(ctx, args, os.Stdin, stdout, stderr)
}

func executeWith(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetIn(stdin)
	root.SetArgs(asFlags(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(stderr, "sluice: "+err.Error())
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError is an error in how the command was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "sluice",
		Short:         "Elastic scaling for Apache Flink",
		Long:          "Sluice watches Flink jobs through Flink's REST API, works out the parallelism that each vertex needs, and rescales the jobs in place.",
		Version:       build.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		// How many letters a word may be away from a command to be taken for it.
		SuggestionsMinimumDistance: 2,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{unknownCommand(cmd, args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("sluice {{.Version}}\n")
	root.AddCommand(newRun(), newDemo(), newTwin(), newAdvise(), newExplain(), newStatus(), newHistory(), newEvents(), newPause(), newResume(), newRescale(), newState(), newBatch(), newOptions(), newCheck(), newVersion(), newCompletion())
	root.CompletionOptions.DisableDefaultCmd = true
	completeEverywhere(root)
	root.SetHelpCommand(newHelp(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%s (see %s --help)", flagProblem(err), cmd.CommandPath())}
	})
	return root
}

func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return &usageError{unknownCommand(root, rest[0])}
			}
			cmd.InitDefaultHelpFlag()
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// flagProblem says what is wrong with a flag, without naming the Go function that
// failed.
func flagProblem(err error) string {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	flag := invalid.GetFlag()
	want := invalid.Unwrap().Error()
	switch flag.Value.Type() {
	case "int", "int64", "uint64":
		want = "want a whole number"
	case "duration":
		want = "want a duration, such as 30s or 5m"
	case "bool":
		want = "want true or false"
	}
	return fmt.Sprintf("--%s %q: %s", flag.Name, invalid.GetValue(), want)
}

func unknownCommand(cmd *cobra.Command, name string) error {
	text := fmt.Sprintf("unknown command %q", name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", nearest(name, near))
	}
	return errors.New(text + " (see sluice --help)")
}

// nearest is the first of the names, unless there is one of the same letters: two that
// changed places are what fingers get wrong most.
func nearest(typed string, names []string) string {
	letters := func(word string) string {
		r := []rune(word)
		slices.Sort(r)
		return string(r)
	}
	for _, name := range names {
		if letters(name) == letters(typed) {
			return name
		}
	}
	return names[0]
}

// noArgs refuses what a command would otherwise silently ignore.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{fmt.Errorf("%s takes no argument, but got %q (see %s --help)", cmd.CommandPath(), args[0], cmd.CommandPath())}
}

// shorthands are the one-letter flags, to which a value may be joined, as in
// -Dkey=value.
const shorthands = "Dcohv"

// optionArgs lets any option be given as a flag of its own, as the reference's
// process takes them: "--job.autoscaler.metrics.window 3m" becomes
// "-D job.autoscaler.metrics.window=3m".
func optionArgs(args []string) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		more := i+1 < len(args)
		switch {
		case arg == "--":
			return append(out, args[i:]...)
		case (arg == "-D" || arg == "--define") && more:
			i++
			out = append(out, arg, args[i])
		case strings.HasPrefix(arg, "-") && (name == hostFlag || name == portFlag):
			out = append(out, "--"+strings.TrimLeft(arg, "-"))
		case !namesOption(arg, name):
			out = append(out, arg)
		default:
			if !joined && more && isValue(args[i+1]) {
				i++
				value = args[i]
			}
			out = append(out, "-D", name+"="+value)
		}
	}
	return out
}

// namesOption tells an option that is given as a flag from a flag.
func namesOption(arg, name string) bool {
	if !strings.HasPrefix(arg, "-") || name == "" {
		return false
	}
	if _, known := options.ByKey(name); known {
		return true
	}
	joinedOn := !strings.HasPrefix(arg, "--") && strings.Contains(shorthands, name[:1])
	return strings.Contains(name, ".") && !joinedOn
}

// asFlags is [optionArgs] but for the word that a shell is to complete.
func asFlags(args []string) []string {
	if len(args) < 2 || args[0] != cobra.ShellCompRequestCmd && args[0] != cobra.ShellCompNoDescRequestCmd {
		return optionArgs(args)
	}
	last := len(args) - 1
	return append(optionArgs(args[:last]), args[last])
}

// isValue tells a value, which may be a negative number, from the next flag.
func isValue(arg string) bool {
	_, err := strconv.ParseFloat(arg, 64)
	return err == nil || !strings.HasPrefix(arg, "-")
}
