package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// heads are the lines that stand before the first action.
var heads = map[string]func(p *parser, rest string) error{
	"flink":      (*parser).flink,
	"set":        func(p *parser, rest string) error { return p.option(&p.script.Options, rest) },
	"job":        (*parser).job,
	"job-option": func(p *parser, rest string) error { return p.option(&p.script.Job.Options, rest) },
	"cost":       (*parser).cost,
	"rate":       (*parser).rate,
	"sample":     (*parser).sample,
}

func (p *parser) flink(rest string) error {
	for _, text := range strings.Fields(rest) {
		v, err := version(text)
		if err != nil {
			return err
		}
		if slices.Contains(p.script.Versions, v) {
			return fmt.Errorf("%s stands there twice", text)
		}
		p.script.Versions = append(p.script.Versions, v)
	}
	if len(p.script.Versions) == 0 {
		return errors.New(`which version? want "flink 1.20 2.3"`)
	}
	slices.SortFunc(p.script.Versions, func(a, b slots.Version) int { return int(a) - int(b) })
	return nil
}

func (p *parser) option(to *[]Option, rest string) error {
	key, value := cut(rest)
	if key == "" || value == "" {
		return errors.New(`want an option and its value: "set heartbeat.interval 5s"`)
	}
	*to = append(*to, Option{Line: p.number, Key: key, Value: value})
	return nil
}

func (p *parser) job(rest string) error {
	if len(p.script.Job.Vertices) > 0 {
		return errors.New("a script has one job, and it stands above already")
	}
	for _, text := range strings.Fields(rest) {
		v, err := vertex(text)
		if err != nil {
			return fmt.Errorf("vertex %q: %w: want name=parallelism[/max parallelism][@sharing group]", text, err)
		}
		if p.script.Job.Index(v.Name) >= 0 {
			return fmt.Errorf("vertex %q stands there twice", v.Name)
		}
		p.script.Job.Vertices = append(p.script.Job.Vertices, v)
	}
	if len(p.script.Job.Vertices) < 2 {
		return errors.New(`a job has a source and at least one vertex behind it: want "job source=4 work=4"`)
	}
	return nil
}

func vertex(text string) (Vertex, error) {
	name, rest, err := field(text)
	if err != nil {
		return Vertex{}, err
	}
	if !isName(name) {
		return Vertex{}, fmt.Errorf("%q is not a name of letters, digits and -", name)
	}
	v := Vertex{Name: name, Group: DefaultGroup}
	rest, group, grouped := strings.Cut(rest, "@")
	if grouped {
		if v.Group = group; !isName(group) {
			return Vertex{}, fmt.Errorf("%q is not the name of a sharing group", group)
		}
	}
	parallelism, most, bounded := strings.Cut(rest, "/")
	if v.Parallelism, err = positive(parallelism); err != nil {
		return Vertex{}, err
	}
	if !bounded {
		return v, nil
	}
	if v.Max, err = positive(most); err == nil && v.Max < v.Parallelism {
		err = errors.New("the max parallelism is below the parallelism")
	}
	return v, err
}

func isName(text string) bool {
	for i, c := range text {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return text != ""
}

// cost reads "cost source=2ms work=10ms".
func (p *parser) cost(rest string) error {
	for _, text := range strings.Fields(rest) {
		name, value, err := field(text)
		if err != nil {
			return err
		}
		i := p.script.Job.Index(name)
		if i < 0 {
			return p.noVertex(name)
		}
		if p.script.Job.Vertices[i].Cost, err = duration(value); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) noVertex(name string) error {
	var names []string
	for _, v := range p.script.Job.Vertices {
		names = append(names, v.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no vertex %q: the job stands below", name)
	}
	return fmt.Errorf("there is no vertex %q: want one of %s", name, strings.Join(names, ", "))
}

func (p *parser) rate(rest string) error {
	n, err := number(rest)
	p.script.Job.Rate = float64(n)
	return err
}

func (p *parser) sample(rest string) (err error) {
	if p.script.Sample, err = duration(rest); err == nil && p.script.Sample <= 0 {
		err = errors.New(`want how often: "sample 1s"`)
	}
	return err
}
