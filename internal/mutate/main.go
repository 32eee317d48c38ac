package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	packages []string
	then     []string
	only     *regexp.Regexp
	minimum  float64
	workers  int
	skip     string
	patience time.Duration
	results  string
	page     string
	list     bool
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	then := flags.String("then", "", "`packages`, separated by commas, whose tests are run where the mutated package's own pass")
	only := flags.String("run", "", "only mutants whose file:line matches this `regexp`")
	flags.Float64Var(&s.minimum, "minimum", 0, "fail when fewer `percent` of the mutants are killed")
	flags.IntVar(&s.workers, "workers", runtime.NumCPU(), "mutants tested at a time")
	flags.StringVar(&s.skip, "skip", "", "leave tests out that match this `regexp`, to be quick at first")
	flags.DurationVar(&s.patience, "patience", 5*time.Second, "the time of a processor that a mutant may take beyond ten times what the tests take without it")
	flags.StringVar(&s.results, "results", "", "keep outcomes in this `file`, and take from it what is known and has not changed since")
	flags.StringVar(&s.page, "page", "", "write the result into this `file`, which keeps what stands below its generated part")
	flags.BoolVar(&s.list, "list", false, "list the mutants and test none")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.packages = flags.Args()
	if len(s.packages) == 0 {
		return s, errors.New("name at least one package")
	}
	if *then != "" {
		s.then = strings.Split(*then, ",")
	}
	var err error
	s.only, err = regexp.Compile(*only)
	return s, err
}

// run is the command.
func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	packages, err := load(ctx, s.packages)
	if err != nil {
		return err
	}
	p, err := mutate(packages)
	if err != nil {
		return err
	}
	chosen := choose(p.mutants, s.only)
	if s.list {
		for _, m := range chosen {
			fmt.Fprintln(out, m)
		}
		fmt.Fprintf(out, "%d mutants\n", len(chosen))
		return nil
	}
	if err := test(ctx, s, p, chosen, out); err != nil {
		return err
	}
	return conclude(s, chosen, out)
}

func choose(mutants []*mutant, only *regexp.Regexp) []*mutant {
	var chosen []*mutant
	for _, m := range mutants {
		if only.MatchString(fmt.Sprintf("%s:%d", m.File, m.Line)) {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// conclude prints the survivors and the score, writes the page and judges.
func conclude(s settings, mutants []*mutant, out io.Writer) error {
	total := tally(mutants)
	for _, m := range mutants {
		if m.Outcome == survived {
			fmt.Fprintln(out, "survived:", m)
		}
	}
	fmt.Fprintf(out, "mutants: %d killed of %d (%.1f %%), %d of them by a timeout\n", total.killed, total.all, total.percent(), total.timeouts)
	if s.page != "" {
		if err := writePage(s.page, mutants, out); err != nil {
			return err
		}
	}
	if total.percent() < s.minimum {
		return fmt.Errorf("the tests kill %.1f %% of the mutants, want at least %g %%", total.percent(), s.minimum)
	}
	return nil
}

// score counts outcomes.
type score struct{ all, killed, timeouts int }

func tally(mutants []*mutant) score {
	var s score
	for _, m := range mutants {
		s.all++
		switch m.Outcome {
		case killed:
			s.killed++
		case timedOut:
			s.killed++
			s.timeouts++
		}
	}
	return s
}

func (s score) percent() float64 {
	if s.all == 0 {
		return 100
	}
	return 100 * float64(s.killed) / float64(s.all)
}
