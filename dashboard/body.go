package dashboard

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
)

// mistyped says which field of a body has a value of another kind, and what it wants.
func mistyped(e *json.UnmarshalTypeError) error {
	names := strings.Split(e.Field, ".")
	for len(names) > 1 && names[0] == reflect.TypeFor[Rescale]().Name() { // what it is embedded in
		names = names[1:]
	}
	is, _, _ := strings.Cut(e.Value, " ") // "number 4.5"
	return invalid("the body cannot be read: %s is %s; want %s", shortened(strings.Join(names, ".")), kindOf[is], wantedKind(e))
}

// kindOf names the kinds of JSON values as people do.
var kindOf = map[string]string{"number": "a number", "string": "a text", "bool": "true or false", "object": "an object", "array": "a list"}

func wantedKind(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.String:
		if strings.HasSuffix(e.Field, "for") || strings.HasSuffix(e.Field, "hold") {
			return `a text such as "2h"`
		}
		return "a text"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return `a list such as [{"vertex": "work", "upper": 4}]`
	default:
		return "an object"
	}
}

// unreadable is a body that is no JSON.
func unreadable(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return invalid("the body cannot be read: it is no JSON from byte %d on", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return invalid("the body cannot be read: it ends before the JSON does")
	}
	return invalid("the body cannot be read: %s", shortened(strings.TrimPrefix(err.Error(), "json: ")))
}
