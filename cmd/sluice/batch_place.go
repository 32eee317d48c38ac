package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/advise/batch"
)

// batchPlace is where the runs of batch jobs are read.
type batchPlace struct {
	name   string
	source batch.Source
	slots  int // of the cluster, 0 if not known
	left   []batch.Left
	close  func()
}

// place opens what is named: an archive, a History Server or a cluster.
func (f *batchFlags) place(ctx context.Context, cmd *cobra.Command) (batchPlace, error) {
	if f.history != "" {
		folder, err := historyFolder(f.history)
		switch {
		case err != nil:
			return batchPlace{}, &usageError{err}
		case folder != "":
			return openArchives(ctx, folder)
		}
		f.clusters = []string{f.history}
	}
	p, err := f.load(cmd)
	if err != nil {
		return batchPlace{}, err
	}
	if len(p.clusters) != 1 {
		return batchPlace{}, &usageError{fmt.Errorf("%d clusters are configured: name the one to look at by --flink, or a History Server by --history", len(p.clusters))}
	}
	client, _, err := p.cluster(p.clusters[0], wiring{now: time.Now})
	if err != nil && f.history != "" {
		return batchPlace{}, &usageError{fmt.Errorf("--history: %w", err)}
	} else if err != nil {
		return batchPlace{}, &usageError{fmt.Errorf("%s: cluster %s: %w", p.clusters[0].Source, p.clusters[0].Name, err)}
	}
	place := batchPlace{name: client.Address(), source: client, close: client.Close}
	if f.history == "" {
		if overview, err := client.Overview(ctx); err == nil {
			place.slots = overview.SlotsTotal
		}
	}
	return place, nil
}

var (
	schemeOf = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):/`)
	hostPort = regexp.MustCompile(`^[^/\\]+:[0-9]+(/.*)?$`)
)

// historyFolder is the folder that --history names, as a path or a file: URL;
// empty if it names a History Server.
func historyFolder(text string) (string, error) {
	scheme := ""
	if m := schemeOf.FindStringSubmatch(text); m != nil {
		scheme = strings.ToLower(m[1])
	}
	switch {
	case scheme == "file":
		u, err := url.Parse(text)
		if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return "", fmt.Errorf("--history %q: want file:///folder, a folder of this machine", text)
		}
		return u.Path, nil
	case scheme != "" && scheme != "http" && scheme != "https":
		return "", fmt.Errorf("--history %q: archives are read from a folder of this machine: copy them into one, or name a History Server that reads them", text)
	case scheme == "" && (!hostPort.MatchString(text) || exists(text)):
		return text, nil
	case strings.ContainsAny(text, "@"):
		return "", errors.New("--history: no user and password in an address")
	case strings.ContainsAny(text, ","):
		return "", fmt.Errorf("--history %q: want one History Server", text)
	}
	return "", nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
