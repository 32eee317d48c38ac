package options

import (
	"slices"
	"strconv"
	"strings"
)

// ownPrefixes are the families in which every key must be known.
var ownPrefixes = []string{algorithmPrefix, operatorPrefix + algorithmPrefix, standalonePrefix, sluicePrefix}

// foreignPrefixes are the families of Flink and its operator, whose keys are
// kept as they are.
var foreignPrefixes = []string{
	"akka.", "blob.", "checkpoint.", "checkpointing.", "classloader.", "cleanup-strategy.", "client.", "cluster.",
	"compiler.", "containerized.", "env.", "events.", "execution.", "external-resource.", "fs.", "gs.", "hadoop.",
	"heartbeat.", "high-availability.", "historyserver.", "io.", "job-event.", "job-result-store.", "jobmanager.",
	"jobstore.", "kubernetes.", "local-recovery.", "metrics.", "minicluster.", "oss.", "parallelism.", "pekko.",
	"pipeline.", "plugin.", "process.", "python.", "query.", "queryable-state.", "resourcemanager.", "rest.",
	"restart-strategy.", "s3.", "security.", "slot.", "slotmanager.", "sql-client.", "sql-gateway.", "ssl.", "state.",
	"table.", "task.", "taskmanager.", "traces.", "user.", "web.", "yarn.", "zookeeper.", "$internal.",
}

// foreignKeys are Flink's keys that stand in no family.
var foreignKeys = []string{
	"high-availability", "restart-strategy", "scheduler-mode", "external-resources", "flinkStateSnapshotRetention",
}

// NamedGroup is a family of keys with a name of the user's choice inside, such
// as job.autoscaler.scaling.custom-executor.<name>.<parameter>.
type NamedGroup struct {
	// Prefix ends before the name.
	Prefix string `json:"prefix"`
	Doc    string `json:"doc"`

	// parameters are all there are, and families the beginnings of those with a
	// name in them; none of both where an implementation has its own.
	parameters, families []string
}

// takes tells whether the group has a parameter.
func (g *NamedGroup) takes(parameter string) bool {
	if len(g.parameters) == 0 {
		return true
	}
	return slices.Contains(g.parameters, parameter) ||
		slices.ContainsFunc(g.families, func(f string) bool { return strings.HasPrefix(parameter, f) && parameter != f })
}

var namedGroups = []NamedGroup{
	{Prefix: algorithmPrefix + "metrics.custom-evaluator.", Doc: "`class` names the implementation of a custom metric evaluator; the rest are its parameters."},
	{Prefix: algorithmPrefix + "scaling.custom-executor.", Doc: "`class` names the implementation of a custom scaling executor; the rest are its parameters."},
	{Prefix: algorithmPrefix + "scaling.parallelism-alignment.mode.", Doc: "`class` names the implementation of a custom alignment mode; the rest are its parameters."},
	webhookGroup,
}

// NamedGroups returns the families of keys with a name of the user's choice.
func NamedGroups() []NamedGroup { return slices.Clone(namedGroups) }

// UnknownKeys returns a problem for each of the keys that stands in a family
// of ours and does not exist, ordered by key. Other keys are none of our
// business.
func UnknownKeys(values map[string]string, source Source) []Problem {
	var problems []Problem
	for key := range values {
		if inFamily(key, ownPrefixes) && !known(key) {
			problems = append(problems, unknownKey(key, source))
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return problems
}

// known reports whether a key is an option, a legacy key, or of a named group.
func known(key string) bool {
	if _, ok := byKey[key]; ok {
		return true
	}
	return named(strings.TrimPrefix(key, operatorPrefix))
}

// named reports whether a key is <group>.<name>.<parameter>.
func named(key string) bool {
	for _, g := range namedGroups {
		rest, ok := strings.CutPrefix(key, g.Prefix)
		name, parameter, both := strings.Cut(rest, ".")
		if ok && both && name != "" && parameter != "" && g.takes(parameter) {
			return true
		}
	}
	return false
}

// foreign reports whether a key is Flink's own.
func foreign(key string) bool {
	return inFamily(key, foreignPrefixes) && !inFamily(key, ownPrefixes) || slices.Contains(foreignKeys, key)
}

func inFamily(key string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

func unknownKey(key string, source Source) Problem {
	return Problem{Key: key, Source: source, Text: "unknown option " + printable(key) + suggestion(key)}
}

// printable is the key, cut and quoted where it would make the message unreadable.
func printable(key string) string {
	if len(key) > maxKeyLength {
		key = strings.ToValidUTF8(key[:maxKeyLength], "") + "…"
	}
	if quoted := strconv.Quote(key); quoted != `"`+key+`"` {
		return quoted
	}
	return key
}

// suggestion is "; did you mean …?", or nothing if no key is near.
func suggestion(key string) string {
	if near := nearestKey(key); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// nearestKey is the known key that looks most like key. In a family of ours
// there always is one; elsewhere it has to be near. A key that lacks the
// prefix of its family is near too.
func nearestKey(key string) string {
	best, distance := closest(key, allKeys)
	if suffix, d := closest(key, keySuffixes); d < distance {
		best, distance = allKeys[slices.Index(keySuffixes, suffix)], d
	}
	if inFamily(key, ownPrefixes) || distance <= 1+len(key)/3 {
		return best
	}
	return ""
}

// keySuffixes are the known keys without the prefix of the algorithm's family.
var keySuffixes = withoutPrefix(allKeys)

func withoutPrefix(keys []string) []string {
	suffixes := make([]string, len(keys))
	for i, key := range keys {
		suffixes[i] = strings.TrimPrefix(key, algorithmPrefix)
	}
	return suffixes
}
