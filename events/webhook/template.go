package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"
)

// slackText is the body for Slack, and for what takes the same (Mattermost,
// Rocket.Chat, Discord with /slack behind the address).
const slackText = `{{$icon := ""}}{{if eq .Type "Warning"}}{{$icon = ":warning: "}}{{end -}}
{"text":{{printf "%s*%s* %s\n%s" $icon (escape .Reason) (escape .Title) (escape (shorten 3000 .Message)) | json}}}`

// Preset is a body that is known by name: sluice (the message as JSON) or slack.
func Preset(name string) (*template.Template, error) {
	switch name {
	case "", "sluice":
		return nil, nil
	case "slack":
		return Template(slackText, true)
	}
	return nil, fmt.Errorf("preset %q: want sluice or slack", name)
}

// Template reads the text of a body. It is tried at once: with wantJSON, what it
// gives has to be JSON. The data is a [Message]; functions beside those of
// text/template are json (a value as JSON), escape (&, < and > as Slack wants
// them) and shorten N TEXT (at most N characters).
func Template(text string, wantJSON bool) (*template.Template, error) {
	t, err := template.New("body").Funcs(template.FuncMap{"json": toJSON, "escape": escape, "shorten": shorten}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	for _, sample := range samples {
		body, err := render(t, sample)
		if err != nil {
			return nil, err
		}
		if wantJSON && !json.Valid(body) {
			return nil, errors.New(`template: what it gives for an event is no JSON: write values as {{json .Message}}, or set another header.Content-Type`)
		}
	}
	return t, nil
}

// samples are messages that a template is tried with.
var samples = []Message{
	{
		ID: "0", Time: time.Unix(0, 0).UTC(), Type: "Warning", Reason: "ScalingReport", Message: "\"quoted\"\n<& \\ >", Cluster: "c", Job: "0", Name: "a \"name\"",
		Changes: []Change{{Vertex: "v", Name: "w", From: 1, To: 2}},
	},
	{ID: "1", Time: time.Unix(0, 0).UTC(), Type: "Normal", Reason: "Scaling", Message: "text", Job: "0"},
}

// mostRendered bounds a body in bytes.
const mostRendered = 1 << 20

// render is the body of a message: by the template, or JSON without one.
func render(t *template.Template, m Message) ([]byte, error) {
	if t == nil {
		text, err := toJSON(m)
		return []byte(text), err
	}
	var body bytes.Buffer
	if err := t.Execute(&limited{&body}, m); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return body.Bytes(), nil
}

type limited struct{ *bytes.Buffer }

// Write implements [io.Writer].
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > mostRendered {
		return 0, fmt.Errorf("a body of more than %d bytes: %w", mostRendered, io.ErrShortWrite)
	}
	return l.Buffer.Write(p)
}

func toJSON(value any) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

func shorten(most int, text string) string {
	if utf8.RuneCountInString(text) <= most || most < 1 {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
