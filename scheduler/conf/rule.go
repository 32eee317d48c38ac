package conf

import "fmt"

// Rule is nil where a rule holds, else an error that says what is wrong.
func Rule(holds bool, text string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(text, args...)
}

// First is the first of the errors that is not nil.
func First(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
