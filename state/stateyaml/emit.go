package stateyaml

import (
	"cmp"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The library that reads YAML writes some texts so that it cannot read them.
// What a document needs is little: this file writes it.

// emitter appends YAML to text.
type emitter struct{ text []byte }

// scalarText is what a type writes as one plain value.
type scalarText interface{ yamlText() string }

// field is a field of a struct that is not left out.
type field struct {
	name  string
	value reflect.Value
	// rows has the elements on a line each, flow all of it on one line.
	rows, flow bool
}

// fields are those of a struct, by their tags. Of a map they are its entries, in
// the order of their keys.
func fields(v reflect.Value) []field {
	var list []field
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() {
			list = append(list, field{name: key.String(), value: v.MapIndex(key)})
		}
		slices.SortFunc(list, func(a, b field) int { return cmp.Compare(a.name, b.name) })
		return list
	}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, more, _ := strings.Cut(tag.Get("yaml"), ",")
		if strings.Contains(more, "omitempty") && empty(v.Field(i)) {
			continue
		}
		form := tag.Get("form")
		list = append(list, field{name: name, value: v.Field(i), rows: form == "rows", flow: form == "flow"})
	}
	return list
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// mapping writes fields below one another. The first stands where the text ends,
// the others on lines with the indent.
func (e *emitter) mapping(v reflect.Value, indent string, rows bool) {
	for i, f := range fields(v) {
		if i > 0 {
			e.text = append(e.text, indent...)
		}
		e.text = append(e.text, plainOrQuoted(f.name)+":"...)
		f.flow = f.flow || rows
		e.value(&f, indent)
	}
}

// value writes what follows a key, with the end of its line.
func (e *emitter) value(f *field, indent string) {
	v := reflect.Indirect(f.value)
	_, single := v.Interface().(scalarText)
	structured := v.Kind() == reflect.Struct || v.Kind() == reflect.Map
	switch {
	case single, f.flow, !structured && v.Kind() != reflect.Slice, empty(v) && v.Kind() != reflect.Struct:
		e.text = append(e.text, ' ')
		e.flow(v)
		e.text = append(e.text, '\n')
	case structured:
		e.text = append(e.text, "\n  "+indent...)
		e.mapping(v, indent+"  ", f.rows)
	default:
		e.text = append(e.text, '\n')
		e.list(v, indent, f.rows)
	}
}

func (e *emitter) list(v reflect.Value, indent string, rows bool) {
	for i := range v.Len() {
		e.text = append(e.text, indent+"- "...)
		if element := v.Index(i); rows || element.Kind() != reflect.Struct {
			e.flow(element)
			e.text = append(e.text, '\n')
		} else {
			e.mapping(element, indent+"  ", false)
		}
	}
}

// flow writes a value on one line.
func (e *emitter) flow(v reflect.Value) {
	v = reflect.Indirect(v)
	if s, single := v.Interface().(scalarText); single {
		e.text = append(e.text, s.yamlText()...)
		return
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		e.text = append(e.text, '{')
		for i, f := range fields(v) {
			if i > 0 {
				e.text = append(e.text, ", "...)
			}
			e.text = append(e.text, plainOrQuoted(f.name)+": "...)
			e.flow(f.value)
		}
		e.text = append(e.text, '}')
	case reflect.Slice:
		e.text = append(e.text, '[')
		for i := range v.Len() {
			if i > 0 {
				e.text = append(e.text, ", "...)
			}
			e.flow(v.Index(i))
		}
		e.text = append(e.text, ']')
	case reflect.String:
		e.text = append(e.text, plainOrQuoted(v.String())...)
	case reflect.Bool:
		e.text = strconv.AppendBool(e.text, v.Bool())
	default:
		e.text = strconv.AppendInt(e.text, v.Int(), 10)
	}
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	// words mean something else to one reader of YAML or another.
	words = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"}
)

// plainOrQuoted quotes what is not a word or words for certain. JSON's quotes are
// YAML's too.
func plainOrQuoted(text string) string {
	if plainText.MatchString(text) && !slices.Contains(words, strings.ToLower(text)) {
		return text
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can be encoded
	}
	return string(quoted)
}
