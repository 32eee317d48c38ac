package workload

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

// Scenario is what happens to a cluster: the load of each source, and events.
//
//	name: a flash sale and a lost TaskManager
//	duration: 24 h
//	start: 2026-07-04            # of time 0, UTC; default 2026-01-01, a Thursday
//	seed: 7
//	loads:
//	  orders: {day: {low: 200, high: 2k}}
//	events:
//	  - {at: 10 h, kill: tm-2}
//	  - {at: 11 h, freeze: tm-1, for: 30 s}
type Scenario struct {
	Name     string
	Duration time.Duration
	Start    time.Time
	Seed     uint64
	// Loads stand in the order of the file, Events in that of time.
	Loads  []Load
	Events []Event
}

// Load is what arrives at a source.
type Load struct {
	// Source is its name, as the twin's jobs have it.
	Source string
	Curve  Curve
	// Text is the curve in YAML, Files are the tables that it names, by their names:
	// with the start and the seed they are the curve.
	Text  string
	Files map[string][]byte
}

// Event is something that happens. What it does is the twin's to say.
type Event struct {
	// At counts from the start.
	At     time.Duration
	Action Action
	// Target is a TaskManager or a job, by name; empty for AddTaskManagers and
	// KillJobManager.
	Target string
	// Count is the number of TaskManagers to add, else 0.
	Count int
	// For is after how long it is undone: the frozen TaskManager goes on, another
	// comes for the one killed or stopped. 0 for never.
	For time.Duration
}

// Action is what an event does.
type Action string

// The actions.
const (
	AddTaskManagers   Action = "add"
	StopTaskManager   Action = "stop"
	KillTaskManager   Action = "kill"
	FreezeTaskManager Action = "freeze"
	ThawTaskManager   Action = "thaw"
	FailJob           Action = "fail"
	CancelJob         Action = "cancel"
	KillJobManager    Action = "kill-jobmanager"
)

// actions are all of them. In a file an action is a key, and its value the target
// or the count; that of kill-jobmanager is true.
var actions = []string{
	string(AddTaskManagers), string(StopTaskManager), string(KillTaskManager), string(FreezeTaskManager),
	string(ThawTaskManager), string(FailJob), string(CancelJob), string(KillJobManager),
}

// undone are the actions that can be.
var undone = []Action{StopTaskManager, KillTaskManager, FreezeTaskManager, KillJobManager}

// maxTaskManagers bounds how many one event adds.
const maxTaskManagers = 10_000

// ParseScenario reads a file. Errors name the file and the line, one for each
// fault, as [options.Problems]. Tables that it names are read by readFile; nil
// refuses them.
func ParseScenario(file string, contents []byte, readFile func(name string) ([]byte, error)) (*Scenario, error) {
	root, err := yamlfile.Parse(file, contents)
	if err != nil {
		return nil, err
	}
	r := &reader{Reader: yamlfile.Reader{File: file}, context: Context{ReadFile: readFile}}
	s := r.scenario(root)
	if len(r.Problems) > 0 {
		return nil, r.Problems
	}
	return s, nil
}

func (r *reader) scenario(root ast.Node) *Scenario {
	f := r.fields(root, root, "a scenario", "name", "duration", "start", "seed", "loads", "events")
	f.Require("duration", "loads")
	s := &Scenario{
		Name: f.Text("name"), Duration: f.duration("duration", 0), Seed: read(f, "seed", 0, parseWhole),
		Start: read(f, "start", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), parseDate),
	}
	if e, given := f.Values["duration"]; given && s.Duration == 0 {
		r.Fail(e.At, "duration: want more than 0")
	}
	r.context.Start, r.context.Seed = s.Start, s.Seed
	if e, given := f.Values["loads"]; given {
		s.Loads = r.loads(e)
	}
	if e, given := f.Values["events"]; given {
		s.Events = r.events(e, s.Duration)
	}
	return s
}

func (r *reader) loads(e yamlfile.Entry) []Load {
	var loads []Load
	entries := r.Mapping(e.Value, e.Value, "loads")
	if len(entries) == 0 {
		r.Fail(e.At, "loads: want a curve for at least one source")
	}
	for _, source := range entries {
		if source.Key == "" {
			r.Fail(source.At, "loads: a source without a name")
		}
		loads = append(loads, r.load(source))
	}
	return loads
}

// load reads one, and keeps the files that were read for it.
func (r *reader) load(source yamlfile.Entry) Load {
	l := Load{Source: source.Key, Text: source.Value.String()}
	if readFile := r.context.ReadFile; readFile != nil {
		r.context.ReadFile = Kept(readFile, &l.Files)
		defer func() { r.context.ReadFile = readFile }()
	}
	l.Curve = r.curve(source.Value, source.Key, 0)
	return l
}

// Kept reads files by another function and keeps what it gave, by name.
func Kept(readFile func(name string) ([]byte, error), in *map[string][]byte) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		contents, err := readFile(name)
		if err == nil {
			if *in == nil {
				*in = map[string][]byte{}
			}
			(*in)[name] = contents
		}
		return contents, err
	}
}

func (r *reader) events(e yamlfile.Entry, duration time.Duration) []Event {
	seq, ok := e.Value.(*ast.SequenceNode)
	if !ok {
		r.Fail(e.At, "events: want a list, such as - {at: 10 h, kill: tm-2}")
		return nil
	}
	var events []Event
	for _, n := range seq.Values {
		events = append(events, r.event(n, duration))
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return events
}

func (r *reader) event(n ast.Node, duration time.Duration) Event {
	f := r.fields(n, n, "an event", append([]string{"at", "for"}, actions...)...)
	f.Require("at")
	event := Event{At: f.duration("at", 0), For: f.duration("for", 0)}
	var given []string
	for _, a := range actions {
		if f.Has(a) {
			given = append(given, a)
		}
	}
	if len(given) != 1 {
		r.Fail(n, "an event: %d actions; want one of %s", len(given), strings.Join(actions, ", "))
		return event
	}
	event.Action = Action(given[0])
	f.does(&event)
	if event.At > duration {
		r.Fail(f.Values["at"].At, "an event: at %s, after the end at %s", event.At, duration)
	}
	if f.Has("for") && !slices.Contains(undone, event.Action) {
		r.Fail(f.Values["for"].At, "an event: %s is not undone; leave for out", event.Action)
	}
	return event
}

// does reads what the action is done to.
func (f fields) does(event *Event) {
	key := string(event.Action)
	switch event.Action {
	case AddTaskManagers:
		event.Count = int(read(f, key, 1, func(text string) (uint64, error) {
			n, err := parseWhole(text)
			if err == nil && (n < 1 || n > maxTaskManagers) {
				err = fmt.Errorf("%d: want 1 to %d TaskManagers", n, maxTaskManagers)
			}
			return n, err
		}))
	case KillJobManager:
		read(f, key, true, func(text string) (bool, error) {
			if text != "true" {
				return false, errors.New(yamlfile.Quoted(text) + ": want true")
			}
			return true, nil
		})
	default:
		event.Target = f.Text(key)
	}
}
