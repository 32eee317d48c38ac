package options

import (
	"errors"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// Key is the canonical key, or the key as it stands where it is unknown.
	Key    string
	Source Source
	// Text says what is wrong; in profile reference word for word as there.
	Text string
	// Err is the [*ParseError] of a value that cannot be parsed, else nil.
	Err error
}

// Error is the place and the text.
func (p Problem) Error() string {
	if p.Err != nil {
		return p.Err.Error()
	}
	if p.Source.Kind == FromDefault {
		return p.Text
	}
	return p.Source.String() + ": " + p.Text
}

// Unwrap returns Err.
func (p Problem) Unwrap() error { return p.Err }

// Problems is a list of problems as one error, a line for each.
type Problems []Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// asError returns nil when there is no problem.
func (p Problems) asError() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// problemOf makes a problem of an error of [Get].
func problemOf(key string, err error) Problem {
	problem := Problem{Key: key, Text: err.Error(), Err: err}
	if pe, ok := errors.AsType[*ParseError](err); ok {
		problem.Source, problem.Text = pe.Source, pe.Reference()
	}
	return problem
}
