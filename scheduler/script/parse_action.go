package script

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// actions are the words with which a line of an action begins.
var actions = map[string]func(p *parser, rest string) (Action, error){
	"add-taskmanager":    (*parser).addTaskManager,
	"stop-taskmanager":   func(p *parser, rest string) (Action, error) { return StopTaskManager{rest}, p.known(rest) },
	"kill-taskmanager":   func(p *parser, rest string) (Action, error) { return KillTaskManager{rest}, p.known(rest) },
	"kill":               func(p *parser, rest string) (Action, error) { return KillTaskManager{rest}, p.known(rest) },
	"freeze-taskmanager": func(p *parser, rest string) (Action, error) { return FreezeTaskManager{rest}, p.known(rest) },
	"thaw-taskmanager":   func(p *parser, rest string) (Action, error) { return ThawTaskManager{rest}, p.known(rest) },
	"submit":             func(_ *parser, rest string) (Action, error) { return Submit{}, nothing(rest) },
	"put":                (*parser).put,
	"put-body":           func(_ *parser, rest string) (Action, error) { return PutBody{rest}, nil },
	"get":                func(_ *parser, rest string) (Action, error) { return Get{}, nothing(rest) },
	"cancel":             func(_ *parser, rest string) (Action, error) { return Cancel{}, nothing(rest) },
	"stop-with-savepoint": func(_ *parser, rest string) (Action, error) {
		if rest == "target=unwritable" {
			return StopWithSavepoint{Unwritable: true}, nil
		}
		return StopWithSavepoint{}, nothing(rest)
	},
	"fail-task":          (*parser).failTask,
	"fail-checkpoints":   failCheckpoints,
	"slow-checkpoints":   slowCheckpoints,
	"kill-jobmanager":    func(_ *parser, rest string) (Action, error) { return KillJobManager{}, nothing(rest) },
	"restart-jobmanager": func(_ *parser, rest string) (Action, error) { return RestartJobManager{}, nothing(rest) },
}

func (p *parser) action(word, rest string) (Action, error) {
	parse, ok := actions[word]
	if !ok {
		known := slices.Sorted(maps.Keys(actions))
		return nil, fmt.Errorf("%q is nothing that can happen: want expect, stay, wait, %s", word, strings.Join(known, ", "))
	}
	a, err := parse(p, rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", word, err)
	}
	return a, nil
}

func nothing(rest string) error {
	if rest != "" {
		return fmt.Errorf("%q is too much: want nothing behind it", rest)
	}
	return nil
}

func (p *parser) addTaskManager(rest string) (Action, error) {
	name, rest := cut(rest)
	key, value, err := field(rest)
	if !isName(name) || err != nil || key != "slots" {
		return nil, errors.New(`want "add-taskmanager tm1 slots=2"`)
	}
	if p.managers[name] {
		return nil, fmt.Errorf("%s is the name of an earlier one", name)
	}
	p.managers[name] = true
	n, err := positive(value)
	return AddTaskManager{Name: name, Slots: n}, err
}

func (p *parser) known(name string) error {
	if !p.managers[name] {
		return fmt.Errorf("there is no TaskManager %q: want one that was added above", name)
	}
	return nil
}

// put reads "work=1:4 source=1:4", where "*=1:2" is for all that are not named.
func (p *parser) put(rest string) (Action, error) {
	named := map[string]Bound{}
	for _, text := range strings.Fields(rest) {
		b, err := bound(text)
		if err != nil {
			return nil, err
		}
		if b.Vertex != "*" && p.script.Job.Index(b.Vertex) < 0 {
			return nil, p.noVertex(b.Vertex)
		}
		if _, twice := named[b.Vertex]; twice {
			return nil, fmt.Errorf("%q stands there twice", b.Vertex)
		}
		named[b.Vertex] = b
	}
	var bounds []Bound
	for _, v := range p.script.Job.Vertices {
		b, ok := named[v.Name]
		if !ok {
			b, ok = named["*"]
		}
		if !ok {
			return nil, fmt.Errorf(`the bounds of %q are missing: want "%s=1:4", or "*=1:4" for all that are not named`, v.Name, v.Name)
		}
		bounds = append(bounds, Bound{Vertex: v.Name, Lower: b.Lower, Upper: b.Upper})
	}
	return Put{Bounds: bounds}, nil
}

// bound reads "work=1:4".
func bound(text string) (Bound, error) {
	name, value, err := field(text)
	if err != nil {
		return Bound{}, err
	}
	lower, upper, ok := strings.Cut(value, ":")
	b := Bound{Vertex: name}
	var errLower, errUpper error
	b.Lower, errLower = number(lower)
	b.Upper, errUpper = number(upper)
	if err := errors.Join(errLower, errUpper); err != nil || !ok {
		return Bound{}, fmt.Errorf("%q are no bounds: want name=lower:upper (what Flink refuses goes into a put-body)", text)
	}
	return b, nil
}

func (p *parser) failTask(rest string) (Action, error) {
	name, subtask := cut(rest)
	i := p.script.Job.Index(name)
	if i < 0 {
		return nil, p.noVertex(name)
	}
	n, err := number(subtask)
	return FailTask{Vertex: name, Subtask: n}, err
}

func failCheckpoints(_ *parser, rest string) (Action, error) {
	if rest != "on" && rest != "off" {
		return nil, fmt.Errorf("%q is neither on nor off", rest)
	}
	return FailCheckpoints{On: rest == "on"}, nil
}

func slowCheckpoints(_ *parser, rest string) (Action, error) {
	d, err := duration(rest)
	return SlowCheckpoints{By: d}, err
}
