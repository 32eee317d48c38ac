// Command flinkup starts a real Flink cluster on loopback for a person to try things on, and stops it again:
//
//	flinkup up [--version 2.3.0] [--taskmanagers 2] [--job load]
//	flinkup rate 2500
//	flinkup down
//
// What runs is remembered in a file of the cache; there is one cluster at a time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

const usage = `usage: flinkup up [flags]     start a cluster (flinkup up -h lists the flags)
       flinkup rate RECORDS   change the load of its job, in records a second
       flinkup down           stop it and remove its data
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	var wrong wrongUse
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "flinkup:", err)
		os.Exit(1)
	}
}

// wrongUse is an error of the command line.
type wrongUse string

func (w wrongUse) Error() string { return string(w) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return wrongUse(usage)
	}
	switch args[0] {
	case "up":
		return up(ctx, args[1:], out)
	case "rate":
		return rate(args[1:], out)
	case "down":
		return down(out)
	}
	return wrongUse(usage)
}

// wanted is what the flags of up say.
type wanted struct {
	cluster     realflink.ClusterConfig
	job         string
	rate        float64
	cost        time.Duration
	parallelism int
}

func parse(args []string, out io.Writer) (w wanted, err error) {
	f := flag.NewFlagSet("flinkup up", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&w.cluster.Version, "version", realflink.Flink23, "Flink's version: 2.3.0, 1.20.5 or 1.17.2")
	f.IntVar(&w.cluster.TaskManagers, "taskmanagers", 2, "TaskManagers, 400 MB each")
	f.IntVar(&w.cluster.Slots, "slots", 4, "slots of a TaskManager")
	f.StringVar(&w.cluster.Scheduler, "scheduler", "adaptive", "jobmanager.scheduler: adaptive or default")
	f.BoolVar(&w.cluster.HA, "ha", false, "keep jobs in a ZooKeeper over a JobManager's death")
	f.StringVar(&w.job, "job", "", "a job to submit: load or join")
	f.Float64Var(&w.rate, "rate", 500, "the job's records a second, for each source")
	f.DurationVar(&w.cost, "cost", time.Millisecond, "what a record costs in the job's heavy vertex")
	f.IntVar(&w.parallelism, "parallelism", 1, "the job's parallelism at the start")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return w, err
		}
		return w, wrongUse("flinkup up: " + err.Error())
	}
	if w.job != "" && w.job != "load" && w.job != "join" {
		return w, wrongUse("flinkup up: --job is load or join, not " + strconv.Quote(w.job))
	}
	if f.NArg() > 0 {
		return w, wrongUse("flinkup up: what is " + strconv.Quote(f.Arg(0)) + "?")
	}
	return w, nil
}

func up(ctx context.Context, args []string, out io.Writer) error {
	w, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := clear(); err != nil {
		return err
	}
	w.cluster.Detached = true
	c, err := realflink.Start(ctx, w.cluster)
	if err != nil {
		return err
	}
	s := state{URL: c.URL(), Dir: c.Dir(), Processes: c.Processes()}
	if err := w.submit(ctx, c, &s); err != nil {
		return errors.Join(err, c.Stop())
	}
	if err := s.save(); err != nil {
		return errors.Join(err, c.Stop())
	}
	s.tell(out)
	return nil
}

// clear sees to it that no cluster runs, and removes what one that died has left.
func clear() error {
	s, err := load()
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.running() {
		return fmt.Errorf("a cluster runs already at %s: flinkup down stops it", s.URL)
	}
	return s.stop()
}

func (w wanted) submit(ctx context.Context, c *realflink.Cluster, s *state) error {
	if w.job == "" {
		return nil
	}
	job, err := c.Submit(ctx, realflink.JobSpec{
		Name: w.job, Join: w.job == "join", Rate: w.rate, Cost: w.cost, Parallelism: w.parallelism,
	})
	if err != nil {
		return err
	}
	s.Job, s.RateFile = job.ID, job.RateFile()
	return job.WaitRunning(ctx)
}

func rate(args []string, out io.Writer) error {
	if len(args) != 1 {
		return wrongUse(usage)
	}
	perSecond, err := strconv.ParseFloat(args[0], 64)
	if err != nil || perSecond < 0 {
		return wrongUse("flinkup rate: records a second, such as 2500, not " + strconv.Quote(args[0]))
	}
	s, err := load()
	if err != nil {
		return err
	}
	if s.RateFile == "" {
		return errors.New("the cluster was started without --job")
	}
	if err := realflink.AppendRate(s.RateFile, perSecond); err != nil {
		return err
	}
	fmt.Fprintf(out, "job %s: %v records/s\n", s.Job, perSecond)
	return nil
}

func down(out io.Writer) error {
	s, err := load()
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	fmt.Fprintf(out, "stopped %s\n", s.URL)
	return nil
}
