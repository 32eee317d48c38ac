package dashboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// Values are drawn from the schemas of the contract: those that fit, and those that
// do not.

// fitting draws a value that a schema allows.
func fitting(t *rapid.T, s *openapi3.Schema, name string) any {
	switch {
	case len(s.OneOf) > 0:
		return fitting(t, rapid.SampledFrom(s.OneOf).Draw(t, name+": which").Value, name)
	case len(s.AllOf) > 0:
		return fitting(t, s.AllOf[0].Value, name)
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, name)
	case s.Type.Is("integer"):
		least, most := boundsOf(s)
		return rapid.Int64Range(least, most).Draw(t, name)
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(t, name)
	case s.Type.Is("string"):
		return fittingText(t, s, name)
	case s.Type.Is("array"):
		return fittingList(t, s, name)
	case s.Type.Is("object"):
		return fittingObject(t, s, name)
	}
	t.Fatalf("no value of %s can be drawn: %v", name, s.Type)
	return nil
}

func boundsOf(s *openapi3.Schema) (least, most int64) {
	least, most = -1<<53, 1<<53
	if s.Min != nil {
		least = int64(*s.Min)
	}
	if s.Max != nil {
		most = int64(*s.Max)
	}
	return least, most
}

func fittingText(t *rapid.T, s *openapi3.Schema, name string) string {
	switch {
	case s.Format == "date-time":
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, name)).UTC()
		return at.Format(rapid.SampledFrom([]string{time.RFC3339, time.RFC3339Nano}).Draw(t, name+": format"))
	case s.Pattern != "":
		return rapid.StringMatching(s.Pattern).Draw(t, name)
	}
	most := 50
	if s.MaxLength != nil {
		most = int(*s.MaxLength) / 4 // runes; the limit is in bytes
	}
	// A hostile text is as good as another.
	odd := rapid.SampledFrom([]string{"<script>", "%00", "../..", "a/b", ";", "&x=1", "\x00", "\u202e", "'", "{}", "null", "-"})
	text := rapid.OneOf(odd, rapid.StringN(int(s.MinLength), most, -1)).Draw(t, name)
	return strings.ToValidUTF8(text, "")
}

func fittingList(t *rapid.T, s *openapi3.Schema, name string) []any {
	n := rapid.IntRange(int(s.MinItems), int(s.MinItems)+3).Draw(t, name+": how many")
	all := make([]any, n)
	for i := range all {
		all[i] = fitting(t, s.Items.Value, fmt.Sprint(name, i))
	}
	return all
}

func fittingObject(t *rapid.T, s *openapi3.Schema, name string) map[string]any {
	object := map[string]any{}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, field) || rapid.Bool().Draw(t, name+" has "+field) {
			object[field] = fitting(t, s.Properties[field].Value, name+"."+field)
		}
	}
	return object
}

// unfit draws texts for a parameter that its schema does not allow; none for one that
// allows every text.
func unfit(s *openapi3.Schema) []string {
	var all []string
	switch {
	case len(s.OneOf) > 0: // a time
		return []string{"", "yesterday", "-1", "2026-13-01T00:00:00Z", "12.5", "9999999999999999999"}
	case len(s.AllOf) > 0:
		return unfit(s.AllOf[0].Value)
	case len(s.Enum) > 0:
		return []string{"", "bogus", fmt.Sprint(s.Enum[0], " ")}
	case s.Type.Is("integer"):
		all = []string{"", "x", "1.5", "1e3", " 1", "0x10", "99999999999999999999", "NaN", "--1"}
		if s.Min != nil {
			all = append(all, fmt.Sprint(int64(*s.Min)-1))
		}
		if s.Max != nil {
			all = append(all, fmt.Sprint(int64(*s.Max)+1))
		}
		return all
	case s.Pattern != "":
		all = []string{"!", "a b"}
	}
	if s.MaxLength != nil {
		all = append(all, strings.Repeat("x", int(*s.MaxLength)+1))
	}
	if s.MinLength > 0 {
		all = append(all, "")
	}
	return all
}

// unfitBody draws a body that a schema does not allow, made from one that it does.
func unfitBody(t *rapid.T, s *openapi3.Schema) string {
	object := fittingObject(t, s, "body")
	spoil := []func(){
		func() { object["unknown"] = 1 },
	}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		wrong := rapid.SampledFrom([]any{nil, 1.5, []any{}, map[string]any{"a": 1}, "\x00"}).Draw(t, "wrong "+field)
		if _, text := wrong.(string); text && s.Properties[field].Value.Type.Is("string") && s.Properties[field].Value.Pattern == "" && len(s.Properties[field].Value.AllOf) == 0 {
			wrong = strings.Repeat("x", 501)
		}
		spoil = append(spoil, func() { object[field] = wrong }, func() { object[strings.ToUpper(field)] = object[field]; delete(object, field) })
		if slices.Contains(s.Required, field) {
			spoil = append(spoil, func() { delete(object, field) })
		}
	}
	i := rapid.IntRange(-5, len(spoil)-1).Draw(t, "spoil")
	if i >= 0 {
		spoil[i]()
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return map[int]string{-1: "[" + string(text) + "]", -2: "null", -3: string(text) + "{}", -4: string(text[:len(text)-1]), -5: "\xff" + string(text)}[min(i, 0)] + func() string {
		if i >= 0 {
			return string(text)
		}
		return ""
	}()
}

// asText is a value as a path or a query has it.
func asText(value any) string {
	if f, is := value.(float64); is && f == math.Trunc(f) {
		return fmt.Sprint(int64(f))
	}
	return fmt.Sprint(value)
}
