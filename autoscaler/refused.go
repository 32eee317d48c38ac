package autoscaler

import (
	"cmp"
	"context"
	"errors"

	"github.com/sluice-project/sluice/options"
)

// refusedConfigError is a configuration that validation refuses: the job is left
// alone until it is mended.
type refusedConfigError struct{ err error }

func (e *refusedConfigError) Error() string { return e.err.Error() }

func (e *refusedConfigError) Unwrap() error { return e.err }

// tellRefused tells what is wrong with the configuration, where the reference does
// in its words. There a condition or bound that cannot be parsed is no violation,
// but makes validation itself fail.
func (p *pass) tellRefused(ctx context.Context, refused *refusedConfigError) error {
	e := Event{
		Type: EventWarning, Reason: EventOptionsValidation, Message: refused.Error(),
		Interval: cmp.Or(p.job.ValidationInterval, options.ScalingEventInterval.Default),
	}
	if p.job.Config.Profile() == options.ProfileReference {
		problem, isProblem := errors.AsType[options.Problem](refused.err)
		if !isProblem || problem.Err != nil {
			return p.tellError(ctx, refused.err)
		}
		e.Message = problem.Text
	}
	return p.tell(ctx, e)
}
