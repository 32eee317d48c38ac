package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
)

type statusFlags struct {
	placeFlags
	output output
	watch  bool
	every  time.Duration
}

func newStatus() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status [WORD…] " + placeUse,
		Short: "Show where each job stands",
		Long: "Status shows every job that Sluice watches: where it stands, its load, what it can do, its lag and its parallelism. Words leave out the jobs whose cluster, name or id does not contain all of them.\n" +
			placeHelp + " Of a database or a file it is what the newest decision about each job says: one that says the same as the one before is not kept.",
		Example: "  sluice status --server http://127.0.0.1:8090\n  sluice status orders --watch\n  sluice status --data /var/lib/sluice -o json",
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd)
	f.output.register(cmd)
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "show it again and again until interrupted")
	cmd.Flags().DurationVar(&f.every, "every", 5*time.Second, "`time` between two looks of --watch")
	completeJobs(cmd, f.known)
	return cmd
}

func (f *statusFlags) run(cmd *cobra.Command, words []string) error {
	switch {
	case cmd.Flags().Changed("every") && !f.watch:
		return &usageError{errors.New("--every is the time between two looks of --watch: give --watch too, or leave it out")}
	case f.every < leastEvery:
		return &usageError{fmt.Errorf("--every %s: want at least %s", f.every, leastEvery)}
	case f.watch && f.file == "-":
		return &usageError{errors.New("--watch: standard input is read once; name the file of decisions")}
	}
	return f.within(cmd, func(p place) error {
		if f.watch {
			return f.keepShowing(cmd, p, words)
		}
		return f.show(cmd, p, words)
	})
}

// keepShowing shows the jobs until the command ends. While the place is away it waits
// for it.
func (f *statusFlags) keepShowing(cmd *cobra.Command, p place, words []string) error {
	away := absence{said: cmd.ErrOrStderr()}
	for first := true; ; first = false {
		err := f.show(cmd, p, words)
		switch {
		case cmd.Context().Err() != nil:
			return nil //nolint:nilerr // who watches ends by interrupting
		case first && err != nil:
			return err
		}
		if err := away.after(err); err != nil {
			return err
		}
		if wait(cmd.Context(), f.every) != nil {
			return nil //nolint:nilerr // the same
		}
	}
}

// leastEvery spares who is asked.
const leastEvery = 100 * time.Millisecond

// clearScreen lets the next table stand in the place of the last.
const clearScreen = "\x1b[H\x1b[2J"

func (f *statusFlags) show(cmd *cobra.Command, p place, words []string) error {
	var jobs []apiclient.Job
	var now time.Time
	err := working(cmd, "looking at the jobs", func(ctx context.Context) (err error) {
		jobs, now, err = p.jobs(ctx)
		return err
	})
	if err != nil {
		return err
	}
	watched, away := len(jobs), ""
	if running, is := p.(*runningPlace); is && watched == 0 {
		away = running.away(cmd.Context())
	}
	jobs = slices.DeleteFunc(jobs, func(j apiclient.Job) bool { return !containsAll(j.Cluster+" "+j.Name+" "+j.Job, words) })
	out := cmd.OutOrStdout()
	table := func(w io.Writer) error {
		if f.watch && isTerminal(out) {
			fmt.Fprint(w, clearScreen)
		}
		if len(jobs) == 0 {
			return sayNoJob(w, watched, words, away)
		}
		return writeStatus(w, jobs, now, coloured(out))
	}
	if f.watch {
		return f.output.line(out, jobs, table)
	}
	return f.output.write(out, jobs, table)
}

// sayNoJob says that none of so many jobs is to be shown; away are the clusters that do
// not answer.
func sayNoJob(w io.Writer, watched int, words []string, away string) error {
	text := "No job is watched."
	switch {
	case away != "":
		text = "No job is known: " + away + "."
	case watched == 1:
		text = fmt.Sprintf("%q is in none of the names: the one job that is watched is another.", strings.Join(words, " "))
	case watched > 1:
		text = fmt.Sprintf("%q is in none of the names of the %d jobs that are watched.", strings.Join(words, " "), watched)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// stateColours are codes of the terminal for the states that ask for attention.
var stateColours = map[string]string{
	"failed": "31", "away": "31", "doubtful": "31", "blocked": "33", "not scalable": "33", "scaling": "36", "catching up": "36", "steady": "32",
}

func writeStatus(out io.Writer, jobs []apiclient.Job, now time.Time, colour bool) error {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tJOB\tREADS\tCAN DO\tBUSY\tLAG\tPARALLELISM\tRESCALED\tWHY")
	for i := range jobs {
		j := &jobs[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", stateOf(j), jobName(j), perSecond(j.Source), perSecond(j.Capacity), percent(j.Busy), figureOf(j.Lag), arrowOf(j), ago(j.Scaled, now), whyOf(j))
	}
	_ = w.Flush() // into memory: it cannot fail
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, " ")
		if colour && i > 0 {
			if code := stateColours[stateOf(&jobs[i-1])]; code != "" {
				state := stateOf(&jobs[i-1])
				line = "\x1b[" + code + "m" + state + "\x1b[0m" + strings.TrimPrefix(line, state)
			}
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func stateOf(j *apiclient.Job) string {
	if j.Failure != nil {
		return "failed"
	}
	return j.State
}

// jobName is the job's name on one line, with its cluster where that has a name.
func jobName(j *apiclient.Job) string {
	name := j.Name
	if name == "" {
		name = j.Job
	}
	if j.Cluster != "-" {
		name = j.Cluster + "/" + name
	}
	return plainText(name, 60)
}

// plainText is text of others on one line of a terminal, and not too long.
func plainText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func figureOf(x *float64) string {
	if x == nil {
		return "-"
	}
	return decisions.Figure(*x).String()
}

func perSecond(x *float64) string {
	if x == nil {
		return "-"
	}
	return figureOf(x) + "/s"
}

func percent(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100**x)
}

func arrowOf(j *apiclient.Job) string {
	if j.Parallelism == 0 {
		return "-" // it is not known yet
	}
	if j.Wanted != j.Parallelism {
		return fmt.Sprintf("%d -> %d", j.Parallelism, j.Wanted)
	}
	return fmt.Sprint(j.Parallelism)
}

func ago(t *time.Time, now time.Time) string {
	if t == nil {
		return "-"
	}
	return max(0, now.Sub(*t)).Round(time.Second).String() + " ago"
}

func whyOf(j *apiclient.Job) string {
	if j.Failure != nil {
		return plainText(j.Failure.Text, 100)
	}
	if j.Hold != nil && j.State == string(fleet.Paused) {
		return plainText(j.Hold.Text, 100) // whether it is the job's own, or that of all
	}
	if j.Why == "" && j.State == string(fleet.Filling) {
		return "too new for a decision: its metric window is filling"
	}
	return plainText(j.Why, 100)
}
