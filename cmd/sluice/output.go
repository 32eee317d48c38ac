package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The forms in which commands print.
const (
	asTable = "table"
	asJSON  = "json"
	asYAML  = "yaml"
)

// output is the form in which a command prints what it found: its flag -o. The keys
// are the same in JSON and YAML. A command that registers it prints by write, or by
// line where there is a document for each thing it finds.
type output struct {
	form  string
	forms []string
	// printed tells that a document was printed by line.
	printed bool
}

var _ pflag.Value = (*output)(nil)

// register adds the flag to a command, with the table as the form nobody asks for.
// more are forms besides table, json and yaml, which the command prints itself.
func (o *output) register(cmd *cobra.Command, more ...string) {
	o.registerForms(cmd, append([]string{asTable, asJSON, asYAML}, more...)...)
}

// registerForms adds the flag with all its forms, of which the first is that which
// nobody asks for.
func (o *output) registerForms(cmd *cobra.Command, forms ...string) {
	o.form, o.forms = forms[0], forms
	cmd.Flags().VarP(o, "output", "o", oneOf(forms))
	complete(cmd, "output", func(*cobra.Command, string) []string { return o.forms })
}

// oneOf lists words between which one can choose.
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// String implements [pflag.Value].
func (o *output) String() string { return o.form }

// Type implements [pflag.Value].
func (o *output) Type() string { return "string" }

// Set implements [pflag.Value]. The word text, as tables were called once, means one.
func (o *output) Set(form string) error {
	if form == "text" {
		form = asTable
	}
	if !slices.Contains(o.forms, form) {
		return fmt.Errorf("want %s", oneOf(o.forms))
	}
	o.form = form
	return nil
}

// is tells whether this form was asked for.
func (o *output) is(form string) bool { return o.form == form }

// write prints one value: as JSON, as the YAML that says the same, or as table does.
func (o *output) write(w io.Writer, what any, table func(io.Writer) error) error {
	switch o.form {
	case asJSON:
		return printJSON(w, what)
	case asYAML:
		text, err := yamlOf(what)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	return table(w)
}

// line prints one of several values: as a line of JSON, as a YAML document of its
// own, or as table does.
func (o *output) line(w io.Writer, what any, table func(io.Writer) error) error {
	first := !o.printed
	o.printed = true
	switch {
	case o.form == asJSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(what)
	case o.form == asYAML && !first:
		if _, err := io.WriteString(w, "---\n"); err != nil {
			return err
		}
	}
	return o.write(w, what, table)
}

// printJSON leaves the arrows in the names of vertices readable.
func printJSON(w io.Writer, what any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(what)
}

// yamlOf is a value as YAML: what its JSON says, in the same order.
func yamlOf(what any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(what); err != nil {
		return nil, err
	}
	return yamlOfJSON(text.Bytes())
}
