package decisions

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"

	"github.com/sluice-project/sluice/autoscaler"
)

// File appends decisions to a file, one JSON document a line. A decision that
// says the same as the job's previous one is left out, so that a quiet job
// leaves one line. The file is rotated by size: FILE.1 is the one before, the
// highest number the oldest. It is safe for concurrent use.
type File struct {
	path string
	// maxBytes is the size at which the file is rotated, keep the number of old
	// files.
	maxBytes int64
	keep     int

	mu sync.Mutex
	// file is nil after a rotation that failed halfway; the next line opens it.
	file   *os.File
	size   int64
	closed bool
	// device is true for what is no file and cannot be rotated, such as a pipe.
	device bool
	// unnamed is what a cluster without a name is called.
	unnamed string
	// last is what the newest line of a job says.
	last map[autoscaler.JobKey]string
}

var (
	_ autoscaler.DecisionRecorder = (*File)(nil)
	_ HandRecorder                = (*File)(nil)
)

// The defaults of rotation.
const (
	DefaultMaxBytes = 64 << 20
	DefaultKeep     = 5
)

// rememberedJobs bounds the memory that the jobs of the past take. To forget a
// job that is still there costs one repeated line.
const rememberedJobs = 50_000

// OpenFile opens path for appending, and makes it when it is not there. A line
// that an earlier process left unfinished is ended. maxBytes is the size at
// which the file is rotated, keep the number of old files; both at least 0.
func OpenFile(path string, maxBytes int64, keep int) (*File, error) {
	f := &File{path: path, maxBytes: maxBytes, keep: keep, last: map[autoscaler.JobKey]string{}}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

// CallUnnamed says what to call a cluster that has no name, such as its address,
// so that files of several may be read together. Without it nothing is written.
func (f *File) CallUnnamed(cluster string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unnamed = cluster
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("open decisions file: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		f.size, err = endLine(file, info.Size())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open decisions file: %w", err), file.Close())
	}
	f.file, f.device = file, !info.Mode().IsRegular()
	return nil
}

// endLine ends the last line of a file if it was left unfinished, and returns
// the file's size.
func endLine(file *os.File, size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], size-1); err != nil || last[0] == '\n' {
		return size, err
	}
	n, err := file.Write([]byte("\n"))
	return size + int64(n), err
}

// Record implements [autoscaler.DecisionRecorder].
func (f *File) Record(_ context.Context, job *autoscaler.JobContext, r *autoscaler.Report) error {
	return f.record(job.Key, New(r))
}

// RecordByHand implements [HandRecorder].
func (f *File) RecordByHand(_ context.Context, key autoscaler.JobKey, e Entry) error {
	return f.record(key, e)
}

func (f *File) record(key autoscaler.JobKey, entry Entry) error {
	fingerprint := entry.Fingerprint()
	f.mu.Lock()
	defer f.mu.Unlock()
	entry.Cluster = cmp.Or(entry.Cluster, f.unnamed)
	if entry.Action == ActionHold && f.last[key] == fingerprint {
		return nil
	}
	line, err := encodeLine(entry)
	if err != nil {
		return fmt.Errorf("encode decision: %w", err)
	}
	if err := f.write(line); err != nil {
		return err
	}
	if len(f.last) >= rememberedJobs {
		clear(f.last)
	}
	f.last[key] = fingerprint
	return nil
}

// encodeLine leaves the arrows in the names of vertices readable.
func encodeLine(e Entry) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return line.Bytes(), err
}

// Fingerprint is the same for two decisions that say the same with other
// figures.
func (e *Entry) Fingerprint() string {
	text := e.Action + e.Reason
	for i := range e.Vertices {
		v := &e.Vertices[i]
		text += fmt.Sprintf(" %s:%d>%d>%d:%s", v.ID, v.From, v.Recommended, v.To, v.Reason)
	}
	if e.Act != nil {
		text += " " + e.Act.Phase
	}
	return text
}

func (f *File) write(line []byte) error {
	if f.closed {
		return fmt.Errorf("append to decisions file: %w", os.ErrClosed)
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if !f.device && f.size > 0 && f.size+int64(len(line)) > f.maxBytes {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	if _, err := f.file.Write(line); err != nil {
		// Half a line would spoil the next one too.
		return errors.Join(fmt.Errorf("append to decisions file: %w", err), f.file.Truncate(f.size))
	}
	f.size += int64(len(line))
	return nil
}

func (f *File) rotate() error {
	err := f.file.Close()
	f.file = nil
	if err != nil {
		return fmt.Errorf("rotate decisions file: %w", err)
	}
	for i := f.keep; i >= 1; i-- {
		from := f.numbered(i - 1)
		if err := os.Rename(from, f.numbered(i)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("rotate decisions file: %w", err)
		}
	}
	if f.keep == 0 {
		if err := os.Remove(f.path); err != nil {
			return fmt.Errorf("rotate decisions file: %w", err)
		}
	}
	return f.open()
}

func (f *File) numbered(i int) string { return numbered(f.path, i) }

func numbered(path string, i int) string {
	if i == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, i)
}

// Rotated names the files that a [File] at path writes and rotates to, the newest
// first, without end: the first that is not there is the last.
func Rotated(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; yield(numbered(path, i)); i++ {
		}
	}
}

// Close closes the file; there is no recording after it.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("close decisions file: %w", err)
	}
	return nil
}
