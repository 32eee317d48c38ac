package options

import (
	"strconv"
	"strings"
)

// The flow forms of YAML that Flink accepts as the value of a list or a map,
// [a, 'b'] and {k: v}, of scalars only. Anything else is "not ok", upon which
// the caller tries Flink's own form. Time is linear in the length of the text.

// parseFlowList reads [a, 'b', "c"].
func parseFlowList(text string) (elements []string, ok bool) {
	s := flowScanner{rest: strings.TrimSpace(text)}
	if !s.take('[') {
		return nil, false
	}
	for !s.take(']') {
		element, ok := s.scalar(",]")
		if !ok || !s.separated(']') {
			return nil, false
		}
		elements = append(elements, element)
	}
	return elements, s.rest == ""
}

// parseFlowMap reads {k: v, 'k2': "v2"}.
func parseFlowMap(text string) (pairs map[string]string, ok bool) {
	s := flowScanner{rest: strings.TrimSpace(text)}
	if !s.take('{') {
		return nil, false
	}
	pairs = map[string]string{}
	for !s.take('}') {
		key, ok := s.scalar(":,}")
		if !ok || !s.take(':') {
			return nil, false
		}
		value, ok := s.scalar(",}")
		if _, twice := pairs[key]; !ok || twice || !s.separated('}') {
			return nil, false
		}
		pairs[key] = value
	}
	return pairs, s.rest == ""
}

// flowScanner eats a flow value from the left.
type flowScanner struct{ rest string }

// take eats c and the blanks before it.
func (s *flowScanner) take(c byte) bool {
	trimmed := strings.TrimSpace(s.rest)
	if trimmed == "" || trimmed[0] != c {
		return false
	}
	s.rest = trimmed[1:]
	return true
}

// separated eats a comma, or sees that end comes next.
func (s *flowScanner) separated(end byte) bool {
	if s.take(',') {
		return true
	}
	s.rest = strings.TrimSpace(s.rest)
	return s.rest != "" && s.rest[0] == end
}

// scalar eats a quoted or plain scalar; the plain one ends before a byte of
// ends and is not empty.
func (s *flowScanner) scalar(ends string) (string, bool) {
	s.rest = strings.TrimSpace(s.rest)
	if s.rest == "" {
		return "", false
	}
	switch s.rest[0] {
	case '\'':
		text, rest, err := cutQuoted(s.rest)
		s.rest = rest
		return text, err == nil
	case '"':
		return s.doubleQuoted()
	}
	return s.plain(ends)
}

func (s *flowScanner) doubleQuoted() (string, bool) {
	quoted, err := strconv.QuotedPrefix(s.rest)
	if err != nil {
		return "", false
	}
	text, err := strconv.Unquote(quoted)
	s.rest = s.rest[len(quoted):]
	return text, err == nil
}

// plain eats an unquoted scalar. A nested collection, an alias, a tag or a
// "key: value" inside is none.
func (s *flowScanner) plain(ends string) (string, bool) {
	end := strings.IndexAny(s.rest, ends+"[]{}#")
	if end < 0 || !strings.ContainsRune(ends, rune(s.rest[end])) {
		return "", false
	}
	text := strings.TrimSpace(s.rest[:end])
	if text == "" || strings.ContainsAny(text[:1], "&*!|>%@`") || strings.Contains(text, ": ") {
		return "", false
	}
	s.rest = s.rest[end:]
	return text, true
}

// quoteFlow prints a scalar so that a flow list or map gives it back.
func quoteFlow(s string) string {
	plain := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
	if plain {
		return s
	}
	return `'` + strings.ReplaceAll(s, `'`, `''`) + `'`
}

// formatFlowList prints elements as a YAML flow list.
func formatFlowList(elements []string) string {
	quoted := make([]string, len(elements))
	for i, e := range elements {
		quoted[i] = quoteFlow(e)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
