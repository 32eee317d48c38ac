package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

const (
	// patienceOfPeople is how long something may take before they are told of it.
	patienceOfPeople = time.Second
	// clearLine lets what is printed next stand in the place of the line.
	clearLine = "\r\x1b[K"
)

// working does a piece of work. Where it takes long, stderr says what it is and for how
// long, if that is a terminal: the line is gone when the work is done.
func working(cmd *cobra.Command, what string, work func(context.Context) error) error {
	stop := tellProgress(cmd.ErrOrStderr(), what)
	defer stop()
	return work(cmd.Context())
}

// tellProgress begins to tell, and returns what ends that.
func tellProgress(w io.Writer, what string) (stop func()) {
	if !isTerminal(w) {
		return func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		ticker := time.NewTicker(patienceOfPeople)
		defer ticker.Stop()
		for shown := false; ; shown = true {
			select {
			case <-ticker.C:
				fmt.Fprintf(w, "%s%s… %.0f s", clearLine, what, time.Since(began).Seconds())
			case <-over:
				if shown {
					fmt.Fprint(w, clearLine)
				}
				return
			}
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// unlessInterrupted does what cannot be told to end: to read what people type. Who
// interrupts does not wait for it.
func unlessInterrupted(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
