package options

import "strings"

// parseFlatFile reads Flink's legacy flink-conf.yaml: lines of "key: value",
// everything from a # on is a comment, a later line wins over an earlier one,
// and a line of another form is skipped with a warning.
func parseFlatFile(name string, contents []byte) parsed {
	var p parsed
	line := 0
	for text := range strings.Lines(string(contents)) {
		line++
		source := Source{Kind: FromFile, Name: name, Line: line}
		text, _, _ = strings.Cut(text, "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		key, value, ok := strings.Cut(text, ": ")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || value == "" {
			p.warn(source, "skipped: want \"key: value\"")
			continue
		}
		p.put(key, Value{Text: value, Source: source})
	}
	return p
}
