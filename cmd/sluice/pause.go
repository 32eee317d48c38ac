package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/options"
)

type pauseFlags struct {
	askFlags
	all         bool
	length, why string
	output      output
}

func newPause() *cobra.Command {
	var f pauseFlags
	cmd := &cobra.Command{
		Use:   "pause JOB|--all",
		Short: "Keep a running Sluice's hand off a job",
		Long: "Pause lets a running Sluice watch a job and rescale it no more, for so long or until it is resumed. What it would do is shown all the same.\n" +
			"JOB is the job's id, the beginning of it, or its name; CLUSTER/ may stand before it.",
		Example: "  sluice pause orders --for 2h --why 'release of 3.1' --server http://127.0.0.1:8090\n  sluice pause --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.length != "" || cmd.Flags().Changed("for") {
				if err := checkLength("--for", f.length); err != nil {
					return &usageError{err}
				}
			}
			return f.run(cmd, args, func(c *apiclient.Client, job *apiclient.Job) (*apiclient.Hold, error) {
				return c.Pause(cmd.Context(), job, f.length, f.why)
			}, sayPaused)
		},
	}
	f.registerFor(cmd)
	cmd.Flags().StringVar(&f.length, "for", "", "how long, such as 30min or 2h (default until it is resumed)")
	cmd.Flags().StringVar(&f.why, "why", "", "`text` that others are shown")
	return cmd
}

func newResume() *cobra.Command {
	var f pauseFlags
	cmd := &cobra.Command{
		Use:     "resume JOB|--all",
		Short:   "End a pause",
		Long:    "Resume lets a running Sluice rescale a job again that was paused. With --all it ends the pause of all jobs; those that were paused one by one stay so.",
		Example: "  sluice resume orders --server http://127.0.0.1:8090\n  sluice resume --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args, func(c *apiclient.Client, job *apiclient.Job) (*apiclient.Hold, error) {
				return c.Resume(cmd.Context(), job)
			}, sayResumed)
		},
	}
	f.registerFor(cmd)
	return cmd
}

func (f *pauseFlags) registerFor(cmd *cobra.Command) {
	f.register(cmd)
	cmd.Flags().BoolVar(&f.all, "all", false, "all jobs that it watches")
	f.output.register(cmd)
	completeJobs(cmd, f.known)
}

func (f *pauseFlags) run(cmd *cobra.Command, args []string, act func(*apiclient.Client, *apiclient.Job) (*apiclient.Hold, error), say func(name string, before, after *apiclient.Hold) string) error {
	switch {
	case f.all && len(args) > 0:
		return &usageError{errors.New("--all names every job: give it or a job")}
	case !f.all:
		if err := oneJob(cmd, args); err != nil {
			return err
		}
	}
	client, err := f.client()
	if err != nil {
		return err
	}
	name := allJobs
	var before, hold *apiclient.Hold
	err = working(cmd, "asking "+client.Server(), func(ctx context.Context) (err error) {
		var job *apiclient.Job
		if !f.all {
			found, err := client.Find(ctx, args[0])
			if err != nil {
				return err
			}
			job, name, before = &found, jobName(&found), found.Hold
		}
		hold, err = act(client, job)
		return err
	})
	if err != nil {
		return err
	}
	return f.output.write(cmd.OutOrStdout(), map[string]*apiclient.Hold{"hold": hold}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, say(name, before, hold))
		return err
	})
}

// sayPaused says who holds the job now.
func sayPaused(name string, _, after *apiclient.Hold) string {
	if after == nil {
		return name + ": not held" // someone has resumed it meanwhile
	}
	return name + ": " + plainText(after.Text, 300)
}

// sayResumed says what is left: with all jobs paused, the end of a job's own pause
// does not let Sluice rescale it.
func sayResumed(name string, before, after *apiclient.Hold) string {
	switch {
	case after != nil:
		return name + " stays paused: " + plainText(after.Text, 300) + "; sluice resume --all ends that"
	case before == nil && name != allJobs:
		return name + ": was not paused"
	}
	return name + ": resumed"
}

// allJobs is how the command calls them.
const allJobs = "all jobs"

// longestHold is the longest pause that a server takes.
const longestHold = 366 * 24 * time.Hour

// checkLength checks the length of a hold before anybody is asked.
func checkLength(flag, text string) error {
	length, err := options.ParseDuration(text)
	if err != nil || length <= 0 || length > longestHold {
		return fmt.Errorf("%s %q: want a duration of up to a year, such as 30min or 2h", flag, text)
	}
	return nil
}
