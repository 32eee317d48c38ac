package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
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
			return f.run(cmd, args, func(c *apiclient.Client, job *apiclient.Job) (*apiclient.Hold, error) {
				return c.Pause(cmd.Context(), job, f.length, f.why)
			})
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
			})
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

func (f *pauseFlags) run(cmd *cobra.Command, args []string, act func(*apiclient.Client, *apiclient.Job) (*apiclient.Hold, error)) error {
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
	name := "all jobs"
	var hold *apiclient.Hold
	err = working(cmd, "asking "+client.Server(), func(ctx context.Context) (err error) {
		var job *apiclient.Job
		if !f.all {
			found, err := client.Find(ctx, args[0])
			if err != nil {
				return err
			}
			job, name = &found, jobName(&found)
		}
		hold, err = act(client, job)
		return err
	})
	if err != nil {
		return err
	}
	return f.output.write(cmd.OutOrStdout(), map[string]*apiclient.Hold{"hold": hold}, func(w io.Writer) error {
		return sayHold(w, name, hold)
	})
}

func sayHold(w io.Writer, name string, hold *apiclient.Hold) error {
	text := name + ": resumed"
	if hold != nil {
		text = name + ": " + plainText(hold.Text, 300)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
