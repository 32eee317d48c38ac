package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("use: testreport show|count|page; see go doc")

// run is the command.
func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "show":
		return show(args[1:], in, out)
	case "count":
		return count(args[1:], out)
	case "page":
		return writePage(args[1:], out)
	}
	return errUsage
}

// show prints a run that arrives on in, and keeps its events where asked to.
func show(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("show", flag.ContinueOnError)
	each := flags.Bool("each", false, "print a line for each test as it ends")
	save := flags.String("save", "", "keep the events in this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	kept, err := keep(*save)
	if err != nil {
		return err
	}
	ended, screen := newResults(), newPrinter(out, *each)
	err = readEvents(io.TeeReader(in, kept), func(e event) {
		ended.add(e)
		screen.add(e)
	})
	if err := errors.Join(err, kept.Close()); err != nil {
		return err
	}
	return judge(ended.total())
}

// keep opens the file for the events; without a name they go nowhere.
func keep(name string) (io.WriteCloser, error) {
	if name == "" {
		name = os.DevNull
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("keep the test events: %w", err)
	}
	return file, nil
}

// judge fails a run in which a test failed or none ran.
func judge(c counts) error {
	switch {
	case c.failed > 0:
		return fmt.Errorf("%d of %d tests failed", c.failed, c.passed+c.failed)
	case c.passed == 0:
		return errors.New("no test ran")
	}
	return nil
}

// count prints what was skipped and, as the last line, how the tests of all
// the given runs ended.
func count(files []string, out io.Writer) error {
	all, err := readRuns(files)
	if err != nil {
		return err
	}
	for _, t := range all.tests() {
		if t.outcome != passed {
			fmt.Fprintf(out, "%-4s  %s%s\n", t.outcome, t.name(), t.because())
		}
	}
	c := all.total()
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	return nil
}

// writePage prints the page of a full run.
func writePage(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("page", flag.ContinueOnError)
	stages := flags.String("stages", "", "`file` with the times of the stages")
	build := flags.String("build", "", "what was tested, one `line`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all, err := readRuns(flags.Args())
	if err != nil {
		return err
	}
	p := page{build: *build, results: all}
	if *stages != "" {
		file, err := os.Open(*stages)
		if err != nil {
			return fmt.Errorf("read stages: %w", err)
		}
		defer file.Close()
		if p.stages, err = readStages(file); err != nil {
			return err
		}
	}
	return p.write(out)
}

// readRuns gathers the kept events of several runs.
func readRuns(files []string) (*results, error) {
	all := newResults()
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read a test run: %w", err)
		}
		err = readEvents(file, all.add)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
	}
	return all, nil
}
