package options

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// section is what the file sets for some jobs:
//
//	jobs:
//	  "orders-*":
//	    job.autoscaler.metrics.window: 3 min
type section struct {
	// selector is a job id, a job name, or a pattern of job names in which *
	// stands for any text and ? for any one character.
	selector string
	values   layer
	// file and line are where it begins.
	file string
	line int
}

// jobs reads the sections of the file.
func (y *yamlReader) jobs(entry *ast.MappingValueNode) {
	sections, ok := entry.Value.(*ast.MappingNode)
	if !ok {
		y.fail(entry.Key, "jobs", `jobs: want a section for each job id or name pattern, such as "orders-*": {…}`)
		return
	}
	for _, s := range sections.Values {
		y.section(s)
	}
}

func (y *yamlReader) section(entry *ast.MappingValueNode) {
	selector := keyOf(entry)
	values, ok := entry.Value.(*ast.MappingNode)
	if !ok || selector == "" {
		y.fail(entry.Key, "jobs", "jobs: want \"<job id or name pattern>\": followed by options")
		return
	}
	inner := parsed{}
	reader := yamlReader{file: y.file, out: &inner, seen: map[string]int{}}
	set := func(key, text string, at ast.Node) { reader.sectionSetting(selector, key, text, at) }
	for _, e := range values.Values {
		reader.flatten(keyOf(e), e, 1, set)
	}
	y.out.sections = append(y.out.sections, section{selector: selector, values: inner.values, file: y.file, line: lineOf(entry.Key)})
	y.out.warnings = append(y.out.warnings, inner.warnings...)
	y.out.problems = append(y.out.problems, inner.problems...)
}

// sectionSetting takes one value of a section, which must be a job's option.
func (y *yamlReader) sectionSetting(selector, key, text string, at ast.Node) {
	if info, ok := ByKey(key); ok && info.Scope == ScopeProcess {
		y.fail(at, key, key+" holds for the whole process and cannot be set for one job")
		return
	}
	if _, twice := y.out.values[key]; twice {
		y.fail(at, key, key+" is set twice for jobs \""+selector+"\"")
		return
	}
	source := Source{Kind: FromSection, Name: y.file, Line: lineOf(at), Section: selector}
	y.out.put(key, Value{Text: text, Source: source})
}

// specificity ranks how closely a section means one job: 0 not at all, then
// by a pattern, by the name, by the id.
func (s section) specificity(job Job) int {
	switch {
	case strings.EqualFold(s.selector, job.ID):
		return 3
	case s.selector == job.Name:
		return 2
	case matchPattern(s.selector, job.Name):
		return 1
	}
	return 0
}

// layersFor returns what the sections set for a job, the strongest last: the
// closer a section means the job the stronger, and of two that mean it equally
// the later in the file.
func layersFor(sections []section, job Job) []layer {
	matching := slices.DeleteFunc(slices.Clone(sections), func(s section) bool { return s.specificity(job) == 0 })
	slices.SortStableFunc(matching, func(a, b section) int { return a.specificity(job) - b.specificity(job) })
	layers := make([]layer, len(matching))
	for i, s := range matching {
		layers[i] = s.values
	}
	return layers
}

// matchPattern reports whether the whole of name fits pattern, in which * is
// any text, even empty, and ? any one character.
func matchPattern(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	star, resume := -1, 0
	i, j := 0, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, resume = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}
