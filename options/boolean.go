package options

import (
	"errors"
	"strconv"
	"strings"
)

var booleans = syntax[bool]{name: "boolean", parse: ParseBool, format: strconv.FormatBool}

// ParseBool reads true or false in any case; blanks around it are an error.
func ParseBool(text string) (bool, error) {
	switch {
	case strings.EqualFold(text, "true"):
		return true, nil
	case strings.EqualFold(text, "false"):
		return false, nil
	}
	return false, errors.New("want true or false")
}
