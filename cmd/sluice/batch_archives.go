package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-project/sluice/advise/batch"
	"github.com/sluice-project/sluice/flink"
)

// archives are the jobs that a cluster wrote down in a folder. Only one of them is
// held in memory at a time.
type archives struct {
	jobs  []flink.JobSummary
	files map[flink.JobID]string
	// open is the one that was read last.
	open     *flink.Archive
	openFile string
}

var _ batch.Source = (*archives)(nil)

// openArchives looks through a folder: Flink 1.x writes a file for each job into
// it, 2.3 one in a folder for each application.
func openArchives(ctx context.Context, folder string) (batchPlace, error) {
	if info, err := os.Stat(folder); err != nil {
		return batchPlace{}, &usageError{fmt.Errorf("--history: %w; a History Server is named as http://host:8082", err)}
	} else if !info.IsDir() && !info.Mode().IsRegular() {
		return batchPlace{}, &usageError{fmt.Errorf("--history %s: want a folder with archives, or one archive", folder)}
	}
	a := &archives{files: map[flink.JobID]string{}}
	place := batchPlace{name: folder, source: a, close: func() {}}
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			place.left = append(place.left, batch.Left{Name: file, Why: "it cannot be read: " + err.Error()})
			return nil
		case entry.IsDir() || strings.HasPrefix(entry.Name(), "."): // .crc files of Hadoop's file systems
			return nil
		}
		if err := a.list(ctx, file); err != nil {
			place.left = append(place.left, batch.Left{Name: file, Why: "it cannot be read: " + err.Error()})
		}
		return nil
	})
	if err == nil && len(a.jobs) == 0 && len(place.left) > 0 {
		err = fmt.Errorf("--history: no archive of a job could be read: %s: %s", place.left[0].Name, place.left[0].Why)
	} else if err == nil && len(a.jobs) == 0 {
		err = &usageError{fmt.Errorf("--history %s: there is no archive in it: want the folder that jobmanager.archive.fs.dir names", folder)}
	}
	return place, err
}

// list notes the jobs of one archive.
func (a *archives) list(ctx context.Context, file string) error {
	archive, err := a.read(file)
	if err != nil {
		return err
	}
	jobs, err := archive.JobsOverview(ctx)
	for _, job := range jobs {
		if _, twice := a.files[job.ID]; !twice {
			a.files[job.ID] = file
			a.jobs = append(a.jobs, job)
		}
	}
	return err
}

func (a *archives) read(file string) (*flink.Archive, error) {
	if a.openFile == file {
		return a.open, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := unzipped(f)
	if err != nil {
		return nil, err
	}
	archive, err := flink.ReadArchive(text)
	if err != nil {
		return nil, err
	}
	a.open, a.openFile = archive, file
	return archive, nil
}

// unzipped reads a file that may have been packed by gzip since Flink wrote it.
func unzipped(f io.Reader) (io.Reader, error) {
	text := bufio.NewReader(f)
	if start, err := text.Peek(2); err != nil || !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return text, nil
	}
	return gzip.NewReader(text)
}

// of is the archive of a job.
func (a *archives) of(job flink.JobID) (*flink.Archive, error) {
	file, there := a.files[job]
	if !there {
		return nil, &flink.Error{Kind: flink.KindNotFound, Op: "archive of job " + string(job)}
	}
	archive, err := a.read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return archive, nil
}

// JobsOverview implements [batch.Source].
func (a *archives) JobsOverview(context.Context) ([]flink.JobSummary, error) { return a.jobs, nil }

// Job implements [batch.Source].
func (a *archives) Job(ctx context.Context, job flink.JobID) (flink.JobDetails, error) {
	return fromArchive(a, job, func(b *flink.Archive) (flink.JobDetails, error) { return b.Job(ctx, job) })
}

// VertexDetails implements [batch.Source].
func (a *archives) VertexDetails(ctx context.Context, job flink.JobID, vertex flink.VertexID) (flink.VertexDetails, error) {
	return fromArchive(a, job, func(b *flink.Archive) (flink.VertexDetails, error) { return b.VertexDetails(ctx, job, vertex) })
}

// JobConfig implements [batch.Source].
func (a *archives) JobConfig(ctx context.Context, job flink.JobID) (flink.JobConfig, error) {
	return fromArchive(a, job, func(b *flink.Archive) (flink.JobConfig, error) { return b.JobConfig(ctx, job) })
}

// JobManagerJobConfig implements [batch.Source].
func (a *archives) JobManagerJobConfig(ctx context.Context, job flink.JobID) ([]flink.KeyValue, error) {
	return fromArchive(a, job, func(b *flink.Archive) ([]flink.KeyValue, error) { return b.JobManagerJobConfig(ctx, job) })
}

// fromArchive asks the archive of a job, and names its file where that fails.
func fromArchive[T any](a *archives, job flink.JobID, ask func(*flink.Archive) (T, error)) (T, error) {
	var none T
	archive, err := a.of(job)
	if err != nil {
		return none, err
	}
	answer, err := ask(archive)
	if err != nil {
		return none, fmt.Errorf("%s: %w", a.files[job], err)
	}
	return answer, nil
}
