package options

import "strings"

// Option is one typed option. Options are package variables, such as
// [MetricsWindow], and are read with [Get], [Find] or a [Reader].
type Option[T any] struct {
	// Key is the canonical key.
	Key string
	// Fallbacks are the legacy keys, in the order in which they are tried
	// when the canonical key is not set.
	Fallbacks []string
	// Default is the value when nothing is set; only if HasDefault.
	Default    T
	HasDefault bool
	// Doc is one line: what it is, its unit and its range.
	Doc string
	// Scope says who may set it.
	Scope Scope

	syntax syntax[T]
	check  func(T) error
}

// Scope says at which level an option counts.
type Scope string

const (
	// ScopeJob options may differ from job to job.
	ScopeJob Scope = "job"
	// ScopeProcess options hold for the whole process. They are read from
	// file, environment and flags only, never from a cluster or a job.
	ScopeProcess Scope = "process"
	// ScopeForeign options belong to Flink or its Kubernetes operator and are
	// only read.
	ScopeForeign Scope = "flink"
)

// Info is the description of an option without its Go type.
type Info struct {
	Key       string   `json:"key"`
	Fallbacks []string `json:"legacyKeys,omitempty"`
	Type      string   `json:"type"`
	// Values lists the names of an enum, else it is empty.
	Values []string `json:"values,omitempty"`
	// Default is the text of the default; nil when there is none.
	Default *string `json:"default"`
	// Presets holds the value that a profile sets, by the profile's name.
	Presets map[Profile]string `json:"presets,omitempty"`
	Scope   Scope              `json:"scope"`
	Doc     string             `json:"doc"`

	parse func(string) error
	check func(string) error
}

// described is an option of any type, as the registry sees it.
type described interface{ info() Info }

func (o Option[T]) info() Info {
	info := Info{
		Key:       o.Key,
		Fallbacks: o.Fallbacks,
		Type:      o.syntax.name,
		Values:    o.syntax.values,
		Presets:   presetsOf(o.Key),
		Scope:     o.Scope,
		Doc:       o.Doc,
		parse:     o.parseOnly,
		check:     o.checkText,
	}
	if o.HasDefault {
		text := o.syntax.format(o.Default)
		info.Default = &text
	}
	return info
}

func (o Option[T]) parseOnly(text string) error {
	_, err := o.syntax.parse(text)
	return err
}

// checkText reports whether the value of text is out of the option's range.
// A text that cannot be parsed passes: that is the parser's complaint.
func (o Option[T]) checkText(text string) error {
	v, err := o.syntax.parse(text)
	if err != nil || o.check == nil {
		return nil
	}
	return o.check(v)
}

// syntax is how one type of value is read and printed.
type syntax[T any] struct {
	name   string
	values []string
	parse  func(string) (T, error)
	format func(T) string
}

// checked returns the option with a range that holds in profile sluice; the
// reference validates only what [Validate] lists for it.
func (o Option[T]) checked(check func(T) error) Option[T] {
	o.check = check
	return o
}

const (
	algorithmPrefix  = "job.autoscaler."
	operatorPrefix   = "kubernetes.operator."
	standalonePrefix = "autoscaler.standalone."
	sluicePrefix     = "sluice."
)

// algorithm declares a job.autoscaler option; without explicit fallbacks it
// gets the one key under which the Kubernetes operator knew it.
func algorithm[T any](suffix string, s syntax[T], def T, doc string, fallbacks ...string) Option[T] {
	o := algorithmUnset(suffix, s, doc, fallbacks...)
	o.Default, o.HasDefault = def, true
	return o
}

// algorithmUnset declares a job.autoscaler option that has no default.
func algorithmUnset[T any](suffix string, s syntax[T], doc string, fallbacks ...string) Option[T] {
	key := algorithmPrefix + suffix
	if len(fallbacks) == 0 {
		fallbacks = []string{operatorPrefix + key}
	}
	return Option[T]{Key: key, Fallbacks: fallbacks, Doc: doc, Scope: ScopeJob, syntax: s}
}

// plain declares an option outside the job.autoscaler family.
func plain[T any](scope Scope, key string, s syntax[T], def T, doc string, fallbacks ...string) Option[T] {
	o := unset(scope, key, s, doc, fallbacks...)
	o.Default, o.HasDefault = def, true
	return o
}

// unset is plain without a default.
func unset[T any](scope Scope, key string, s syntax[T], doc string, fallbacks ...string) Option[T] {
	return Option[T]{Key: key, Fallbacks: fallbacks, Doc: doc, Scope: scope, syntax: s}
}

// deprecated reports whether a legacy key should be given up by its users. The
// operator's prefix is an alternative spelling, not a deprecated one.
func deprecated(legacy string) bool {
	return !strings.HasPrefix(legacy, operatorPrefix)
}
