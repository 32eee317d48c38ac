package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/decisions"
)

// filePlace is a file of decisions, with the older ones that it was rotated to.
type filePlace struct {
	path  string
	stdin io.Reader
	warn  io.Writer
}

const standardInput = "standard input"

func (p *filePlace) close() error { return nil }

// search reads the file and then, as long as they may hold the answer, the older ones.
func (p *filePlace) search(ctx context.Context, _ string, search *decisions.Search) error {
	err := p.each(ctx, func(name string, r io.Reader) (bool, error) {
		err := search.Read(name, r)
		return search.Done(), err
	})
	p.warnOf(search.Torn())
	return err
}

// jobs is where the jobs stood at their newest decisions.
func (p *filePlace) jobs(ctx context.Context) ([]apiclient.Job, time.Time, error) {
	newest := newestOf{}
	err := p.each(ctx, func(name string, r io.Reader) (bool, error) {
		torn, err := newest.read(name, r)
		p.warnOf(torn)
		return false, err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	jobs, err := newest.jobs()
	return jobs, time.Now(), err
}

func (p *filePlace) warnOf(torn []string) {
	for _, line := range torn {
		fmt.Fprintf(p.warn, "warning: %s, and is left out\n", line)
	}
}

// each reads the files one after the other, the newest first, until it has enough.
func (p *filePlace) each(ctx context.Context, read func(name string, r io.Reader) (enough bool, err error)) error {
	if p.path == "-" {
		return unlessInterrupted(ctx, func() error {
			_, err := read(standardInput, p.stdin)
			return err
		})
	}
	// All are opened before the first is read: a rotation meanwhile changes nothing.
	var files []*os.File
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	for name := range decisions.Rotated(p.path) {
		file, err := openFile(name)
		if errors.Is(err, fs.ErrNotExist) && len(files) > 0 {
			break
		}
		if err != nil {
			return &usageError{fmt.Errorf("--decisions: %w", err)}
		}
		files = append(files, file)
	}
	for _, file := range files {
		if enough, err := read(file.Name(), whileRunning{ctx, file}); enough || err != nil {
			return err
		}
	}
	return nil
}

// whileRunning reads until the context ends.
type whileRunning struct {
	ctx context.Context //nolint:containedctx // it is that of one reading
	io.Reader
}

func (r whileRunning) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func inFile(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// events are the rescales that decisions tell of, and how they ended.
func (p *filePlace) events(wanted eventsWanted) (eventFeed, error) {
	if wanted.follow {
		return nil, &usageError{errors.New("--follow: a file of decisions is not followed; name a running Sluice by --server, or its database by --data or --store")}
	}
	return &fileFeed{p, wanted}, nil
}
