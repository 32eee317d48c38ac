package stateyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluice-project/sluice/autoscaler"
)

// Write writes one job as a YAML document, which begins with a line "---".
func Write(w io.Writer, e Entry) error {
	out := emitter{[]byte("---\n")}
	out.mapping(reflect.ValueOf(documentOf(e.Key, &e.State)).Elem(), "", false)
	if _, err := w.Write(out.text); err != nil {
		return fmt.Errorf("write job %s as YAML: %w", e.Key, err)
	}
	return nil
}

// WriteJSON writes one job as a JSON document on a line of its own. NaN and the
// infinities are strings.
func WriteJSON(w io.Writer, e Entry) error {
	text, err := json.Marshal(documentOf(e.Key, &e.State))
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write job %s as JSON: %w", e.Key, err)
	}
	return nil
}

// Read reads jobs that Write or WriteJSON has written. An error names the line.
func Read(text []byte) ([]Entry, error) {
	read := readYAML
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '{' {
		read = readJSON
	}
	lines := map[autoscaler.JobKey]int{}
	var entries []Entry
	err := read(text, func(d *document, line int) error {
		if d.Job == "" {
			return &lineError{line: line, whole: true, text: "want the id of a job: job: …"}
		}
		e := d.entry()
		if err := check(&e.State); err != nil {
			return &lineError{line: line, whole: true, text: fmt.Sprintf("job %s: %v", e.Key, err)}
		}
		if first, twice := lines[e.Key]; twice {
			return &lineError{line: line, whole: true, text: fmt.Sprintf("job %s is there already, at line %d", e.Key, first)}
		}
		lines[e.Key] = line
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// header is what is read of a document before its form is known.
type header struct {
	Version *int `yaml:"sluice-state" json:"sluice-state"`
}

func (h *header) check(line int) error {
	switch {
	case h.Version == nil:
		return &lineError{line: line, text: fmt.Sprintf("want a document that begins with sluice-state: %d", Version)}
	case *h.Version != Version:
		return &lineError{line: line, text: fmt.Sprintf("sluice-state: %d is of another build of sluice; this one reads %d", *h.Version, Version)}
	}
	return nil
}

// readYAML parses one document after the other: the parser needs a hundred times
// the room of its text. A line "---" begins a document wherever it stands.
func readYAML(text []byte, each func(*document, int) error) error {
	line, first := 1, 1
	var part []byte
	for one := range bytes.Lines(text) {
		if bytes.HasPrefix(one, []byte("---")) && len(part) > 0 {
			if err := readDocument(part, first, each); err != nil {
				return err
			}
			part, first = nil, line
		}
		part = append(part, one...)
		line++
	}
	return readDocument(part, first, each)
}

// readDocument reads what begins at a line.
func readDocument(text []byte, first int, each func(*document, int) error) (err error) {
	defer func() {
		// The parser is not ours; a text that makes it panic is a broken text.
		if recover() != nil {
			err = &lineError{line: 1, text: "not readable as YAML"}
		}
		if wrong, ok := errors.AsType[*lineError](err); ok && !wrong.whole {
			err = &lineError{line: wrong.line + first - 1, text: wrong.text, whole: true}
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return plain(err)
	}
	for _, part := range file.Docs {
		switch part.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
			continue // what stands before the first ---
		}
		line := part.Body.GetToken().Position.Line
		var h header
		if err := yaml.NodeToValue(part.Body, &h); err != nil {
			return plain(err)
		}
		if err := h.check(line); err != nil {
			return err
		}
		var d document
		if err := yaml.NodeToValue(part.Body, &d, yaml.Strict()); err != nil {
			return plain(err)
		}
		if err := each(&d, line+first-1); err != nil {
			return err
		}
	}
	return nil
}

// plain gives the line and the message of an error of the parser, without the
// excerpt of the text.
func plain(err error) error {
	var ours *lineError
	if errors.As(err, &ours) {
		return ours
	}
	var theirs yaml.Error
	if errors.As(err, &theirs) && theirs.GetToken() != nil {
		return &lineError{line: theirs.GetToken().Position.Line, text: theirs.GetMessage()}
	}
	return err
}

func readJSON(text []byte, each func(*document, int) error) error {
	line := 0
	for one := range strings.Lines(string(text)) {
		line++
		if strings.TrimSpace(one) == "" {
			continue
		}
		var h header
		if err := json.Unmarshal([]byte(one), &h); err != nil {
			return &lineError{line: line, text: err.Error()}
		}
		if err := h.check(line); err != nil {
			return err
		}
		d, err := parseJSON([]byte(one))
		if err != nil {
			return &lineError{line: line, text: err.Error()}
		}
		if err := each(d, line); err != nil {
			return err
		}
	}
	return nil
}

func parseJSON(text []byte) (*document, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one document a line")
	}
	return &d, nil
}

// MarshalState is the state of a job as one JSON document without the job's name.
func MarshalState(s *autoscaler.State) ([]byte, error) {
	return json.Marshal(documentOf(autoscaler.JobKey{}, s))
}

// UnmarshalState is the opposite of MarshalState. It fails on a document of
// another version.
func UnmarshalState(text []byte) (autoscaler.State, error) {
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return autoscaler.State{}, err
	}
	if h.Version == nil || *h.Version != Version {
		return autoscaler.State{}, fmt.Errorf("want a state of version %d", Version)
	}
	d, err := parseJSON(text)
	if err != nil {
		return autoscaler.State{}, err
	}
	return d.entry().State, nil
}
