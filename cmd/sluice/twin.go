package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/twin/rest"
	"github.com/sluice-project/sluice/twin/stage"
	"github.com/sluice-project/sluice/twin/workload"
)

type twinFlags struct {
	file     string
	scenario string
	listen   string
	speed    string
}

func newTwin() *cobra.Command {
	var f twinFlags
	cmd := &cobra.Command{
		Use:   "twin",
		Short: "Serve a simulated Flink cluster",
		Long: "Twin serves a Flink cluster in virtual time to any client of Flink's REST interface: sluice run, curl, Flink's own.\n" +
			"What Flink has no word for, such as TaskManagers that are lost, loads and the clock, is under /twin/v1.",
		Example: "  sluice twin --config twin.yaml\n  sluice twin --config twin.yaml --scenario day.yaml --listen 127.0.0.1:9091 --speed 60",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "`file` that says what the cluster and its jobs are (YAML)")
	cmd.Flags().StringVar(&f.scenario, "scenario", "", "`file` that says what happens to them (YAML)")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8081", "`address` to listen at; without a host it is the loopback")
	cmd.Flags().StringVar(&f.speed, "speed", "1", "seconds of the twin in a second: a `number`, max, or step, where the clock moves when it is told to")
	return cmd
}

func (f *twinFlags) run(cmd *cobra.Command) error {
	if f.file == "" {
		return &usageError{errors.New("--config: want the file that says what the cluster is (see sluice twin --help)")}
	}
	speed, err := rest.ParseSpeed(f.speed)
	if err != nil {
		return &usageError{fmt.Errorf("--speed %w", err)}
	}
	plan, err := f.plan()
	if err != nil {
		return &usageError{err}
	}
	world, err := plan.Open()
	if err != nil {
		return err
	}
	world.Happened = tellEvents(cmd.OutOrStdout(), cmd.ErrOrStderr())
	server, err := rest.New(rest.Config{World: world, Speed: speed, Now: time.Now})
	if err != nil {
		return err
	}
	listener, err := rest.Listen(f.listen)
	if err != nil {
		return &usageError{fmt.Errorf("--listen: %w", err)}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "a twin of Flink %s answers at http://%s, speed %s\n", plan.Cluster.Version, listener.Addr(), speed)
	if err := server.Serve(cmd.Context(), listener); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// tellEvents writes a line for each event of a scenario; one that could not be is told
// as a fault.
func tellEvents(out, faults io.Writer) func(time.Time, stage.Event, error) {
	return func(at time.Time, e stage.Event, err error) {
		if err != nil {
			fmt.Fprintf(faults, "%s not: %s: %v\n", at.UTC().Format(time.RFC3339), e, err)
			return
		}
		fmt.Fprintf(out, "%s %s\n", at.UTC().Format(time.RFC3339), e)
	}
}

// plan reads the files. Tables of a load stand beside the file that names them. A
// twin of which no file says when it begins begins now: clients compare its times
// with their own clock.
func (f *twinFlags) plan() (*stage.Plan, error) {
	contents, err := os.ReadFile(f.file)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	plan, err := stage.Read(stage.File{
		Name: f.file, Contents: contents, ReadFile: beside(f.file), Start: time.Now().UTC().Truncate(time.Second),
	})
	if err != nil || f.scenario == "" {
		return plan, err
	}
	if contents, err = os.ReadFile(f.scenario); err != nil {
		return nil, fmt.Errorf("--scenario: %w", err)
	}
	scenario, err := workload.ParseScenario(f.scenario, contents, beside(f.scenario))
	if err != nil {
		return nil, err
	}
	if err := plan.Follow(scenario); err != nil {
		return nil, fmt.Errorf("--scenario: %s: %w", f.scenario, err)
	}
	return plan, nil
}

// beside reads files by their names relative to another.
func beside(file string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		return os.ReadFile(name)
	}
}
