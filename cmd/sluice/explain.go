package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/decisions"
)

type explainFlags struct {
	decisions string
	output    string
	at        string
	last      int
	all       bool
}

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain JOB --decisions FILE",
		Short: "Explain what was decided about a job",
		Long: "Explain shows the newest decision about a job: the measured rates of each vertex that changes or is held back, what it needs, each rule that shaped its parallelism, and what stood in the way.\n" +
			"Where nothing was changed it says too when the job was last rescaled and why. With --all it shows the arithmetic of every vertex.\n" +
			"JOB is the job's id, the beginning of it, or its name; CLUSTER/ may stand before it, the cluster's name or its address as in the log. FILE is what sluice run --decisions writes, compressed or not; its older files FILE.1, FILE.2 … are read where it does not hold the answer. What sluice advise -o json prints is read too.",
		Example: "  sluice explain orders --decisions decisions.jsonl\n  sluice explain orders --decisions decisions.jsonl --at 05:43:31\n  sluice explain 2e819aac --decisions decisions.jsonl --last 5 -o json",
		Args:    oneJob,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.decisions, "decisions", "", "decisions `file` of sluice run; - reads it from standard input")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	flags.StringVar(&f.at, "at", "", "the decision in force at this `time`, such as 2026-07-01T12:00:00Z, or 12:00:00 (UTC) of the job's newest day")
	flags.BoolVar(&f.all, "all", false, "show every vertex and its arithmetic")
	flags.IntVar(&f.last, "last", 1, "the newest `number` of decisions, the oldest of them first")
	return cmd
}

func oneJob(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] == "" {
		return &usageError{fmt.Errorf("%s takes one job, its id or its name, but its name is empty here (see %s --help)", cmd.CommandPath(), cmd.CommandPath())}
	}
	if len(args) != 1 {
		return &usageError{fmt.Errorf("%s takes one job, its id or its name, but got %d arguments (see %s --help)", cmd.CommandPath(), len(args), cmd.CommandPath())}
	}
	return nil
}

func (f *explainFlags) run(cmd *cobra.Command, job string) error {
	query, err := f.query(cmd, job)
	if err != nil {
		return &usageError{err}
	}
	search := decisions.NewSearch(query)
	if err := f.read(cmd.InOrStdin(), search); err != nil {
		return err
	}
	for _, line := range search.Torn() {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s, and is left out\n", line)
	}
	found, err := search.Result()
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printTexts(cmd.OutOrStdout(), found, cmd.Flags().Changed("last"))
	}
	return f.explain(cmd.OutOrStdout(), found)
}

func (f *explainFlags) query(cmd *cobra.Command, job string) (decisions.Query, error) {
	query := decisions.Query{Job: job, Last: f.last}
	switch {
	case f.output != "text" && f.output != "json":
		return query, fmt.Errorf("--output %q: want text or json", f.output)
	case f.last < 1:
		return query, fmt.Errorf("--last %d: want at least 1", f.last)
	case f.at != "" && cmd.Flags().Changed("last"):
		return query, errors.New("--at and --last ask for different things: give one of them")
	case f.decisions == "":
		return query, errors.New("--decisions is missing: name the file that sluice run --decisions writes, or - for standard input")
	}
	var err error
	if cmd.Flags().Changed("at") {
		if query.At, err = decisions.ParseInstant(f.at); err != nil {
			return query, fmt.Errorf("--at: %w", err)
		}
	}
	return query, nil
}

// read reads the file and then, as long as they may hold the answer, the older
// ones that it was rotated to.
func (f *explainFlags) read(stdin io.Reader, search *decisions.Search) error {
	if f.decisions == "-" {
		return search.Read("standard input", stdin)
	}
	// All are opened before the first is read: a rotation meanwhile changes nothing.
	var files []*os.File
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	for path := range decisions.Rotated(f.decisions) {
		file, err := openFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(files) > 0:
			return readInTurn(files, search)
		case err != nil:
			return &usageError{fmt.Errorf("--decisions: %w", err)}
		}
		files = append(files, file)
	}
	return nil
}

func readInTurn(files []*os.File, search *decisions.Search) error {
	for _, file := range files {
		if err := search.Read(file.Name(), file); err != nil {
			return err
		}
		if search.Done() {
			break
		}
	}
	return nil
}

func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (f *explainFlags) explain(w io.Writer, found *decisions.Found) error {
	for _, e := range found.Entries {
		if err := decisions.WriteExplanation(w, e, f.all); err != nil {
			return err
		}
	}
	if found.Rescale == nil {
		return nil
	}
	return decisions.WriteLastRescale(w, *found.Rescale, f.all)
}

// printTexts prints the decisions as they stand in the file: one as an object,
// with the last rescale in it, several as an array.
func printTexts(w io.Writer, found *decisions.Found, several bool) error {
	if several {
		return printJSON(w, found.Texts)
	}
	return printJSON(w, found.JSON())
}
