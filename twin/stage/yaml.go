package stage

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin/yamlfile"
)

// reader walks the nodes of a plan.
type reader struct{ yamlfile.Reader }

// fields are the entries of a mapping whose keys are known, with the values that a
// plan has.
type fields struct{ yamlfile.Fields }

func (r *reader) fields(at, n ast.Node, what string, known ...string) fields {
	return fields{r.Fields(at, n, what, known...)}
}

func (f fields) within(key string, known ...string) fields { return fields{f.Within(key, known...)} }

// one are fields of a single entry, as part of others.
func (f fields) one(e yamlfile.Entry, what string) fields { return fields{f.One(what, e)} }

// plain reads a plain value, and reports what parse says of it.
func plain[T any](f fields, key string, otherwise T, parse func(string) (T, error)) T {
	return yamlfile.Plain(f.Fields, key, otherwise, parse)
}

func (f fields) duration(key string) time.Duration {
	return plain(f, key, 0, parseDuration)
}

// count is a whole number from 0 on.
func (f fields) count(key string, otherwise int) int {
	return plain(f, key, otherwise, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q: want a whole number that is not negative", text)
		}
		return n, nil
	})
}

// amount is a number from 0 on, such as 500, 2.5M or 1e6.
func (f fields) amount(key string) float64 { return plain(f, key, 0, parseAmount) }

// bytes is a size, such as 64 mb, or a number.
func (f fields) bytes(key string) float64 {
	return plain(f, key, 0, func(text string) (float64, error) {
		if x, err := parseAmount(text); err == nil {
			return x, nil
		}
		size, err := options.ParseMemory(text)
		if err != nil {
			return 0, fmt.Errorf("%q: want a size, such as 100, 2k or 64 mb", text)
		}
		return float64(size), nil
	})
}

func (f fields) yes(key string) bool {
	return plain(f, key, false, func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fmt.Errorf("%q: want true or false", text)
		}
		return text == "true", nil
	})
}

var multiples = map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9}

func parseAmount(text string) (float64, error) {
	digits, by := text, 1.0
	for unit, factor := range multiples {
		if number, found := strings.CutSuffix(text, unit); found {
			digits, by = number, factor
		}
	}
	x, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.ContainsAny(digits, "xXpP") || !(x >= 0 && x*by <= math.MaxFloat32) {
		return 0, fmt.Errorf("%q: want a number that is not negative, such as 500, 25k or 0.7", text)
	}
	return x * by, nil
}

// parseDuration reads Flink's durations, and Go's, which may have a fraction; but
// none without a unit: it would be milliseconds, which is rarely meant.
func parseDuration(text string) (time.Duration, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "0" {
		return 0, nil
	}
	if last := trimmed[max(len(trimmed)-1, 0):]; last >= "0" && last <= "9" {
		return 0, fmt.Errorf("%q: want a unit, such as %q", text, trimmed+" s")
	}
	if d, err := time.ParseDuration(strings.ReplaceAll(trimmed, " ", "")); err == nil && d >= 0 {
		return d, nil
	}
	d, err := options.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", text, err)
	}
	return d, nil
}
