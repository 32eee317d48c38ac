package options

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// docGroup is one chapter of the option documents.
type docGroup struct {
	title, intro string
	has          func(Info) bool
}

var docGroups = []docGroup{
	{"Sluice", "Set anywhere, also per job.", func(i Info) bool { return i.Scope == ScopeJob && strings.HasPrefix(i.Key, sluicePrefix) }},
	{
		"Algorithm", "The options of the Java autoscaler, with its keys, defaults and meaning. Set anywhere, also per job.",
		func(i Info) bool { return i.Scope == ScopeJob && strings.HasPrefix(i.Key, algorithmPrefix) },
	},
	{"Process", "Set in the file, the environment or by flags, for the whole process.", func(i Info) bool { return i.Scope == ScopeProcess }},
	{
		"Read from Flink", "Options of Flink and of its Kubernetes operator that Sluice reads and never sets, except where memory tuning is enabled.",
		func(i Info) bool { return i.Scope == ScopeForeign },
	},
}

const docIntro = `<!-- Generated from package options; "go test ./options -run Docs -update" writes it anew. -->
# Options

Options stand in a YAML file (flat, ` + "`job.autoscaler.metrics.window: 3 min`" + `, or nested), in environment
variables (` + "`SLUICE_JOB_AUTOSCALER_METRICS_WINDOW`, `SLUICE_PROFILE`" + `: upper case, ` + "`.` and `-` become `_`" + `), in
flags (` + "`-D key=value`" + `), in the cluster's own configuration, in a job's ` + "`pipeline.global-job-parameters`" + `, and in
the section of a job in the file:

` + "```yaml" + `
sluice.profile: sluice
job:
  autoscaler:
    metrics.window: 3 min
clusters:
  - name: prod
    addresses: [https://jobmanager-1:8081, https://jobmanager-2:8081]
    tls: {caFile: ca.pem}
    auth: {username: sluice, passwordFile: flink-password}
jobs:
  "orders-*":            # a job id, a name, or a pattern with * and ?
    job.autoscaler.utilization.target: 0.6
` + "```" + `

What stands further right wins: default < profile < file < environment < flags < cluster < job parameters < section of the job.

Values: durations are a whole number and a unit (` + "`3 min`, `500 ms`" + `; none means milliseconds), memory sizes a whole
number and a unit in powers of 1024 (` + "`512 mb`" + `; none means bytes), lists are separated by semicolons or are YAML lists,
maps are ` + "`k:v,k2:v2`" + ` or YAML mappings, enums are read in any case.
`

// WriteMarkdown writes all options as a Markdown page.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(docIntro)
	for _, g := range docGroups {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| Option | Type | Default | Description |\n|---|---|---|---|\n", g.title, g.intro)
		for _, info := range infos {
			if g.has(info) {
				fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s |\n", info.Key, legacyCell(info), typeCell(info), defaultCell(info), escapeCell(info.Doc))
			}
		}
	}
	b.WriteString("\n## Custom names\n\n| Options | Description |\n|---|---|\n")
	for _, g := range namedGroups {
		fmt.Fprintf(&b, "| %s | %s |\n", g.keys(), escapeCell(g.Doc))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// keys are the group's keys in a table.
func (g *NamedGroup) keys() string {
	text := "`" + g.Prefix + "<name>.<parameter>`"
	if len(g.parameters) == 0 {
		text = "`" + g.Prefix + "<name>.class`, " + text
	}
	return text
}

func legacyCell(info Info) string {
	var b strings.Builder
	for _, key := range info.Fallbacks {
		label := "also"
		if deprecated(key) {
			label = "deprecated"
		}
		fmt.Fprintf(&b, "<br>%s `%s`", label, key)
	}
	return b.String()
}

func typeCell(info Info) string {
	if len(info.Values) == 0 {
		return info.Type
	}
	return info.Type + ": " + strings.Join(info.Values, ", ")
}

func defaultCell(info Info) string {
	text := "none"
	switch {
	case info.Default == nil:
	case *info.Default == "":
		text = "empty"
	default:
		text = "`" + *info.Default + "`"
	}
	return text + presetNote(info, "<br>profile %s: `%s`")
}

// presetNote renders the presets of an option with the given format.
func presetNote(info Info, format string) string {
	var b strings.Builder
	for _, p := range profiles {
		if text, ok := info.Presets[p]; ok {
			fmt.Fprintf(&b, format, p, text)
		}
	}
	return b.String()
}

func escapeCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// WriteText writes all options for a terminal: a line with key, type and
// default, and below it the description and the legacy keys.
func WriteText(w io.Writer) error {
	for _, g := range docGroups {
		if _, err := fmt.Fprintf(w, "%s\n\n", strings.ToUpper(g.title)); err != nil {
			return err
		}
		for _, info := range infos {
			if !g.has(info) {
				continue
			}
			if err := writeTextEntry(w, info); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeTextEntry(w io.Writer, info Info) error {
	def := "no default"
	if info.Default != nil {
		def = "default " + orEmpty(*info.Default)
	}
	_, err := fmt.Fprintf(w, "%s  (%s, %s%s)\n", info.Key, typeCell(info), def, presetNote(info, "; profile %s: %s"))
	if err != nil {
		return err
	}
	lines := []string{strings.ReplaceAll(info.Doc, "`", "")}
	for _, key := range info.Fallbacks {
		lines = append(lines, "also "+key)
	}
	_, err = fmt.Fprintf(w, "    %s\n\n", strings.Join(lines, "\n    "))
	return err
}

func orEmpty(text string) string {
	if text == "" {
		return "empty"
	}
	return text
}

// WriteJSON writes all options as a JSON object with the options in order and
// the families with custom names.
func WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Options     []Info       `json:"options"`
		NamedGroups []NamedGroup `json:"namedGroups"`
	}{infos, namedGroups})
}
