package options

import (
	"slices"
	"strings"
)

const envPrefix = "SLUICE_"

// EnvName is the environment variable that sets an option: SLUICE_ and the key
// in upper case with each point and hyphen as an underscore. Keys that begin
// with "sluice." do not get the word twice:
//
//	job.autoscaler.metrics.window  SLUICE_JOB_AUTOSCALER_METRICS_WINDOW
//	sluice.profile                 SLUICE_PROFILE
//
// Legacy keys have a variable too; custom names (mode.<name>.class) do not. A
// variable that is set but empty counts as not set.
func EnvName(key string) string {
	name := strings.TrimPrefix(key, sluicePrefix)
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// keyByEnv maps each variable to its key.
var keyByEnv = indexEnv(allKeys)

func indexEnv(keys []string) map[string]string {
	index := make(map[string]string, len(keys))
	for _, key := range slices.Backward(keys) { // the canonical keys stand first and win
		index[EnvName(key)] = key
	}
	return index
}

// ofCommands are variables of the commands that ask a running Sluice.
var ofCommands = [...]string{"SLUICE_SERVER", "SLUICE_TOKEN"}

// parseEnviron reads the SLUICE_ variables. An unknown one is a warning, since
// others may share the prefix; those that the clusters name as the place of a
// secret are expected.
func parseEnviron(environ []string, clusters []Cluster) parsed {
	var p parsed
	expected := secretVariables(clusters)
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, envPrefix) || text == "" || slices.Contains(expected, name) || slices.Contains(ofCommands[:], name) {
			continue
		}
		source := Source{Kind: FromEnv, Name: name}
		if key, ok := keyByEnv[name]; ok {
			p.put(key, Value{Text: text, Source: source})
			continue
		}
		p.warn(source, "unknown variable"+nearestVariable(name))
	}
	return p
}

// nearestVariable compares names without the prefix that all of them share.
func nearestVariable(name string) string {
	names := make([]string, len(allKeys))
	for i, key := range allKeys {
		names[i] = strings.TrimPrefix(EnvName(key), envPrefix)
	}
	if near := Nearest(strings.TrimPrefix(name, envPrefix), names); near != "" {
		return "; did you mean " + envPrefix + near + "?"
	}
	return ""
}
