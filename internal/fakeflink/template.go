package fakeflink

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// template is a body with holes. It is made of a value of package flink's types
// in which marks stand where the holes are to be.
type template struct {
	literals []string
	holes    []hole // one behind each literal but the last
}

// hole takes a number, or a text that needs no escape.
type hole struct {
	text  bool
	index int
}

// numberMark stands for number i of [values].
func numberMark(i int) int64 { return 900_000_000_000 + int64(i) }

// textMark stands for text i of [values].
func textMark(i int) string { return fmt.Sprintf("@%d@", i) }

var marks = regexp.MustCompile(`@(\d+)@|9000000(\d{5})`)

func newTemplate(body any) (*template, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("make a template: %w", err)
	}
	return parseTemplate(encoded)
}

// parseTemplate makes a template of text that has marks in it.
func parseTemplate(encoded []byte) (_ *template, err error) {
	t := &template{}
	end := 0
	for _, m := range marks.FindAllSubmatchIndex(encoded, -1) {
		h, digits := hole{}, m[4:6]
		if m[2] >= 0 {
			h, digits = hole{text: true}, m[2:4]
		}
		if h.index, err = strconv.Atoi(string(encoded[digits[0]:digits[1]])); err != nil {
			return nil, fmt.Errorf("make a template: %w", err)
		}
		t.literals = append(t.literals, string(encoded[end:m[0]]))
		t.holes = append(t.holes, h)
		end = m[1]
	}
	t.literals = append(t.literals, string(encoded[end:]))
	return t, nil
}

// values fill the holes of a template.
type values struct {
	texts   []string
	numbers []int64
}

// render appends the body to dst.
func (t *template) render(dst []byte, v *values) []byte {
	for i, h := range t.holes {
		dst = append(dst, t.literals[i]...)
		if h.text {
			dst = append(dst, v.texts[h.index]...)
		} else {
			dst = strconv.AppendInt(dst, v.numbers[h.index], 10)
		}
	}
	return append(dst, t.literals[len(t.holes)]...)
}
