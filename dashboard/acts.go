package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
)

// Held is who holds a job.
type Held struct {
	By    string     `json:"by"`
	Why   string     `json:"why,omitempty"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until"`
	// Text says all that in a sentence.
	Text string `json:"text"`
}

// Rescale is what is asked for by hand.
type Rescale struct {
	// Vertices are the bounds to set; others stay.
	Vertices []Wish `json:"vertices"`
	// Hold is for how long Sluice keeps its hand off the job.
	Hold time.Duration `json:"-"`
	// DryRun shows what would be set, and sets nothing.
	DryRun bool `json:"dryRun"`
}

// Wish names a vertex, by its id, name or a part of them, or all, and its bounds.
type Wish struct {
	Vertex string `json:"vertex"`
	// Lower is 0 where it is to stay.
	Lower int `json:"lower"`
	Upper int `json:"upper"`
}

// Rescaled is what became of it.
type Rescaled struct {
	// Vertices are the bounds from now on.
	Vertices []VertexBounds `json:"vertices"`
	// Changed tells whether a bound became another, Applied whether Flink took it.
	Changed bool `json:"changed"`
	Applied bool `json:"applied"`
	// Hold is who holds the job from now on; nil where that was not touched.
	Hold *Held `json:"hold,omitempty"`
}

const (
	// defaultHold is how long a rescale by hand keeps Sluice's hand off.
	defaultHold = time.Hour
	longestHold = 366 * 24 * time.Hour
	longestWhy  = 500
)

// errNoHand is the answer to acts where nothing can be done.
var errNoHand = notFound("this dashboard only shows")

func (d *Dashboard) pauseAll(r *http.Request) (any, error) { return d.hold(r, autoscaler.JobKey{}) }

func (d *Dashboard) resumeAll(r *http.Request) (any, error) {
	return d.release(r, autoscaler.JobKey{})
}

func (d *Dashboard) pause(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	return d.hold(r, keyOf(r))
}

func (d *Dashboard) resume(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	return d.release(r, keyOf(r))
}

func (d *Dashboard) hold(r *http.Request, key autoscaler.JobKey) (any, error) {
	var request struct {
		Why string `json:"why"`
		For string `json:"for"`
	}
	if err := read(r, &request); err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(request.Why); n > longestWhy {
		return nil, invalid("why has %d characters; want at most %d", n, longestWhy)
	}
	until, err := d.until(request.For)
	if err != nil {
		return nil, err
	}
	if d.cfg.Hand == nil {
		return nil, errNoHand
	}
	if err := d.cfg.Hand.Pause(r.Context(), personOf(r.Context()), key, request.Why, until); err != nil {
		return nil, err
	}
	held, _ := d.cfg.Hand.Held(key)
	return map[string]any{"hold": held}, nil
}

// until is the end of a hold of so long; zero for no end.
func (d *Dashboard) until(length string) (time.Time, error) {
	if strings.TrimSpace(length) == "" {
		return time.Time{}, nil
	}
	span, err := holdOf("for", length)
	return d.cfg.Now().Add(span), err
}

func holdOf(field, text string) (time.Duration, error) {
	span, err := options.ParseDuration(text)
	if err != nil || span <= 0 || span > longestHold {
		return 0, invalid("%s is %q; want a duration of up to a year, such as 30min or 2h", field, text)
	}
	return span, nil
}

func (d *Dashboard) release(r *http.Request, key autoscaler.JobKey) (any, error) {
	var request struct{}
	if err := read(r, &request); err != nil {
		return nil, err
	}
	if d.cfg.Hand == nil {
		return nil, errNoHand
	}
	if err := d.cfg.Hand.Resume(r.Context(), personOf(r.Context()), key); err != nil {
		return nil, err
	}
	held, is := d.cfg.Hand.Held(key)
	if !is {
		return map[string]any{"hold": nil}, nil
	}
	return map[string]any{"hold": held}, nil // all are held
}

func (d *Dashboard) rescale(r *http.Request) (any, error) {
	if _, err := d.find(r); err != nil {
		return nil, err
	}
	var request struct {
		Rescale
		Hold *string `json:"hold"`
	}
	if err := read(r, &request); err != nil {
		return nil, err
	}
	request.Rescale.Hold = defaultHold
	if request.Hold != nil {
		span, err := holdOf("hold", *request.Hold)
		if err != nil {
			return nil, err
		}
		request.Rescale.Hold = span
	}
	if err := checkWishes(request.Vertices); err != nil {
		return nil, err
	}
	if d.cfg.Hand == nil {
		return nil, errNoHand
	}
	return d.cfg.Hand.Rescale(r.Context(), personOf(r.Context()), keyOf(r), request.Rescale)
}

func checkWishes(wishes []Wish) error {
	if len(wishes) == 0 {
		return invalid("no vertex is named; want at least one, with its upper bound")
	}
	const most = 1 << 15 // the largest maximum parallelism that Flink has
	for _, w := range wishes {
		switch {
		case w.Vertex == "":
			return invalid("a vertex has no name")
		case w.Upper < 1 || w.Upper > most:
			return invalid("the upper bound of %q is %d; want 1 to %d", w.Vertex, w.Upper, most)
		case w.Lower < 0 || w.Lower > w.Upper:
			return invalid("the lower bound of %q is %d; want 1 to its upper bound %d, or none", w.Vertex, w.Lower, w.Upper)
		}
	}
	return nil
}

// read reads the JSON object that a request brings; none is an empty one.
func read(r *http.Request, into any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return invalid("the body cannot be read: %v", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil
	}
	if text[0] != '{' {
		return invalid("the body cannot be read: want one JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return mistyped(wrong)
	}
	if err := checkNames(text); err != nil {
		return err
	}
	if err != nil {
		return unreadable(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return invalid("the body holds more than one JSON object")
	}
	return nil
}

// fields are the names of all that bodies hold. The decoder would take them in any
// case, and null for nothing.
var fields = []string{"why", "for", "vertices", "vertex", "lower", "upper", "hold", "dryRun"}

func checkNames(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	isName := false // in an object, every other token is one
	var within []json.Delim
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // the decoder says it better
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				within = append(within, t)
			} else {
				within = within[:len(within)-1]
			}
			isName = len(within) > 0 && within[len(within)-1] == '{'
			if len(within) == 0 {
				return nil
			}
			continue
		case nil:
			return invalid("the body has a null: leave out what is not wanted")
		case string:
			if isName && !slices.Contains(fields, t) {
				return invalid("the body cannot be read: unknown field %q", shortened(t))
			}
		}
		isName = within[len(within)-1] == '{' && !isName
	}
}
