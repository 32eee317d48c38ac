// Command serve runs the fake JobManager of package fakeflink as a process of its
// own, prints its address, and serves until it is told to end. GET /__stats tells
// what was asked of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sluice-project/sluice/internal/fakeflink"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "serve: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config := fakeflink.Config{Now: time.Now}
	flag.IntVar(&config.Jobs, "jobs", 10, "`number` of jobs")
	flag.Float64Var(&config.Overloaded, "overloaded", 0.2, "`share` of jobs that need twice the capacity they have")
	flag.IntVar(&config.Parallelism, "parallelism", 4, "`number` of subtasks of every vertex")
	flag.DurationVar(&config.FetchInterval, "fetch-interval", 10*time.Second, "how often metrics are renewed")
	flag.DurationVar(&config.RescaleAfter, "rescale-after", 2*time.Second, "how long a rescale takes to show")
	port := flag.Int("port", 0, "`port` on the loopback interface; 0 for a free one")
	flag.Parse()

	manager, err := fakeflink.New(config)
	if err != nil {
		return err
	}
	server, err := fakeflink.Serve(manager, *port)
	if err != nil {
		return err
	}
	fmt.Println(server.URL())
	<-ctx.Done()
	return server.Close()
}
