package excluded

import (
	"errors"
	"fmt"
)

// Reason is what is wrong with an element of the list.
type Reason uint8

// The reasons for which an element is refused.
const (
	// TooManyParts: more than one &&.
	TooManyParts Reason = iota
	// Unreadable: a part is neither a daily nor a cron expression.
	Unreadable
	// SameKind: two daily or two cron expressions are joined.
	SameKind
)

// Error says which element of the list is wrong, and why.
type Error struct {
	// Expression is the whole element, as it was written.
	Expression string
	Reason     Reason
	// Cause says what is wrong in an unreadable part, else it is nil.
	Cause error
}

var errNoParts = errors.New("there is nothing around &&")

// Error names the element and what is wrong with it.
func (e *Error) Error() string {
	switch e.Reason {
	case TooManyParts:
		return fmt.Sprintf("excluded period %q: want at most one &&", e.Expression)
	case SameKind:
		return fmt.Sprintf("excluded period %q: want a daily and a cron expression around &&, not two of a kind", e.Expression)
	}
	return fmt.Sprintf("excluded period %q: neither a daily nor a cron expression: %v", e.Expression, e.Cause)
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// Reference is the text of the reference's validator; key is the option's key.
func (e *Error) Reference(key string) string {
	text := "Invalid value " + e.Expression + " in the autoscaler config " + key
	switch e.Reason {
	case Unreadable:
		text += ", the value is neither a valid daily expression nor a valid cron expression"
	case SameKind:
		text += ", the value can not be configured as dailyExpression && dailyExpression or cronExpression && cronExpression"
	}
	return text
}
