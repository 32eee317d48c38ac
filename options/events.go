package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The values of [EventHandlers].
const (
	EventsToLog = "log"
	EventsToSQL = "sql"
)

// Options of what is told and kept for people.
var (
	EventHandlers = unset(ScopeProcess, "sluice.events.handlers", lists,
		"Where events go besides webhooks: `log`, `sql` (the database of `--data`, `--store` or `autoscaler.standalone.jdbc.url`), or both. "+
			"Unset: the log, and the database of `--data` and `--store`, or where `autoscaler.standalone.event-handler.type` is `JDBC`; the latter set to `LOGGING` means the log alone.").checked(knownHandlers)
	DecisionsMaxCount = plain(ScopeProcess, "sluice.decisions.max-count", integers, 200,
		"Number of decisions of a job that are kept in the database, for `sluice history` and `sluice explain`; ≥ 1.").checked(atLeast(1))
	DecisionsMaxAge = plain(ScopeProcess, "sluice.decisions.max-age", durations, 30*day,
		"Time for which decisions are kept in the database; 0 = for ever.")
)

func knownHandlers(names []string) error {
	for _, name := range names {
		if name != EventsToLog && name != EventsToSQL {
			return fmt.Errorf("want %s, %s or both: webhooks need no mention, they are told of by %s<name>.url", EventsToLog, EventsToSQL, webhookPrefix)
		}
	}
	return nil
}

// webhookPrefix stands before the name of a webhook.
const webhookPrefix = sluicePrefix + "webhook."

// webhookGroup are the options of webhooks.
var webhookGroup = NamedGroup{
	Prefix: webhookPrefix,
	Doc: "A receiver of events over HTTP: see [Events](events.md). `url` (or `url-file`, `url-env`), `secret-file` or `secret-env`, " +
		"`preset` (`sluice` or `slack`), `template` or `template-file`, `types`, `reasons`, `timeout` (10 s), `queue-size` (10000), `ca-file`, " +
		"`header.<header>`, `header-file.<header>`, `header-env.<header>`.",
	parameters: []string{
		"url", "url-file", "url-env", "secret-file", "secret-env", "preset", "template", "template-file",
		"types", "reasons", "timeout", "queue-size", "ca-file",
	},
	families: []string{"header.", "header-file.", "header-env."},
}

// SecretPlace is where a value that may be secret stands: in the configuration,
// in a file, or in an environment variable. At most one of them is set.
type SecretPlace struct{ Text, File, Env string }

// String says where, and not what.
func (p SecretPlace) String() string {
	switch {
	case p.File != "":
		return "file " + p.File
	case p.Env != "":
		return "environment variable " + p.Env
	case p.Text != "":
		return masked
	}
	return ""
}

// GoString is String.
func (p SecretPlace) GoString() string { return p.String() }

// Read returns the value, with the given ways to read a file and to look up an
// environment variable; empty when none is named. White space around what a file
// or a variable holds is cut; an empty or missing one is an error. what names the
// value in errors.
func (p SecretPlace) Read(what string, readFile func(string) ([]byte, error), lookupEnv func(string) (string, bool)) (string, error) {
	if p.File == "" && p.Env == "" {
		return p.Text, nil
	}
	return readSecret(what, p.File, p.Env, readFile, lookupEnv)
}

// Webhook is one receiver of events, as sluice.webhook.<name>.* says.
type Webhook struct {
	Name   string
	Source Source
	URL    SecretPlace
	Secret SecretPlace
	// Preset names a body that is known; empty without one.
	Preset string
	// Template is the text of a body, TemplateFile names a file that holds it.
	Template, TemplateFile string
	Types, Reasons         []string
	// Timeout is 0 and QueueSize 0 where the default counts.
	Timeout   time.Duration
	QueueSize int
	CAFile    string
	Headers   map[string]SecretPlace
}

