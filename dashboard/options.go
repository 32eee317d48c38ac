package dashboard

import (
	"net/http"

	"github.com/sluice-project/sluice/options"
)

func (d *Dashboard) jobConfig(r *http.Request) (any, error) {
	j, err := d.find(r)
	if err != nil {
		return nil, err
	}
	return configView(j.Config), nil
}

func (d *Dashboard) config(*http.Request) (any, error) { return configView(d.cfg.Options), nil }

type optionView struct {
	options.Entry
	Default *string `json:"default"`
	Doc     string  `json:"doc"`
	// Set tells whether anything but the default is in force.
	Set bool `json:"set"`
}

// configView lists every option with the value that is in force.
func configView(c options.Config) map[string]any {
	views := []optionView{}
	for _, info := range options.All() {
		entry, found := options.Describe(c, info.Key)
		if !found {
			entry = options.Entry{Key: info.Key}
		}
		views = append(views, optionView{entry, info.Default, info.Doc, found && entry.Source != options.Source{}.String()})
	}
	return map[string]any{"profile": c.Profile(), "options": views}
}
