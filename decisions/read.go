package decisions

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Line is one document of a decisions file: what it is found by, and the text.
type Line struct {
	// Place is where it stands, such as "line 3".
	Place   string    `json:"-"`
	Time    time.Time `json:"time"`
	Cluster string    `json:"cluster"`
	Job     string    `json:"job"`
	Name    string    `json:"name"`
	Action  string    `json:"action"`
	Reason  string    `json:"reason"`
	// Text is the JSON document as it stands there, valid until the next one.
	Text []byte `json:"-"`
}

// TornLineError is a document that was cut short, as by a crash while it was
// written.
type TornLineError struct{ Place string }

func (e *TornLineError) Error() string { return e.Place + " was cut short" }

// maxLine is the length in bytes from which on a document is taken for something
// else: a vertex has less than 4 KiB.
const maxLine = 16 << 20

// Lines reads a decisions file, one line at a time, also a compressed one (gzip).
// What sluice advise and explain print as JSON, indented or an array, is read too.
// After a [TornLineError] it goes on with the next line, after any other error it
// ends. Empty lines are left out.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		reader, err := unpacked(r)
		switch {
		case err != nil:
			yield(Line{}, err)
		case printed(reader):
			printedDocuments(reader, yield)
		default:
			eachLine(reader, yield)
		}
	}
}

// unpacked decompresses what is compressed.
func unpacked(r io.Reader) (*bufio.Reader, error) {
	reader := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := reader.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return reader, nil
	}
	plain, err := gzip.NewReader(reader)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return bufio.NewReaderSize(plain, 64<<10), nil
}

// printed tells an array, and documents of several lines, from a file with one
// document a line.
func printed(r *bufio.Reader) bool {
	start, _ := r.Peek(16)
	start = bytes.TrimLeft(start, " \t\r\n")
	if len(start) == 0 {
		return false
	}
	rest := bytes.TrimLeft(start[1:], " \t\r")
	return start[0] == '[' || start[0] == '{' && len(rest) > 0 && rest[0] == '\n'
}

// printedDocuments reads documents one after another, and those of arrays.
func printedDocuments(r io.Reader, yield func(Line, error) bool) {
	p := printedReader{limited: &allowance{from: r}}
	p.decoder = json.NewDecoder(p.limited)
	for number := 1; ; number++ {
		place := fmt.Sprintf("decision %d", number)
		text, err := p.next()
		var line Line
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = &TornLineError{place}
		case err != nil:
			err = fmt.Errorf("%s: %w", place, err)
		default:
			line, err = parseLine(place, text)
		}
		if !yield(line, err) || err != nil {
			return
		}
	}
}

type printedReader struct {
	limited *allowance
	decoder *json.Decoder
	// inArray is true between its brackets.
	inArray bool
}

// next is the next document. Its error is EOF at the end, and ErrUnexpectedEOF
// where a document or an array lacks its end.
func (p *printedReader) next() (text json.RawMessage, err error) {
	p.limited.left = maxLine
	for {
		first := [1]byte{']'}
		if p.decoder.More() {
			_, _ = p.decoder.Buffered().Read(first[:])
		}
		if first[0] != ']' && (first[0] != '[' || p.inArray) {
			err = p.decoder.Decode(&text)
			return text, err
		}
		_, err = p.decoder.Token()
		switch {
		case errors.Is(err, io.EOF) && p.inArray:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		p.inArray = first[0] == '['
	}
}

// allowance is a reader that ends in an error after so many bytes.
type allowance struct {
	from io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errTooLong
	}
	n, err := a.from.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

var errTooLong = fmt.Errorf("it has more than %d MiB, so this is no decisions file", maxLine>>20)

func eachLine(reader *bufio.Reader, yield func(Line, error) bool) {
	var text []byte
	for number := 1; ; number++ {
		var end error
		place := fmt.Sprintf("line %d", number)
		text, end = readLine(reader, text[:0])
		if end != nil && !errors.Is(end, io.EOF) {
			yield(Line{}, fmt.Errorf("%s: %w", place, end))
			return
		}
		if document := bytes.TrimSpace(text); len(document) > 0 {
			line, err := parseLine(place, document)
			var torn *TornLineError
			if !yield(line, err) || (err != nil && !errors.As(err, &torn)) {
				return
			}
		}
		if end != nil {
			return
		}
	}
}

// readLine appends the next line to text. The last one may lack its end.
func readLine(r *bufio.Reader, text []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > maxLine:
			return nil, errTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return text, err
		}
	}
}

func parseLine(place string, document []byte) (Line, error) {
	line := Line{Place: place, Text: document}
	err := json.Unmarshal(document, &line)
	switch {
	case err != nil && cutShort(document):
		return Line{}, &TornLineError{place}
	case err != nil:
		return Line{}, fmt.Errorf("%s is no decision: %w", place, err)
	case line.Job == "" || line.Time.IsZero():
		return Line{}, fmt.Errorf("%s is no decision: it names no job or no time", place)
	}
	return line, nil
}

// cutShort tells the beginning of a document from what never was one.
func cutShort(document []byte) bool {
	var whole json.RawMessage
	err := json.NewDecoder(bytes.NewReader(document)).Decode(&whole)
	return document[0] == '{' && errors.Is(err, io.ErrUnexpectedEOF)
}