// Webhooks returns the receivers that a configuration names, ordered by name. The
// error is of type [Problems].
func Webhooks(cfg Config) ([]Webhook, error) {
	var (
		all      []Webhook
		problems Problems
	)
	for _, key := range cfg.Keys() {
		rest, ours := strings.CutPrefix(key, webhookPrefix)
		name, parameter, _ := strings.Cut(rest, ".")
		if !ours || !named(key) {
			continue
		}
		if n := len(all); n == 0 || all[n-1].Name != name {
			all = append(all, Webhook{Name: name, Headers: map[string]SecretPlace{}})
		}
		v, _ := cfg.Lookup(key)
		w := &all[len(all)-1]
		w.Source = v.Source
		if err := w.set(parameter, v.Text); err != nil {
			problems = append(problems, Problem{Key: key, Source: v.Source, Text: key + ": " + err.Error()})
		}
	}
	for i := range all {
		if err := all[i].complete(); err != nil && len(problems) == 0 {
			problems = append(problems, Problem{Key: webhookPrefix + all[i].Name, Source: all[i].Source, Text: webhookPrefix + all[i].Name + ": " + err.Error()})
		}
	}
	if err := problems.asError(); err != nil {
		return nil, err
	}
	return all, nil
}

// set takes one parameter.
func (w *Webhook) set(parameter, text string) (err error) {
	if target := w.text(parameter); target != nil {
		*target = strings.TrimSpace(text)
		return nil
	}
	switch parameter {
	case "types":
		w.Types, err = ParseList(text)
		for _, t := range w.Types {
			if t != "Normal" && t != "Warning" {
				err = errors.New("want Normal, Warning or both")
			}
		}
	case "reasons":
		w.Reasons, err = ParseList(text)
	case "timeout":
		if w.Timeout, err = ParseDuration(text); err == nil && w.Timeout <= 0 {
			err = errors.New("want more than 0")
		}
	case "queue-size":
		if w.QueueSize, err = ParseInt(text); err == nil && w.QueueSize < 1 {
			err = errors.New("want at least 1")
		}
	default:
		w.header(parameter, text)
	}
	return err
}

// text is the place of a parameter that takes any text; nil for others.
func (w *Webhook) text(parameter string) *string {
	return map[string]*string{
		"url": &w.URL.Text, "url-file": &w.URL.File, "url-env": &w.URL.Env,
		"secret-file": &w.Secret.File, "secret-env": &w.Secret.Env,
		"preset": &w.Preset, "template": &w.Template, "template-file": &w.TemplateFile, "ca-file": &w.CAFile,
	}[parameter]
}

func (w *Webhook) header(parameter, text string) {
	family, name, _ := strings.Cut(parameter, ".")
	place := w.Headers[name]
	switch family {
	case "header-file":
		place.File = text
	case "header-env":
		place.Env = text
	default:
		place.Text = text
	}
	w.Headers[name] = place
}

// complete checks what the parameters are together.
func (w *Webhook) complete() error {
	switch {
	case w.URL == SecretPlace{}:
		return errors.New("it has no url: give url, url-file or url-env")
	case w.URL.several():
		return errors.New("url, url-file and url-env: give one of them")
	case w.Secret.several():
		return errors.New("secret-file and secret-env: give one of them")
	case w.Preset != "" && w.Preset != "sluice" && w.Preset != "slack":
		return fmt.Errorf("preset %q: want sluice or slack", w.Preset)
	case (w.Preset != "" && w.Template+w.TemplateFile != "") || (w.Template != "" && w.TemplateFile != ""):
		return errors.New("preset, template and template-file: give one of them")
	}
	for name, place := range w.Headers {
		if place.several() {
			return fmt.Errorf("header %s is given more than once", name)
		}
	}
	return nil
}

func (p SecretPlace) several() bool {
	n := 0
	for _, text := range []string{p.Text, p.File, p.Env} {
		if text != "" {
			n++
		}
	}
	return n > 1
}

func webhookProblems(cfg Config) Problems {
	_, err := Webhooks(cfg)
	problems, _ := errors.AsType[Problems](err)
	return problems
}

// maskWebhook is the value of a webhook's option as it may be printed: addresses
// and headers may be secrets, names of files and variables are none.
func maskWebhook(key, value string) string {
	rest := strings.TrimPrefix(key, webhookPrefix)
	_, parameter, _ := strings.Cut(rest, ".")
	if slices.Contains([]string{"url", "template"}, parameter) || strings.HasPrefix(parameter, "header.") {
		return masked
	}
	return value
}
