package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/realize/byhand"
)

// ask has a running Sluice set the bounds.
func (f *rescaleFlags) ask(cmd *cobra.Command, name string, wishes []byhand.Wish) error {
	switch {
	case f.wait:
		return &usageError{errors.New("--wait follows what was asked of Flink, and --server asks a Sluice: give one of them; sluice status --watch shows how it goes")}
	case len(f.clusters) > 0:
		return &usageError{errors.New("--server asks a running Sluice, and --flink the cluster itself: give one of them")}
	}
	client, err := f.askFlags.client()
	if err != nil {
		return err
	}
	job, err := client.Find(cmd.Context(), name)
	if err != nil {
		return err
	}
	request := make([]apiclient.Wish, len(wishes))
	for i, w := range wishes {
		request[i] = apiclient.Wish{Vertex: w.Vertex, Lower: w.Lower, Upper: w.Upper}
	}
	done, err := client.Rescale(cmd.Context(), &job, request, f.hold, f.dryRun)
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(cmd.OutOrStdout(), done)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERTEX\tRUNS AT\tMAX\tBOUNDS")
	for _, v := range done.Vertices {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d:%d\n", plainText(v.Name, 60), v.Parallelism, v.MaxParallelism, v.Lower, v.Upper)
	}
	switch {
	case !done.Changed:
		fmt.Fprintln(w, "The bounds are so already: nothing was changed.")
	case !done.Applied:
		fmt.Fprintln(w, "Dry run: nothing was changed.")
	default:
		fmt.Fprintf(w, "Flink has taken the bounds and rescales when it can; Sluice keeps its hand off for %s.\n", f.hold)
	}
	return w.Flush()
}
