package options

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

var lists = syntax[[]string]{name: "list", parse: ParseList, format: FormatList}

// ParseList reads a list of strings: elements separated by semicolons, each
// plain or in single or double quotes (a doubled quote is a quote), or a YAML
// flow list such as [a, b]. A comma separates in the latter only. Blanks
// around an element are dropped; the empty text is the empty list.
func ParseList(text string) ([]string, error) {
	if elements, ok := parseFlowList(text); ok {
		return elements, nil
	}
	return splitQuoted(text, ';')
}

// FormatList prints a list so that [ParseList] reads it back.
func FormatList(elements []string) string {
	quoted := make([]string, len(elements))
	for i, e := range elements {
		quoted[i] = quoteElement(e, ";")
	}
	return strings.Join(quoted, ";")
}

// quoteElement quotes what would not be read back as it is.
func quoteElement(s, delimiters string) string {
	if s != "" && s == strings.TrimSpace(s) && !strings.ContainsAny(s, `'"[{`+delimiters) {
		return s
	}
	return `'` + strings.ReplaceAll(s, `'`, `''`) + `'`
}

var errQuoteOpen = errors.New("want each opening quote closed")

// splitQuoted cuts text at a delimiter outside quotes. Between two delimiters
// there is an element even if it is empty; before the first and after the last
// there is none.
func splitQuoted(text string, delimiter rune) ([]string, error) {
	var elements []string
	afterDelimiter, afterQuoted := false, false
	for s := strings.TrimLeftFunc(text, unicode.IsSpace); s != ""; s = strings.TrimLeftFunc(s, unicode.IsSpace) {
		first := rune(s[0])
		if first == delimiter {
			if afterDelimiter {
				elements = append(elements, "")
			}
			afterDelimiter, afterQuoted, s = true, false, s[1:]
			continue
		}
		if afterQuoted {
			return nil, fmt.Errorf("want %q or the end after a closing quote", delimiter)
		}
		element, rest, err := nextElement(s, delimiter)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
		afterDelimiter, afterQuoted, s = false, first == '\'' || first == '"', rest
	}
	return elements, nil
}

// nextElement cuts one quoted or plain element off s, which is not empty.
func nextElement(s string, delimiter rune) (element, rest string, err error) {
	if s[0] == '\'' || s[0] == '"' {
		return cutQuoted(s)
	}
	end := strings.IndexRune(s, delimiter)
	if end < 0 {
		end = len(s)
	}
	return strings.TrimSpace(s[:end]), s[end:], nil
}

// cutQuoted cuts a quoted element off s, whose first byte is the quote.
func cutQuoted(s string) (element, rest string, err error) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) || s[i+1] != quote {
			return b.String(), s[i+1:], nil
		}
		b.WriteByte(quote)
		i++
	}
	return "", "", errQuoteOpen
}
