package advise

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/internal/recording"
)

// Replay runs the passes of a recording in the recording's own time and returns
// every decision that differs from the job's one before. As when it was recorded,
// a pass that fails does not keep the next one from being run; it fails only
// where not one list of jobs can be read.
//
// loops are the times at which the recorded process listed the jobs: see
// [Loops]. advance moves the clock of everything that c is made of.
func Replay(ctx context.Context, c Config, loops []Loop, advance func(Loop)) ([]decisions.Entry, error) {
	entries := []decisions.Entry{}
	var failure error
	last := map[string]string{}
	listed := false
	for _, loop := range loops {
		advance(loop)
		f, err := c.fetch(ctx)
		listed = listed || err == nil || errors.Is(err, ErrNoJobs)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			failure = fmt.Errorf("replay %s: %w", loop.At.UTC().Format(time.RFC3339), err)
			continue
		}
		for _, entry := range c.pass(ctx, f) {
			if said := entry.Fingerprint(); said != last[entry.Cluster+"/"+entry.Job] {
				last[entry.Cluster+"/"+entry.Job] = said
				entries = append(entries, entry)
			}
		}
	}
	if !listed {
		return nil, failure
	}
	return entries, nil
}

// pass runs one pass over every job. One whose turn to be read has not come is
// left out.
func (c *Config) pass(ctx context.Context, f found) []decisions.Entry {
	entries := make([]decisions.Entry, 0, len(f.jobs)+len(f.skipped))
	for _, job := range f.jobs {
		report, err := c.Scaler.Scale(ctx, job)
		entries = append(entries, entryOf(&report, err))
	}
	for _, job := range f.skipped {
		if job.Err != nil {
			entries = append(entries, c.unread(job))
		}
	}
	return entries
}

// Loop is one run of the control loop in a recording: it began At, and
// everything that it asked was answered by Until.
type Loop struct{ At, Until time.Time }

// Loops finds the runs of the control loop in a recording.
func Loops(exchanges []recording.Exchange) []Loop {
	var loops []Loop
	for _, e := range exchanges {
		path, err := url.Parse(e.Path)
		if err == nil && strings.HasSuffix(path.Path, "/jobs/overview") {
			loops = append(loops, Loop{At: e.At})
		}
	}
	for i := range loops {
		if i+1 < len(loops) {
			loops[i].Until = loops[i+1].At.Add(-time.Nanosecond)
		} else if n := len(exchanges); n > 0 {
			loops[i].Until = exchanges[n-1].At
		}
	}
	return loops
}
