package options

import (
	"path/filepath"
	"slices"
	"strings"
)

// LoadInput is what the configuration of the process is made of. Nothing is
// read from the outside.
type LoadInput struct {
	// File is the name of the file, for messages. A file whose base name is
	// flink-conf.yaml is read in Flink's legacy format of flat lines.
	File string
	// FileContents is the file's text; nil: there is none.
	FileContents []byte
	// Environ is the environment as os.Environ gives it; see [EnvName] for
	// which variables count.
	Environ []string
	// Flags are the -D key=value flags; of two for one key the later wins.
	Flags []KeyValue
}

// KeyValue is one value given on the command line.
type KeyValue struct{ Key, Value string }

// Warning is something odd in the configuration that hurts nothing.
type Warning struct {
	Source Source
	Text   string
}

// String is the place and the text.
func (w Warning) String() string { return w.Source.String() + ": " + w.Text }

// Load builds the configuration of the process: defaults < profile < file <
// environment < flags. The error is of type [Problems] and has everything that
// is wrong: the file's syntax, unknown keys (with the nearest known one), and
// values that cannot be parsed or, in profile sluice, are out of range or do not
// fit together, be it in a section of the file with what the process sets below
// it. In profile reference, a value out of range is told job by job; [Check]
// finds it beforehand.
func Load(in LoadInput) (Config, []Warning, error) {
	doc := parseFile(in)
	env := parseEnviron(in.Environ, doc.clusters)
	flags := parseFlags(in.Flags)

	cfg := Config{sections: doc.sections, clusters: doc.clusters}.with(doc.values, env.values, flags.values)
	warnings := slices.Concat(doc.warnings, env.warnings, flags.warnings)
	problems := slices.Concat(doc.problems, env.problems, flags.problems)
	if len(problems) == 0 {
		problems = append(checkLoaded(cfg), webhookProblems(cfg)...)
		warnings = append(warnings, withoutEffect(cfg)...)
	}
	if err := problems.asError(); err != nil {
		return Config{}, warnings, err
	}
	return cfg, warnings, nil
}

// parsed is what one part of the input gives.
type parsed struct {
	values   layer
	sections []section
	clusters []Cluster
	warnings []Warning
	problems Problems
}

func parseFile(in LoadInput) parsed {
	switch {
	case in.FileContents == nil:
		return parsed{}
	case filepath.Base(in.File) == "flink-conf.yaml":
		return parseFlatFile(in.File, in.FileContents)
	}
	return parseYAML(in.File, in.FileContents)
}

// maxProblems bounds how many problems are told of one part of the input; what
// comes after is a file that is none of ours.
const maxProblems = 50

// put adds one value after a look at its key.
func (p *parsed) put(key string, v Value) {
	if !known(key) && !foreign(key) {
		if len(p.problems) >= maxProblems {
			return
		}
		p.problems = append(p.problems, unknownKey(key, v.Source))
		return
	}
	if p.values == nil {
		p.values = layer{}
	}
	p.values[key] = v
	if info, ok := ByKey(key); ok && key != info.Key && deprecated(key) {
		p.warn(v.Source, key+" is deprecated, use "+info.Key)
	}
}

func (p *parsed) warn(source Source, text string) {
	p.warnings = append(p.warnings, Warning{Source: source, Text: text})
}

func (p *parsed) fail(source Source, key, text string) {
	p.problems = append(p.problems, Problem{Key: key, Source: source, Text: text})
}

// ParseFlag cuts a -D flag, key=value, in two.
func ParseFlag(text string) (KeyValue, error) {
	key, value, ok := strings.Cut(text, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return KeyValue{}, Problem{Source: Source{Kind: FromFlag}, Text: "want key=value, such as job.autoscaler.metrics.window=3min"}
	}
	return KeyValue{Key: key, Value: value}, nil
}

func parseFlags(flags []KeyValue) parsed {
	var p parsed
	for _, f := range flags {
		p.put(f.Key, Value{Text: f.Value, Source: Source{Kind: FromFlag}})
	}
	return p
}
