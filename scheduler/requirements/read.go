package requirements

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// entry is what a body says of one vertex. Null: it says null instead of bounds,
// which Flink notices only when it looks for them.
type entry struct {
	vertex slots.VertexID
	bounds slots.Bounds
	null   bool
}

// errFormat is why a body cannot be read. Flink's text for it, textFormat, says no
// more than that.
var errFormat = errors.New("the body is not of the expected format")

// read takes a body as Flink's JSON library does: numbers may stand in quotes or
// have a fraction, which is dropped; properties that it does not know are passed
// over; what follows the first value is not looked at; of two equal names the
// last counts. An empty body is an empty object. Order is that of the body.
func read(body []byte) ([]entry, *Refusal) {
	if len(body) == 0 {
		return nil, nil
	}
	first, err := firstValue(body)
	if err != nil {
		return nil, refused(statusBad, textFormat)
	}
	if string(first) == "null" {
		return nil, &Refusal{Status: statusInternal, Class: classNull}
	}
	entries, err := readEntries(first)
	if err != nil {
		return nil, refused(statusBad, textFormat)
	}
	return entries, nil
}

// firstValue is the first JSON value of a text.
func firstValue(body []byte) (json.RawMessage, error) {
	var first json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&first); err != nil {
		return nil, errFormat
	}
	if !utf8.Valid(first) {
		return nil, errFormat
	}
	return first, nil
}

// readEntries reads an object of vertices.
func readEntries(object json.RawMessage) ([]entry, error) {
	members, err := readMembers(object)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(members))
	at := make(map[slots.VertexID]int, len(members))
	for _, member := range members {
		read, err := readEntry(member)
		if err != nil {
			return nil, err
		}
		if i, again := at[read.vertex]; again {
			entries[i] = read
			continue
		}
		at[read.vertex] = len(entries)
		entries = append(entries, read)
	}
	return entries, nil
}

// readEntry reads what stands under the id of a vertex.
func readEntry(m member) (entry, error) {
	id, err := vertexID(m.name)
	if err != nil {
		return entry{}, err
	}
	if string(m.value) == "null" {
		return entry{vertex: id, null: true}, nil
	}
	outer, err := readMembers(m.value)
	if err != nil {
		return entry{}, err
	}
	parallelism, ok := last(outer, "parallelism")
	if !ok {
		return entry{}, errFormat
	}
	inner, err := readMembers(parallelism)
	if err != nil {
		return entry{}, err
	}
	lower, err := readBound(inner, "lowerBound")
	if err != nil {
		return entry{}, err
	}
	upper, err := readBound(inner, "upperBound")
	return entry{vertex: id, bounds: slots.Bounds{Lower: lower, Upper: upper}}, err
}

// vertexID reads 16 bytes in hexadecimal digits of either case.
func vertexID(text string) (slots.VertexID, error) {
	if len(text) != 32 {
		return "", errFormat
	}
	for _, digit := range []byte(text) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(digit)) {
			return "", errFormat
		}
	}
	return slots.VertexID(strings.ToLower(text)), nil
}

// readBound reads a number of 32 bits, in quotes or not.
func readBound(members []member, name string) (int, error) {
	raw, ok := last(members, name)
	if !ok {
		return 0, errFormat
	}
	if raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return 0, errFormat
		}
		number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
		if err != nil {
			return 0, errFormat
		}
		return int(number), nil
	}
	number, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0, errFormat // not a number, or one beyond all bounds
	}
	number = math.Trunc(number)
	if number < math.MinInt32 || number > math.MaxInt32 {
		return 0, errFormat
	}
	return int(number), nil
}

// member is one name of an object with its value.
type member struct {
	name  string
	value json.RawMessage
}

// readMembers reads an object in the order in which it is written.
func readMembers(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errFormat
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errFormat
		}
		text, ok := name.(string)
		if !ok {
			return nil, errFormat
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errFormat
		}
		members = append(members, member{name: text, value: value})
	}
	return members, nil
}

// last is the last value under a name.
func last(members []member, name string) (json.RawMessage, bool) {
	for i := len(members) - 1; i >= 0; i-- {
		if members[i].name == name {
			return members[i].value, true
		}
	}
	return nil, false
}
