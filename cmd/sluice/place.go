package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/decisions"
)

// place is where a Sluice's knowledge is read: from a running one, from its database,
// or from its file of decisions.
type place interface {
	// jobs is where each job stands, and the time at which it does.
	jobs(ctx context.Context) ([]apiclient.Job, time.Time, error)
	// search has a search for decisions about a job look here.
	search(ctx context.Context, job string, search *decisions.Search) error
	// events are the events of the jobs that are meant.
	events(wanted eventsWanted) (eventFeed, error)
	close() error
}

// eventsWanted says which events are wanted to begin with.
type eventsWanted struct {
	// job is empty for all of them.
	job   string
	since time.Time
	// newest limits them to so many; 0 does not.
	newest int
	// follow tells that more are wanted as they come.
	follow bool
}

// eventFeed gives events, the oldest first, none of them twice.
type eventFeed interface {
	next(ctx context.Context) ([]eventLine, error)
}

// placeFlags say which place to look at. All commands that look share them.
type placeFlags struct {
	askFlags
	keptFlags
	file string
}

// placeUse is how the usage of a command calls these flags.
const placeUse = "{--server URL | --data DIRECTORY | --store URL | --decisions FILE}"

// placeHelp is what the help of every command says of them.
const placeHelp = "Where to look is said by one of --server URL, a running Sluice; --data or --store, the database of sluice run; and --decisions FILE, what sluice run --decisions writes. " +
	"Without any of them it is the Sluice that " + serverVariable + " names, else the database that the configuration names."

func (f *placeFlags) register(cmd *cobra.Command) {
	f.askFlags.register(cmd)
	f.keptFlags.register(cmd)
	cmd.Flags().Lookup("data").Usage = "`directory` of sluice run --data"
	cmd.Flags().Lookup("store").Usage = "database of sluice run --store, `URL`"
	cmd.Flags().StringVar(&f.file, "decisions", "", "decisions `file` of sluice run; - reads it from standard input")
}

// given are the flags that name a place, in the order in which they go.
func (f *placeFlags) given() []string {
	var given []string
	for _, flag := range []struct{ name, value string }{{"--server", f.server}, {"--data", f.data}, {"--store", f.store}, {"--decisions", f.file}} {
		if flag.value != "" {
			given = append(given, flag.name)
		}
	}
	return given
}

// check makes sure that no more than one place is named.
func (f *placeFlags) check() error {
	given := f.given()
	if f.tokenFile != "" && len(given) > 0 && f.server == "" {
		return &usageError{fmt.Errorf("--token-file is shown to a running Sluice, which --server names: give it with that, or leave it out with %s", given[0])}
	}
	if len(given) < 2 {
		return nil
	}
	return &usageError{fmt.Errorf("%s each name a place to look at: give one of them (%s goes first, so leave out %s)",
		listed(given, "and"), given[0], listed(given[1:], "and"))}
}

// listed are words in a sentence.
func listed(words []string, and string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

// open opens the place: what a flag names, else what the environment and the
// configuration name, of which that goes first which a flag has brought.
func (f *placeFlags) open(cmd *cobra.Command) (place, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	switch {
	case f.server != "":
		return f.running()
	case f.keptFlags.given():
		return f.kept(cmd)
	case f.file != "":
		return &filePlace{path: f.file, stdin: cmd.InOrStdin(), warn: cmd.ErrOrStderr()}, nil
	}
	byFlag := f.process.file != "" || len(f.process.settings) > 0
	if f.named() && !byFlag {
		return f.running()
	}
	cfg, err := f.configuration(cmd)
	if err != nil {
		return nil, err
	}
	target, err := f.target(cfg)
	switch {
	case err != nil:
		return nil, err
	case target == nil && f.named():
		return f.running()
	case target == nil:
		return nil, errNowhere
	}
	return f.keptFlags.place(cmd, cfg)
}

var errNowhere = &usageError{errors.New("where to look is missing: name a running Sluice by --server URL (or " + serverVariable +
	"), the database of sluice run by --data DIRECTORY or --store URL, or the file of sluice run --decisions by --decisions FILE")}

func (f *placeFlags) running() (place, error) {
	client, err := f.client()
	if err != nil {
		return nil, err
	}
	return &runningPlace{client}, nil
}

func (f *placeFlags) kept(cmd *cobra.Command) (place, error) {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return nil, err
	}
	return f.keptFlags.place(cmd, cfg)
}

// within opens the place for the time of a piece of work.
func (f *placeFlags) within(cmd *cobra.Command, work func(place) error) (err error) {
	p, err := f.open(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return work(p)
}

// known are the jobs of the place, for a shell to offer.
func (f *placeFlags) known(cmd *cobra.Command) (jobs []apiclient.Job, err error) {
	if f.file == "-" {
		return nil, nil // what is typed there is no file of decisions
	}
	err = f.within(cmd, func(p place) (err error) {
		jobs, _, err = p.jobs(cmd.Context())
		return err
	})
	return jobs, err
}

// search looks for decisions about a job in the place.
func (f *placeFlags) search(cmd *cobra.Command, query decisions.Query) (found *decisions.Found, err error) {
	search := decisions.NewSearch(query)
	err = f.within(cmd, func(p place) error {
		return working(cmd, "reading decisions", func(ctx context.Context) error { return p.search(ctx, query.Job, search) })
	})
	if err != nil {
		return nil, err
	}
	return search.Result()
}
