package options

import (
	"errors"

	"github.com/sluice-project/sluice/scaling/excluded"
)

// checkPeriods returns a violation for each element of [ExcludedPeriods] that
// is no period, worded by text; an error means that the list itself cannot be
// parsed.
func checkPeriods(cfg Config, text func(*excluded.Error) string) ([]Problem, error) {
	elements, err := Get(cfg, ExcludedPeriods)
	if err != nil {
		return nil, err
	}
	var violations []Problem
	source, _ := Explicit(cfg, ExcludedPeriods)
	for _, element := range elements {
		_, err := excluded.Parse([]string{element})
		if wrong, ok := errors.AsType[*excluded.Error](err); ok {
			violations = append(violations, Problem{Key: ExcludedPeriods.Key, Source: source, Text: text(wrong)})
		}
	}
	return violations, nil
}

func wordedAsReference(wrong *excluded.Error) string {
	return wrong.Reference(ExcludedPeriods.Key)
}

// wordedWithCause says also why an element cannot be read.
func wordedWithCause(wrong *excluded.Error) string {
	return "invalid value for " + ExcludedPeriods.Key + ": " + wrong.Error()
}
