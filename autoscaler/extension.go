package autoscaler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// Extensions are the parts of the algorithm that whoever embeds Sluice brings, by
// the class name that configuration calls them by. Any name does: the class
// names of the reference's plugins let a configuration carry over.
type Extensions struct {
	Evaluators map[string]scaling.Evaluator
	Executors  map[string]scaling.Executor
	Alignments map[string]scaling.AlignmentMode
}

// Extension is one use of an extension, as configured.
type Extension struct {
	// Group is the key without name and parameter, Name is the user's own.
	Group, Name string
	// Class names the implementation; empty where it is not configured.
	Class      string
	Parameters scaling.Parameters
}

// The groups of keys in which extensions are configured:
// job.autoscaler.<group>.<name>.<parameter>.
const (
	evaluatorGroup = "metrics.custom-evaluator"
	executorGroup  = "scaling.custom-executor"
	alignmentGroup = "scaling.parallelism-alignment.mode"
)

// extensionOf collects what is configured for a name: the job's configuration
// with the keys of the name on top, the operator's spelling of them below the
// other (spec section 12.3).
func extensionOf(cfg options.Config, group, name string) *Extension {
	x := &Extension{Group: group, Name: name, Parameters: scaling.Parameters{}}
	keys := cfg.Keys()
	for _, prefix := range [...]string{"", "kubernetes.operator.job.autoscaler." + group + "." + name + ".", "job.autoscaler." + group + "." + name + "."} {
		for _, key := range keys {
			if parameter, ok := strings.CutPrefix(key, prefix); ok {
				value, _ := cfg.Lookup(key)
				x.Parameters[parameter] = value.Text
			}
		}
		if prefix == "" {
			delete(x.Parameters, "class")
		}
	}
	x.Class = x.Parameters["class"]
	return x
}

// evaluatorOf is the first of the evaluators; more are not used.
func evaluatorOf(cfg options.Config, names []string) *Extension {
	if len(names) == 0 {
		return nil
	}
	return extensionOf(cfg, evaluatorGroup, names[0])
}

// executorsOf are the executors; a name counts once.
func executorsOf(cfg options.Config, names []string) []Extension {
	var all []Extension
	for i, name := range names {
		if !slices.Contains(names[:i], name) {
			all = append(all, *extensionOf(cfg, executorGroup, name))
		}
	}
	return all
}

// missingExtension is the first extension that configuration names and that is
// not there, or nil.
func (p *pass) missingExtension() *Extension {
	known := &p.cfg.Extensions
	if x := p.settings.Evaluator; x != nil && known.Evaluators[x.Class] == nil {
		return x
	}
	if x := p.settings.Alignment; x != nil && known.Alignments[x.Class] == nil {
		return x
	}
	for i := range p.settings.Executors {
		if x := &p.settings.Executors[i]; known.Executors[x.Class] == nil {
			return x
		}
	}
	return nil
}

// extend puts the extensions that settings name into a configuration. What is
// not there is left out, with a warning.
func (p *pass) extend(c *scaling.Config) {
	if x := p.settings.Evaluator; x != nil {
		if evaluator, ok := find(p, p.cfg.Extensions.Evaluators, x); ok {
			c.Evaluator = &scaling.ConfiguredEvaluator{Name: x.Name, Parameters: x.Parameters, Evaluator: evaluator}
		}
	}
	if x := p.settings.Alignment; x != nil {
		if mode, ok := find(p, p.cfg.Extensions.Alignments, x); ok {
			c.Alignment = scaling.AlignCustom
			c.AlignmentMode = &scaling.ConfiguredAlignment{Name: x.Name, Parameters: x.Parameters, Mode: mode}
		}
	}
}

// executors is the chain in the order of its priorities.
func (p *pass) executors() []scaling.ConfiguredExecutor {
	var chain []scaling.ConfiguredExecutor
	for i := range p.settings.Executors {
		x := &p.settings.Executors[i]
		if executor, ok := find(p, p.cfg.Extensions.Executors, x); ok {
			chain = append(chain, scaling.ConfiguredExecutor{Name: x.Name, Class: x.Class, Parameters: x.Parameters, Executor: executor})
		}
	}
	slices.SortStableFunc(chain, func(a, b scaling.ConfiguredExecutor) int { return a.Executor.Priority() - b.Executor.Priority() })
	return chain
}

func find[T any](p *pass, known map[string]T, x *Extension) (found T, ok bool) {
	found, ok = known[x.Class]
	if !ok {
		p.warn(fmt.Errorf("%s: it is left out", x.missing()))
	}
	return found, ok
}

// missing says that an extension is not there.
func (x *Extension) missing() string {
	key := "job.autoscaler." + x.Group + "." + x.Name
	if x.Class == "" {
		return key + ".class is not set"
	}
	return fmt.Sprintf("no extension of class %q is known for %s", x.Class, key)
}

// warn keeps what went wrong without an effect on the pass.
func (p *pass) warn(err error) { p.report.Warnings = append(p.report.Warnings, err) }
