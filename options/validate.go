package options

import (
	"errors"
	"math"
	"slices"
)

// Validate returns what is wrong with the effective configuration of a job, in
// a fixed order, the first being what the reference reports. A job that is not
// enabled is not validated.
//
// Under profile reference it checks what the reference checks, with its texts.
// Under profile sluice also: every set option can be parsed, is in its range,
// and the options fit together.
func Validate(cfg Config) []Problem {
	on, err := Enabled(cfg)
	if err != nil {
		return []Problem{problemOf(AutoscalerEnabled.Key, err)}
	}
	if !on.Enabled {
		return nil
	}
	if cfg.Profile() == ProfileReference {
		return validateAsReference(cfg)
	}
	return validateAll(cfg, ScopeJob)
}

// validateAsReference gives the reference's verdict. There all checks are
// computed before the first violation is picked, so a condition or bound that
// cannot be parsed comes before any violation.
func validateAsReference(cfg Config) []Problem {
	var violations []Problem
	for _, c := range numberChecks {
		violation, err := c.run(cfg)
		if err != nil {
			return []Problem{problemOf(c.option.Key, err)}
		}
		if violation != nil {
			violations = append(violations, *violation)
		}
	}
	wrongPeriods, err := checkPeriods(cfg, wordedAsReference)
	if err != nil {
		return []Problem{problemOf(ExcludedPeriods.Key, err)}
	}
	return append(violations, wrongPeriods...)
}

// validateAll gives the verdict of profile sluice on the options of a scope
// and, for jobs, on how they fit together.
func validateAll(cfg Config, scopes ...Scope) []Problem {
	problems := checkSetValues(cfg, scopes)
	if !slices.Contains(scopes, ScopeJob) {
		return problems
	}
	for _, c := range numberChecks {
		violation, err := c.run(cfg)
		if err == nil && violation != nil && !mentions(problems, c.option.Key) {
			problems = append(problems, *violation)
		}
	}
	// A list that cannot be parsed is among the problems already.
	wrongPeriods, _ := checkPeriods(cfg, wordedWithCause)
	problems = append(problems, wrongPeriods...)
	return append(problems, checkTogether(cfg, problems)...)
}

// checkSetValues checks each value that is set, one by one.
func checkSetValues(cfg Config, scopes []Scope) []Problem {
	var problems []Problem
	for _, info := range infos {
		v, setAs, set := cfg.resolve(info.Key, info.Fallbacks)
		if !set || !slices.Contains(scopes, info.Scope) {
			continue
		}
		if problem := checkValue(info, setAs, v); problem != nil {
			problems = append(problems, *problem)
		}
	}
	return problems
}

// checkValue checks one value's type and its range.
func checkValue(info Info, setAs string, v Value) *Problem {
	if err := info.parse(v.Text); err != nil {
		problem := problemOf(info.Key, parseError(info.Key, setAs, v, err))
		return &problem
	}
	if err := info.check(v.Text); err != nil {
		return &Problem{Key: info.Key, Source: v.Source, Text: "invalid value '" + Mask(setAs, v.Text) + "' for " + setAs + ": " + err.Error()}
	}
	return nil
}

func mentions(problems []Problem, key string) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Key == key })
}

// numberCheck is one of the reference's range checks; min and max belong to
// the range.
type numberCheck struct {
	option   Option[float64]
	min, max bound
	// when is the switch under which the check counts; nil: always.
	when *Option[bool]
}

// bound is one end of a range, which may be another option's value.
type bound func(Config) (float64, error)

func fixed(f float64) bound { return func(Config) (float64, error) { return f, nil } }

func valueOf(o Option[float64]) bound {
	return func(cfg Config) (float64, error) { return Get(cfg, o) }
}

// numberChecks are the reference's, in its order.
var numberChecks = []numberCheck{
	{option: ScaleDownMaxFactor, min: fixed(0), max: fixed(math.Inf(1))},
	{option: ScaleUpMaxFactor, min: fixed(0), max: fixed(math.Inf(1))},
	{option: UtilizationTarget, min: fixed(0), max: fixed(1)},
	{option: UtilizationBoundary, min: fixed(0), max: fixed(math.Inf(1))},
	{option: UtilizationMax, min: valueOf(UtilizationTarget), max: fixed(1)},
	{option: UtilizationMin, min: fixed(0), max: valueOf(UtilizationTarget)},
	{option: GCPressureThreshold, min: fixed(0), max: fixed(1)},
	{option: HeapUsageThreshold, min: fixed(0), max: fixed(1)},
	{option: ObservedScalabilityCoefficientMin, min: fixed(0.01), max: fixed(1), when: &ObservedScalabilityEnabled},
	{option: EffectivenessThreshold, min: fixed(0), max: fixed(1), when: &EffectivenessDetectionEnabled},
	{option: MemoryTuningOverhead, min: fixed(0), max: fixed(1), when: &MemoryTuningEnabled},
}

// run returns the violation, if any; an error means that the condition or a
// bound cannot be parsed.
func (c numberCheck) run(cfg Config) (*Problem, error) {
	if on, err := c.counts(cfg); err != nil || !on {
		return nil, err
	}
	least, errMin := c.min(cfg)
	most, errMax := c.max(cfg)
	if err := errors.Join(errMin, errMax); err != nil {
		return nil, err
	}
	v, found, err := Find(cfg, c.option)
	if err != nil {
		return c.violation(cfg, "Invalid value in the autoscaler config "+c.option.Key), nil
	}
	// Written so that NaN passes, as it does in the reference.
	if !found || !(v < least || v > most) {
		return nil, nil
	}
	return c.violation(cfg, "The AutoScalerOption "+c.option.Key+" is invalid, it should be a value within the range ["+
		rangeEnd(least)+", "+rangeEnd(most)+"]"), nil
}

// rangeEnd prints a bound as the reference does, which signs an absent one.
func rangeEnd(f float64) string {
	if math.IsInf(f, 1) {
		return "+Infinity"
	}
	return javaDouble(f)
}

func (c numberCheck) counts(cfg Config) (bool, error) {
	if c.when == nil {
		return true, nil
	}
	return Get(cfg, *c.when)
}

func (c numberCheck) violation(cfg Config, text string) *Problem {
	source, _ := Explicit(cfg, c.option)
	return &Problem{Key: c.option.Key, Source: source, Text: text}
}
