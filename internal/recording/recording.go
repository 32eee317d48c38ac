// Package recording keeps exchanges with a REST API in a file, and plays them
// back in virtual time.
//
// Here live the file format, Recorder, which writes what passes through it, and
// Player, which answers requests from what was written; both stand where an
// http.Client has its transport. What must not live here: knowledge of what the
// bodies mean. Headers are never kept, and so no credentials are.
//
// A file is one exchange a line, in JSON, compressed with gzip:
//
//	{"at":"2026-01-02T03:04:05.678Z","method":"GET","path":"/jobs/overview","status":200,"body":"{…}"}
package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Exchange is one request and its answer.
type Exchange struct {
	// At is when the answer was there.
	At time.Time
	// Method is GET, PUT and so on.
	Method string
	// Path is the escaped path with its query, without scheme and host.
	Path string
	// Status is the HTTP status.
	Status int
	// Sent is the body of the request, nil for none.
	Sent []byte
	// Body is the body of the answer, byte for byte.
	Body []byte
}

// line is the form of an exchange in the file. A body that is not UTF-8 stands
// under a key of its own, in base64.
type line struct {
	At         time.Time `json:"at"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Status     int       `json:"status"`
	Sent       string    `json:"sent,omitempty"`
	SentBinary []byte    `json:"sent_binary,omitempty"`
	Body       string    `json:"body,omitempty"`
	BodyBinary []byte    `json:"body_binary,omitempty"`
}

// Read reads a whole file, compressed or not. With an error, such as that of a
// file whose writer died, it returns the exchanges that stand before it.
func Read(r io.Reader) ([]Exchange, error) {
	plain, err := uncompressed(r)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var exchanges []Exchange
	decoder := json.NewDecoder(plain)
	for {
		var l line
		switch err := decoder.Decode(&l); {
		case errors.Is(err, io.EOF):
			return exchanges, nil
		case err != nil:
			return exchanges, fmt.Errorf("read recording: exchange %d: %w", len(exchanges)+1, err)
		case l.Method == "" || !strings.HasPrefix(l.Path, "/") || l.Status == 0 || l.At.IsZero():
			return exchanges, fmt.Errorf("read recording: exchange %d lacks at, method, path or status", len(exchanges)+1)
		}
		exchanges = append(exchanges, l.exchange())
	}
}

func uncompressed(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

func (l line) exchange() Exchange {
	e := Exchange{At: l.At, Method: l.Method, Path: l.Path, Status: l.Status, Sent: l.SentBinary, Body: l.BodyBinary}
	if l.Sent != "" {
		e.Sent = []byte(l.Sent)
	}
	if l.Body != "" {
		e.Body = []byte(l.Body)
	}
	return e
}

func (e Exchange) line() line {
	l := line{At: e.At, Method: e.Method, Path: e.Path, Status: e.Status}
	l.Sent, l.SentBinary = textOrBinary(e.Sent)
	l.Body, l.BodyBinary = textOrBinary(e.Body)
	return l
}

func textOrBinary(body []byte) (string, []byte) {
	if utf8.Valid(body) {
		return string(body), nil
	}
	return "", body
}

// Write writes exchanges as a whole file. The same exchanges give the same bytes.
func Write(w io.Writer, exchanges []Exchange) error {
	file := NewWriter(w)
	for _, e := range exchanges {
		if err := file.Write(e); err != nil {
			return err
		}
	}
	return file.Close()
}

// Writer writes a file one exchange after the other. It is not safe for
// concurrent use.
type Writer struct {
	compressed *gzip.Writer
	encoder    *json.Encoder
}

// NewWriter makes a writer onto w, which it does not close.
func NewWriter(w io.Writer) *Writer {
	compressed := gzip.NewWriter(w)
	encoder := json.NewEncoder(compressed)
	encoder.SetEscapeHTML(false)
	return &Writer{compressed: compressed, encoder: encoder}
}

// Write appends an exchange.
func (w *Writer) Write(e Exchange) error {
	if err := w.encoder.Encode(e.line()); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	return nil
}

// Flush brings what was written so far to the file, so that it can be read up
// to here if the process dies.
func (w *Writer) Flush() error {
	if err := w.compressed.Flush(); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	return nil
}

// Close ends the file.
func (w *Writer) Close() error {
	if err := w.compressed.Close(); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	return nil
}
