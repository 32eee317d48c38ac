package options

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnset is the error of [Get] for an option that is not set and has no
// default.
var ErrUnset = errors.New("not set, and there is no default")

// ParseError is a value that is not of its option's type.
type ParseError struct {
	// Key is the canonical key, SetAs the key under which the value stands.
	Key, SetAs string
	// Value is the text as it was given; masked if the key holds a secret.
	Value  string
	Source Source
	// Err says what would be right.
	Err error
}

// Error names the place, the value and what would be right.
func (e *ParseError) Error() string {
	place := e.Source.String()
	if e.SetAs != e.Key {
		place += ", as " + e.SetAs
	}
	return place + ": " + e.Reference() + " " + sentence(e.Err.Error())
}

// Reference is the sentence with which Flink complains of the same value.
func (e *ParseError) Reference() string {
	return fmt.Sprintf("Could not parse value '%s' for key '%s'.", e.Value, e.Key)
}

// Unwrap returns what would be right.
func (e *ParseError) Unwrap() error { return e.Err }

// Get returns the value of an option: what is set, else the preset of the
// profile, else the default. The error is a [*ParseError], or [ErrUnset] for
// an option without default.
func Get[T any](cfg Config, o Option[T]) (T, error) {
	v, found, err := Find(cfg, o)
	if err == nil && !found {
		err = fmt.Errorf("read option %s: %w", o.Key, ErrUnset)
	}
	return v, err
}

// Find is [Get] for an option that may have no value: found is false when it
// is not set and has no default.
func Find[T any](cfg Config, o Option[T]) (value T, found bool, err error) {
	v, setAs, ok := cfg.resolve(o.Key, o.Fallbacks)
	if !ok {
		return o.Default, o.HasDefault, nil
	}
	value, err = o.syntax.parse(v.Text)
	if err != nil {
		var zero T
		return zero, true, parseError(o.Key, setAs, v, err)
	}
	return value, true, nil
}

// Explicit reports whether an option is set, be it under a legacy key; a
// preset or default does not count.
func Explicit[T any](cfg Config, o Option[T]) (Source, bool) {
	v, _, ok := cfg.resolve(o.Key, o.Fallbacks)
	return v.Source, ok && v.Source.Kind > FromProfile
}

// Describe returns the text and the source of the value that holds for the
// option with the given canonical or legacy key, with secrets masked; ok is
// false for an unknown key and for an option without any value.
func Describe(cfg Config, key string) (e Entry, ok bool) {
	info, known := ByKey(key)
	if !known {
		return Entry{}, false
	}
	if v, _, set := cfg.resolve(info.Key, info.Fallbacks); set {
		return Entry{Key: info.Key, Value: Mask(info.Key, v.Text), Source: v.Source.String()}, true
	}
	if info.Default == nil {
		return Entry{}, false
	}
	return Entry{Key: info.Key, Value: *info.Default, Source: Source{}.String()}, true
}

func parseError(key, setAs string, v Value, err error) *ParseError {
	return &ParseError{Key: key, SetAs: setAs, Value: Mask(setAs, v.Text), Source: v.Source, Err: err}
}

// sentence gives a text a capital letter and an end.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	if strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
