package vectors

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// own are the beginnings of the reference's own words for what is wrong. All
// others come out of the JVM or a library, and ours are different.
var own = regexp.MustCompile(`(Could not parse value '.*' for key '.*'\.|Could not find required metric \S+ for \S+|Missing required TM metrics|` +
	`Cannot evaluate metrics without ingestion rate information|No nodes found in the plan, job is not ready yet)`)

// foreign stands for all words that are not the reference's own.
const foreign = "(words of the JVM or of a library)"

// ownWords gives an error as the reference words it, or [foreign]. A text of the
// reference stands without an error.
func ownWords(err error, text string) string {
	if err == nil {
		if words := own.FindString(text); words != "" && (words == text || strings.HasSuffix(text, ": "+words)) {
			return words
		}
		if text == "" || own.MatchString(text) {
			return text
		}
		return foreign
	}
	if unparsable, ok := errors.AsType[*options.ParseError](err); ok {
		return fmt.Sprintf("Could not parse value '%s' for key '%s'.", unparsable.Value, unparsable.Key)
	}
	if _, ok := errors.AsType[*scaling.UnknownRateError](err); ok {
		return "Cannot evaluate metrics without ingestion rate information"
	}
	return ownWords(nil, text)
}

// compareError looks whether an error is about the same thing, at the same stage.
func (o *observed) compareError() {
	x := o.want.Exception
	failed := o.err != nil || o.outcome == "NOT_READY"
	if (x != nil) != failed {
		o.errorf("an exception is expected: %v, and there is one: %v (%v)", x != nil, failed, o.explain())
	}
	if x == nil || !failed || o.report == nil {
		return
	}
	text := o.report.Decision.Detail
	if o.err != nil {
		text = o.err.Error()
	}
	if got, want := ownWords(o.err, text), ownWords(nil, x.Message); got != want {
		o.errorf("error is %q (%s), want %q", got, text, want)
	}
	if got := o.stage(); got != x.Stage {
		o.errorf("it failed at stage %s, want %s", got, x.Stage)
	}
}

// stage is how far a pass came that failed.
func (o *observed) stage() string {
	switch {
	case o.report.Samples == 0:
		return "collect"
	case o.report.Evaluation == nil:
		return "evaluate"
	}
	return "execute"
}
