package flink

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// members calls visit for each key and value of an object. The text is valid
// JSON: encoding/json has seen it before. Keys come as they are written; one
// with an escape in it is none that Flink uses. The first error is returned,
// with its key, after the rest was read.
func members(text []byte, visit func(key, value []byte) error) error {
	var first error
	rest := text[1:]
	for {
		start := bytes.IndexByte(rest, '"')
		if start < 0 {
			return first
		}
		rest = rest[start:]
		key := rest[:valueEnd(rest)]
		rest = rest[len(key):]
		colon := bytes.IndexByte(rest, ':')
		if len(key) < 2 || colon < 0 {
			return first
		}
		rest = bytes.TrimLeft(rest[colon+1:], " \t\r\n")
		value := rest[:valueEnd(rest)]
		rest = rest[len(value):]
		if err := visit(key[1:len(key)-1], value); err != nil && first == nil {
			first = under(key[1:len(key)-1], err)
		}
	}
}

// under adds the key to an error about its value.
func under(key []byte, err error) error {
	var shape *json.UnmarshalTypeError
	if errors.As(err, &shape) {
		if shape.Field != "" {
			shape.Field = "." + shape.Field
		}
		shape.Field = string(key) + shape.Field
	}
	return err
}

// valueEnd is the length of the JSON value at the beginning of the text.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
			if depth == 0 {
				return min(i+1, len(text))
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth <= 0 {
				return i + 1 + depth // a closing brace at depth 0 belongs to the outer object
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// stringEnd is the index of the quote that closes the string opened at start.
func stringEnd(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}

func readCounter(value []byte, counter *int64, sent *bool) error {
	if string(value) == "null" {
		return nil
	}
	v, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return notA[int64](value)
	}
	*counter, *sent = v, true
	return nil
}

// readInt reads a whole number that fits T; null leaves it as it is.
func readInt[T ~int | ~int64](value []byte, number *T) error {
	if string(value) == "null" {
		return nil
	}
	v, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || int64(T(v)) != v {
		return notA[T](value)
	}
	*number = T(v)
	return nil
}

func readText(value []byte, text *string) error {
	switch {
	case string(value) == "null":
		return nil
	case len(value) < 2 || value[0] != '"':
		return notA[string](value)
	case bytes.IndexByte(value, '\\') >= 0:
		return json.Unmarshal(value, text)
	}
	// Without an escape the text stands as it is, but for bytes that are not UTF-8.
	*text = strings.ToValidUTF8(string(value[1:len(value)-1]), "\uFFFD")
	return nil
}

func readFlag(value []byte, flag *bool) error {
	switch string(value) {
	case "true":
		*flag = true
	case "false", "null":
		*flag = false
	default:
		return notA[bool](value)
	}
	return nil
}
