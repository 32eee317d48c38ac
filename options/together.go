package options

import (
	"fmt"
	"slices"
)

// togetherChecks are the checks of options that must fit one another, each
// with the options that it looks at.
var togetherChecks = []struct {
	keys  []string
	check func(Config) *Problem
}{
	{[]string{VertexMinParallelism.Key, VertexMaxParallelism.Key}, checkParallelismLimits},
	{[]string{AlignmentMode.Key}, checkAlignmentMode},
	{[]string{MetricsWindow.Key, ControlLoopInterval.Key}, checkWindow},
}

// checkTogether runs these checks, in profile sluice. What is wrong on its own
// already is left out.
func checkTogether(cfg Config, already []Problem) []Problem {
	var problems []Problem
	for _, c := range togetherChecks {
		wrong := func(key string) bool { return mentions(already, key) }
		if slices.ContainsFunc(c.keys, wrong) {
			continue
		}
		if p := c.check(cfg); p != nil {
			problems = append(problems, *p)
		}
	}
	return problems
}

func checkParallelismLimits(cfg Config) *Problem {
	r := NewReader(cfg)
	least, most := Read(r, VertexMinParallelism), Read(r, VertexMaxParallelism)
	if r.Err() != nil || least <= most {
		return nil
	}
	source, _ := Explicit(cfg, VertexMinParallelism)
	return &Problem{Key: VertexMinParallelism.Key, Source: source, Text: fmt.Sprintf("%s is %d, above %s, which is %d",
		VertexMinParallelism.Key, least, VertexMaxParallelism.Key, most)}
}

func checkAlignmentMode(cfg Config) *Problem {
	mode, err := Get(cfg, AlignmentMode)
	builtIn := []string{AlignBalanced, AlignEvenlySpread, AlignOff}
	if err != nil || slices.Contains(builtIn, mode) || hasClass(cfg, mode) {
		return nil
	}
	source, _ := Explicit(cfg, AlignmentMode)
	return &Problem{Key: AlignmentMode.Key, Source: source, Text: fmt.Sprintf(
		"unknown alignment mode '%s': want %s, %s or %s (upper case), or the name of a custom mode that %s.%s.class defines",
		mode, AlignBalanced, AlignEvenlySpread, AlignOff, AlignmentMode.Key, orName(mode))}
}

// hasClass reports whether a custom alignment mode is defined.
func hasClass(cfg Config, mode string) bool {
	_, set := cfg.eitherPrefix(AlignmentMode.Key + "." + mode + ".class")
	return set
}

func orName(mode string) string {
	if mode == "" {
		return "<name>"
	}
	return mode
}

// checkWindow refuses a window in which fewer than two samples fit: nothing
// would ever be decided.
func checkWindow(cfg Config) *Problem {
	r := NewReader(cfg)
	window, interval := Read(r, MetricsWindow), Read(r, ControlLoopInterval)
	if r.Err() != nil || window >= interval {
		return nil
	}
	source, _ := Explicit(cfg, MetricsWindow)
	return &Problem{Key: MetricsWindow.Key, Source: source, Text: fmt.Sprintf(
		"%s is %s, below %s, which is %s: fewer than two samples would fit",
		MetricsWindow.Key, FormatDuration(window), ControlLoopInterval.Key, FormatDuration(interval))}
}
