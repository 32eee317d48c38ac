package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// yamlOfJSON is a JSON document as YAML, its keys in the same order. The library that
// reads YAML writes some texts so that it reads others: this writes what JSON needs.
func yamlOfJSON(text []byte) ([]byte, error) {
	y := yamlText{json: json.NewDecoder(bytes.NewReader(text))}
	y.json.UseNumber()
	if err := y.value("\n", ""); err != nil {
		return nil, err
	}
	return bytes.TrimLeft(y.text, "\n "), nil
}

// yamlText grows while the JSON is read.
type yamlText struct {
	json *json.Decoder
	text []byte
}

// value writes the next value with the end of its line. Before the first element of
// what is not empty stands lead, before the others the indent on a new line.
func (y *yamlText) value(lead, indent string) error {
	token, err := y.json.Token()
	if err != nil {
		return err
	}
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		y.text = append(y.text, " "+yamlScalar(token)+"\n"...)
		return nil
	case !y.json.More():
		y.text = append(y.text, fmt.Sprintf(" %s%s\n", delim, map[json.Delim]string{'{': "}", '[': "]"}[delim])...)
	case delim == '{':
		err = y.mapping(lead, indent)
	default:
		err = y.list(lead, indent)
	}
	if err == nil {
		_, err = y.json.Token() // the closing bracket
	}
	return err
}

func (y *yamlText) mapping(lead, indent string) error {
	for y.json.More() {
		key, err := y.json.Token()
		if err != nil {
			return err
		}
		y.text = append(y.text, lead+yamlScalar(key)+":"...)
		if err := y.value("\n"+indent+"  ", indent+"  "); err != nil {
			return err
		}
		lead = indent
	}
	return nil
}

func (y *yamlText) list(lead, indent string) error {
	for y.json.More() {
		y.text = append(y.text, lead+"-"...)
		if err := y.value(" ", indent+"  "); err != nil {
			return err
		}
		lead = indent
	}
	return nil
}

// yamlScalar is a single value. JSON's quoted texts are YAML's too.
func yamlScalar(token json.Token) string {
	switch x := token.(type) {
	case nil:
		return "null"
	case json.Number:
		return yamlNumber(x.String())
	case string:
		if plainYAML.MatchString(x) && !yamlWord.MatchString(x) {
			return x
		}
		return yamlQuoted(x)
	default:
		return fmt.Sprint(x)
	}
}

var (
	// plainYAML are texts that need no quotes.
	plainYAML = regexp.MustCompile(`^[A-Za-z](?:[A-Za-z0-9 _./()+-]*[A-Za-z0-9_./()+])?$`)
	// yamlWord are those of them that would be read as something else than a text.
	yamlWord = regexp.MustCompile(`(?i)^(?:null|true|false|yes|no|on|off|y|n)$`)
)

// yamlQuoted is a text in quotes, with nothing in it that a terminal obeys.
func yamlQuoted(text string) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be encoded
	var b strings.Builder
	for _, r := range strings.TrimSuffix(quoted.String(), "\n") {
		if r >= 0x7f && r < 0xa0 || r == '\ufeff' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// yamlNumber is a number with what YAML wants of one that has an exponent, a point
// before it and a sign in it. Whole numbers that no program has room for have one too.
func yamlNumber(text string) string {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		_, signed := strconv.ParseInt(text, 10, 64)
		_, unsigned := strconv.ParseUint(text, 10, 64)
		x, err := strconv.ParseFloat(text, 64)
		if signed == nil || unsigned == nil || err != nil || strings.Contains(text, ".") {
			return text
		}
		text = strconv.FormatFloat(x, 'e', -1, 64)
		at = strings.IndexByte(text, 'e')
	}
	digits, exponent := text[:at], text[at+1:]
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if exponent[0] != '-' && exponent[0] != '+' {
		exponent = "+" + exponent
	}
	return digits + "e" + exponent
}
