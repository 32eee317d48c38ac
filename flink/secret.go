package flink

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that never prints: formatted, logged or encoded it becomes
// ***, or nothing where it is empty.
type Secret string

const masked = "***"

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }

// String returns the mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString returns the mask.
func (s Secret) GoString() string { return s.String() }

// Format prints the mask for every verb, also those that do not fit a string.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// LogValue returns the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns the mask.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
