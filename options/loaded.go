package options

import (
	"fmt"
	"slices"
	"strings"
)

// checkLoaded checks all values of the process and of its sections.
func checkLoaded(cfg Config) Problems { return everywhere(cfg, checkValues) }

// checkValues checks as much as the profile wants: profile reference starts
// with a value out of range and complains job by job.
func checkValues(cfg Config, scopes ...Scope) []Problem {
	if cfg.Profile() == ProfileSluice {
		return validateAll(cfg, scopes...)
	}
	return slices.DeleteFunc(checkSetValues(cfg, scopes), func(p Problem) bool { return p.Err == nil })
}

// Check says what validation will refuse of the jobs of a configuration that
// [Load] accepts, whether or not they are enabled: the values in profile
// reference that are out of range, of the process and of each section.
func Check(cfg Config) Problems {
	return everywhere(cfg, func(cfg Config, _ ...Scope) []Problem {
		if cfg.Profile() == ProfileReference {
			return validateAsReference(cfg)
		}
		return nil // Load has checked it
	})
}

// everywhere checks the process, and then what each section makes of it. What a
// section does not change is told once.
func everywhere(cfg Config, check func(cfg Config, scopes ...Scope) []Problem) Problems {
	problems := Problems(check(cfg, ScopeProcess, ScopeJob))
	told := map[string]bool{}
	for _, p := range problems {
		told[p.Error()] = true
	}
	for _, s := range cfg.sections {
		for _, p := range check(s.over(cfg), ScopeJob) {
			if told[p.Error()] {
				continue
			}
			p = s.blamed(p)
			if !told[p.Error()] {
				told[p.Error()] = true
				problems = append(problems, p)
			}
		}
	}
	return problems
}

// over is the configuration of a job that the section means, as far as the file
// tells: its selector, taken for the job's name, is meant by wider patterns too.
func (s section) over(cfg Config) Config {
	return cfg.with(layersFor(cfg.sections, Job{ID: s.selector, Name: s.selector})...)
}

// source is the place of the section.
func (s section) source() Source {
	return Source{Kind: FromSection, Name: s.file, Line: s.line, Section: s.selector}
}

// blamed puts a problem that only shows in the section at the section's door,
// where the value stands somewhere else.
func (s section) blamed(p Problem) Problem {
	if p.Source.Kind != FromSection {
		p.Text, p.Source, p.Err = p.Text+setAt(p.Source), s.source(), nil
	}
	return p
}

func setAt(source Source) string {
	if source.Kind == FromDefault {
		return ""
	}
	return " (set by " + source.String() + ")"
}

// withoutEffect warns of what is set and does nothing, of the process and of
// each section.
func withoutEffect(cfg Config) []Warning {
	warnings := idle(cfg)
	told := map[string]bool{}
	for _, w := range warnings {
		told[w.String()] = true
	}
	for _, s := range cfg.sections {
		for _, w := range idle(s.over(cfg)) {
			if told[w.String()] {
				continue
			}
			if w.Source.Kind != FromSection {
				w.Text, w.Source = w.Text+setAt(w.Source), s.source()
			}
			if !told[w.String()] {
				told[w.String()] = true
				warnings = append(warnings, w)
			}
		}
	}
	return warnings
}

// idle warns of what one configuration sets and does nothing.
func idle(cfg Config) []Warning {
	return slices.Concat(
		needsCounters(cfg, SkewEnabled), needsCounters(cfg, RecentRateEnabled),
		needsClasses(cfg, CustomExecutors, algorithmPrefix+"scaling.custom-executor."),
		needsClasses(cfg, CustomEvaluators, algorithmPrefix+"metrics.custom-evaluator."),
	)
}

// needsCounters warns of an option that is switched on where the estimator does
// without it. Of a preset nothing is said.
func needsCounters(cfg Config, o Option[bool]) []Warning {
	source, set := Explicit(cfg, o)
	on, err := Get(cfg, o)
	estimator, errEstimator := Get(cfg, RateEstimator)
	if !set || err != nil || errEstimator != nil || !on || estimator == EstimatorCounters {
		return nil
	}
	return []Warning{{source, fmt.Sprintf("%s has no effect: it needs %s: %s, which is %s", o.Key, RateEstimator.Key, EstimatorCounters, estimator)}}
}

// needsClasses warns of names that nothing implements. The cluster or the job
// may still say what does.
func needsClasses(cfg Config, o Option[[]string], prefix string) []Warning {
	names, err := Get(cfg, o)
	if err != nil {
		return nil
	}
	source, _ := Explicit(cfg, o)
	required, err := Get(cfg, RequireExtensions)
	then := "it is left out"
	if err == nil && required {
		then = "no job is rescaled without it"
	}
	var warnings []Warning
	for _, name := range names {
		key := prefix + name + ".class"
		if v, set := cfg.eitherPrefix(key); !set || strings.TrimSpace(v.Text) == "" {
			warnings = append(warnings, Warning{source, fmt.Sprintf("%s names %q, but %s is not set: %s", o.Key, name, key, then)})
		}
	}
	return warnings
}

// eitherPrefix looks a key up, also in the operator's spelling.
func (c Config) eitherPrefix(key string) (Value, bool) {
	if v, set := c.values[key]; set {
		return v, true
	}
	v, set := c.values[operatorPrefix+key]
	return v, set
}
